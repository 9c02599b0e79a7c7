package diff

import (
	"container/heap"
	"slices"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// withdraw takes items back that others stand against: those that refer to
// what will not be created, and deletes of what is still referred to.
//
// Whatever is taken back may stand against others: what it would have created is
// missing, and what it would have changed goes on referring to what it refers to
// now. So this goes on in rounds, each in the order of kind and key: first the
// creates and updates, then the deletes. After the first round only those are
// looked at for which something has changed. An item is taken back once, so that
// the time grows with the references, and not with the rounds.
func (as *assembler) withdraw() {
	w := newWithdrawal(as)
	for w.round() {
	}
}

// withdrawal is the state between two rounds. Objects are numbered as they are
// sorted.
type withdrawal struct {
	as *assembler
	// waiting are, by "kind/key", the creates and updates that refer to it.
	waiting map[string][]int
	// deleted are the numbers of the deletes, referrers those that refer to them,
	// in their order; both by "kind/key".
	deleted   map[string]int
	referrers map[string][]referrer
	// back are the numbers of the objects whose items were taken back.
	back map[int]bool
	// next are the creates and updates that the next round looks at, and deletes
	// the deletes that the next look at deletes is about.
	next    numbers
	deletes []int
}

// referrer is an object that refers to one that is to be deleted: with the plan
// as it is, or once its own item is taken back.
type referrer struct {
	number        int
	now, onceBack bool
}

func newWithdrawal(as *assembler) *withdrawal {
	w := &withdrawal{as: as, waiting: map[string][]int{}, deleted: map[string]int{}, referrers: map[string][]referrer{}, back: map[int]bool{}}
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
		now, back := o.newRefs, o.oldRefs
		if !as.ix.compared(o.kind) { // out of this run's scope: what it referred to when it was last in
			now = as.agreedRefs(o)
			back = now
		}
		for _, ref := range now {
			w.refer(o, ref, referrer{number: i, now: true})
		}
		for _, ref := range back {
			w.refer(o, ref, referrer{number: i, onceBack: true})
		}
	}
	return w
}

// refer notes that an object refers to another one, if that is to be deleted.
func (w *withdrawal) refer(o *object, ref string, r referrer) {
	if _, deleted := w.deleted[ref]; !deleted || ref == o.id() {
		return
	}
	all := w.referrers[ref]
	if last := len(all) - 1; last >= 0 && all[last].number == r.number {
		all[last].onceBack = all[last].onceBack || r.onceBack
		return
	}
	w.referrers[ref] = append(all, r)
}

// round does one round, and reports whether there is more to look at.
func (w *withdrawal) round() bool {
	now := w.next
	w.next = nil
	for heap.Init(&now); len(now) > 0 && !w.as.ix.watch.ended(); {
		i := heap.Pop(&now).(int)
		o := w.as.ms.sorted[i]
		if o.item == nil {
			continue
		}
		n := slices.IndexFunc(o.newRefs, func(ref string) bool { return !w.as.stays(ref) })
		if n < 0 {
			continue
		}
		withhold(w.as.ix, o, plan.Unresolved, "it refers to %s, which is not in the tenant and will not be created; see what stands against that", o.newRefs[n])
		w.takenBack(i, o)
		for _, j := range w.waiting[o.id()] {
			if j > i {
				heap.Push(&now, j)
			} else {
				w.next = append(w.next, j)
			}
		}
	}
	w.keepReferred()
	return len(w.next)+len(w.deletes) > 0 && !w.as.ix.watch.ended()
}

// takenBack notes what follows from an object that keeps its references.
func (w *withdrawal) takenBack(number int, o *object) {
	o.newRefs, w.back[number] = o.oldRefs, true
	for _, ref := range o.newRefs {
		if i, deleted := w.deleted[ref]; deleted && ref != o.id() {
			w.deletes = append(w.deletes, i)
		}
	}
}

// keepReferred takes back the deletes of what is referred to as it stands now,
// before any of them is taken back.
func (w *withdrawal) keepReferred() {
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
		if unread := unreadReferrer(w.as.ix, o.kind.Name); unread != "" {
			withhold(w.as.ix, o, plan.NotRead, "it is not deleted, for %s may refer to it and were not completely read", unread)
		} else if referrers[n] != "" {
			withhold(w.as.ix, o, plan.Unresolved, "it is not deleted, for %s refers to it; take that reference out first", referrers[n])
		} else {
			continue
		}
		w.takenBack(i, o)
	}
}

// referrerOf returns the first object that would refer to one that is to be
// deleted.
func (w *withdrawal) referrerOf(deleted *object) string {
	for _, r := range w.referrers[deleted.id()] {
		if w.back[r.number] && r.onceBack || !w.back[r.number] && r.now {
			return w.as.ms.sorted[r.number].id()
		}
	}
	return ""
}

// numbers is a heap of numbers, the lowest first.
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
