package syncer_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	everyCall = flag.Bool("every-call", false, "strike every call in the walks over a run")
	walkOp    = flag.String("walk-op", "", "strike every call of this op and no other, such as Store.Commit")
	walkSeed  = flag.Uint64("walk-seed", 0, "seed of the pairs of faults; 0 takes one from the clock")
)

// TestFaultWalk lets every call of a whole sync with 30 changes go wrong, in
// every way, one run after the other: the worker lives on, or it dies and
// another takes over. Whatever happens, the run comes to rest, nothing is done
// twice, nothing is lost, and record, history, report and tenant agree.
//
// By default it strikes every call site in every way once, and a sample of the
// other calls. With -every-call it strikes every call of the runs that are
// approved, rejected and reverted, and every few of the variants.
func TestFaultWalk(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a walk makes much garbage, and holds little
	cov := &coverage{struck: map[string]bool{}, claimed: map[string]bool{}, detours: map[string]detour{}}
	refs := map[*variant]reference{}
	whole := true
	for _, v := range variants() {
		whole = t.Run(strings.ReplaceAll(v.name, " ", "_"), func(t *testing.T) {
			refs[v] = walkVariant(t, v, cov)
		}) && refs[v].calls != nil && whole
	}
	if !whole || *walkOp != "" { // failed, or not all were asked for
		t.Logf("walked %d points of a part of the runs", cov.points)
		return
	}
	t.Run("detours", func(t *testing.T) { walkDetours(t, refs, cov) })
	t.Run("pairs", func(t *testing.T) { walkPairs(t, refs, cov) })
	cov.check(t)
}

// reference is a variant's run to which nothing happened.
type reference struct {
	calls []called
	left  left
	final left // once nothing is left to do
}

func refer(t *testing.T, v *variant, cov *coverage) (ref reference) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, v, cov)
		if !s.drive() {
			t.Fatalf("the run does not end even if nothing is struck: %+v", s.row())
		}
		s.check()
		ref.left, ref.calls = s.left(), s.calls[:s.ended]
		if n, m := len(ref.left.Writes), len(ref.left.Adopted); ref.left.Status != v.status || ref.left.Outcome != v.outcome || n != v.writes || m != v.adopted {
			t.Errorf("the run comes to %s, %s with %d writes and %d adopted, not to %s, %s with %d and %d: %+v",
				ref.left.Status, ref.left.Outcome, n, m, v.status, v.outcome, v.writes, v.adopted, s.row())
		}
		if len(s.abandoned) > 0 {
			t.Errorf("given up although nothing happened: %q", s.abandoned)
		}
		if n := s.settled(); n != v.later {
			t.Errorf("%d more syncs had something to do, not %d", n, v.later)
		}
		ref.final = s.left()
	})
	return ref
}

// walkVariant strikes a variant's calls, way by way.
func walkVariant(t *testing.T, v *variant, cov *coverage) reference {
	ref := refer(t, v, cov)
	if t.Failed() {
		return ref
	}
	for n, w := range ways() {
		if w.freezes != v.slow {
			continue
		}
		calls := choose(v, ref.calls, w, n, cov)
		if len(calls) == 0 {
			continue
		}
		t.Run(strings.ReplaceAll(w.name, " ", "_"), func(t *testing.T) {
			t.Parallel()
			for _, c := range calls {
				if walkPoint(t, v, ref, cov, strike{op: c.Op, nth: c.Nth, way: w}); t.Failed() {
					return
				}
			}
		})
	}
	return ref
}

// choose picks the calls to be struck in a way.
func choose(v *variant, calls []called, w *way, offset int, cov *coverage) []called {
	step := 29
	if *everyCall {
		step = max(1, v.step)
	}
	if w.sparse {
		step *= 4
	}
	var out []called
	for i, c := range slices.DeleteFunc(slices.Clone(calls), func(c called) bool { return !w.at(c.Op) || w.concurrent && !v.concurrent }) {
		if *walkOp == "" && (cov.claim(c.site, w) || (i+offset)%(step*stride) == 0) || *walkOp == c.Op {
			out = append(out, c)
		}
	}
	return out
}

// walkPoint strikes a variant's run.
func walkPoint(t *testing.T, v *variant, ref reference, cov *coverage, strikes ...strike) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, v, cov, strikes...)
		defer func() {
			for _, h := range s.hits {
				if t.Failed() {
					t.Logf("struck: %s: %s number %d of worker %d, from %s", h.way.name, h.Op, h.Nth, h.worker, h.site)
				}
			}
		}()
		if !s.drive() {
			t.Errorf("the run does not end: %+v", s.row())
			return
		}
		switch leaser := strings.HasPrefix(strikes[0].op, "Leaser."); {
		case len(s.hits) == len(strikes):
			cov.count()
		case len(strikes) == 1 && !v.concurrent && !leaser: // how often a worker looks for work is not the same each time
			t.Errorf("%s number %d was not made this time", strikes[0].op, strikes[0].nth)
		}
		if s.check(); !t.Failed() {
			s.judge(ref)
		}
	})
}

// judge holds what a run has left behind against what it would have been. What
// is the same leads to the same next sync; what may differ is made up for by it.
func (s *stage) judge(ref reference) {
	diff := cmp.Diff(ref.left, s.left())
	well := !s.unknown("") && !slices.ContainsFunc(s.hits, called.mayDiffer)
	if well && len(s.abandoned) > 0 && len(s.hits) == 1 && !s.hits[0].way.dies && !strings.HasPrefix(s.hits[0].Op, "Leaser.") {
		s.t.Errorf("given up, although trying again would have done: %q", s.abandoned)
	}
	switch {
	case diff == "" || s.v.forGood && !well:
		return
	case well:
		s.t.Errorf("the run ended otherwise than without the fault (-want +got):\n%s", diff)
	}
	s.settled()
	s.poll()
	s.judged()
	final := s.left()
	if diff := cmp.Diff(ref.final.Tenant, final.Tenant) + cmp.Diff(ref.final.Desired, final.Desired); diff != "" {
		s.t.Errorf("tenant and files are not as they should be in the end (-want +got):\n%s", diff)
	}
}

// mayDiffer: what the tenant does not show when it is backed up or read back is
// left alone by the run, or not confirmed; and what it refuses for good fails.
func (c called) mayDiffer() bool {
	file, _, _ := strings.Cut(c.site, ":")
	return c.way.partial || strings.HasPrefix(c.Op, "Client.") && !c.way.dies && (file == "reading/reading.go" || file == "deploy/read_back.go")
}

// walkDetours strikes the calls that a run makes only after something has
// happened to it: those that find out what became of a write, say. It also
// strikes those that a run makes at one time and not at another, such as a
// renewal of the lease, until one of the strikes has hit.
func walkDetours(t *testing.T, refs map[*variant]reference, cov *coverage) {
	detours := cov.left()
	for _, site := range slices.Sorted(maps.Keys(detours)) {
		d := detours[site]
		t.Run(site, func(t *testing.T) {
			t.Parallel()
			for _, w := range ways() {
				if !w.freezes && w.at(d.op) && (cov.claim(site, w) || !cov.wasStruck(site)) {
					walkPoint(t, d.v, refs[d.v], cov, append(slices.Clip(d.strikes), strike{site: site, way: w})...)
				}
			}
		})
	}
}

// walkPairs lets a worker die at one call, and whoever takes over meet with
// another fault at a later one.
func walkPairs(t *testing.T, refs map[*variant]reference, cov *coverage) {
	seed := *walkSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-walk-seed %d", seed)
	n := 40 / stride
	if *everyCall {
		n = 200
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	order := slices.SortedFunc(maps.Keys(refs), func(a, b *variant) int { return strings.Compare(a.name, b.name) })
	var pairs []detour
	for len(pairs) < n {
		if v := order[rnd.IntN(len(order))]; !v.slow {
			pairs = append(pairs, detour{v: v, strikes: pair(rnd, refs[v].calls)})
		}
	}
	const at = 4 // at a time
	for i := range at {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for n := i; n < len(pairs); n += at {
				walkPoint(t, pairs[n].v, refs[pairs[n].v], cov, pairs[n].strikes...)
			}
		})
	}
}

// pair draws a death and a fault of the worker that takes over.
func pair(rnd *rand.Rand, calls []called) []strike {
	all := slices.DeleteFunc(ways(), func(w *way) bool { return w.freezes })
	for {
		dies, then := all[0], all[rnd.IntN(len(all))]
		at := rnd.IntN(len(calls))
		c := calls[at+rnd.IntN(len(calls)-at)]
		if !dies.at(calls[at].Op) || !then.at(c.Op) {
			continue
		}
		// The one who takes over makes the rest of the calls, and some again.
		rest := 0
		for _, later := range calls[at:] {
			if later.Op == c.Op {
				rest++
			}
		}
		return []strike{{op: calls[at].Op, nth: calls[at].Nth, way: dies}, {worker: 1, op: c.Op, nth: rnd.IntN(rest + 1), way: then}}
	}
}
