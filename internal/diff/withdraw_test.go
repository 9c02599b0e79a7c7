package diff

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// slowWithdraw says what [assembler.withdraw] does: it looks at every object in
// every round.
func slowWithdraw(as *assembler) {
	for again := true; again; {
		again = false
		for _, o := range as.ms.sorted {
			if o.item == nil || o.item.Verb == tenant.Delete {
				continue
			}
			for _, ref := range o.newRefs {
				if as.stays(ref) {
					continue
				}
				withhold(as.ix, o, plan.Unresolved, "it refers to %s, which is not in the tenant and will not be created; see what stands against that", ref)
				o.newRefs, again = o.oldRefs, true
				break
			}
		}
		referrers := slowReferrers(as)
		for _, o := range as.ms.sorted {
			if o.item == nil || o.item.Verb != tenant.Delete {
				continue
			}
			if unread := unreadReferrer(as.ix, o.kind.Name); unread != "" {
				withhold(as.ix, o, plan.NotRead, "it is not deleted, for %s may refer to it and were not completely read", unread)
				o.newRefs, again = o.oldRefs, true
			} else if referrers[o.id()] != "" {
				withhold(as.ix, o, plan.Unresolved, "it is not deleted, for %s refers to it; take that reference out first", referrers[o.id()])
				o.newRefs, again = o.oldRefs, true
			}
		}
	}
}

// slowReferrers returns who would refer to objects that are to be deleted.
func slowReferrers(as *assembler) map[string]string {
	deleted := map[string]bool{}
	for _, o := range as.ms.sorted {
		if o.item != nil && o.item.Verb == tenant.Delete {
			deleted[o.id()] = true
		}
	}
	found := map[string]string{}
	if len(deleted) == 0 {
		return found
	}
	for _, o := range as.ms.sorted {
		refs := o.newRefs
		if !as.ix.compared(o.kind) { // out of this run's scope: what it referred to when it was last in
			refs = as.agreedRefs(o)
		}
		for _, ref := range refs {
			if deleted[ref] && ref != o.id() && found[ref] == "" {
				found[ref] = o.id()
			}
		}
	}
	return found
}

// decidedOf returns the objects of an input as they are before any item is taken
// back.
func decidedOf(in Input) (*assembler, error) {
	c, err := Prepare(in)
	if err != nil {
		return nil, err
	}
	ix := c.ix.fresh(context.Background())
	ms := match(ix)
	ns := newNames(ix, ms)
	dec := newDecider(ix, ms, ns)
	for _, o := range ms.sorted {
		dec.decide(o)
	}
	return &assembler{ix: ix, ms: ms, ns: ns}, ix.failed
}

// shownDecisions writes what is proposed for each object, what it refers to, and
// the notes.
func shownDecisions(as *assembler) string {
	var b strings.Builder
	for _, o := range as.ms.sorted {
		verb := tenant.Verb("nothing")
		if o.item != nil {
			verb = o.item.Verb
		}
		fmt.Fprintf(&b, "%s %s %v %q\n", o.id(), verb, o.withheld, o.newRefs)
	}
	for _, n := range sortedNotes(as.ix.notes) {
		fmt.Fprintf(&b, "%s %s/%s %s\n", n.Class, n.Kind, n.Key, n.Message)
	}
	return b.String()
}

// Looking only where something has changed takes back what looking everywhere
// does, with the same notes.
func TestWithdraw(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const objects = 7
		var base, desired, current []string
		line := func(format, to string, i int, refs []int) string {
			var texts []string
			for _, j := range refs {
				texts = append(texts, fmt.Sprintf(to, j))
			}
			return fmt.Sprintf(format+` {"displayName":"G%[1]d","to":[%[2]s]}`, i, strings.Join(texts, ","))
		}
		for i := range objects {
			// The last of the objects that are referred to is nowhere.
			refs := rapid.SliceOfNDistinct(rapid.IntRange(0, objects), 0, 2, rapid.ID[int])
			if rapid.Bool().Draw(rt, "held") {
				was := refs.Draw(rt, "base")
				base = append(base, line(`groups/G%[1]d=g%[1]d`, `"${groups/G%d}"`, i, was))
				current = append(current, line(`groups g%[1]d`, `"g%d"`, i, was))
			}
			if rapid.Bool().Draw(rt, "filed") {
				desired = append(desired, line(`groups/G%[1]d`, `"${groups/G%d}"`, i, refs.Draw(rt, "file")))
			}
		}
		tc := comparisonCase{base: strings.Join(base, "\n"), desired: strings.Join(desired, "\n"), current: strings.Join(current, "\n"), adjust: referringGroups}
		in := tc.input(t)
		if rapid.IntRange(0, 5).Draw(rt, "unread") == 0 {
			withState(&in, "policies", tenant.Partial)
		}
		var shown [2]string
		for i, withdraw := range []func(*assembler){slowWithdraw, (*assembler).withdraw} {
			as, err := decidedOf(in)
			if err != nil {
				rt.Fatal(err)
			}
			withdraw(as)
			shown[i] = shownDecisions(as)
		}
		if diff := cmp.Diff(shown[0], shown[1]); diff != "" {
			rt.Fatalf("(-everywhere +where something has changed)\n%s\nbase\n%s\nfiles\n%s", diff, tc.base, tc.desired)
		}
	})
}

// referringGroups lets groups refer to groups.
func referringGroups(in *Input) {
	editKinds(in, func(kinds []tenant.Kind) {
		kinds[1].References = []tenant.Reference{{Path: "/to", Kinds: []string{"groups"}}}
	})
}

// A chain of items of which each stands against the one before it takes time
// linear in the chain.
func TestWithdrawLooksAtFew(t *testing.T) {
	const n = 500
	var creates, held, deletes strings.Builder
	for i := range n {
		fmt.Fprintf(&creates, `groups/G%04d {"displayName":"G%[1]d","to":["${groups/G%04[2]d}"]}`+"\n", i, i+1)
		fmt.Fprintf(&held, `groups/G%04d=g%04[1]d {"displayName":"G%[1]d","to":["${groups/G%04[2]d}"]}`+"\n", i, i+1)
		fmt.Fprintf(&deletes, `groups g%04d {"displayName":"G%[1]d","to":["g%04[2]d"]}`+"\n", i, i+1)
	}
	for name, tc := range map[string]comparisonCase{
		"creates": {desired: creates.String(), adjust: referringGroups},
		"deletes": {
			base: held.String() + `policies/P=p {"displayName":"P","owner":"${groups/G0000}"}`, desired: `policies/P {"displayName":"P","owner":"${groups/G0000}"}`,
			current: deletes.String() + `policies p {"displayName":"P","owner":"g0000"}`, adjust: referringGroups,
		},
	} {
		as, err := decidedOf(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		looked := 0
		w := newWithdrawal(as)
		for more := true; more; {
			looked += len(w.next) + len(w.deletes)
			more = w.round()
		}
		for _, o := range as.ms.sorted {
			if o.item != nil {
				t.Fatalf("%s: %s is still proposed", name, o.id())
			}
		}
		if most := 3 * n; looked > most {
			t.Errorf("%s: looked at %d objects, want at most %d", name, looked, most)
		}
	}
}
