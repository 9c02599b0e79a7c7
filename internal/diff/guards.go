package diff

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// applyGuards sets p.Broken to the violations of the built-in rules and then of
// the host's guards, each in their order. sizes has the number of objects of
// each kind. request is called only if the host has guards. When the context
// ends, no further guard is called.
func applyGuards(ctx context.Context, p *plan.Plan, in *Input, sizes map[string]int, request func() tenant.GuardRequest) {
	p.Broken = nil
	p.Broken = append(p.Broken, tooManyDeletes(p, &in.Rules, sizes)...)
	p.Broken = append(p.Broken, tooManyUpdates(p, in, sizes)...)
	p.Broken = append(p.Broken, tooManyUnassigned(p, &in.Rules)...)
	p.Broken = append(p.Broken, emptyDesired(p, in.Base, in.Desired)...)
	p.Broken = append(p.Broken, touchesProtected(p, in.Rules.Protected)...)

	var hosts []plan.Violation
	for _, guard := range in.Rules.Guards {
		if context.Cause(ctx) != nil {
			return
		}
		if guard == nil {
			continue
		}
		broken, notes := Sorted(p, guard(ctx, request())) // a guard may change its request
		hosts, p.Notes = append(hosts, broken...), sortedNotes(append(p.Notes, notes...))
	}
	for i := range hosts {
		// An approval accepts a rule by its name, so each rule needs one.
		hosts[i].Rule = cmp.Or(hosts[i].Rule, "unnamed")
	}
	p.Broken = append(p.Broken, hosts...)
}

// guardNote is the class of notes that are the information of a guard.
const guardNote plan.NoteClass = "guard"

// Sorted divides what a guard found into broken rules and notes. A note is about the
// object of its items if that is one, and else about their kind.
func Sorted(p *plan.Plan, found []tenant.Violation) (broken []plan.Violation, notes []plan.Note) {
	for _, v := range found {
		if !v.Information {
			broken = append(broken, plan.Violation{Rule: v.Rule, Message: v.Message, Items: v.Items})
			continue
		}
		n := plan.Note{Class: guardNote, Message: v.Message}
		for i, id := range v.Items {
			it := p.Item(id)
			switch {
			case it == nil:
			case i == 0:
				n.Kind, n.Key = it.Kind, it.Key
			case it.Kind != n.Kind:
				n.Kind, n.Key = "", ""
			case it.Key != n.Key:
				n.Key = ""
			}
		}
		notes = append(notes, n)
	}
	return broken, notes
}

// emptyDesired detects a repository that seems to have been emptied or replaced
// by accident: the plan deletes objects of a kind, and the desired branch has
// no more files of this kind.
func emptyDesired(p *plan.Plan, base *Base, desired tenant.Desired) []plan.Violation {
	had := make(map[string]bool)
	if base != nil {
		for _, o := range base.Objects {
			had[o.Kind] = true
		}
	}
	has := make(map[string]bool)
	for _, r := range desired.Resources {
		has[r.Kind] = true
	}
	emptied := func(it *plan.Item) bool {
		return it.Verb == tenant.Delete && (len(has) == 0 || had[it.Kind] && !has[it.Kind])
	}
	ids := itemIDs(p, emptied)
	if len(ids) == 0 {
		return nil
	}
	message := "the desired branch has no usable resource, and the plan has deletes"
	if len(has) > 0 {
		var kinds []string
		for i := range p.Items {
			if emptied(&p.Items[i]) {
				kinds = append(kinds, p.Items[i].Kind)
			}
		}
		slices.Sort(kinds)
		message = "the desired branch has no usable resource of these kinds, and the plan deletes their objects: " +
			strings.Join(slices.Compact(kinds), ", ")
	}
	return []plan.Violation{{Rule: "empty-desired", Message: message, Items: ids}}
}

// touchesProtected returns one violation per selector, with the items that the
// selector matches. So a person accepts one rule and not each single item. A
// renamed object is matched by its former key too.
func touchesProtected(p *plan.Plan, protected []plan.Selector) []plan.Violation {
	var broken []plan.Violation
	for _, s := range protected {
		ids := itemIDs(p, func(it *plan.Item) bool {
			return s.Matches(it.Kind, it.Key) || it.RenamedFrom != "" && s.Matches(it.Kind, it.RenamedFrom)
		})
		if len(ids) > 0 {
			broken = append(broken, plan.Violation{
				Rule:    "protected",
				Message: fmt.Sprintf("the plan changes protected objects: kind %q, key %q", cmp.Or(s.Kind, "*"), cmp.Or(s.Key, "*")),
				Items:   ids,
			})
		}
	}
	return broken
}

func itemIDs(p *plan.Plan, chosen func(*plan.Item) bool) []string {
	var ids []string
	for i := range p.Items {
		if chosen(&p.Items[i]) {
			ids = append(ids, p.Items[i].ID)
		}
	}
	return ids
}
