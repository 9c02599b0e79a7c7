package diff

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Needs returns the targets, and the objects that their files refer to,
// directly or through other files, if the repository has them and the base has
// no id for them. A comparison of the targets alone could not resolve these
// references. base may be nil.
func Needs(desired tenant.Desired, base *Base, targets []plan.Target) []plan.Target {
	bound := map[string]bool{}
	if base != nil {
		for _, o := range base.Objects {
			bound[reference.ItemID(o.Kind, o.Key)] = o.ID != ""
		}
	}
	files, former := map[string]*tenant.Resource{}, FormerNames(desired)
	parsed := map[string]*jsonval.Node{}
	for i := range desired.Resources {
		r := &desired.Resources[i]
		body, err := jsonval.ParseObject(r.Body)
		if err != nil {
			continue // the comparison notes it
		}
		id := reference.ItemID(r.Kind, r.Key)
		files[id], parsed[id] = r, body
	}
	out, next := slices.Clone(targets), []string{}
	wanted := map[string]bool{}
	targeted := make(map[plan.Target]bool, len(targets))
	for _, t := range targets {
		targeted[t] = true
	}
	for id, r := range files {
		if targeted[plan.Target{Kind: r.Kind}] || targeted[plan.Target{Kind: r.Kind, Key: r.Key}] {
			wanted[id], next = true, append(next, id)
		}
	}
	slices.Sort(next) // for a stable order of the result
	for len(next) > 0 {
		id := next[0]
		next = next[1:]
		reference.EachReference(parsed[id], func(ref reference.Ref) {
			needed := ref.Object()
			if now, ok := former[plan.Target{Kind: ref.Kind, Key: ref.Key}]; ok {
				needed = reference.ItemID(ref.Kind, now)
			}
			if r := files[needed]; r != nil && !bound[needed] && !wanted[needed] {
				wanted[needed], next = true, append(next, needed)
				out = append(out, plan.Target{Kind: r.Kind, Key: r.Key})
			}
		})
	}
	return out
}
