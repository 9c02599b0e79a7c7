package state

import (
	"container/heap"
	"container/list"
	"context"
	"sync"
	"time"
)

// Memory is a [Records], [Leaser], [Blobs] and [Pruner] in the memory of one
// process. It is for tests, for examples, and for tools that run for one sync.
// Its clock is time.Now, so it works inside a testing/synctest bubble; it never
// goes back.
//
// The time of Load, Commit, the methods of a Leaser and a page in the order
// [ByTenant] hardly grows with the number of tenants. A page in the order
// [ByUpdated] or [ByWake] reads every record. A page of runs reads every run of
// its tenant, or of all tenants.
//
// The zero value is an empty Memory. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	passed time.Duration // by Pass and Skew
	last   time.Time     // the last now

	// rows has a row, with a record of version 0, also for a removed tenant.
	rows map[string]*row
	// sorted has the rows by tenant, without those in added.
	sorted, added []*row
	// due has the rows that have a WakeAt and no lease, and leased has the rows
	// with a lease. No row is in both.
	due    queue[wakeOrder]
	leased queue[leaseOrder]

	blobs map[BlobRef]*list.Element // by name, with size 0
	// byAge has the blobs, oldest first.
	byAge list.List
}

// row has the data of one tenant.
type row struct {
	rec     Record
	entries []Entry // by version and n
	runs    map[string]Run
	queue   heap.Interface // the queue that it is in, or nil
	index   int            // its place there
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory { return new(Memory) }

// Pass makes time pass for this Memory alone: it sets the clock forward by d.
// It is for tests that do not run inside a testing/synctest bubble. A negative
// d is ignored.
func (m *Memory) Pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed += max(d, 0)
}

// Skew sets the clock of this Memory to d ahead of the process's clock, or
// behind it if d is negative. It replaces the time that Pass has added. It is
// for tests in which the clocks of a store and its callers differ. A store's
// clock never goes back: a clock that is set back stands still until it has
// caught up.
func (m *Memory) Skew(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed = d
}

// now returns the store's time. The caller holds the lock.
func (m *Memory) now() time.Time {
	// Round removes the monotonic reading, so that stored times compare by their
	// written form.
	if now := time.Now().Add(m.passed).Round(0).UTC(); now.After(m.last) {
		m.last = now
	}
	return m.last
}

// Load implements [Records].
func (m *Memory) Load(ctx context.Context, req LoadRequest) (Loaded, error) {
	if err := begin(ctx, req); err != nil {
		return Loaded{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.row(req.Tenant)
	if r == nil {
		return Loaded{Now: m.now()}, ErrNotFound
	}
	return Loaded{Record: r.rec.Clone(), Now: m.now()}, nil
}

// row returns the row of a tenant that has a record, or nil.
func (m *Memory) row(tenant string) *row {
	if r := m.rows[tenant]; r != nil && r.rec.Version > 0 {
		return r
	}
	return nil
}

// begin returns the error for which a method must not begin, or nil.
func begin(ctx context.Context, req interface{ Validate() error }) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return req.Validate()
}

// Commit implements [Records].
func (m *Memory) Commit(ctx context.Context, req CommitRequest) (Committed, error) {
	if err := begin(ctx, req); err != nil {
		return Committed{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	r := m.rows[req.Record.Tenant]
	if r == nil {
		r = &row{}
	}
	change, err := req.Apply(r.rec, now)
	if err != nil {
		return Committed{Now: now}, err
	}
	m.add(req.Record.Tenant, r)
	if change.Removed {
		r.entries, r.runs = nil, nil
	}
	r.rec = change.Record
	r.entries = append(r.entries, change.Entries...)
	for _, run := range change.Runs {
		if r.runs == nil {
			r.runs = make(map[string]Run)
		}
		r.runs[run.ID] = run
	}
	m.enqueue(r, now)
	return Committed{Record: change.Record.Clone(), Now: now}, nil
}

// add adds the row of a new tenant.
func (m *Memory) add(tenant string, r *row) {
	if m.rows[tenant] == r {
		return
	}
	if m.rows == nil {
		m.rows = make(map[string]*row)
	}
	m.rows[tenant] = r
	m.added = append(m.added, r)
}
