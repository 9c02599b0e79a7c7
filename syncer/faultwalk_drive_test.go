package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// stage is a tenant about to be synced, the same each time, with workers whose
// calls are struck.
type stage struct {
	t      *testing.T
	v      *variant
	h      *syncertest.Harness
	front  *syncertest.Worker // looks; nothing happens to it
	oracle *oracle.Oracle
	cov    *coverage
	// strikes happen one after the other; hits are those that did.
	strikes []strike
	lasting *lasting // nil: each strike hits once

	first   string // the revision of the backup line before the run
	run     string // once it is started
	workers []*worker

	mu    sync.Mutex
	hits  []called
	calls []called // of the first worker
	ended int      // of these, until the run had ended
	// abandoned is what workers and people were told that did not work.
	abandoned []string
	asked     time.Time // when people last did something
	tokenLost bool
	granted   bool
}

// called is a call of a worker.
type called struct {
	statetest.Call
	worker int
	site   string // in the engine's source
	way    *way   // that struck it, if one did
}

// worker is a process of a stage.
type worker struct {
	*syncertest.Worker
	n       int
	frozen  time.Time // until when all its calls wait; guarded by the stage's mu
	stop    context.CancelFunc
	stopped chan struct{}
	retired bool // dismissed
}

// newStage brings a world up to just before the run.
func newStage(t *testing.T, v *variant, cov *coverage, strikes ...strike) *stage {
	s := &stage{t: t, v: v, cov: cov, h: syncertest.New(syncertest.Config{Kinds: stageKinds(), Auth: v.auth, Permissions: v.permissions}), strikes: strikes}
	var conf syncer.Config
	if v.config != nil {
		v.config(&conf)
	}
	s.oracle = oracle.New(stageOracle(s.h, conf))
	s.front = s.process("front")
	f := s.tenant()
	furnish(f)
	s.h.Auth.SignIn("contoso")
	if row, err := s.front.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil || row.Outcome != syncer.Adopted {
		t.Fatalf("first sync: %+v, %v", row, err)
	}
	s.first = s.revisions(tenant.BackupLine)[0].ID
	drift(f)
	d := s.desired()
	if _, err := s.h.Repository.Update(t.Context(), tenant.UpdateRequest{Tenant: "contoso", Parent: d.Revision, Key: "edit",
		Changes: editsOfStage(), Message: "edit", Author: "person"}); err != nil {
		t.Fatal(err)
	}
	if v.set != nil {
		v.set(s)
	}
	f.FailWrite(s.write)
	return s
}

func (s *stage) tenant() *tenanttest.Fake { return s.h.Tenant("contoso") }

func (s *stage) desired() tenant.Desired {
	d, err := s.h.Repository.Desired(s.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

func (s *stage) revisions(line tenant.Line) []tenant.Revision {
	revs, err := s.h.Repository.History(s.t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: line})
	if err != nil {
		s.t.Fatal(err)
	}
	return revs
}

func (s *stage) row() syncer.Row {
	row, err := s.front.Status(s.t.Context(), "contoso")
	if err != nil {
		s.t.Fatal(err)
	}
	return row
}

// process adds a process that takes one thing at a time, unless the variant
// says otherwise.
func (s *stage) process(name string) *syncertest.Worker {
	conf := syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.ReadConcurrency, c.WriteConcurrency = 1, 1
		c.Settings.Rules.MaxDeleteShare = -1 // of some kinds the stage deletes half
		c.Logger = slog.New(errorLog{slog.DiscardHandler, s})
		if s.v.config != nil {
			s.v.config(c)
		}
		watched(s.oracle, c)
	}}
	if s.v.approver != nil {
		conf.Approver = s.v.approver()
	}
	return s.h.Worker(name, conf)
}

// errorLog keeps the lines of level Error, and those of a worker that gives up for
// a while.
type errorLog struct {
	slog.Handler
	s *stage
}

func (h errorLog) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }
func (h errorLog) WithAttrs([]slog.Attr) slog.Handler           { return h }
func (h errorLog) WithGroup(string) slog.Handler                { return h }
func (h errorLog) Handle(_ context.Context, r slog.Record) error {
	gives := strings.HasPrefix(r.Message, "a tenant could not be worked on") || strings.HasPrefix(r.Message, "no tenants could be claimed")
	ends := r.Message == "item not applied" || r.Message == "run ended" // what the tenant refuses is judged by the report
	if r.Level < slog.LevelError && !gives || ends {
		return nil
	}
	line := r.Message
	r.Attrs(func(a slog.Attr) bool { line += " " + a.String(); return true })
	h.s.gaveUp(line)
	return nil
}

func (s *stage) gaveUp(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.abandoned = append(s.abandoned, what)
}

// hire adds a worker whose calls are counted and struck.
func (s *stage) hire() *worker {
	w := &worker{n: len(s.workers), stopped: make(chan struct{})}
	w.Worker = s.process(fmt.Sprintf("worker-%d", w.n))
	w.Strike(func(c statetest.Call) statetest.Fault { return s.called(w, c) })
	s.workers = append(s.workers, w)
	return w
}

// called decides what happens to a worker's call.
func (s *stage) called(w *worker, c statetest.Call) statetest.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	call := called{Call: c, worker: w.n, site: callSite()}
	if w.n == 0 {
		s.calls = append(s.calls, call)
	}
	if wait := time.Until(w.frozen); wait > 0 {
		return statetest.Fault{Delay: wait}
	}
	var fault statetest.Fault
	if n := len(s.hits); n < len(s.strikes) && s.strikes[n].meets(call) {
		call.way = s.strikes[n].way
		s.hits = append(s.hits, call)
		fault = call.way.fault(w)
	}
	if s.lasting != nil && s.lasting.hits(call) {
		if call.way = s.lasting.way; s.lasting.struck == 1 {
			s.hits = append(s.hits, call)
		}
		if fault = call.way.fault(w); s.lasting.struck > 2*maxStruck {
			fault = w.Dies(false) // an engine that never pauses would never end the test
		}
	}
	s.cov.saw(s, call)
	return fault
}

// write is asked by the tenant about every write.
func (s *stage) write(op tenant.Operation) tenanttest.WriteFault {
	if s.v.write != nil {
		return s.v.write(s, op)
	}
	return tenanttest.WriteFault{}
}

// within is how long a run may take in the worst case: the wait for a dead
// worker's lease, an hour's work, the wait for people.
const within = 2 * time.Hour

// drive lets workers run until the run has ended, each that dies or is frozen
// being replaced by another. It reports false for a run that does not end.
func (s *stage) drive() bool { return s.driveFor(within) }

func (s *stage) driveFor(limit time.Duration) bool {
	defer s.dismiss()
	for until := time.Now().Add(limit); time.Now().Before(until); <-time.After(5 * time.Second) {
		if !slices.ContainsFunc(s.workers, s.able) {
			s.hire()
		}
		w := s.workers[len(s.workers)-1]
		s.people(w)
		if w.stop == nil {
			var ctx context.Context
			ctx, w.stop = context.WithCancel(w.Context())
			go func() {
				defer close(w.stopped)
				s.work(ctx, w)
			}()
		}
		if row := s.row(); s.run != "" && row.Status.Resting() && (s.v.rests == nil || s.v.rests(s, row)) {
			s.ended = s.made()
			return true
		}
	}
	return false
}

// made is how many calls the first worker has made.
func (s *stage) made() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.calls)
}

// able reports whether a worker works.
func (s *stage) able(w *worker) bool { return !w.retired && !w.Dead() && s.thaw(w) <= 0 }

// thaw is for how long a worker is frozen yet.
func (s *stage) thaw(w *worker) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Until(w.frozen)
}

// dismiss stops the workers, once those that are frozen have come back and seen
// what they have missed.
func (s *stage) dismiss() {
	for _, w := range s.workers {
		<-time.After(s.thaw(w))
	}
	<-time.After(10 * time.Second)
	for _, w := range s.workers {
		if w.stop != nil {
			w.stop()
			<-w.stopped
		}
		w.retired = true
	}
}

// work is what a process does until ctx ends.
func (s *stage) work(ctx context.Context, w *worker) {
	if !s.v.advance {
		if err := w.Run(ctx); err != nil {
			s.t.Errorf("Run: %v", err)
		}
		return
	}
	for ctx.Err() == nil {
		next, err := w.Advance(ctx, "contoso")
		if err != nil && ctx.Err() == nil && !errors.Is(err, syncer.ErrNotFound) {
			s.gaveUp(err.Error())
		}
		wait := 5 * time.Second
		if next.In > 0 {
			wait = min(wait, next.In)
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// people are who asks for the run and, where no approver does, decides: each
// until it is done, since nobody knows what a process has done that died.
func (s *stage) people(w *worker) {
	if s.lasting != nil && time.Since(s.asked) < time.Minute { // people are slow
		return
	}
	s.asked = time.Now()
	if s.run == "" {
		row, err := w.Start(w.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: s.v.options(s)})
		if e, ok := errors.AsType[*syncer.ActiveError](err); ok && e.Run != "" {
			row.Run, err = e.Run, nil
		}
		if err == nil {
			s.run = row.Run
		} else if !w.Dead() {
			s.gaveUp("Start: " + err.Error())
		}
		return
	}
	row := s.row()
	if s.v.approver != nil || row.Status != state.PendingApproval {
		return
	}
	for _, actor := range []string{"bob", "carol"} {
		_, err := w.Decide(w.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: s.run}, Digest: row.Digest, Verdict: syncer.Approve, Actor: actor})
		if err != nil && !w.Dead() && !errors.Is(err, syncer.ErrAlreadyVoted) {
			s.gaveUp("Decide: " + err.Error())
		}
	}
}
