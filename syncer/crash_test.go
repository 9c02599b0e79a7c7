package syncer_test

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var everyCall = flag.Bool("every-call", false, "strike every call in all walks")

// stage is a tenant about to be synced, with everything to do that a sync can
// do: drift to adopt, and objects to create, update and delete that need each
// other. It is the same each time, so that a walk can strike call after call.
type stage struct {
	t       *testing.T
	h       *syncertest.Harness
	verdict syncer.Approver
	atOnce  int
	front   *syncertest.Worker // starts runs and looks; nothing happens to it
	run     string
}

// struck says how a run is struck, call after call.
type struck struct {
	verdict func() syncer.Approver
	atOnce  int           // reads and writes
	lag     time.Duration // until reads see a write
	// sparse walks strike every third call only, unless -every-call is given.
	sparse bool
	fault  func(w *syncertest.Worker, c statetest.Call) (statetest.Fault, bool)
}

func newStage(t *testing.T, how struck) *stage {
	verdict, atOnce := how.verdict(), how.atOnce
	s := &stage{t: t, h: syncertest.New(syncertest.Config{}), verdict: verdict, atOnce: atOnce}
	s.front = s.worker("front")
	f := s.h.Tenant("contoso")
	staff := f.Seed("groups", `{"displayName":"Staff","kind":"security"}`)
	old := f.Seed("groups", `{"displayName":"Old","kind":"security"}`)
	f.Seed("policies", fmt.Sprintf(`{"displayName":"MFA","state":"off","groups":[%q,%q]}`, staff, old))
	f.Seed("policies", `{"displayName":"Legacy","state":"on"}`)
	if row, err := s.front.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil || row.Outcome != syncer.Adopted {
		t.Fatalf("first sync: %+v, %v", row, err)
	}
	f.Set("groups", staff, `{"kind":"mail"}`)
	f.Seed("locations", `{"displayName":"Office","range":"10.0.0.0/8"}`)
	s.edit(
		tenant.Change{Kind: "groups", Key: "Old"},
		tenant.Change{Kind: "groups", Key: "Guests", Body: json.RawMessage(`{"displayName":"Guests","kind":"guest"}`)},
		tenant.Change{Kind: "policies", Key: "MFA", Body: json.RawMessage(`{"displayName":"MFA","state":"on","groups":["${groups/Staff}","${groups/Guests}"]}`)},
		tenant.Change{Kind: "policies", Key: "New", Body: json.RawMessage(`{"displayName":"New","state":"on","groups":["${groups/Guests}"]}`)},
		tenant.Change{Kind: "policies", Key: "Legacy"},
	)
	f.Lag(how.lag)
	s.h.Events.Take()
	return s
}

// worker adds a process that takes one thing at a time, unless told otherwise.
func (s *stage) worker(name string) *syncertest.Worker {
	return s.h.Worker(name, syncertest.WorkerConfig{Approver: s.verdict, Edit: func(c *syncer.Config) {
		c.ReadsAtOnce, c.WritesAtOnce = s.atOnce, s.atOnce
	}})
}

// edit changes the desired line as a person does.
func (s *stage) edit(changes ...tenant.Change) {
	d := s.desired()
	_, err := s.h.Repository.Update(s.t.Context(), tenant.UpdateRequest{Tenant: "contoso", Parent: d.Revision, Key: "edit/" + d.Revision,
		Changes: changes, Message: "edit", Author: "person"})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) desired() tenant.Desired {
	d, err := s.h.Repository.Desired(s.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *stage) row() syncer.Row {
	row, err := s.front.Status(s.t.Context(), "contoso")
	if err != nil {
		s.t.Fatal(err)
	}
	return row
}

// start asks for the run that is walked over.
func (s *stage) start() {
	row, err := s.front.Start(s.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		s.t.Fatal(err)
	}
	s.run = row.Run
}

// drive lets workers run until the run has ended, each that dies being replaced
// by another. The first one's calls are struck. It reports false for a run that
// does not end within a day.
func (s *stage) drive(strike func(*syncertest.Worker) func(statetest.Call) statetest.Fault) bool {
	for n, until := 0, time.Now().Add(24*time.Hour); time.Now().Before(until); n++ {
		w := s.worker(fmt.Sprintf("worker-%d", n))
		if n == 0 {
			w.Strike(strike(w))
		}
		stopped := make(chan error)
		ctx, stop := context.WithCancel(w.Context())
		go func() { stopped <- w.Run(ctx) }()
		for !w.Dead() && !s.row().Status.Resting() && time.Now().Before(until) {
			<-time.After(5 * time.Second)
		}
		<-time.After(100 * time.Millisecond) // it lets go of the tenant
		stop()
		if err := <-stopped; err != nil {
			s.t.Errorf("Run: %v", err)
		}
		if s.row().Status.Resting() {
			return true
		}
	}
	return false
}

// left is what a run has left behind, in a form that compares between stages.
type left struct {
	Status  state.Status
	Outcome syncer.Outcome
	Tenant  []string
	Desired []string
	Writes  []string
	Adopted []string
}

func (s *stage) left() left {
	row := s.row()
	out := left{Status: row.Status, Outcome: row.Outcome}
	f := s.h.Tenant("contoso")
	names := map[string]string{}
	for _, k := range syncertest.Kinds() {
		for _, r := range f.Objects(k.Name) {
			names[r.ID] = nameOf(r.Body)
		}
	}
	for _, k := range syncertest.Kinds() {
		for _, r := range f.Objects(k.Name) {
			text := k.Name + ": " + show(r.Body)
			for id, name := range names {
				text = strings.ReplaceAll(text, id, "<"+name+">")
			}
			out.Tenant = append(out.Tenant, text)
		}
	}
	for _, r := range s.desired().Resources {
		out.Desired = append(out.Desired, fmt.Sprintf("%s/%s: %s", r.Kind, r.Key, show(r.Body)))
	}
	for _, op := range f.Writes() {
		out.Writes = append(out.Writes, writeOf(op))
	}
	rep, err := s.front.Report(s.t.Context(), "contoso", s.run)
	if err != nil {
		s.t.Errorf("report: %v", err)
		return out
	}
	for _, a := range rep.Adopted {
		out.Adopted = append(out.Adopted, a.Kind+"/"+a.Key)
	}
	for _, list := range [][]string{out.Tenant, out.Desired, out.Writes, out.Adopted} {
		slices.Sort(list)
	}
	return out
}

// writeOf names a write by what it is about, ids apart.
func writeOf(w tenanttest.Write) string {
	name := nameOf(w.After)
	if name == "" {
		name = nameOf(w.Before)
	}
	return fmt.Sprintf("%s %s/%s", w.Verb, w.Kind, name)
}

// check holds what a run has left behind against what is true of every run,
// whatever happened to it.
func (s *stage) check() {
	s.checkWrites()
	s.checkHistory()
	s.checkReport()
}

// checkWrites: nothing was written twice, or by two workers at a time.
func (s *stage) checkWrites() {
	t, f := s.t, s.h.Tenant("contoso")
	if twice := f.Repeated(); len(twice) > 0 {
		t.Errorf("applied twice: %s", writeOf(twice[0]))
	}
	if o := f.Overlapping(); len(o) > 0 {
		t.Errorf("writes of %s and %s overlap", o[0].FirstWorker, o[0].SecondWorker)
	}
}

// checkHistory holds the history against the record: the moves follow from one
// another and end where the record is; every attempt has one intent and one
// result, in turn.
func (s *stage) checkHistory() {
	row := s.row()
	entries, next, err := s.front.History(s.t.Context(), syncer.HistoryRequest{Tenant: "contoso", Run: s.run, Limit: 1000})
	if err != nil || next != "" {
		s.t.Fatalf("history: %v", err)
	}
	status, ends, reports := state.Idle, 0, 0
	open := map[string]bool{}
	for _, e := range entries {
		switch {
		case e.Type == syncer.EntryMove:
			if e.From != status {
				s.t.Errorf("history: a move from %s while in %s", e.From, status)
			}
			if status = e.To; status.Resting() {
				ends++
			}
			if e.Report != nil {
				reports++
			}
		case e.Intent != nil:
			if open[e.Intent.Item] {
				s.t.Errorf("history: %s was begun again before it was known what became of it", e.Intent.Item)
			}
			open[e.Intent.Item] = true
		case e.Result != nil:
			delete(open, e.Result.Item)
		}
	}
	if status != row.Status || ends != 1 || reports != 1 {
		s.t.Errorf("history ends in %s with %d ends and %d reports, the record is %s", status, ends, reports, row.Status)
	}
}

// checkReport holds the report against the record and against the tenant: what
// it calls applied is what the tenant has carried out.
func (s *stage) checkReport() {
	row := s.row()
	rep, err := s.front.Report(s.t.Context(), "contoso", s.run)
	if err != nil {
		s.t.Errorf("report: %v", err)
		return
	}
	if rep.Status != row.Status || rep.Outcome != row.Outcome || rep.Run != row.Run {
		s.t.Errorf("report says %s (%s) of run %s, the record %s (%s) of run %s", rep.Status, rep.Outcome, rep.Run, row.Status, row.Outcome, row.Run)
	}
	var applied, written []string
	for _, it := range rep.Items {
		if it.Status == syncer.ItemApplied {
			applied = append(applied, fmt.Sprintf("%s %s/%s", it.Verb, it.Kind, it.Key))
		}
	}
	for _, w := range s.h.Tenant("contoso").Writes() {
		if strings.HasPrefix(w.IdempotencyKey, s.run+"/") {
			written = append(written, writeOf(w))
		}
	}
	slices.Sort(applied)
	slices.Sort(written)
	if diff := cmp.Diff(written, applied); diff != "" {
		s.t.Errorf("the report is not what the tenant has carried out (-tenant +report):\n%s", diff)
	}
}

// settled syncs until there is nothing left to do, and reports how often.
func (s *stage) settled() int {
	s.verdict = syncertest.Approves("bob")
	for n := range 5 {
		w := s.worker(fmt.Sprintf("later-%d", n))
		row, err := w.Sync(s.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
		if err != nil {
			s.t.Fatal(err)
		}
		if row.Status == state.Idle && row.Outcome == syncer.NoChanges {
			return n
		}
	}
	s.t.Errorf("the tenant does not come to rest: %+v", s.row())
	return -1
}

// walk strikes the calls of a run one after the other, on stages of their own,
// until there are no more, and returns how many there were.
func walk(t *testing.T, how struck, after func(s *stage, want left, at statetest.Call)) int {
	var want left
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, how)
		s.start()
		if !s.drive(func(*syncertest.Worker) func(statetest.Call) statetest.Fault { return nil }) {
			t.Fatal("the run does not end even if nothing is struck")
		}
		s.check()
		want = s.left()
		if len(want.Adopted) == 0 || want.Status != state.Idle {
			t.Fatalf("the stage is not what it should be: %+v", want)
		}
	})
	points, step := 0, stride
	if how.sparse && !*everyCall {
		step *= 3
	}
	for i, more := 0, true; more && !t.Failed(); i += step {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, how)
			s.start()
			var at statetest.Call
			hit := false
			ended := s.drive(func(w *syncertest.Worker) func(statetest.Call) statetest.Fault {
				return func(c statetest.Call) statetest.Fault {
					if c.Index != i {
						return statetest.Fault{}
					}
					at, more = c, true
					f, ok := how.fault(w, c)
					hit = ok
					return f
				}
			})
			more = at.Op != ""
			defer func() {
				if t.Failed() {
					t.Logf("struck: call %d, %s number %d", i, at.Op, at.Nth)
				}
			}()
			if !ended {
				t.Errorf("the run does not end: %+v", s.row())
				return
			}
			if hit {
				points++
				s.check()
				after(s, want, at)
			}
		})
	}
	return points
}

// TestCrashAtEveryCall kills the worker at each of its calls in turn, before
// the call and after its effect. Whoever takes over must bring the run to the
// end that it would have had.
func TestCrashAtEveryCall(t *testing.T) {
	verdicts := map[string]func() syncer.Approver{
		"approve": func() syncer.Approver { return syncertest.Approves("bob") },
		"reject":  func() syncer.Approver { return syncertest.Rejects("bob") },
		"revert":  func() syncer.Approver { return syncertest.Reverts("bob") },
	}
	for name, verdict := range verdicts {
		for _, atOnce := range []int{1, 4} {
			for _, after := range []bool{false, true} {
				if atOnce > 1 && (name != "approve" || !after) {
					continue // nothing is written several at a time, or nothing had an effect
				}
				t.Run(fmt.Sprintf("%s/at_once=%d/after=%v", name, atOnce, after), func(t *testing.T) {
					t.Parallel()
					kill := func(w *syncertest.Worker, _ statetest.Call) (statetest.Fault, bool) { return w.Dies(after), true }
					points := walk(t, struck{verdict: verdict, atOnce: atOnce, fault: kill, sparse: name != "approve" || atOnce > 1},
						func(s *stage, want left, _ statetest.Call) {
							if diff := cmp.Diff(want, s.left()); diff != "" {
								s.t.Errorf("the run ended otherwise than without a crash (-want +got):\n%s", diff)
							}
							if n := s.settled(); name != "reject" && n != 0 {
								s.t.Errorf("%d more syncs had something to do", n)
							}
						})
					t.Logf("killed at %d calls", points)
				})
			}
		}
	}
}

// TestCrashAtEveryCallWithLag is the same for a tenant whose reads lag behind
// its writes, as those of Microsoft 365 do.
func TestCrashAtEveryCallWithLag(t *testing.T) {
	t.Parallel()
	approve := func() syncer.Approver { return syncertest.Approves("bob") }
	kill := func(w *syncertest.Worker, _ statetest.Call) (statetest.Fault, bool) { return w.Dies(true), true }
	points := walk(t, struck{verdict: approve, atOnce: 1, lag: 40 * time.Second, fault: kill, sparse: true}, func(s *stage, want left, _ statetest.Call) {
		if diff := cmp.Diff(want, s.left()); diff != "" {
			s.t.Errorf("the run ended otherwise than without a crash (-want +got):\n%s", diff)
		}
		if n := s.settled(); n != 0 {
			s.t.Errorf("%d more syncs had something to do", n)
		}
	})
	t.Logf("killed at %d calls", points)
}

// TestFailAtEveryCall lets each of the worker's calls fail once, in turn, and
// the worker lives on. The run must end, well or with a word about what is
// missing; nothing is done twice; and what is missing is done by the next sync.
func TestFailAtEveryCall(t *testing.T) {
	boom := errors.New("boom")
	unknown := fmt.Errorf("connection lost: %w", state.ErrUnknown)
	// What can happen to the calls of a port, by its name.
	faults := map[string]struct {
		ports []string
		fault statetest.Fault
		well  bool // the run ends as if nothing had happened
	}{
		"error before the effect":   {[]string{"Store", "Leaser", "Blobs", "Repository"}, statetest.Fault{Before: boom}, true},
		"error after the effect":    {[]string{"Store", "Leaser", "Blobs", "Repository"}, statetest.Fault{After: boom}, true},
		"unknown, without effect":   {[]string{"Store", "Leaser", "Blobs"}, statetest.Fault{Before: unknown}, true},
		"unknown, with effect":      {[]string{"Store", "Leaser", "Blobs"}, statetest.Fault{After: unknown}, true},
		"tenant: transient":         {[]string{"Client"}, statetest.Fault{Before: &tenant.Error{Class: tenant.Transient, Message: "busy"}}, false},
		"tenant: throttled":         {[]string{"Client"}, statetest.Fault{Before: &tenant.Error{Class: tenant.Throttled, RetryAfter: time.Minute}}, false},
		"tenant: answer lost":       {[]string{"Client"}, statetest.Fault{After: &tenant.Error{Class: tenant.Transient, Message: "no answer", MaybeApplied: true}}, false},
		"tenant: no such error":     {[]string{"Client"}, statetest.Fault{Before: boom}, false},
		"tenant: token not good":    {[]string{"Client"}, statetest.Fault{Before: &tenant.Error{Class: tenant.Unauthenticated}}, true},
		"everything slow, 10s each": {[]string{"Store", "Leaser", "Blobs", "Repository", "Client"}, statetest.Fault{Delay: 10 * time.Second}, true},
	}
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ends := map[string]int{}
			once := func(_ *syncertest.Worker, c statetest.Call) (statetest.Fault, bool) {
				port, _, _ := strings.Cut(c.Op, ".")
				if !slices.Contains(f.ports, port) {
					return statetest.Fault{}, false
				}
				return f.fault, true
			}
			approve := func() syncer.Approver { return syncertest.Approves("bob") }
			points := walk(t, struck{verdict: approve, atOnce: 1, fault: once, sparse: true},
				func(s *stage, want left, at statetest.Call) {
					got := s.left()
					if diff := cmp.Diff(want, got); f.well && diff != "" {
						s.t.Errorf("the run ended otherwise than without the fault (-want +got):\n%s", diff)
					}
					ends[fmt.Sprintf("%s (%s)", got.Status, got.Outcome)]++
					more := s.settled()
					if more > 0 && got.Status == state.Idle {
						s.t.Errorf("the run ended Idle, and %d more syncs had something to do", more)
					}
					s.checkWrites()
					if diff := cmp.Diff(want.Tenant, s.left().Tenant); diff != "" {
						s.t.Errorf("the tenant is not as it should be in the end (-want +got):\n%s", diff)
					}
				})
			t.Logf("failed %d calls once; ends: %v", points, ends)
		})
	}
}
