package importer

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// ClaimedTwiceError is an id of the exporting tenant that several files claim
// as their object's own. At most one of them can be right.
type ClaimedTwiceError struct {
	ID    string
	Files []string
	// Kept is the file that the migration table decides for, if it does.
	Kept string
}

// Error names the id and the files, and what decides between them.
func (e *ClaimedTwiceError) Error() string {
	s := fmt.Sprintf("the id %s is claimed by %d files (%s)", e.ID, len(e.Files), strings.Join(e.Files, "; "))
	if e.Kept != "" {
		return s + ": the migration table gives it to " + e.Kept
	}
	return s + ": nothing decides between them; delete all but one, or name the object in " + migrationTableName
}

// SameNameError is a name that several files of one kind have.
type SameNameError struct {
	Kind, Key string
	Files     []string
}

// Error names the files.
func (e *SameNameError) Error() string {
	return fmt.Sprintf("%d objects of %s have the name %q and differ (%s): rename or delete all but one",
		len(e.Files), e.Kind, e.Key, strings.Join(e.Files, "; "))
}

// settleClaims decides which object each id and each name stands for.
func (im *importer) settleClaims() {
	byID, byName := make(map[objectID][]*object), make(map[objectID][]*object)
	for o := range im.in {
		if o.id != "" && !o.kind.Singleton {
			id := objectID{o.kind.Name, o.id}
			byID[id] = append(byID[id], o)
		}
		name := objectID{o.kind.Name, o.key}
		byName[name] = append(byName[name], o)
	}
	table := im.tableNames()
	for id, claims := range byID {
		im.settleID(id, claims, table[id])
	}
	for _, claims := range byName {
		im.settleName(claims)
	}
	for id, names := range table {
		if len(byID[id]) == 0 {
			im.settleEntry(id, names, byName)
		}
	}
}

// settleEntry decides what an id stands for that only the migration table has:
// the object of that name whose file gives no id; else, for groups, one that
// can be made.
func (im *importer) settleEntry(id objectID, names []string, byName map[objectID][]*object) {
	if len(names) > 1 {
		im.lost[id] = fmt.Errorf("%s has several names for the id %s: %q", migrationTableName, id.id, names)
		return
	}
	name := objectID{id.kind, names[0]}
	others := slices.DeleteFunc(slices.Clone(im.tableIDs()[name]), func(other string) bool { return other == id.id })
	for _, o := range byName[name] {
		if o.id != "" && o.id != id.id {
			others = append(others, o.id)
		}
	}
	switch {
	case len(others) > 0:
		im.lost[id] = fmt.Errorf("the ids %s and %s both stand for the name %q", id.id, strings.Join(others, ", "), names[0])
	case slices.ContainsFunc(byName[name], func(o *object) bool { return !o.out }):
		im.names[id] = names[0]
	case id.kind == tenanttest.Groups:
		im.creatable[id] = names[0]
	}
}

// settleID decides between claims of different names by the migration table.
func (im *importer) settleID(id objectID, claims []*object, table []string) {
	other := func(key string) func(*object) bool { return func(o *object) bool { return o.key != key } }
	if !slices.ContainsFunc(claims, other(claims[0].key)) {
		im.names[id] = claims[0].key // copies of one object, or as many of one name
		return
	}
	why := &ClaimedTwiceError{ID: id.id, Files: filesOf(claims)}
	for _, o := range claims {
		if len(table) == 1 && o.key == table[0] {
			im.names[id] = o.key
			why.Kept = o.file
		}
	}
	for _, o := range claims {
		if why.Kept == "" || o.key != table[0] {
			im.leaveOut(o, why)
		}
	}
}

// settleName leaves out all that share a name, but for one of those that are
// the same.
func (im *importer) settleName(claims []*object) {
	claims = slices.DeleteFunc(slices.Clone(claims), func(o *object) bool { return o.out })
	if len(claims) < 2 {
		return
	}
	first, _ := bodies.Encode(claims[0].body) // what was decoded can be encoded
	same := !slices.ContainsFunc(claims, func(o *object) bool {
		body, _ := bodies.Encode(o.body)
		return string(body) != string(first)
	})
	why := &SameNameError{Kind: claims[0].kind.Name, Key: claims[0].key, Files: filesOf(claims)}
	for i, o := range claims {
		switch {
		case !same:
			im.leaveOut(o, why)
		case i > 0:
			o.out = true // its id still stands for the name
			im.report.leftOut(o.file, o.kind.Name, o.key, errors.New("the same as "+claims[0].file))
		}
	}
}

func filesOf(objects []*object) []string {
	files := make([]string, len(objects))
	for i, o := range objects {
		files[i] = o.file
	}
	slices.Sort(files)
	return files
}

// tableNames returns the names that the migration table has for each id.
func (im *importer) tableNames() map[objectID][]string {
	names := make(map[objectID][]string)
	for _, entry := range im.table.Objects {
		id := objectID{im.entryKind(entry), strings.ToLower(entry.ID)}
		if id.kind != "" && id.id != "" && !slices.Contains(names[id], entry.DisplayName) {
			names[id] = append(names[id], entry.DisplayName)
		}
	}
	return names
}

// tableIDs returns the ids that the migration table has for each name.
func (im *importer) tableIDs() map[objectID][]string {
	ids := make(map[objectID][]string)
	for id, names := range im.tableNames() {
		for _, name := range names {
			at := objectID{id.kind, name}
			ids[at] = append(ids[at], id.id)
		}
	}
	return ids
}

// entryKind returns the kind of a table entry's type, which is a folder's name
// in the singular.
func (im *importer) entryKind(e tableEntry) string {
	if kind := im.folderKind(e.Type); kind != "" {
		return kind
	}
	return im.folderKind(e.Type + "s")
}

// settleReferences turns ids into names. An object that refers to what is not
// there is left out, and then so is what refers to it, until nothing changes.
func (im *importer) settleReferences() {
	for changed := true; changed; {
		changed = false
		for o := range im.in {
			if err := im.unresolved(o); err != nil {
				im.leaveOut(o, err)
				changed = true
			}
		}
	}
	for _, o := range slices.Collect(im.in) {
		im.writeReferences(o)
	}
}

// meaning is what the string at a reference's place stands for.
type meaning int

const (
	literal   meaning = iota // stays as it is
	named                    // an object of the import
	creatable                // a group that only the migration table knows
	nothing                  // an id that leads nowhere
)

// resolve tells what the string s at a reference stands for.
func (im *importer) resolve(ref tenant.Reference, s string) (m meaning, kind, key string) {
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
	// Contexts are named c1 to c99 everywhere, and most applications that a
	// policy names by their appId are Microsoft's.
	if ref.Property == "appId" || slices.Contains(ref.Kinds, tenanttest.AuthenticationContexts) {
		return literal, "", ""
	}
	return nothing, ref.Kinds[0], ""
}

// unresolved says why an object cannot be imported for the sake of what it
// refers to.
func (im *importer) unresolved(o *object) error {
	var found error
	for _, ref := range o.kind.References {
		bodies.StringsOf(o.body, ref, func(s string) {
			m, kind, _ := im.resolve(ref, s)
			if m != nothing || found != nil {
				return
			}
			found = fmt.Errorf("at %s it refers to %s %s, which no file and no entry of %s names", ref.Path, kind, s, migrationTableName)
			if why := im.lost[objectID{kind, strings.ToLower(s)}]; why != nil {
				found = fmt.Errorf("at %s it refers to %s %s, which is left out: %w", ref.Path, kind, s, why)
			}
		})
	}
	if o.kind.Name == tenanttest.ConditionalAccessPolicies {
		for _, path := range []string{"/conditions/users/includeUsers/*", "/conditions/users/excludeUsers/*"} {
			bodies.StringsAt(o.body, path, func(s string) {
				if found == nil && guid.MatchString(s) {
					found = fmt.Errorf("%s: %w", path, errUserID)
				}
			})
		}
	}
	if id := im.strayID(o); found == nil && id != "" {
		return fmt.Errorf("it holds the id %s of the exporting tenant where no reference can stand", id)
	}
	return found
}

func (im *importer) writeReferences(o *object) {
	for _, ref := range o.kind.References {
		bodies.EditReference(o.body, ref, func(old any) (any, bool) {
			s, ok := old.(string)
			if !ok {
				return old, true
			}
			m, kind, key := im.resolve(ref, s)
			switch {
			case m == literal && ref.Property == "appId" && guid.MatchString(s) && !bodies.IsLiteral(ref.Literals, s):
				im.applications[s] = true
				im.report.kept(o.file, "application "+s+" kept by its id: right if it is the same in every tenant, as Microsoft's are")
			case m == named:
				return bodies.Reference(kind, key, ref.Property), true
			case m == creatable:
				im.createGroup(objectID{kind, strings.ToLower(s)}, key)
				return bodies.Reference(kind, key, ref.Property), true
			}
			return old, true
		})
	}
}

// createGroup makes a security group without members of what only the
// migration table knows.
func (im *importer) createGroup(id objectID, name string) {
	im.names[id] = name
	if slices.ContainsFunc(im.objects, func(o *object) bool { return !o.out && o.kind.Name == id.kind && o.key == name }) {
		return
	}
	im.objects = append(im.objects, &object{
		kind: im.kinds[id.kind], key: name, id: id.id, file: migrationTableName,
		body: map[string]any{
			"displayName": name, "mailNickname": nickname(name),
			"mailEnabled": false, "securityEnabled": true, "groupTypes": []any{},
		},
	})
	im.report.created(name, "a security group without members: only the migration table names it, no usable file holds it")
}

var guid = regexp.MustCompile(`(?i)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// strayID returns an id of the exporting tenant that stands in the body
// elsewhere than where references do.
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

// foreign reports whether an id is one of an object of the exporting tenant.
func (im *importer) foreign(id string) bool {
	if strings.HasPrefix(id, "00000000-0000-0000-0000-") {
		return false // the same everywhere, as those of built-in strengths
	}
	for kind := range im.kinds {
		at := objectID{kind, id}
		if im.names[at] != "" || im.lost[at] != nil || im.creatable[at] != "" {
			return true
		}
	}
	return false
}
