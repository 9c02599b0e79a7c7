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
	// The defaults stand in the comments of [plan.Rules] too.
	maxDeletesDefault = 10
	maxUpdatesDefault = 200
	// maxDeleteShareDefault is in percent.
	maxDeleteShareDefault        = 30
	maxAssignmentsRemovedDefault = 10
	// Of a kind with fewer than smallKind objects a share says little, for one
	// object is already a large one: not more than one may go.
	smallKind = 5
)

// tally is the objects that count towards a limit.
type tally struct {
	objects map[string]bool
	// items are the IDs of the items by which they count, in the plan's order.
	items []string
}

func (t *tally) add(it *plan.Item) {
	if t.objects == nil {
		t.objects = make(map[string]bool)
	}
	t.objects[reference.ItemID(it.Kind, it.Key)] = true
	t.items = append(t.items, it.ID)
}

// tallyOf counts the objects of the items that count, in all and by kind.
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

// sizes returns how many objects there are of each kind: those that the tenant
// has and that the repository has as well, or had when both last agreed. What
// only the tenant has is left out, for a plan cannot touch it: a repository that
// manages 10 of 500 groups and deletes 9 deletes nearly all that it has.
func (ms *matches) sizes() map[string]int {
	sizes := make(map[string]int, len(ms.objects))
	for _, o := range ms.sorted {
		if o.current != nil && !o.nameOnly && (o.held() || o.desired != nil) {
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
	created := make(map[string]bool) // their parts are updates of objects that nobody has yet
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

// onlyDescribes reports whether an update changes nothing but what the object
// is called and how it is described, which alters nothing that the object does.
// A natural key may also hold ids and types (who has which role): these are no
// names.
func onlyDescribes(it *plan.Item, naturalKey []string) bool {
	for _, c := range it.Changes {
		isName := strings.HasSuffix(strings.ToLower(c.Pointer), "name") && slices.Contains(naturalKey, c.Pointer)
		if !isName && c.Pointer != "/displayName" && c.Pointer != "/description" {
			return false
		}
	}
	return true
}

// shareOf returns how many of so many objects a share is, but at least one:
// without that, nothing could ever be done in a kind of few objects.
func shareOf(size, percent int) int { return max(1, size*min(percent, 100)/100) }

// overCount breaks a rule by more objects than the limit, which has no effect
// if it is negative.
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

// overShare breaks a rule by more objects of one kind than the limit.
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

// tooManyUnassigned breaks the rule by more removed assignments than the limit,
// and by objects that lose their last one.
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
