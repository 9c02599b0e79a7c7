package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// Reads returns what must be read from the tenant for a comparison: one
// request per kind in scope, by id and by match for kinds that are Listed, and
// none for kinds that are Referenced (see [ReferenceReads]). It uses Kinds,
// Scopes, Base, Desired, Variables and Targets of in. A Listed kind of which
// nothing is listed has an empty request, so that its state is known.
func Reads(in Input) ([]tenant.ReadRequest, error) {
	ix, err := newIndex(in)
	if err != nil {
		return nil, err
	}
	var out []tenant.ReadRequest
	for _, name := range ix.kindNames() {
		k := ix.kinds[name]
		if !ix.targetsKind(name) {
			continue
		}
		switch ix.scope(k) {
		case tenant.All:
			out = append(out, tenant.ReadRequest{Kind: name, All: true})
		case tenant.Listed:
			out = append(out, ix.listedRead(k, ix.sides[name]))
		}
	}
	return out, nil
}

// listedRead asks for what the base and the repository name. Even with targets
// all of the kind is asked for: a new name may be a former one's.
func (ix *index) listedRead(k *schema.Schema, s *sides) tenant.ReadRequest {
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
			r.match(ix.desiredMatch(k, d))
		}
		r.id(ix.in.Bound[k.Name][d.Key])
	}
	// An object that was deleted and made again has a new id.
	for _, b := range s.base {
		if b.Body != nil {
			if body, err := jsonval.ParseObject(b.Body); err == nil {
				r.match(k.MatchOf(body, func(s string) (string, bool) {
					return reference.Literal(s), reference.ReferenceIn(jsonval.StringNode(s)) == nil
				}))
			}
		}
	}
	return r.request()
}

// desiredMatch returns how to find a resource of the repository by its name.
func (ix *index) desiredMatch(k *schema.Schema, r *tenant.Resource) (tenant.Match, bool) {
	body, err := jsonval.ParseObject(r.Body)
	if err == nil {
		m, ok := k.MatchOf(body, func(s string) (string, bool) {
			text, ref, bad := reference.Expand(s, ix.in.Variables)
			return text, ref == nil && bad == nil
		})
		if ok {
			return m, true
		}
	}
	return k.MatchOfKey(r.Key)
}

// requestBuilder collects ids and matches without repetition.
type requestBuilder struct {
	kind    string
	ids     map[string]bool
	matches map[string]tenant.Match
}

func newRequest(kind string) *requestBuilder {
	return &requestBuilder{kind, map[string]bool{}, map[string]tenant.Match{}}
}

func (b *requestBuilder) id(id string) {
	if id != "" {
		b.ids[id] = true
	}
}

func (b *requestBuilder) match(m tenant.Match, ok bool) {
	if ok {
		b.matches[matchText(m)] = m
	}
}

func matchText(m tenant.Match) string {
	var text strings.Builder
	for _, p := range slices.Sorted(maps.Keys(m)) {
		text.Write(jsonval.AppendString(jsonval.AppendString(nil, p), m[p]))
	}
	return text.String()
}

func (b *requestBuilder) request() tenant.ReadRequest {
	r := tenant.ReadRequest{Kind: b.kind, IDs: slices.Sorted(maps.Keys(b.ids))}
	for _, text := range slices.Sorted(maps.Keys(b.matches)) {
		r.Matches = append(r.Matches, b.matches[text])
	}
	return r
}

// Missing returns the objects that the base knows, in completely read kinds of
// in.Current, that were not among what was read. Read each by id, twice,
// before naming it in [Input.Gone].
func Missing(in Input) []Object {
	ix, err := newIndex(in)
	if err != nil {
		return nil
	}
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
