package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// Reads returns the first read requests: one for each kind in scope. A Listed
// kind is read by id and by match. A Referenced kind has no request here; see
// [Comparison.ReferenceReads]. A Listed kind without listed objects has an
// empty request, so that its state is known.
func (c *Comparison) Reads() []tenant.ReadRequest {
	ix := c.ix
	var out []tenant.ReadRequest
	for _, name := range ix.kindNames {
		k := ix.kinds[name]
		if !ix.targetsKind(name) {
			continue
		}
		switch ix.scope(k) {
		case tenant.All:
			out = append(out, tenant.ReadRequest{Kind: name, All: true})
		case tenant.Listed:
			out = append(out, listedRead(ix, k, ix.sides[name]))
		}
	}
	return out
}

// listedRead requests the objects that the base and the repository name. With
// targets, it still requests all of the kind, because a new name may be a
// renamed object.
func listedRead(ix *index, k *schema.Schema, s *sides) tenant.ReadRequest {
	if k.Singleton {
		return tenant.ReadRequest{Kind: k.Name, All: true}
	}
	r := newRequest(k.Name)
	known := map[string]bool{}
	for _, b := range s.base {
		r.id(b.ID)
		known[b.Key] = b.ID != ""
	}
	for _, d := range s.desired {
		if !known[d.Key] {
			r.match(desiredMatch(ix, k, d))
		}
		r.id(ix.in.Bound[k.Name][d.Key])
	}
	// An object that was deleted and created again has a new id.
	for _, b := range s.base {
		if b.Body != nil {
			if body, err := jsonval.Pick(b.Body, k.NaturalKey...); err == nil {
				r.match(k.MatchOf(body, func(s string) (string, bool) {
					return reference.Literal(s), reference.ReferenceIn(jsonval.StringNode(s)) == nil
				}))
			}
		}
	}
	return r.request()
}

// desiredMatch returns a match for a repository file, by its name.
func desiredMatch(ix *index, k *schema.Schema, r *tenant.Resource) (tenant.Match, bool) {
	body, err := jsonval.Pick(r.Body, k.NaturalKey...)
	if err == nil {
		m, ok := k.MatchOf(body, func(s string) (string, bool) {
			text, ref, bad := reference.Expand(s, ix.values)
			return text, ref == nil && bad == nil
		})
		if ok {
			return m, true
		}
	}
	return k.MatchOfKey(r.Key)
}

// Missing returns the objects of the base that were not read, in completely
// read kinds. The caller must read each of them by id, twice, before it passes
// them to [Comparison.SetGone].
func (c *Comparison) Missing() []Object {
	ix := c.ix
	var out []Object
	for name, s := range ix.sides {
		k := ix.kinds[name]
		if !ix.compared(k) || k.Singleton {
			continue
		}
		read := make(map[string]bool, len(s.current))
		for _, r := range s.current {
			read[r.ID] = true
		}
		for _, b := range s.base {
			if b.ID != "" && !read[b.ID] && ix.targeted(name, b.Key) {
				out = append(out, Object{name, b.ID})
			}
		}
	}
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.ID, b.ID))
	})
	return out
}
