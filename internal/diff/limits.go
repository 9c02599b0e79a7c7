package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

const (
	// The comments of [plan.Rules] have these defaults too.
	maxDeletesDefault = 10
	maxUpdatesDefault = 200
	// maxDeleteShareDefault is a percentage.
	maxDeleteShareDefault        = 30
	maxAssignmentsRemovedDefault = 10
	// A kind with fewer than smallKind objects may lose one object, because one
	// object is already a large share.
	smallKind = 5
)

// tally has the objects that count towards a limit.
type tally struct {
	objects map[string]bool
	// items are the IDs of their items, in the plan's order.
	items []string
}

func (t *tally) add(it *plan.Item) {
	if t.objects == nil {
		t.objects = make(map[string]bool)
	}
	t.objects[reference.ItemID(it.Kind, it.Key)] = true
	t.items = append(t.items, it.ID)
}

// tallyOf counts the objects of some items, in total and by kind.
func tallyOf(p *plan.Plan, counts func(*plan.Item) bool) (all tally, byKind map[string]*tally) {
	byKind = make(map[string]*tally)
	for i := range p.Items {
		it := &p.Items[i]
		if !counts(it) {
			continue
		}
		if byKind[it.Kind] == nil {
			byKind[it.Kind] = &tally{}
		}
		all.add(it)
		byKind[it.Kind].add(it)
	}
	return all, byKind
}

// sizes returns the number of objects of each kind that the tenant has and the
// repository manages, or managed when both sides last agreed. It leaves out
// unmanaged objects, because a plan cannot change them: if a repository manages
// 10 of 500 groups and deletes 9, it deletes 90 percent.
func (ms *matches) sizes() map[string]int {
	sizes := make(map[string]int, len(ms.objects))
	for _, o := range ms.sorted {
		if o.current != nil && !o.nameOnly && (o.managed() || o.desired != nil) {
			sizes[o.kind.Name]++
		}
	}
	return sizes
}

func tooManyDeletes(p *plan.Plan, rules *plan.Rules, sizes map[string]int) []plan.Violation {
	all, byKind := tallyOf(p, func(it *plan.Item) bool { return it.Verb == tenant.Delete })
	broken := overCount("max-deletes", tenant.Delete, all, cmp.Or(rules.MaxDeletes, maxDeletesDefault))
	percent := cmp.Or(rules.MaxDeleteShare, maxDeleteShareDefault)
	if percent < 0 {
		return broken
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		size := sizes[kind]
		limit, why := shareOf(size, percent), fmt.Sprintf("%d percent, here %d", percent, shareOf(size, percent))
		if size < smallKind {
			limit, why = 1, fmt.Sprintf("1 of a kind with fewer than %d objects", smallKind)
		}
		broken = append(broken, overShare("max-deletes", tenant.Delete, kind, byKind[kind], size, limit, why)...)
	}
	return broken
}

func tooManyUpdates(p *plan.Plan, in *Input, sizes map[string]int) []plan.Violation {
	created := make(map[string]bool) // the updates of their parts change no existing object
	for i := range p.Items {
		if it := &p.Items[i]; it.Verb == tenant.Create {
			created[it.ID] = true
		}
	}
	all, byKind := tallyOf(p, func(it *plan.Item) bool {
		return it.Verb == tenant.Update && !created[reference.ItemID(it.Kind, it.Key)] && !onlyDescribes(it, in.Kinds.Kind(it.Kind).NaturalKey)
	})
	broken := overCount("max-updates", tenant.Update, all, cmp.Or(in.Rules.MaxUpdates, maxUpdatesDefault))
	percent := in.Rules.MaxUpdateShare
	if percent <= 0 {
		return broken
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		limit := shareOf(sizes[kind], percent)
		why := fmt.Sprintf("%d percent, here %d", percent, limit)
		broken = append(broken, overShare("max-updates", tenant.Update, kind, byKind[kind], sizes[kind], limit, why)...)
	}
	return broken
}

// onlyDescribes reports whether an update changes only the object's name and
// description, which do not affect what the object does. A natural key may also
// have ids and types, which are not names.
func onlyDescribes(it *plan.Item, naturalKey []string) bool {
	for _, c := range it.Changes {
		isName := strings.HasSuffix(strings.ToLower(c.Pointer), "name") && slices.Contains(naturalKey, c.Pointer)
		if !isName && c.Pointer != "/displayName" && c.Pointer != "/description" {
			return false
		}
	}
	return true
}

// shareOf returns the number of objects for a share, but at least one.
// Otherwise no change would be possible in a small kind.
func shareOf(size, percent int) int { return max(1, size*min(percent, 100)/100) }

// overCount returns a violation if the objects are more than the limit. A
// negative limit has no effect.
func overCount(rule string, verb tenant.Verb, t tally, limit int) []plan.Violation {
	if limit < 0 || len(t.objects) <= limit {
		return nil
	}
	return []plan.Violation{{
		Rule:    rule,
		Message: fmt.Sprintf("the plan would %s %d objects, and the limit is %d", verb, len(t.objects), limit),
		Items:   t.items,
		Limit:   limit,
	}}
}

// overShare returns a violation if the objects of one kind are more than the
// limit.
func overShare(rule string, verb tenant.Verb, kind string, t *tally, size, limit int, why string) []plan.Violation {
	if len(t.objects) <= limit {
		return nil
	}
	return []plan.Violation{{
		Rule:    rule,
		Message: fmt.Sprintf("the plan would %s %d of the %d objects of %s, and the limit is %s", verb, len(t.objects), size, kind, why),
		Items:   t.items,
		Limit:   limit,
	}}
}

// tooManyUnassigned returns violations if the removed assignments are more than
// the limit, and if objects lose their last assignment.
func tooManyUnassigned(p *plan.Plan, rules *plan.Rules) []plan.Violation {
	const rule = "assignments-removed"
	var total int
	var items, bare []string
	for i := range p.Items {
		it := &p.Items[i]
		n, last := it.RemovedAssignments()
		if n == 0 {
			continue
		}
		total += n
		items = append(items, it.ID)
		if last {
			bare = append(bare, it.ID)
		}
	}
	var broken []plan.Violation
	if limit := cmp.Or(rules.MaxAssignmentsRemoved, maxAssignmentsRemovedDefault); limit >= 0 && total > limit {
		broken = append(broken, plan.Violation{
			Rule:    rule,
			Message: fmt.Sprintf("the plan would remove %d assignments, and the limit is %d", total, limit),
			Items:   items,
			Limit:   limit,
		})
	}
	if len(bare) > 0 {
		broken = append(broken, plan.Violation{
			Rule:    rule,
			Message: fmt.Sprintf("the plan would remove the last assignment of objects: %d", len(bare)),
			Items:   bare,
		})
	}
	return broken
}
