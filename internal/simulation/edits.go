package simulation

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/tenant"
)

// furnish creates the tenant's first objects and files.
func (e *editor) furnish(r *chance.Stream) {
	for _, kind := range []string{"groups", "groups", "locations", "policies", "policies", "profiles"} {
		if n := newName(r, kind); !e.has(kind, n) {
			e.fake.Seed(kind, string(encode(e.newBody(r, kind, n, "t"))))
		}
	}
	e.fake.Seed("settings", string(encode(body{"note": e.value("t")})))
	for range r.N(3) {
		kind := chance.Pick(r, listed...)
		n := newName(r, kind)
		e.writeFile(kind, n, e.newBody(r, kind, n, "r"))
	}
}

// birth returns the probability that an edit creates an object of a kind that
// already has that many. It keeps tenants small, so that more happens to each
// object.
func birth(there int) float64 {
	if there < 3 {
		return 0.25
	}
	return 0.05
}

// editRepository lets a person change something in the repository.
func (e *editor) editRepository(r *chance.Stream) {
	kind := chance.Pick(r, kindNames...)
	files := e.files(kind)
	if len(files) == 0 || r.Chance(birth(len(files))) && kind != "settings" {
		if kind == "settings" {
			e.writeFile(kind, kind, body{"note": e.value("r")})
		} else if n := newName(r, kind); !slices.ContainsFunc(files, func(f tenant.Resource) bool { return f.Key == n }) {
			e.journal.count("edit: file made")
			e.writeFile(kind, n, e.newBody(r, kind, n, "r"))
		}
		return
	}
	f := files[r.N(len(files))]
	b := decode(f.Body)
	switch how := r.Weighted(14, 6, 4, 2, 1, 1); {
	case how == 4 && kind != "settings": // a rename, as by "git mv"
		n := newName(r, kind)
		if slices.ContainsFunc(files, func(o tenant.Resource) bool { return o.Key == n }) {
			return
		}
		e.journal.count("edit: file moved")
		e.writeFile(kind, f.Key, nil)
		e.writeFile(kind, n, b)
	case how == 5:
		e.journal.count("edit: file corrupted")
		e.corruptFile(kind, f.Key)
	case how == 1 && kind == "policies":
		e.journal.count("edit: file's references changed")
		e.newReferences(r, b, "r")
		e.writeFile(kind, f.Key, b)
	case how == 2 && kind != "settings":
		e.journal.count("edit: file removed")
		e.writeFile(kind, f.Key, nil)
	case how == 3 && kind != "settings":
		n := newName(r, kind)
		if slices.ContainsFunc(files, func(o tenant.Resource) bool { return o.Key == n }) {
			return
		}
		e.journal.count("edit: file renamed")
		b["displayName"], b["$previousNames"] = n, []any{f.Key}
		e.writeFile(kind, f.Key, nil)
		e.writeFile(kind, n, b)
	default:
		e.journal.count("edit: file changed")
		e.newValue(r, kind, b, "r")
		e.writeFile(kind, f.Key, b)
	}
}

// editTenant lets a person change something in the tenant.
func (e *editor) editTenant(r *chance.Stream) {
	kind := chance.Pick(r, kindNames...)
	objects := e.fake.Objects(kind)
	if kind != "settings" && (len(objects) == 0 || r.Chance(birth(len(objects)))) {
		if n := newName(r, kind); !e.has(kind, n) {
			e.journal.count("edit: object made")
			e.create(kind, e.newBody(r, kind, n, "t"))
		}
		return
	}
	o := objects[r.N(len(objects))]
	patch := body{}
	switch how := r.Weighted(14, 6, 4, 2, 1); {
	case how == 4 && kind != "settings":
		e.journal.count("edit: object made with a name that another has")
		e.create(kind, e.newBody(r, kind, fmt.Sprint(decode(o.Body)["displayName"]), "t"))
		return
	case how == 1 && kind == "policies":
		e.journal.count("edit: object's references changed")
		e.newReferences(r, patch, "t")
	case how == 2 && kind != "settings":
		e.journal.count("edit: object removed")
		e.fake.Remove(kind, o.ID)
		e.changed(kind, o.ID, "removed")
		return
	case how == 3 && kind != "settings":
		n := newName(r, kind)
		if e.has(kind, n) {
			return
		}
		e.journal.count("edit: object renamed")
		patch["displayName"] = n
	default:
		e.journal.count("edit: object changed")
		e.newValue(r, kind, patch, "t")
	}
	e.set(kind, o.ID, "set", patch)
}
