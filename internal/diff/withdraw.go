package diff

import (
	"container/heap"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// withdraw removes items that cannot be applied: items that refer to an object
// that will not exist, and deletes of objects that are still referred to.
//
// Each removal can make other items impossible: the object of a removed create
// will not exist, and the object of a removed update keeps its old references.
// So withdraw works in rounds, sorted by kind and key: first the creates and
// updates, then the deletes. After the first round it checks only items that a
// removal affects. An item is removed once. So the time grows with the
// references, and not with the rounds.
func (as *assembler) withdraw() {
	w := newWithdrawal(as)
	for w.round() {
	}
}

// withdrawal is the state between two rounds. An object's number is its
// position in the sorted objects.
type withdrawal struct {
	as *assembler
	// waiting has, by "kind/key", the creates and updates that refer to the
	// object.
	waiting map[string][]int
	// deleted has the numbers of the deletes, and referrers the objects that
	// refer to them, in their order. Both are by "kind/key".
	deleted   map[string]int
	referrers map[string][]referrer
	// removed has the numbers of the objects whose items were removed.
	removed map[int]bool
	// next has the creates and updates for the next round, and deletes the
	// deletes to check next.
	next    numbers
	deletes []int
}

// referrer is an object that refers to one that is to be deleted: with the
// present plan, or after its own item is removed.
type referrer struct {
	number            int
	now, afterRemoval bool
}

func newWithdrawal(as *assembler) *withdrawal {
	w := &withdrawal{as: as, waiting: map[string][]int{}, deleted: map[string]int{}, referrers: map[string][]referrer{}, removed: map[int]bool{}}
	for i, o := range as.ms.sorted {
		switch {
		case o.item == nil:
		case o.item.Verb == tenant.Delete:
			w.deleted[o.id()] = i
			w.deletes = append(w.deletes, i)
		case len(o.newRefs) > 0:
			w.next = append(w.next, i)
			for _, ref := range o.newRefs {
				w.waiting[ref] = append(w.waiting[ref], i)
			}
		}
	}
	if len(w.deleted) == 0 {
		return w
	}
	for i, o := range as.ms.sorted {
		if as.ix.watch.ended() {
			return w
		}
		back, now := o.refs()
		if !as.ix.compared(o.kind) { // out of scope: use the references of the base
			now = as.agreedRefs(o)
			back = now
		}
		for _, ref := range now {
			w.refer(o, ref, referrer{number: i, now: true})
		}
		for _, ref := range back {
			w.refer(o, ref, referrer{number: i, afterRemoval: true})
		}
	}
	return w
}

// refer records that an object refers to another one, if that is to be deleted.
func (w *withdrawal) refer(o *object, ref string, r referrer) {
	if _, deleted := w.deleted[ref]; !deleted || ref == o.id() {
		return
	}
	all := w.referrers[ref]
	if last := len(all) - 1; last >= 0 && all[last].number == r.number {
		all[last].afterRemoval = all[last].afterRemoval || r.afterRemoval
		return
	}
	w.referrers[ref] = append(all, r)
}

// round does one round, and reports whether another one is needed.
func (w *withdrawal) round() bool {
	now := w.next
	w.next = nil
	for heap.Init(&now); len(now) > 0 && !w.as.ix.watch.ended(); {
		i := heap.Pop(&now).(int)
		o := w.as.ms.sorted[i]
		if o.item == nil {
			continue
		}
		n := slices.IndexFunc(o.newRefs, func(ref string) bool { return !w.as.willExist(ref) })
		if n < 0 {
			continue
		}
		withhold(w.as.ix, o, plan.Unresolved, "it refers to %s, which is not in the tenant and will not be created; see the notes of that object", o.newRefs[n])
		w.removedItem(i, o)
		for _, j := range w.waiting[o.id()] {
			if j > i {
				heap.Push(&now, j)
			} else {
				w.next = append(w.next, j)
			}
		}
	}
	w.removeDeletes()
	return len(w.next)+len(w.deletes) > 0 && !w.as.ix.watch.ended()
}

// removedItem records the effects of a removed item: its object keeps its old
// references.
func (w *withdrawal) removedItem(number int, o *object) {
	o.newRefs, w.removed[number] = o.oldRefs, true
	for _, ref := range o.newRefs {
		if i, deleted := w.deleted[ref]; deleted && ref != o.id() {
			w.deletes = append(w.deletes, i)
		}
	}
}

// removeDeletes removes the deletes of objects that are referred to. It finds
// the referrers of all of them before it removes the first.
func (w *withdrawal) removeDeletes() {
	slices.Sort(w.deletes)
	look := slices.Compact(w.deletes)
	w.deletes = nil
	referrers := make([]string, len(look))
	for n, i := range look {
		referrers[n] = w.referrerOf(w.as.ms.sorted[i])
	}
	for n, i := range look {
		o := w.as.ms.sorted[i]
		if w.as.ix.watch.ended() {
			return
		}
		if o.item == nil {
			continue
		}
		if unread := w.as.unreadReferrer(o.kind.Name); unread != "" {
			withhold(w.as.ix, o, plan.NotRead, "it is not deleted, because %s may refer to it and were not completely read", unread)
		} else if referrers[n] != "" {
			withhold(w.as.ix, o, plan.Unresolved, "it is not deleted, because %s refers to it; remove that reference first", referrers[n])
		} else {
			continue
		}
		w.removedItem(i, o)
	}
}

// referrerOf returns the first object that still refers to one that is to be
// deleted.
func (w *withdrawal) referrerOf(deleted *object) string {
	for _, r := range w.referrers[deleted.id()] {
		if w.removed[r.number] && r.afterRemoval || !w.removed[r.number] && r.now {
			return w.as.ms.sorted[r.number].id()
		}
	}
	return ""
}

// numbers is a heap of numbers with the lowest first.
type numbers []int

func (n numbers) Len() int           { return len(n) }
func (n numbers) Less(i, j int) bool { return n[i] < n[j] }
func (n numbers) Swap(i, j int)      { n[i], n[j] = n[j], n[i] }
func (n *numbers) Push(x any)        { *n = append(*n, x.(int)) }

func (n *numbers) Pop() any {
	last := (*n)[len(*n)-1]
	*n = (*n)[:len(*n)-1]
	return last
}
