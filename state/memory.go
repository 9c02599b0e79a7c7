package state

import (
	"bytes"
	"container/list"
	"context"
	"maps"
	"sync"
	"time"
)

// Memory is a [Records], [Leaser], [Blobs] and [Pruner] that keeps everything in
// the memory of one process: for tests, examples and tools that live as long
// as one sync. Its clock is time.Now, so it works inside a testing/synctest
// bubble; it never goes back.
//
// Load, Commit and the methods of a Leaser take a time that hardly grows with
// the number of tenants, and so does a page of [ByTenant]. A page of
// [ByUpdated] or [ByWake] looks at every record.
//
// A Memory is made by [NewMemory] and is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	passed time.Duration // by Pass and Skew
	last   time.Time     // the last now

	rows map[string]*row
	// sorted has the rows by tenant, without those in added.
	sorted, added []*row
	// due has the rows with a WakeAt that bear no lease, and leased those that
	// do: every row is in at most one.
	due, leased queue

	blobs map[BlobRef]*list.Element // by name, with size 0
	// byAge has the blobs, oldest first.
	byAge list.List
}

// row is what is kept of one tenant.
type row struct {
	rec     Record
	entries []Entry // by version and n
	queue   *queue  // the queue that it is in, or nil
	index   int     // its place there
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		rows:   make(map[string]*row),
		due:    queue{key: func(r *row) time.Time { return r.rec.WakeAt }},
		leased: queue{key: func(r *row) time.Time { return r.rec.LeaseUntil }},
		blobs:  make(map[BlobRef]*list.Element),
	}
}

// Pass makes time pass for this Memory alone: from now on, its clock is d
// ahead of where it was. It is for tests that do not run inside a
// testing/synctest bubble. A negative d is ignored.
func (m *Memory) Pass(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed += max(d, 0)
}

// Skew sets how far the clock of this Memory is ahead of the process's, or
// behind it if negative, in place of what Pass has added: for tests of what
// happens when the clocks of a store and of its callers disagree. As a store's
// clock never goes back, one that is set back stands still until the time that
// it showed is reached again.
func (m *Memory) Skew(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.passed = d
}

// now returns the store's time. The caller holds the lock.
func (m *Memory) now() time.Time {
	// Round drops the monotonic reading, so that stored times compare as they
	// are written.
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
	r, ok := m.rows[req.Tenant]
	if !ok {
		return Loaded{Now: m.now()}, ErrNotFound
	}
	return Loaded{Record: r.rec.clone(), Now: m.now()}, nil
}

// begin is what every method does first.
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
	if err := mayCommit(r, req, now); err != nil {
		return Committed{Now: now}, err
	}
	if r == nil {
		r = &row{}
		m.rows[req.Record.Tenant] = r
		m.added = append(m.added, r)
	}
	r.rec = committed(r.rec, req, now)
	for n, e := range req.Entries {
		r.entries = append(r.entries, Entry{
			Type: e.Type, Run: e.Run, Data: bytes.Clone(e.Data),
			Tenant: r.rec.Tenant, Version: r.rec.Version, N: n, Time: now,
		})
	}
	m.enqueue(r, now)
	return Committed{Record: r.rec.clone(), Now: now}, nil
}

// mayCommit holds a request against the row, which is nil for a new tenant.
func mayCommit(r *row, req CommitRequest, now time.Time) error {
	var old Record
	if r != nil {
		old = r.rec
	}
	if old.Version != req.Record.Version {
		return ErrConflict
	}
	if req.Fence != 0 && old.Fence != req.Fence {
		return ErrConflict
	}
	if req.BeforeDeadline && !old.Deadline.IsZero() && !now.Before(old.Deadline) {
		return ErrExpired
	}
	return nil
}

// committed returns the record that replaces old.
func committed(old Record, req CommitRequest, now time.Time) Record {
	rec := req.Record.clone()
	rec.Version++
	rec.WakeAt = stored(rec.WakeAt)
	if req.WakeIn > 0 {
		rec.WakeAt = now.Add(req.WakeIn)
	}
	rec.Deadline = stored(rec.Deadline)
	if req.DeadlineIn > 0 {
		rec.Deadline = now.Add(req.DeadlineIn)
	}
	rec.Fence, rec.LeaseOwner, rec.LeaseUntil = old.Fence, old.LeaseOwner, old.LeaseUntil
	rec.UpdatedAt = now
	return rec
}

// stored returns a caller's time as a store keeps it: in UTC, and without a
// reading of the caller's monotonic clock.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.Round(0).UTC()
}

// clone returns a deep copy, in which no map or slice is empty but not nil.
func (r Record) clone() Record {
	r.Labels = maps.Clone(r.Labels)
	if len(r.Labels) == 0 {
		r.Labels = nil
	}
	r.Data = bytes.Clone(r.Data)
	r.Refs = append([]BlobRef(nil), r.Refs...)
	return r
}

func (e Entry) clone() Entry {
	e.Data = bytes.Clone(e.Data)
	return e
}
