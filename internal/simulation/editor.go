package simulation

import (
	"context"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// editor edits a tenant: its files in the repository (side "r"), and its
// objects in the service (side "t").
type editor struct {
	name       string // of the tenant
	repository *tenant.MemoryRepository
	fake       *tenanttest.Fake
	origins    *origins
	journal    *journal
}

// value makes up a value of a side.
func (e *editor) value(side string) string { return e.origins.value(side) }

// secret makes up a secret of a side.
func (e *editor) secret(side string) string { return e.origins.value(secretValue + side) }

// line returns the tenant's files.
func (e *editor) line() tenant.Desired { return lineOf(e.repository, e.name) }

// backups returns the tenant's last backups, the newest first.
func (e *editor) backups() []tenant.Revision {
	revs, err := e.repository.History(context.Background(), tenant.RepositoryHistoryRequest{Tenant: e.name, Line: tenant.BackupLine, Limit: 10})
	if err != nil {
		return nil
	}
	return revs
}

// secretOf returns the secret in the file of a plan's item at the time of the
// plan. A roll back past a rename has the key of then, and the secret of the file with
// the present key.
func (e *editor) secretOf(run *oracle.Run, it *plan.Item) any {
	line, err := e.repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: e.name, Revision: run.Plan.Revision})
	if err != nil {
		return err
	}
	for _, key := range []string{it.Key, it.RenamedFrom} {
		if file := fileOf(line, it.Kind, key); file != nil {
			return file["secret"]
		}
	}
	return nil
}

// newName draws a name for an object of a kind.
func newName(r *chance.Stream, kind string) string { return fmt.Sprintf("%s %d", title[kind], r.N(12)) }

// has reports whether the tenant has an object with that name.
func (e *editor) has(kind, name string) bool {
	return slices.ContainsFunc(e.fake.Objects(kind), func(o tenant.Resource) bool { return decode(o.Body)["displayName"] == name })
}

// newBody makes up an object of a side.
func (e *editor) newBody(r *chance.Stream, kind, name, side string) body {
	b := body{"displayName": name, "note": e.value(side)}
	if r.Chance(0.5) {
		b["mode"] = e.value(side)
	}
	switch kind {
	case "policies":
		e.newReferences(r, b, side)
	case "profiles":
		b["secret"] = e.secret(side)
		b["rules"] = []any{body{"from": e.value(side)}, body{"from": "anywhere", "to": e.value(side)}}
	}
	return b
}

// newValue changes one value of an object.
func (e *editor) newValue(r *chance.Stream, kind string, b body, side string) {
	name := chance.Pick(r, "note", "note", "mode")
	if kind == "profiles" {
		name = chance.Pick(r, "note", "mode", "secret", "rules")
	}
	switch name {
	case "secret":
		b[name] = e.secret(side)
	case "rules":
		b[name] = []any{body{"from": e.value(side)}}
	default:
		b[name] = e.value(side)
	}
}

// newReferences changes the references of a policy.
func (e *editor) newReferences(r *chance.Stream, b body, side string) {
	of := func(kind string) (refs []any) {
		for _, o := range e.there(kind, side) {
			if r.Chance(0.5) {
				refs = append(refs, o)
			}
		}
		return refs
	}
	groups := of("groups")
	if len(groups) == 0 || r.Chance(0.2) {
		groups = []any{"All"}
	}
	b["groups"] = groups
	delete(b, "location")
	if l := of("locations"); len(l) > 0 {
		b["location"] = l[0]
	}
}

// there returns references to all objects of a kind on a side, in the form of
// that side.
func (e *editor) there(kind, side string) (refs []any) {
	if side == "t" {
		for _, o := range e.fake.Objects(kind) {
			refs = append(refs, o.ID)
		}
		return refs
	}
	for _, f := range e.files(kind) {
		refs = append(refs, referenceTo(kind, f.Key))
	}
	return refs
}

// files returns the readable files of a kind.
func (e *editor) files(kind string) []tenant.Resource {
	d := e.line()
	return slices.DeleteFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind != kind })
}

// writeFile writes a file as a person does. A nil body removes the file.
func (e *editor) writeFile(kind, key string, b body) {
	var raw []byte
	if b != nil {
		raw = encode(b)
	}
	if err := e.repository.Edit(e.name, kind, key, raw); err != nil {
		panic(err)
	}
	e.journal.note(e.name, "person", "edits", fmt.Sprintf("%s/%s: %s", kind, key, raw))
}

// corruptFile leaves a file half written.
func (e *editor) corruptFile(kind, key string) {
	if err := e.repository.Edit(e.name, kind, key, []byte(`{"displayName": `)); err != nil {
		panic(err)
	}
	e.journal.note(e.name, "person", "edits", kind+"/"+key+" is corrupt")
}

// set changes an object of the tenant, and records how.
func (e *editor) set(kind, id, how string, patch body) {
	raw := encode(patch)
	e.fake.Set(kind, id, string(raw))
	e.changed(kind, id, fmt.Sprintf("%s: %s", how, raw))
}

// create creates an object in the tenant.
func (e *editor) create(kind string, b body) {
	raw := encode(b)
	e.changed(kind, e.fake.Seed(kind, string(raw)), fmt.Sprintf("made: %s", raw))
}

// changed records a change of an object in the tenant.
func (e *editor) changed(kind, id, what string) {
	e.origins.touch(diff.Object{Kind: kind, ID: id})
	e.journal.note(e.name, "somebody", "in the tenant", kind+"/"+id+" "+what)
}
