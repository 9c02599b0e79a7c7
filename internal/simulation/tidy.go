package simulation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// tidy makes the corrections that a report asks people for. It renames all but
// one of the objects with equal names, and it removes references to missing
// objects from the tenant's policies and from the files.
func (e *editor) tidy() {
	e.tidyNames()
	line := e.line()
	for _, o := range e.fake.Objects("policies") {
		b := decode(o.Body)
		patch := dangling(b, func(kind, id string) bool {
			name := decode(e.fake.Object(kind, id))["displayName"]
			return slices.ContainsFunc(line.Resources, func(f tenant.Resource) bool {
				return f.Kind == kind && (f.Key == name || decode(f.Body)["displayName"] == name)
			})
		})
		if patch != nil {
			e.set("policies", o.ID, "tidied", patch)
		}
	}
	for _, f := range e.files("policies") {
		b := decode(f.Body)
		patch := dangling(b, func(kind, ref string) bool {
			key, ok := strings.CutPrefix(strings.TrimSuffix(ref, "}"), "${"+kind+"/")
			return ok && fileOf(line, kind, key) != nil
		})
		if patch != nil {
			maps.Copy(b, patch)
			e.writeFile("policies", f.Key, b)
		}
	}
}

// dangling returns a patch that removes the dangling references of a policy, or
// nil if all its references lead to objects.
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

// takeOut removes all references to a kind from the tenant's policies.
func (e *editor) takeOut(kind string) {
	for _, o := range e.fake.Objects("policies") {
		patch := dangling(decode(o.Body), func(k, _ string) bool { return k != kind })
		if patch != nil {
			e.set("policies", o.ID, "references taken out", patch)
		}
	}
}

// tidyNames gives each duplicate a name of its own.
func (e *editor) tidyNames() {
	for _, kind := range listed {
		seen := map[any]bool{}
		for _, f := range e.files(kind) {
			b := decode(f.Body)
			n := b["displayName"]
			if n == nil {
				n = f.Key
			}
			if seen[n] {
				b["displayName"] = title[kind] + " " + e.value("r")
				e.writeFile(kind, f.Key, b)
			}
			seen[n] = true
		}
		clear(seen)
		for _, o := range e.fake.Objects(kind) {
			n := decode(o.Body)["displayName"]
			if seen[n] {
				e.set(kind, o.ID, "tidied", body{"displayName": title[kind] + " " + e.value("t")})
			}
			seen[n] = true
		}
	}
}

// follow makes the corrections that the notes of a report or a plan ask for. It
// rewrites corrupt files, adds secrets, and renames ambiguous files.
func (e *editor) follow(r *chance.Stream, notes []plan.Note) {
	line := e.line()
	for _, n := range notes {
		if corrupt := slices.ContainsFunc(line.Problems, func(e tenant.FileError) bool { return e.Kind == n.Kind && e.Key == n.Key }); corrupt && n.Class == plan.BadFile {
			e.journal.count("edit: file written anew")
			e.writeFile(n.Kind, n.Key, e.newBody(r, n.Kind, n.Key, "r"))
			continue
		}
		b := fileOf(line, n.Kind, n.Key)
		if n.Class == plan.SecretNeeded && b != nil {
			e.journal.count("edit: file given a secret")
			b["secret"] = e.secret("r")
			e.writeFile(n.Kind, n.Key, b)
			continue
		}
		if n.Class == plan.Unresolved && b != nil && n.Kind == "policies" {
			e.journal.count("edit: file's references repaired")
			e.newReferences(r, b, "r")
			e.writeFile(n.Kind, n.Key, b)
			continue
		}
		if n.Class == plan.Unresolved && (n.Kind == "groups" || n.Kind == "locations") { // the object should be deleted
			e.journal.count("edit: references to deleted objects taken out")
			e.takeOut(n.Kind)
			continue
		}
		if n.Class != plan.Ambiguous || b == nil {
			continue
		}
		e.rename(line, n.Kind, n.Key)
	}
}

// rename gives a file an unused name.
func (e *editor) rename(line tenant.Desired, kind, key string) {
	b := fileOf(line, kind, key)
	if b == nil {
		return
	}
	e.journal.count("edit: file given a name of its own")
	own := title[kind] + " " + e.value("r")
	b["displayName"] = own
	e.writeFile(kind, key, nil)
	e.writeFile(kind, own, b)
}
