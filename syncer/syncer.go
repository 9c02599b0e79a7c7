package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/lease"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/shelter"
	"github.com/tenantsync/tenantsync/internal/telemetry"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// Syncer is the engine. Make one with [New]; it is safe for concurrent use. Any
// number of them, in any number of processes, may work on one Store.
type Syncer struct {
	*records
}

// New returns a Syncer, or an error that names every field of cfg that cannot
// be used.
func New(cfg Config) (*Syncer, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	tel, err := telemetry.New(cfg.TracerProvider, cfg.MeterProvider)
	if err != nil {
		return nil, fmt.Errorf("syncer: config: %w", err)
	}
	return &Syncer{&records{
		cfg:       cfg,
		telemetry: tel,
		held:      make(map[string]*lease.Hold),
		watchers:  make(map[chan string]struct{}),
	}}, nil
}

// records reads and changes the records in the host's store, retries transient
// errors, and tells the watchers of this process about each change. It is safe for
// concurrent use.
type records struct {
	cfg       Config
	telemetry *telemetry.Telemetry

	mu sync.Mutex
	// held are the leases of the tenants that this process works on.
	held map[string]*lease.Hold
	// watchers are told when a tenant's record changed in this process.
	watchers map[chan string]struct{}
}

// holds notes that this process works on a tenant. release notes that it no longer
// does.
func (s *records) holds(hold *lease.Hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[hold.Tenant()] = hold
}

func (s *records) release(hold *lease.Hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[hold.Tenant()] == hold {
		delete(s.held, hold.Tenant())
	}
}

// watch returns a channel that gets the names of tenants that changed. A name
// may be lost when the reader is slow: poll as well.
func (s *records) watch() (changes <-chan string, stop func()) {
	ch := make(chan string, 64)
	s.mu.Lock()
	s.watchers[ch] = struct{}{}
	s.mu.Unlock()
	return ch, func() {
		s.mu.Lock()
		delete(s.watchers, ch)
		s.mu.Unlock()
	}
}

// changed tells the watchers that a tenant has changed. If the change came from outside
// the session that works on the tenant, it tells that session too.
func (s *records) changed(tenantName string, by *lease.Hold) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if hold := s.held[tenantName]; hold != nil && hold != by {
		hold.Nudge()
	}
	for ch := range s.watchers {
		select {
		case ch <- tenantName:
		default:
		}
	}
}

// load reads a tenant's record; a tenant without one is new.
func (s *records) load(ctx context.Context, tenantName string) (loaded, error) {
	if err := checkTenant(tenantName); err != nil {
		return loaded{}, err
	}
	got, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.Loaded, error) {
		got, err := s.cfg.Store.Load(ctx, state.LoadRequest{Tenant: tenantName})
		if errors.Is(err, state.ErrNotFound) {
			got.Record = state.Record{Tenant: tenantName, Status: state.NotRun}
			err = nil
		}
		return got, err
	})
	if err != nil {
		return loaded{}, &failure.Storage{Err: fmt.Errorf("syncer: %s: load: %w", tenantName, err)}
	}
	return newLoaded(got.Record, got.Now)
}

// commit makes the change on from and stores it. After a conflict it makes the change
// again on the newer record, so the change may be called several times. If the store
// does not know the outcome, commit looks for the commit's id in the record. With a
// fence, it returns failure.ErrLeaseLost once another worker has the lease.
func (s *records) commit(ctx context.Context, from loaded, fence int64, by *lease.Hold, change func(*draft) error) (loaded, error) {
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
			if !failure.StorageTransient(err) || tries > s.cfg.MaxAttempts {
				return from, &failure.Storage{Err: fmt.Errorf("syncer: %s: commit: %w", from.rec.Tenant, err)}
			}
		}
		if conflicts > 100 {
			return from, &failure.Storage{Err: fmt.Errorf("syncer: %s: commit: given up after %d conflicts: %w", from.rec.Tenant, conflicts, err)}
		}
		// Load before the pause: the record keeps the ids of its last commits
		// only, and other commits may follow during the pause.
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
	d, err := decodeData(from.rec) // a fresh copy, because the change may be made again
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
	if t.rec.Data, t.rec.Refs, err = t.d.encode(t.rec.Tenant); err != nil {
		return nil, state.CommitRequest{}, err
	}
	// Stores refuse a record that names another tenant's blob. A record names one
	// only if somebody else has changed it, and its run must be able to end.
	t.rec.Refs = slices.DeleteFunc(t.rec.Refs, func(ref state.BlobRef) bool { return ref.Tenant != t.rec.Tenant })
	return t, state.CommitRequest{
		Record: t.rec, Events: t.moves, Entries: t.entries, Runs: t.runs, Fence: fence,
		BeforeDeadline: t.beforeDeadline, WakeIn: t.wakeIn, DeadlineIn: t.deadlineIn,
	}, nil
}

// committed tells the observer and the watchers, and returns the new record.
func (s *records) committed(ctx context.Context, t *draft, done state.Committed, by *lease.Hold) (loaded, error) {
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

// act makes a person's change. The record's version alone guards it, without a lease.
// The next commit of the lease's holder conflicts, and is made again on the new
// record.
func (s *records) act(ctx context.Context, tenantName string, change func(*draft) error) (loaded, error) {
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

// put stores a blob. The commit that refers to it must come later.
func (s *records) put(ctx context.Context, tenantName, run, kind string, data []byte) (*state.BlobRef, error) {
	ref, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.BlobRef, error) {
		ref, err := s.cfg.Store.Put(ctx, state.PutRequest{Tenant: tenantName, Run: run, Kind: kind, Data: data})
		if errors.Is(err, state.ErrUnknown) { // putting it again is harmless
			err = fmt.Errorf("outcome unknown: %s", err.Error())
		}
		return ref, err
	})
	if err != nil {
		return nil, &failure.Storage{Err: fmt.Errorf("syncer: %s: store %s: %w", tenantName, kind, err)}
	}
	return &ref, nil
}

// get reads a blob. A missing blob is a permanent error: it ends the run that needs the
// blob.
func (s *records) get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	data, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() ([]byte, error) { return s.cfg.Store.Get(ctx, ref) })
	if errors.Is(err, state.ErrNotFound) {
		return nil, failure.New(word.ClassStorage, "syncer: %s: the %s of run %s is gone from the store: %w", ref.Tenant, ref.Kind, ref.Run, err)
	}
	if err != nil {
		return nil, &failure.Storage{Err: fmt.Errorf("syncer: %s: read %s of run %s: %w", ref.Tenant, ref.Kind, ref.Run, err)}
	}
	return data, nil
}

// journalLines reads a run's intents and results. A line of another type is left
// out, also one of an unknown type. A line of a newer format, of any type, ends the
// reading with ErrNewerFormat, because it may be part of a journal that this version
// cannot read.
func (s *records) journalLines(ctx context.Context, tenantName, run string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range s.entries(ctx, tenantName, run) {
			if err == nil && e.Type != EntryIntent && e.Type != EntryResult {
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// entries reads a run's entries of some types, or all, oldest first, page by
// page.
func (s *records) entries(ctx context.Context, tenantName, run string, types ...EntryType) iter.Seq2[Entry, error] {
	req := state.HistoryRequest{Tenant: tenantName, Run: run, Limit: 1000}
	for _, t := range types {
		req.Types = append(req.Types, string(t))
	}
	return func(yield func(Entry, error) bool) {
		for {
			page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.HistoryPage, error) { return s.cfg.Store.History(ctx, req) })
			if err != nil {
				yield(Entry{}, &failure.Storage{Err: err})
				return
			}
			for _, raw := range page.Entries {
				e, err := decodeEntry(raw)
				if err != nil {
					err = fmt.Errorf("syncer: %s: run %s: entry %d/%d: %w", tenantName, run, raw.Version, raw.N, err)
				}
				if !yield(e, err) || err != nil {
					return
				}
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				return
			}
		}
	}
}

// leases acquires the leases of this worker.
func (s *records) leases() lease.Keeper {
	return lease.Keeper{Store: s.cfg.Store, Owner: s.cfg.WorkerID, Duration: s.cfg.LeaseDuration,
		Attempts: s.cfg.MaxAttempts, Transient: failure.StorageTransient}
}

// leave shortens the lease of a tenant whose record a newer version wrote, so that a
// process that can read the record soon gets its turn.
func (s *records) leave(ctx context.Context, hold *lease.Hold, after time.Duration) {
	if err := hold.Shorten(ctx, after); err != nil {
		s.cfg.Logger.Warn("a lease could not be shortened; it will run out", "tenant", hold.Tenant(), "run", hold.Acquired().Record.Run, "error", err)
	}
}

// observe tells the observer, if any. It only logs a panic of the observer, because the
// event has been committed already.
func (s *records) observe(ctx context.Context, e Event) {
	if s.cfg.Observer == nil {
		return
	}
	err := shelter.Call(func() error { s.cfg.Observer.Observe(ctx, e); return nil })
	if p, ok := shelter.Panicked(err); ok {
		s.cfg.Logger.Error("a panic", "in", "the observer", "tenant", e.Tenant, "run", e.Run, "value", fmt.Sprint(p.Value), "stack", string(p.Stack))
	}
}

// owner names the run for a check of its documents.
func (r *run) owner(tenantName string) runrecord.Owner {
	return runrecord.Owner{Tenant: tenantName, Run: r.ID}
}

// lists stores and reads the run's lists.
func (r *run) lists(s *records, tenantName string) runrecord.Lists {
	return runrecord.Lists{Owner: r.owner(tenantName), Get: s.get, Put: func(ctx context.Context, b state.PutRequest) (*state.BlobRef, error) {
		return s.put(ctx, b.Tenant, b.Run, b.Kind, b.Data)
	}}
}

// readPlan reads a run's plan. The error wraps ErrStalePlan if the record leads to
// a plan of another tenant or run, or to one with another digest than the
// record's.
func (s *records) readPlan(ctx context.Context, tenantName string, r *run) (*plan.Plan, error) {
	if r == nil || r.Plan == nil {
		return nil, fmt.Errorf("%w: the run has no plan", ErrNotFound)
	}
	owner := r.owner(tenantName)
	if err := owner.CheckOwn(r.Plan); err != nil {
		return nil, err
	}
	raw, err := s.get(ctx, *r.Plan)
	if err != nil {
		return nil, err
	}
	return owner.DecodePlan(raw, r.Digest)
}

// decidedPlan reads the plan of the run's decision, for the phase that carries the
// decision out. It returns an error of class not_approved, and nothing may be written,
// if the decision has another verdict than v. It does so too if the record now leads
// to another plan, to other ids or to other items than it did at the decision.
func (s *records) decidedPlan(ctx context.Context, tenantName string, r *run, v Verdict) (*plan.Plan, error) {
	err := r.decidedOn(tenantName, v)
	var p *plan.Plan
	if err == nil {
		p, err = s.readPlan(ctx, tenantName, r)
	}
	return p, notApproved(err)
}

// notApproved gives an ErrStalePlan the class not_approved. It returns any other error
// unchanged.
func notApproved(err error) error {
	if errors.Is(err, ErrStalePlan) {
		return failure.New(word.ClassNotApproved, "nothing more is written: %w", err)
	}
	return err
}

// decidedOn compares the plan that the record leads to with that of the decision.
func (r *run) decidedOn(tenantName string, v Verdict) error {
	owner := r.owner(tenantName)
	if d := r.Decision; d != nil && d.Verdict == v {
		return cmp.Or(d.Binding.Check(owner, r.Documents, d.Actors), d.CheckVotes(owner, d.Digest, d.Actors, r.Votes))
	}
	return owner.Misplaced("the record holds no decision to %s", v)
}

// lines returns a tenant's part of the repository, for a caller that only reads.
func (s *records) lines(tenantName string) repo.Lines {
	return repo.Lines{Repository: s.cfg.Repository, Tenant: tenantName, MaxAttempts: s.cfg.MaxAttempts, WriteTimeout: s.cfg.WriteTimeout}
}

// lookAtLine reads the head of the desired line, for a run whose plan waits.
func (s *records) lookAtLine(ctx context.Context, tenantName string, r *run) (lookedAt, error) {
	if r == nil || r.Desired == "" {
		return lookedAt{}, nil
	}
	head, err := s.lines(tenantName).Head(ctx)
	if err != nil {
		return lookedAt{}, err
	}
	return lookedAt{plan: r.Desired, head: head}, nil
}

// glance looks at the line for a caller that can do without the result. After a failure
// it logs the error and returns the zero value. It takes no longer than one write may.
func (s *records) glance(ctx context.Context, tenantName string, r *run) lookedAt {
	short, stop := context.WithTimeout(ctx, s.cfg.WriteTimeout)
	defer stop()
	seen, err := s.lookAtLine(short, tenantName, r)
	if err != nil && ctx.Err() == nil {
		s.cfg.Logger.Warn("the desired line could not be looked at", "tenant", tenantName, "run", r.ID, "error", err)
	}
	return seen
}

// idle waits until the time is up or a tenant changes in this process. It returns false
// once ctx has ended.
func idle(ctx context.Context, changes <-chan string, wait time.Duration) bool {
	if wait == 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-changes:
		for { // one look serves all that have changed
			select {
			case <-changes:
				continue
			default:
				return true
			}
		}
	case <-t.C:
		return true
	}
}

// pruned maps state.ErrNotFound to ErrNotFound: the store has pruned the run.
func pruned(err error) error {
	if errors.Is(err, state.ErrNotFound) && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return err
}
