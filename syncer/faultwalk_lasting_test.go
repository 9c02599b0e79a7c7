package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// lasting is a fault that lasts: it begins with a call, and strikes all calls
// like it until a person removes the cause.
type lasting struct {
	way *way
	// The fault begins with the nth call of op, or, with a site, with the first
	// call from there.
	op    string
	nth   int
	start int // 0, 1, 2: nth is the first, the middle or the last call
	site  string
	// same limits the fault to calls from the site; otherwise it strikes all
	// calls of the op.
	same bool
	// resumed: the first worker dies in the middle of the deploy, and the fault
	// begins with the first call of the worker that resumes the run.
	resumed bool

	begun, healed bool // guarded by the stage's mu
	struck        int
}

func (l *lasting) String() string {
	if l.resumed {
		return fmt.Sprintf("%s, at every %s of the worker that resumes the run", l.way.name, l.op)
	}
	if l.same {
		return fmt.Sprintf("%s, from then on at %s from %s", l.way.name, l.op, l.site)
	}
	return fmt.Sprintf("%s, from then on at every %s after number %d", l.way.name, l.op, l.nth)
}

// hits reports whether the fault strikes a call.
func (l *lasting) hits(c called) bool {
	like := c.Op == l.op && (!l.same || c.site == l.site) && (!l.resumed || c.worker > 0)
	l.begun = l.begun || like && (l.same || c.Nth >= l.nth)
	if !l.begun || l.healed || !like {
		return false
	}
	l.struck++
	return true
}

// runsFor is the time that a run may work. lastFor is how long a person takes to
// remove the cause: by then every run that can end has ended.
const (
	runsFor = 15 * time.Minute
	lastFor = 20 * time.Minute
)

// maxStruck bounds the calls that meet a lasting fault until then: a minute passes
// before a run that its store cannot keep is resumed. Each of thirty items then makes
// five attempts, and a commit of unknown outcome is sent a hundred times.
const maxStruck = 20 * (30*5 + 100)

// lastingWays are the faults that can last. In addition to those that strike
// once, a call may end with its context, and a stored thing may be missing.
func lastingWays() []*way {
	all := slices.DeleteFunc(ways(), func(w *way) bool { return w.dies || w.freezes || w.sparse })
	for name, end := range map[string]error{"ends at a deadline": context.DeadlineExceeded, "is cancelled elsewhere": context.Canceled} {
		all = append(all,
			&way{name: name, at: of("Store", "Leaser", "Blobs", "Repository", "Approver"), fault: always(statetest.Fault{Before: fmt.Errorf("gone: %w", end)})},
			&way{name: "tenant: " + name, at: of("Client", "Connector"), fault: always(statetest.Fault{Before: &tenant.Error{Class: tenant.Transient, Message: "gone", Err: end}})},
			&way{name: "sign-in: " + name, at: of("Authenticator", "SignIn"), fault: always(statetest.Fault{Before: &auth.Error{Class: auth.Transient, Message: "gone", Err: end}})})
	}
	slices.SortFunc(all, func(a, b *way) int { return strings.Compare(a.name, b.name) })
	return append(all,
		&way{name: "is missing", at: func(op string) bool { return op == "Blobs.Get" }, fault: always(statetest.Fault{Before: state.ErrNotFound})},
		&way{name: "is missing in the repository", at: func(op string) bool { return op == "Repository.Desired" || op == "Repository.Snapshot" },
			fault: always(statetest.Fault{Before: tenant.ErrNoRevision})},
	)
}

// TestLastingFaultWalk lets a kind of call fail for good: from one call on, all
// calls like it fail until a person removes the cause. So it comes to what the
// engine does once its retries are used up. Whatever lasts, the run ends, or
// waits for its store or for a person, with a bounded number of calls. It says
// of nothing that it was done which was not. Once the cause is removed, the run
// or the next ones end what was begun, and tenant and files are as they should
// be.
//
// By default each call site fails for good in one way, and each op from three
// calls on, in the first variant that comes there. With -every-call they fail in
// every way.
func TestLastingFaultWalk(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	claimed := map[string]bool{}
	for n, v := range variants() {
		if v.slow || v.concurrent {
			continue
		}
		config := v.config
		v.config = func(c *syncer.Config) {
			if config != nil {
				config(c)
			}
			c.Settings.RunTimeout = runsFor
		}
		t.Run(strings.ReplaceAll(v.name, " ", "_"), func(t *testing.T) { walkLasting(t, v, n, claimed) })
	}
}

// walkLasting walks one variant.
func walkLasting(t *testing.T, v *variant, offset int, claimed map[string]bool) {
	cov := &coverage{struck: map[string]bool{}, claimed: map[string]bool{}, detours: map[string]detour{}}
	ref := refer(t, v, cov)
	if t.Failed() {
		return
	}
	points := sampled(lastingPoints(ref.calls), offset, claimed)
	const at = 4 // at a time
	for i := range at {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			for n := i; n < len(points); n += at {
				if l := points[n]; *walkOp == "" || *walkOp == l.op {
					walkLastingPoint(t, v, ref, l)
				}
			}
		})
	}
	t.Cleanup(func() { t.Logf("%d lasting faults", len(points)) })
}

// lastingPoints are the faults that can last in a run: each site and each way,
// each op from its first, its middle and its last call on, and each op of a
// worker that resumes the run.
func lastingPoints(calls []called) []*lasting {
	var points []*lasting
	byOp, sites := map[string]int{}, map[string]bool{}
	var ops []string
	for _, c := range calls {
		if byOp[c.Op]++; byOp[c.Op] == 1 {
			ops = append(ops, c.Op)
		}
		if sites[c.site] {
			continue
		}
		sites[c.site] = true
		for _, w := range lastingWays() {
			if w.at(c.Op) {
				points = append(points, &lasting{way: w, op: c.Op, site: c.site, same: true})
			}
		}
	}
	for _, op := range ops {
		for _, w := range lastingWays() {
			if !w.at(op) {
				continue
			}
			for start, nth := range []int{0, byOp[op] / 2, byOp[op] - 1} {
				if start == 0 || nth > 0 {
					points = append(points, &lasting{way: w, op: op, nth: nth, start: start})
				}
			}
			if byOp["Client.Apply"] > 0 {
				points = append(points, &lasting{way: w, op: op, resumed: true})
			}
		}
	}
	return points
}

// sampled takes one way of each site and of each start of an op that is not
// claimed yet; with -every-call, all their ways. The race detector, which makes
// all slow, takes every few.
func sampled(points []*lasting, offset int, claimed map[string]bool) []*lasting {
	ways := map[string][]*lasting{}
	var order []string
	for _, l := range points {
		key := fmt.Sprint(l.op, l.site, l.start, l.resumed)
		if ways[key] == nil && !claimed[key] {
			order = append(order, key)
		}
		ways[key] = append(ways[key], l)
	}
	var out []*lasting
	for n, key := range order {
		claimed[key] = true
		switch {
		case *everyCall:
			out = append(out, ways[key]...)
		case (n+offset)%stride == 0:
			out = append(out, ways[key][(n+offset)%len(ways[key])])
		}
	}
	return out
}

// walkLastingPoint lets one fault last.
func walkLastingPoint(t *testing.T, v *variant, ref reference, l *lasting) {
	synctest.Test(t, func(t *testing.T) {
		cov := &coverage{struck: map[string]bool{}, claimed: map[string]bool{}, detours: map[string]detour{}}
		s := newStage(t, v, cov)
		if s.lasting = l; l.resumed {
			writes := len(slices.DeleteFunc(slices.Clone(ref.calls), func(c called) bool { return c.Op != "Client.Apply" }))
			s.strikes = []strike{{op: "Client.Apply", nth: writes / 2, way: ways()[0]}}
		}
		defer func() {
			if t.Failed() {
				t.Logf("%v; struck %d times; %s", l, l.struck, strings.Join(s.abandoned[:min(4, len(s.abandoned))], "\n"))
			}
		}()
		ended := s.driveFor(lastFor)
		if l.struck > maxStruck {
			t.Errorf("%d calls met the fault in %s, want at most %d", l.struck, lastFor, maxStruck)
		}
		if ended {
			s.checkLasting()
		} else if port, _, _ := strings.Cut(l.op, "."); port != "Store" && port != "Leaser" && port != "Blobs" && port != "Approver" && !s.row().Status.Resting() {
			t.Errorf("the run does not end: %+v", s.row())
		}
		s.mu.Lock()
		l.healed = true
		s.mu.Unlock()
		if !ended && !s.drive() {
			t.Errorf("the run does not end after the cause was removed: %+v", s.row())
			return
		}
		if t.Failed() {
			return
		}
		s.checkLasting()
		s.lookAfter()
		if s.retried(); v.forGood {
			return // what the run has left out, no sync makes up for
		}
		s.settled()
		s.poll()
		s.judged()
		final := s.left()
		if diff := cmp.Diff(ref.final.Tenant, final.Tenant) + cmp.Diff(ref.final.Desired, final.Desired); diff != "" {
			t.Errorf("tenant and files are not as they should be in the end (-want +got):\n%s", diff)
		}
	})
}

// checkLasting holds a run that has met a lasting fault against what is true of
// every run, and against what it says about the fault.
func (s *stage) checkLasting() {
	s.poll()
	row := s.row()
	s.oracle.Shown(row)
	rec, now, err := s.oracle.Present(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	rec.LeaseUntil = time.Time{} // a release may have met the fault: then the lease runs out
	s.oracle.Rest(rec, now)
	s.oracle.Reachable(rec)
	s.judged()
	rep := s.report()
	if row.Status == state.NewError || row.Status == state.PartiallySuccessful {
		if row.Error == nil || row.Error.Message == "" || row.Error.Class == "" || strings.Contains(row.Error.Message, "%!") {
			s.t.Errorf("%s does not say why: %+v", row.Status, row.Error)
		}
	}
	for _, it := range rep.Items {
		if it.Status != syncer.ItemApplied && it.Status != syncer.ItemNotAttempted && (it.Message == "" || it.Class == "") {
			s.t.Errorf("the report does not say why %s is %s: %+v", it.Item, it.Status, it)
		}
	}
}

// lookAfter is what a person does about a write of unknown outcome, or about a
// report that is not whole: they look into the tenant. The note has no name, so
// no sync finds out that it is there. Where only the report is not whole, the base
// has the id of the note that it is about.
func (s *stage) lookAfter() {
	unknown, known := s.unknown("notes"), map[string]bool{}
	if !unknown && len(s.report().Lost) == 0 {
		return
	}
	for _, o := range s.base().Objects {
		known[o.ID] = true
	}
	for _, note := range s.tenant().Objects("notes") {
		if unknown || !known[note.ID] {
			s.tenant().Remove("notes", note.ID)
		}
	}
}

// retried retries a run that has not done all, as a person does. By now no call fails.
func (s *stage) retried() {
	row := s.row()
	if row.Status != state.NewError && row.Status != state.PartiallySuccessful {
		return
	}
	again, err := s.front.Retry(s.t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso", Run: s.run}, Actor: "ann"})
	if err != nil {
		if !errors.Is(err, syncer.ErrNothingFailed) {
			s.t.Errorf("Retry: %v", err)
		}
		return
	}
	if s.run = again.Run; !s.drive() {
		s.t.Errorf("the retried run does not end: %+v", s.row())
	}
}
