package syncer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/telemetry"
	"github.com/tenantsync/tenantsync/state"
)

// Syncer is the engine. Make one with [New]; it is safe for concurrent use. Any
// number of them, in any number of processes, may work on one Store.
type Syncer struct {
	cfg       Config
	telemetry *telemetry.Telemetry

	mu sync.Mutex
	// held are the tenants that this process works on.
	held map[string]*holding
	// watchers are told when a tenant's record changed in this process.
	watchers map[chan string]struct{}
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
	return &Syncer{
		cfg:       cfg,
		telemetry: tel,
		held:      make(map[string]*holding),
		watchers:  make(map[chan string]struct{}),
	}, nil
}

// watch returns a channel that gets the names of tenants that changed. A name
// may be lost when the reader is slow: poll as well.
func (s *Syncer) watch() (changes <-chan string, stop func()) {
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

// changed tells the watchers and, when the change came from outside it, the
// session that works on the tenant.
func (s *Syncer) changed(tenantName string, by *holding) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.held[tenantName]; c != nil && c != by {
		c.hold.Nudge()
	}
	for ch := range s.watchers {
		select {
		case ch <- tenantName:
		default:
		}
	}
}

// loaded is a record with its data, and the store's time when it was read.
type loaded struct {
	rec state.Record
	d   *data
	now time.Time
	// at is this process's time when now was read; only differences to it count.
	at time.Time
}

// storeTime estimates the store's time now.
func (l loaded) storeTime() time.Time { return l.now.Add(time.Since(l.at)) }

// runID is the id of the current or last run, or "", also of a record that could
// not be loaded.
func (l loaded) runID() string {
	if l.d == nil || l.d.Run == nil {
		return ""
	}
	return l.d.Run.ID
}

func newLoaded(rec state.Record, now time.Time) (loaded, error) {
	d, err := decodeData(rec)
	if err != nil {
		return loaded{}, err
	}
	return loaded{rec: rec, d: d, now: now, at: time.Now()}, nil
}

// load reads a tenant's record; a tenant without one is new.
func (s *Syncer) load(ctx context.Context, tenantName string) (loaded, error) {
	if err := checkTenant(tenantName); err != nil {
		return loaded{}, err
	}
	got, err := retry.Do(ctx, s.cfg.MaxAttempts, storageTransient, func() (state.Loaded, error) {
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

// storageTransient reports whether a storage error may be gone at the next
// attempt.
func storageTransient(err error) bool {
	for _, e := range []error{
		state.ErrConflict, state.ErrExpired, state.ErrUnknown, state.ErrInvalid, state.ErrNotFound,
		state.ErrLeased, state.ErrLeaseLost,
	} {
		if errors.Is(err, e) {
			return false
		}
	}
	return !failure.IsPanic(err)
}
