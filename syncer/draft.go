package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
)

// draft is a record under change: what the next commit will store. Changes are
// functions of a draft, so that they can be made again on a newer record after
// a conflict.
type draft struct {
	rec state.Record
	d   *data
	now time.Time // the store's

	moves          []state.Event
	runs           []state.Run
	entries        []state.Entry
	events         []Event
	wakeIn         time.Duration
	deadlineIn     time.Duration
	beforeDeadline bool
	// refused is why the change cannot be made.
	refused error
}

// errNoChange is returned by a change that has nothing to commit.
var errNoChange = errors.New("nothing to change")

// run returns the id of the draft's run.
func (t *draft) run() string {
	if t.d.Run == nil {
		return ""
	}
	return t.d.Run.ID
}

// entry appends a line of history.
func (t *draft) entry(typ EntryType, d EntryData) {
	t.entries = append(t.entries, newEntry(t.run(), typ, d))
}

// event is told to the observer once the commit is made.
func (t *draft) event(e Event) {
	e = bounds.Of(e)
	e.RunRef = RunRef{Tenant: t.rec.Tenant, Run: t.run()}
	t.events = append(t.events, e)
}

// move asks the store for an event of the state machine. An illegal one is
// refused here already, so that the status of the draft is what the store will
// answer.
func (t *draft) move(ev state.Event, d EntryData) error {
	from := t.rec.Status
	to, err := state.Next(from, ev)
	if err != nil {
		return fmt.Errorf("syncer: %s: %w", t.rec.Tenant, err)
	}
	t.moves = append(t.moves, ev)
	t.rec.Status = to
	t.rec.Deadline = time.Time{}
	if t.d.Run != nil {
		t.d.Run.Prompt = nil // the user code is kept only while it is shown
		t.d.Run.Attempt = 0
	}
	d.Event, d.From, d.To = ev, from, to
	t.entry(EntryMove, d)
	t.event(Event{Type: StatusChanged, From: from, To: to, Cause: ev, Outcome: d.Outcome, Reason: d.Message, Error: d.Error})
	if from.Resting() && to.Resting() || t.d.Run == nil {
		return nil // a look at the permissions, not the run, moved the tenant
	}
	return t.listRun()
}

// due makes the tenant due at once, so that another worker takes it up as soon
// as nobody holds its lease.
func (t *draft) due() { t.rec.WakeAt = t.now }

// await begins to wait for a person: the run's own clock stops.
func (t *draft) await() { t.d.Run.WaitingSince = t.now }

// resume ends a wait: what was waited is added to the run's time.
func (t *draft) resume() {
	r := t.d.Run
	if !r.WaitingSince.IsZero() {
		r.WorkUntil = r.WorkUntil.Add(max(0, t.now.Sub(r.WaitingSince)))
		r.WaitingSince = time.Time{}
	}
	if len(t.d.Paused) > 0 {
		t.await()
	}
}

// commit makes the change on from, or on what it has become meanwhile, and
// stores it. With a fence, it is refused with failure.ErrLeaseLost once another worker
// has the lease. An outcome that the store does not know is found out.
func (s *Syncer) commit(ctx context.Context, from loaded, fence int64, by *holding, change func(*draft) error) (loaded, error) {
	id := uuid.NewString()
	for conflicts, tries := 0, 1; ; {
		if fence != 0 && from.rec.Fence != fence {
			return from, failure.ErrLeaseLost
		}
		t, req, err := prepareCommit(from, fence, id, change)
		if err != nil {
			return from, err
		}
		done, err := s.cfg.Store.Commit(ctx, req)
		switch {
		case err == nil:
			return s.committed(ctx, t, done, by)
		case errors.Is(err, state.ErrExpired), errors.Is(err, state.ErrInvalid), errors.As(err, new(*state.TransitionError)):
			return from, fmt.Errorf("syncer: %s: commit: %w", from.rec.Tenant, err)
		case errors.Is(err, state.ErrConflict), errors.Is(err, state.ErrUnknown):
			conflicts++
		default:
			tries++
			if !storageTransient(err) || tries > s.cfg.MaxAttempts {
				return from, &failure.Storage{Err: fmt.Errorf("syncer: %s: commit: %w", from.rec.Tenant, err)}
			}
		}
		if conflicts > 100 {
			return from, &failure.Storage{Err: fmt.Errorf("syncer: %s: commit: given up after %d conflicts: %w", from.rec.Tenant, conflicts, err)}
		}
		// Looked at first, and waited for after that: meanwhile others commit,
		// and the record forgets by what a commit is known again.
		fresh, lerr := s.load(ctx, from.rec.Tenant)
		if lerr != nil {
			return from, lerr
		}
		if slices.Contains(fresh.d.Commits, id) { // the lost answer was a success
			return s.committed(ctx, t, state.Committed{Record: fresh.rec, Now: fresh.now}, by)
		}
		from = fresh
		if conflicts > 3 || tries > 1 {
			if perr := retry.Pause(ctx, retry.Backoff(tries+conflicts, 20*time.Millisecond, time.Second)); perr != nil {
				return from, &failure.Storage{Err: fmt.Errorf("syncer: %s: commit: %w", from.rec.Tenant, err)}
			}
		}
	}
}

// prepareCommit makes the change on a copy of from.
func prepareCommit(from loaded, fence int64, id string, change func(*draft) error) (*draft, state.CommitRequest, error) {
	d, err := decodeData(from.rec) // a copy of its own: the change may be made again
	if err != nil {
		return nil, state.CommitRequest{}, err
	}
	t := &draft{rec: from.rec, d: d, now: from.storeTime()}
	if err := cmp.Or(change(t), t.refused); err != nil {
		return nil, state.CommitRequest{}, err
	}
	// Three are kept: two others may have committed before a lost answer is looked into.
	t.d.Commits = append([]string{id}, t.d.Commits[:min(2, len(t.d.Commits))]...)
	t.rec.Run = t.run()
	if t.rec.Data, t.rec.Refs, err = t.d.encode(); err != nil {
		return nil, state.CommitRequest{}, err
	}
	// Stores refuse a record that names another tenant's blob. Only one that was
	// changed behind the engine's back does, and its run is to end all the same.
	t.rec.Refs = slices.DeleteFunc(t.rec.Refs, func(ref state.BlobRef) bool { return ref.Tenant != t.rec.Tenant })
	return t, state.CommitRequest{
		Record: t.rec, Events: t.moves, Entries: t.entries, Runs: t.runs, Fence: fence,
		BeforeDeadline: t.beforeDeadline, WakeIn: t.wakeIn, DeadlineIn: t.deadlineIn,
	}, nil
}

// committed tells everybody and returns the new record.
func (s *Syncer) committed(ctx context.Context, t *draft, done state.Committed, by *holding) (loaded, error) {
	now, err := newLoaded(done.Record, done.Now)
	if err != nil {
		return loaded{}, err
	}
	for _, e := range t.events {
		e.Time = done.Now
		if e.Deadline.IsZero() {
			e.Deadline = done.Record.Deadline
		}
		if e.Type == StatusChanged {
			s.telemetry.Moved(ctx, e.Cause, e.To)
		}
		s.observe(ctx, e)
	}
	s.changed(done.Record.Tenant, by)
	return now, nil
}

// act makes a person's change: by version alone, whoever holds the lease. The
// holder's next commit then conflicts and is decided again.
func (s *Syncer) act(ctx context.Context, tenantName string, change func(*draft) error) (loaded, error) {
	cur, err := s.load(ctx, tenantName)
	if err != nil {
		return loaded{}, err
	}
	next, err := s.commit(ctx, cur, 0, nil, change)
	if errors.Is(err, errNoChange) {
		return next, nil
	}
	return next, err
}

// permit checks what every action needs: a tenant's name, an actor, texts within
// their bounds, and the host's consent.
func (s *Syncer) permit(ctx context.Context, actor string, action Action, tenantName string, inputs ...bounds.Input) error {
	if err := checkAsked(tenantName, actor); err != nil {
		return err
	}
	if err := checkTexts(inputs...); err != nil {
		return err
	}
	if s.cfg.Authorize != nil {
		if err := s.cfg.Authorize(ctx, actor, action, tenantName); err != nil {
			return fmt.Errorf("syncer: %s: %s by %s: %w", tenantName, action, actor, err)
		}
	}
	return nil
}
