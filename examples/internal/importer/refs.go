package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// resolveReferences replaces ids with names. It leaves out an object that refers to a
// missing object, and then the objects that refer to the first one. It checks each
// object once, and again for each of its references to an object that it left out.
func (im *importer) resolveReferences() {
	im.indexForeign()
	referrers := make(map[objectID][]*object)
	todo := slices.Collect(im.in)
	for _, o := range todo {
		for _, ref := range o.kind.References {
			bodies.StringsOf(o.body, ref, func(s string) {
				if m, kind, key := im.resolve(o, ref, s); m == named {
					at := objectID{kind, key}
					referrers[at] = append(referrers[at], o)
				}
			})
		}
	}
	for len(todo) > 0 {
		o := todo[0]
		todo = todo[1:]
		if o.out {
			continue
		}
		if err := im.unresolved(o); err != nil {
			im.leaveOut(o, err)
			delete(im.byName, objectID{o.kind.Name, o.key})
			todo = append(todo, referrers[objectID{o.kind.Name, o.key}]...)
		}
	}
	for _, o := range slices.Collect(im.in) {
		im.writeReferences(o)
	}
}

// meaning is the meaning of the text of a reference.
type meaning int

const (
	literal   meaning = iota // the text stays
	named                    // an object of the import
	creatable                // a group that the export only names
	nothing                  // a dangling reference
)

// resolve returns the meaning of the text s of an object's reference.
func (im *importer) resolve(o *object, ref tenant.Reference, s string) (m meaning, kind, key string) {
	if s == "" || bodies.IsLiteral(ref.Literals, s) {
		return literal, "", ""
	}
	for _, kind := range ref.Kinds {
		id := objectID{kind, strings.ToLower(s)}
		if key, ok := im.names[id]; ok {
			return named, kind, key
		}
		if key, ok := im.creatable[id]; ok {
			return creatable, kind, key
		}
	}
	if !guid.MatchString(s) {
		if m, kind, key := im.resolveName(o, ref, s); m != nothing {
			return m, kind, key
		}
	}
	// Contexts are named c1 to c99 everywhere, and most applications that a
	// policy names by their appId are Microsoft's.
	if ref.Property == "appId" && (guid.MatchString(s) || !o.byName) || slices.Contains(ref.Kinds, tenanttest.AuthenticationContexts) {
		return literal, "", ""
	}
	return nothing, ref.Kinds[0], ""
}

// resolveName is resolve for a text that is not a GUID. Some layouts have names
// instead of ids.
func (im *importer) resolveName(o *object, ref tenant.Reference, s string) (m meaning, kind, key string) {
	for _, kind := range ref.Kinds {
		if im.byName[objectID{kind, s}] {
			return named, kind, s
		}
	}
	if o.byName && slices.Contains(ref.Kinds, tenanttest.Groups) && im.kinds[tenanttest.Groups].Name != "" {
		return creatable, tenanttest.Groups, s
	}
	return nothing, "", ""
}

// unresolved returns the reason why the importer must leave out an object because of
// its references, or nil.
func (im *importer) unresolved(o *object) error {
	var found error
	for _, ref := range o.kind.References {
		bodies.StringsOf(o.body, ref, func(s string) {
			m, kind, _ := im.resolve(o, ref, s)
			if m != nothing || found != nil {
				return
			}
			found = fmt.Errorf("at %s it refers to %s %s, which no file and no entry of %s names", ref.Path, kind, s, migrationTableName)
			if why := im.lost[objectID{kind, strings.ToLower(s)}]; why != nil {
				found = &referenceError{path: ref.Path, kind: kind, id: s, why: why}
			}
		})
	}
	if found == nil && o.kind.Name == tenanttest.ConditionalAccessPolicies {
		found = personOrRole(o)
	}
	if id := im.strayID(o); found == nil && id != "" {
		return fmt.Errorf("it holds the id %s of the exporting tenant where no reference can stand", id)
	}
	return found
}

// referenceError is the reason for leaving out an object that refers to another object
// that was left out. Its text shows only the first cause, not the whole chain.
type referenceError struct {
	path, kind, id string
	why            error
}

func (e *referenceError) Error() string {
	return fmt.Sprintf("at %s it refers to %s %s, which is left out: %v", e.path, e.kind, e.id, e.cause())
}

// cause returns the reason of the object at the end of the chain.
func (e *referenceError) cause() error {
	if below, ok := e.why.(*referenceError); ok {
		return below.why // never a referenceError: see leaveOut
	}
	return e.why
}

func (e *referenceError) Unwrap() error { return e.why }

// personOrRole reports a policy that names a person, or a role by its name. Users
// and roles are not references, so their literals stay.
func personOrRole(o *object) (found error) {
	for _, list := range []string{"include", "exclude"} {
		path := "/conditions/users/" + list + "Users/*"
		bodies.StringsAt(o.body, path, func(s string) {
			if found == nil && !slices.Contains(everyone, s) {
				found = fmt.Errorf("%s: %w", path, errPerson)
			}
		})
		path = "/conditions/users/" + list + "Roles/*"
		bodies.StringsAt(o.body, path, func(s string) {
			if found == nil && !isGUID(s) && s != "All" {
				found = fmt.Errorf("%s: it names the role %q by its name: put the id of the role's template there", path, s)
			}
		})
	}
	return found
}

// everyone holds the words that a policy can have instead of people.
var everyone = []string{"", "All", "None", "GuestsOrExternalUsers"}

func (im *importer) writeReferences(o *object) {
	for _, ref := range o.kind.References {
		bodies.EditReference(o.body, ref, func(old any) (any, bool) {
			s, ok := old.(string)
			if !ok {
				return old, true
			}
			m, kind, key := im.resolve(o, ref, s)
			switch {
			case m == literal && ref.Property == "appId" && guid.MatchString(s) && !bodies.IsLiteral(ref.Literals, s):
				im.applications[s] = true
				im.report.kept(o.file, "application "+s+" kept by its id: right if it is the same in every tenant, as Microsoft's are")
			case m == named:
				return bodies.Reference(kind, key, ref.Property), true
			case m == creatable:
				im.createGroup(objectID{kind, strings.ToLower(s)}, key, o.file)
				return bodies.Reference(kind, key, ref.Property), true
			}
			return old, true
		})
	}
}

// createGroup makes a security group without members for a name that only the
// migration table or a reference contains.
func (im *importer) createGroup(id objectID, name, file string) {
	if guid.MatchString(id.id) {
		im.names[id] = name
		file = migrationTableName
	} else {
		id.id = "" // it is the name itself
	}
	at := objectID{id.kind, name}
	if im.byName[at] {
		return
	}
	im.byName[at] = true
	body := map[string]any{
		"displayName": name, "mailNickname": nickname(name),
		"mailEnabled": false, "securityEnabled": true, "groupTypes": []any{},
	}
	if rule := im.rules[name]; rule != "" {
		body["groupTypes"], body["membershipRule"], body["membershipRuleProcessingState"] = []any{"DynamicMembership"}, rule, "On"
	}
	im.objects = append(im.objects, &object{kind: im.kinds[id.kind], key: name, id: id.id, file: file, body: body})
	im.report.created(name, "a security group without members: only a name stands for it, no usable file holds it")
}

var guid = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// strayID returns an id of the exporting tenant that the body contains outside of
// references, or "".
func (im *importer) strayID(o *object) (stray string) {
	referred := make(map[string]bool)
	for _, ref := range o.kind.References {
		bodies.StringsOf(o.body, ref, func(s string) { referred[s] = true })
	}
	bodies.EditStrings(o.body, func(s string) string {
		for _, id := range guid.FindAllString(s, -1) {
			if stray == "" && !referred[s] && im.foreign(strings.ToLower(id)) {
				stray = id
			}
		}
		return s
	})
	return stray
}

// foreign reports whether an object of the exporting tenant has the id.
func (im *importer) foreign(id string) bool {
	if strings.HasPrefix(id, "00000000-0000-0000-0000-") {
		return false // ids that are the same in every tenant, such as those of built-in strengths
	}
	return im.foreignIDs[id]
}

// indexForeign collects the ids of the exporting tenant's objects.
func (im *importer) indexForeign() {
	im.foreignIDs = make(map[string]bool, len(im.names))
	for id := range im.names {
		im.foreignIDs[id.id] = true
	}
	for id := range im.lost {
		im.foreignIDs[id.id] = true
	}
	for id := range im.creatable {
		im.foreignIDs[id.id] = true
	}
}
