package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// The default limits of [Rules].
const (
	MaxDeletesDefault = 10
	MaxUpdatesDefault = 200
)

// applyGuards fills p.Broken with what the built-in rules find, then the
// host's, each in its order.
func applyGuards(p *Plan, in Input) {
	p.Broken = nil
	p.Broken = append(p.Broken, overLimit(p, "max-deletes", tenant.Delete, in.Rules.MaxDeletes, MaxDeletesDefault)...)
	p.Broken = append(p.Broken, overLimit(p, "max-updates", tenant.Update, in.Rules.MaxUpdates, MaxUpdatesDefault)...)
	p.Broken = append(p.Broken, emptyDesired(p, in)...)
	p.Broken = append(p.Broken, touchesProtected(p, in.Rules.Protected)...)

	var hosts []Broken
	for _, guard := range in.Rules.Guards {
		if guard != nil {
			hosts = append(hosts, guard(p)...)
		}
	}
	for i := range hosts {
		// An approval accepts a rule by its name, so each must have one.
		hosts[i].Rule = cmp.Or(hosts[i].Rule, "unnamed")
	}
	p.Broken = append(p.Broken, hosts...)
}

func overLimit(p *Plan, rule string, verb tenant.Verb, limit, limitDefault int) []Broken {
	limit = cmp.Or(limit, limitDefault)
	var ids []string
	for _, it := range p.changed() {
		if it.Verb == verb {
			ids = append(ids, it.ID)
		}
	}
	if limit < 0 || len(ids) <= limit {
		return nil
	}
	return []Broken{{
		Rule:    rule,
		Message: fmt.Sprintf("the plan would %s %d objects, and the limit is %d", verb, len(ids), limit),
		Items:   ids,
	}}
}

// emptyDesired finds the mark of a repository that was emptied or replaced by
// accident: deletes of a kind of which the desired line has nothing left.
func emptyDesired(p *Plan, in Input) []Broken {
	had := make(map[string]bool)
	if in.Base != nil {
		for _, o := range in.Base.Objects {
			had[o.Kind] = true
		}
	}
	has := make(map[string]bool)
	for _, r := range in.Desired.Resources {
		has[r.Kind] = true
	}
	emptied := func(it *Item) bool {
		return it.Verb == tenant.Delete && (len(has) == 0 || had[it.Kind] && !has[it.Kind])
	}
	ids := itemIDs(p, emptied)
	if len(ids) == 0 {
		return nil
	}
	message := "the desired line has no usable resource at all, and the plan deletes"
	if len(has) > 0 {
		var kinds []string
		for i := range p.Items {
			if emptied(&p.Items[i]) {
				kinds = append(kinds, p.Items[i].Kind)
			}
		}
		slices.Sort(kinds)
		message = "the desired line has no usable resource left of these kinds, and the plan deletes from them: " +
			strings.Join(slices.Compact(kinds), ", ")
	}
	return []Broken{{Rule: "empty-desired", Message: message, Items: ids}}
}

// touchesProtected breaks the rule once per selector, with the items that it
// matches: a person accepts that these protected objects change, not a flood
// of single ones. A renamed object is matched by its former key too.
func touchesProtected(p *Plan, protected []Selector) []Broken {
	var broken []Broken
	for _, s := range protected {
		ids := itemIDs(p, func(it *Item) bool {
			return s.Matches(it.Kind, it.Key) || it.RenamedFrom != "" && s.Matches(it.Kind, it.RenamedFrom)
		})
		if len(ids) > 0 {
			broken = append(broken, Broken{
				Rule:    "protected",
				Message: fmt.Sprintf("the plan changes what is protected: kind %q, key %q", cmp.Or(s.Kind, "*"), cmp.Or(s.Key, "*")),
				Items:   ids,
			})
		}
	}
	return broken
}

func itemIDs(p *Plan, chosen func(*Item) bool) []string {
	var ids []string
	for i := range p.Items {
		if chosen(&p.Items[i]) {
			ids = append(ids, p.Items[i].ID)
		}
	}
	return ids
}

// Break adds rules that the plan breaks, found by somebody who looked at it from
// outside, and renews its digests: an approval has to name them too.
func (p *Plan) Break(broken ...Broken) error {
	p.Broken = append(p.Broken, broken...)
	return setDigests(p)
}

// Matches reports whether the selector chooses the object. "*" in Key stands
// for any run of characters, also an empty one and across slashes; there is no
// escape for it. Kind has no wildcards.
func (s Selector) Matches(kind, key string) bool {
	return (s.Kind == "" || s.Kind == kind) && (s.Key == "" || matchesText(s.Key, key))
}
