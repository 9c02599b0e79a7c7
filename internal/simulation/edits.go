package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/tenant"
)

// Each side's edits make up values that nobody has used before ("r12", "t7"),
// so that of every value it is known who made it and where it has been.

// made are the properties that hold such values.
var made = []string{"note", "mode", "secret"}

// secretValue is the beginning of every secret of a profile.
const secretValue = "SECRET-"

// value makes up a value.
func (s *subject) value(side string) string {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.values++
	v := fmt.Sprintf("%s%d", side, s.values)
	if strings.TrimPrefix(side, secretValue) == "r" {
		s.inRepository[v] = true
	} else {
		s.inTenant[v] = true
	}
	return v
}

// title is the beginning of a kind's names: of a small pool, so that both sides
// now and then choose the same.
var title = map[string]string{"groups": "Group", "locations": "Location", "policies": "Policy", "profiles": "Profile"}

// listed are the kinds of several objects.
var listed = kindNames[:len(kindNames)-1]

func name(r *draw, kind string) string { return fmt.Sprintf("%s %d", title[kind], r.n(12)) }

// has reports whether the tenant has an object of that name.
func (s *subject) has(kind, name string) bool {
	return slices.ContainsFunc(s.fake.Objects(kind), func(o tenant.Resource) bool { return decode(o.Body)["displayName"] == name })
}

// furnish puts the tenant's first objects and files in their places.
func (s *subject) furnish(r *draw) {
	for _, kind := range []string{"groups", "groups", "locations", "policies", "policies", "profiles"} {
		if n := name(r, kind); !s.has(kind, n) {
			s.fake.Seed(kind, string(encode(s.newBody(r, kind, n, "t"))))
		}
	}
	s.fake.Seed("settings", string(encode(body{"note": s.value("t")})))
	for range r.n(3) {
		kind := pick(r, listed...)
		n := name(r, kind)
		s.writeFile(kind, n, s.newBody(r, kind, n, "r"))
	}
}

// newBody is an object as somebody on a side makes it.
func (s *subject) newBody(r *draw, kind, name, side string) body {
	b := body{"displayName": name, "note": s.value(side)}
	if r.chance(0.5) {
		b["mode"] = s.value(side)
	}
	switch kind {
	case "policies":
		s.newReferences(r, b, side)
	case "profiles":
		b["secret"] = s.value(secretValue + side)
		b["rules"] = []any{body{"from": s.value(side)}, body{"from": "anywhere", "to": s.value(side)}}
	}
	return b
}

// newValue gives an object another value in one place.
func (s *subject) newValue(r *draw, kind string, b body, side string) {
	name := pick(r, "note", "note", "mode")
	if kind == "profiles" {
		name = pick(r, "note", "mode", "secret", "rules")
	}
	switch name {
	case "secret":
		b[name] = s.value(secretValue + side)
	case "rules":
		b[name] = []any{body{"from": s.value(side)}}
	default:
		b[name] = s.value(side)
	}
}

// newReferences points a policy to other objects.
func (s *subject) newReferences(r *draw, b body, side string) {
	of := func(kind string) (refs []any) {
		for _, o := range s.there(kind, side) {
			if r.chance(0.5) {
				refs = append(refs, o)
			}
		}
		return refs
	}
	groups := of("groups")
	if len(groups) == 0 || r.chance(0.2) {
		groups = []any{"All"}
	}
	b["groups"] = groups
	delete(b, "location")
	if l := of("locations"); len(l) > 0 {
		b["location"] = l[0]
	}
}

// there are the references to what a side has of a kind, as that side writes them.
func (s *subject) there(kind, side string) (refs []any) {
	if side == "t" {
		for _, o := range s.fake.Objects(kind) {
			refs = append(refs, o.ID)
		}
		return refs
	}
	for _, f := range s.files(kind) {
		refs = append(refs, referenceTo(kind, f.Key))
	}
	return refs
}

// files are the repository's of a kind, those that can be used.
func (s *subject) files(kind string) []tenant.Resource {
	d := s.head()
	return slices.DeleteFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind != kind })
}

func (s *subject) head() tenant.Desired {
	d, err := s.w.repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: s.name})
	if err != nil {
		panic(err) // memory does not fail
	}
	return d
}

// writeFile writes a file as a person does; a nil body removes it.
func (s *subject) writeFile(kind, key string, b body) {
	var raw []byte
	if b != nil {
		raw = encode(b)
	}
	if err := s.w.repository.Edit(s.name, kind, key, raw); err != nil {
		panic(err)
	}
	s.w.noteOf(s, "person", "edits", fmt.Sprintf("%s/%s: %s", kind, key, raw))
}

// spoilFile leaves a file half written.
func (s *subject) spoilFile(kind, key string) {
	if err := s.w.repository.Edit(s.name, kind, key, []byte(`{"displayName": `)); err != nil {
		panic(err)
	}
	s.w.noteOf(s, "person", "edits", kind+"/"+key+" is spoilt")
}

// birth is how likely an edit makes something new where there is so much of a
// kind. Tenants stay small, so that there is time for more to happen to them.
func birth(there int) float64 {
	if there < 3 {
		return 0.25
	}
	return 0.05
}

// editRepository makes a person change something in the repository.
func (s *subject) editRepository(r *draw) {
	kind := pick(r, kindNames...)
	files := s.files(kind)
	if len(files) == 0 || r.chance(birth(len(files))) && kind != "settings" {
		if kind == "settings" {
			s.writeFile(kind, kind, body{"note": s.value("r")})
		} else if n := name(r, kind); !slices.ContainsFunc(files, func(f tenant.Resource) bool { return f.Key == n }) {
			s.w.count("edit: file made")
			s.writeFile(kind, n, s.newBody(r, kind, n, "r"))
		}
		return
	}
	f := files[r.n(len(files))]
	b := decode(f.Body)
	switch how := r.weighted(14, 6, 4, 2, 1, 1); {
	case how == 4 && kind != "settings": // as "git mv" does it
		n := name(r, kind)
		if slices.ContainsFunc(files, func(o tenant.Resource) bool { return o.Key == n }) {
			return
		}
		s.w.count("edit: file moved")
		s.writeFile(kind, f.Key, nil)
		s.writeFile(kind, n, b)
	case how == 5:
		s.w.count("edit: file spoilt")
		s.spoilFile(kind, f.Key)
	case how == 1 && kind == "policies":
		s.w.count("edit: file's references changed")
		s.newReferences(r, b, "r")
		s.writeFile(kind, f.Key, b)
	case how == 2 && kind != "settings":
		s.w.count("edit: file removed")
		s.writeFile(kind, f.Key, nil)
	case how == 3 && kind != "settings":
		n := name(r, kind)
		if slices.ContainsFunc(files, func(o tenant.Resource) bool { return o.Key == n }) {
			return
		}
		s.w.count("edit: file renamed")
		b["displayName"], b["$previousNames"] = n, []any{f.Key}
		s.writeFile(kind, f.Key, nil)
		s.writeFile(kind, n, b)
	default:
		s.w.count("edit: file changed")
		s.newValue(r, kind, b, "r")
		s.writeFile(kind, f.Key, b)
	}
}

// editTenant makes somebody change something in the tenant.
func (s *subject) editTenant(r *draw) {
	kind := pick(r, kindNames...)
	objects := s.fake.Objects(kind)
	if kind != "settings" && (len(objects) == 0 || r.chance(birth(len(objects)))) {
		if n := name(r, kind); !s.has(kind, n) {
			s.w.count("edit: object made")
			b := encode(s.newBody(r, kind, n, "t"))
			id := s.fake.Seed(kind, string(b))
			s.changed(kind, id, fmt.Sprintf("made: %s", b))
		}
		return
	}
	o := objects[r.n(len(objects))]
	patch := body{}
	switch how := r.weighted(14, 6, 4, 2, 1); {
	case how == 4 && kind != "settings":
		s.w.count("edit: object made with a name that another has")
		b := encode(s.newBody(r, kind, fmt.Sprint(decode(o.Body)["displayName"]), "t"))
		id := s.fake.Seed(kind, string(b))
		s.changed(kind, id, fmt.Sprintf("made: %s", b))
		return
	case how == 1 && kind == "policies":
		s.w.count("edit: object's references changed")
		s.newReferences(r, patch, "t")
	case how == 2 && kind != "settings":
		s.w.count("edit: object removed")
		s.fake.Remove(kind, o.ID)
		s.changed(kind, o.ID, "removed")
		return
	case how == 3 && kind != "settings":
		n := name(r, kind)
		if s.has(kind, n) {
			return
		}
		s.w.count("edit: object renamed")
		patch["displayName"] = n
	default:
		s.w.count("edit: object changed")
		s.newValue(r, kind, patch, "t")
	}
	s.fake.Set(kind, o.ID, string(encode(patch)))
	s.changed(kind, o.ID, fmt.Sprintf("set: %s", encode(patch)))
}

// changed notes that somebody has changed an object in the tenant.
func (s *subject) changed(kind, id, what string) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.touched[diff.Object{Kind: kind, ID: id}] = time.Now()
	s.w.trace.add(s, event{at: time.Now(), who: "somebody", op: "in the tenant", what: kind + "/" + id + " " + what})
}

// meddle lets somebody change an object that is about to be written.
func (s *subject) meddle(kind, id string) {
	if id == "" || s.fake.Object(kind, id) == nil {
		return
	}
	patch := encode(body{"note": s.value("t")})
	s.fake.Set(kind, id, string(patch))
	s.changed(kind, id, fmt.Sprintf("set: %s", patch))
}

// meddleFile lets a person change a file that is about to be written.
func (s *subject) meddleFile(kind, key string) {
	for _, f := range s.files(kind) {
		if f.Key == key {
			b := decode(f.Body)
			b["note"] = s.value("r")
			s.writeFile(kind, key, b)
			return
		}
	}
}

// meddleDrifted lets a person change a file that the tenant has drifted from.
func (s *subject) meddleDrifted() {
	for _, kind := range listed {
		for _, f := range s.files(kind) {
			want := decode(f.Body)
			for _, o := range s.fake.Objects(kind) {
				has := decode(o.Body)
				if has["displayName"] == want["displayName"] && has["note"] != want["note"] {
					s.meddleFile(kind, f.Key)
					return
				}
			}
		}
	}
}

// tidy does what people do when they are told: it gives things that have one
// name other ones, and takes references to what one side does not have out of
// the tenant's policies and out of the files.
func (s *subject) tidy() {
	s.tidyNames()
	line := s.head()
	for _, o := range s.fake.Objects("policies") {
		b := decode(o.Body)
		patch := dangling(b, func(kind, id string) bool {
			name := decode(s.fake.Object(kind, id))["displayName"]
			return slices.ContainsFunc(line.Resources, func(f tenant.Resource) bool {
				return f.Kind == kind && (f.Key == name || decode(f.Body)["displayName"] == name)
			})
		})
		if patch != nil {
			s.fake.Set("policies", o.ID, string(encode(patch)))
			s.changed("policies", o.ID, fmt.Sprintf("tidied: %s", encode(patch)))
		}
	}
	for _, f := range s.files("policies") {
		b := decode(f.Body)
		patch := dangling(b, func(kind, ref string) bool {
			key, ok := strings.CutPrefix(strings.TrimSuffix(ref, "}"), "${"+kind+"/")
			return ok && fileOf(line, kind, key) != nil
		})
		if patch != nil {
			maps.Copy(b, patch)
			s.writeFile("policies", f.Key, b)
		}
	}
}

// dangling is what has to change in a policy so that it refers to nothing that
// is not there; nil for nothing.
func dangling(b body, there func(kind, ref string) bool) body {
	patch := body{}
	if l, ok := b["location"].(string); ok && !there("locations", l) {
		patch["location"] = nil
	}
	if list, ok := b["groups"].([]any); ok {
		kept := slices.DeleteFunc(slices.Clone(list), func(v any) bool { return v != "All" && !there("groups", fmt.Sprint(v)) })
		if len(kept) < len(list) {
			patch["groups"] = kept
		}
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}

// takeOut lets somebody take all references to a kind out of the tenant's policies.
func (s *subject) takeOut(kind string) {
	for _, o := range s.fake.Objects("policies") {
		patch := dangling(decode(o.Body), func(k, _ string) bool { return k != kind })
		if patch != nil {
			s.fake.Set("policies", o.ID, string(encode(patch)))
			s.changed("policies", o.ID, fmt.Sprintf("references taken out: %s", encode(patch)))
		}
	}
}

// tidyNames gives what has the name of another a name of its own.
func (s *subject) tidyNames() {
	for _, kind := range listed {
		seen := map[any]bool{}
		for _, f := range s.files(kind) {
			b := decode(f.Body)
			n := b["displayName"]
			if n == nil {
				n = f.Key
			}
			if seen[n] {
				b["displayName"] = title[kind] + " " + s.value("r")
				s.writeFile(kind, f.Key, b)
			}
			seen[n] = true
		}
		clear(seen)
		for _, o := range s.fake.Objects(kind) {
			n := decode(o.Body)["displayName"]
			if seen[n] {
				patch := encode(body{"displayName": title[kind] + " " + s.value("t")})
				s.fake.Set(kind, o.ID, string(patch))
				s.changed(kind, o.ID, fmt.Sprintf("tidied: %s", patch))
			}
			seen[n] = true
		}
	}
}
