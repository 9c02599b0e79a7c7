package diff

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// slowWithdraw is the reference for [assembler.withdraw]: it checks every
// object in every round.
func slowWithdraw(as *assembler) {
	for again := true; again; {
		again = false
		for _, o := range as.ms.sorted {
			if o.item == nil || o.item.Verb == tenant.Delete {
				continue
			}
			for _, ref := range o.newRefs {
				if as.willExist(ref) {
					continue
				}
				withhold(as.ix, o, plan.Unresolved, "it refers to %s, which is not in the tenant and will not be created; see the notes of that object", ref)
				o.newRefs, again = o.oldRefs, true
				break
			}
		}
		referrers := slowReferrers(as)
		for _, o := range as.ms.sorted {
			if o.item == nil || o.item.Verb != tenant.Delete {
				continue
			}
			if unread := as.unreadReferrer(o.kind.Name); unread != "" {
				withhold(as.ix, o, plan.NotRead, "it is not deleted, because %s may refer to it and were not completely read", unread)
				o.newRefs, again = o.oldRefs, true
			} else if referrers[o.id()] != "" {
				withhold(as.ix, o, plan.Unresolved, "it is not deleted, because %s refers to it; remove that reference first", referrers[o.id()])
				o.newRefs, again = o.oldRefs, true
			}
		}
	}
}

// slowReferrers returns, for each object that is to be deleted, an object that
// would still refer to it.
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
		if !as.ix.compared(o.kind) { // out of scope: use the references of the base
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

// decidedOf returns the decided objects of an input before any item is removed.
func decidedOf(in Input) (*assembler, error) {
	c, err := Prepare(in)
	if err != nil {
		return nil, err
	}
	ix := c.ix.fresh(context.Background())
	ms := match(ix)
	ns := newNames(ix, ms)
	dec := newDecider(ix, ms, ns)
	dec.findUnchanged()
	dec.decideAll()
	return &assembler{ix: ix, ms: ms, ns: ns}, ix.failed
}

// shownDecisions writes the item and the references of each object, and the
// notes.
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

// withdraw removes the same items as the reference, with the same notes.
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
			// The last referenced object does not exist.
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
			rt.Fatalf("(-reference +withdraw)\n%s\nbase\n%s\nfiles\n%s", diff, tc.base, tc.desired)
		}
	})
}

// referringGroups declares references from groups to groups.
func referringGroups(in *Input) {
	editKinds(in, func(kinds []tenant.Kind) {
		kinds[1].References = []tenant.Reference{{Path: "/to", Kinds: []string{"groups"}}}
	})
}

// A chain of items, each of which makes the next one impossible, takes time
// linear in its length.
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

// A create that cannot be made takes along every create that refers to it, whether
// that comes before or after it.
func TestWithdrawOfChains(t *testing.T) {
	for _, tt := range []struct{ name, desired, want string }{
		{"before, then after", `groups/A ${groups/C}, groups/B ${groups/A}, groups/C ${groups/None}, groups/D`, "groups/D"},
		{"after each other", `groups/A ${groups/None}, groups/B ${groups/A}, groups/C ${groups/B}, groups/D`, "groups/D"},
		{"before each other", `groups/A ${groups/B}, groups/B ${groups/C}, groups/C ${groups/None}, groups/D`, "groups/D"},
		{"a loop back", `groups/A ${groups/D}, groups/B ${groups/A}, groups/C ${groups/B}, groups/D ${groups/None}, groups/E`, "groups/E"},
		{"whole", `groups/A ${groups/C}, groups/B ${groups/A}, groups/C`, "groups/A groups/B groups/C"},
	} {
		var tc comparisonCase
		for _, file := range strings.Split(tt.desired, ", ") {
			name, ref, _ := strings.Cut(file, " ")
			tc.desired += fmt.Sprintf("%s {\"displayName\":%q,\"note\":%q}\n", name, name, ref)
		}
		r, err := compareOnce(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, it := range r.Plan.Items {
			got = append(got, it.ID)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: the plan has %q, want %s", tt.name, got, tt.want)
		}
	}
}
