package main

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// mapStore is a store on plain maps. The rules are the library's: each request
// says what it makes of what is stored. A store on a database does the same
// within a transaction.
type mapStore struct {
	mu      sync.Mutex
	last    time.Time
	ahead   time.Duration           // of the process's clock
	records map[string]state.Record // by tenant
	entries map[string][]state.Entry
	runs    map[[2]string]state.Run  // by tenant and ID
	blobs   map[state.BlobRef][]byte // by reference without the size
}

func newMapStore() *mapStore {
	return &mapStore{records: map[string]state.Record{}, entries: map[string][]state.Entry{},
		runs: map[[2]string]state.Run{}, blobs: map[state.BlobRef][]byte{}}
}

// now returns the store's time, which never goes back. The caller holds the lock.
func (s *mapStore) now() time.Time {
	if now := time.Now().Add(s.ahead).Round(0).UTC(); now.After(s.last) {
		s.last = now
	}
	return s.last
}

// check is what every method does first.
func check(ctx context.Context, req interface{ Validate() error }) error {
	return cmp.Or(ctx.Err(), req.Validate())
}

func (s *mapStore) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	if err := check(ctx, req); err != nil {
		return state.Loaded{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.records[req.Tenant]
	if rec.Version == 0 { // never stored, or removed
		return state.Loaded{Now: s.now()}, state.ErrNotFound
	}
	return state.Loaded{Record: rec.Clone(), Now: s.now()}, nil
}

func (s *mapStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if err := check(ctx, req); err != nil {
		return state.Committed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	name, now := req.Record.Tenant, s.now()
	change, err := req.Apply(s.records[name], now)
	if err != nil {
		return state.Committed{Now: now}, err
	}
	if change.Removed {
		delete(s.entries, name)
		maps.DeleteFunc(s.runs, func(key [2]string, _ state.Run) bool { return key[0] == name })
	}
	s.records[name] = change.Record
	s.entries[name] = append(s.entries[name], change.Entries...)
	for _, run := range change.Runs {
		s.runs[[2]string{name, run.ID}] = run
	}
	return state.Committed{Record: change.Record.Clone(), Now: now}, nil
}

func (s *mapStore) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	if err := check(ctx, req); err != nil {
		return state.Page{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return req.Select(maps.Values(s.records), s.now())
}

func (s *mapStore) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	if err := check(ctx, req); err != nil {
		return state.HistoryPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return req.Select(slices.Values(s.entries[req.Tenant]), s.now())
}

func (s *mapStore) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	if err := check(ctx, req); err != nil {
		return state.RunsPage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return req.Select(maps.Values(s.runs), s.now())
}

func (s *mapStore) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if err := check(ctx, req); err != nil {
		return state.Claimed{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	claimed := req.Select(maps.Values(s.records), s.now())
	for _, lease := range claimed.Leases {
		s.records[lease.Record.Tenant] = lease.Record.Clone()
	}
	return claimed, nil
}

func (s *mapStore) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	return s.lease(ctx, req.Tenant, req)
}

func (s *mapStore) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	return s.lease(ctx, req.Tenant, req)
}

func (s *mapStore) Release(ctx context.Context, req state.ReleaseRequest) error {
	_, err := s.lease(ctx, req.Tenant, req)
	return err
}

// lease changes one tenant's lease by the rule of the request.
func (s *mapStore) lease(ctx context.Context, name string, req interface {
	Validate() error
	Apply(stored state.Record, now time.Time) (state.Record, error)
}) (state.Lease, error) {
	if err := check(ctx, req); err != nil {
		return state.Lease{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	rec, err := req.Apply(s.records[name], now)
	if err != nil {
		return state.Lease{Now: now}, err
	}
	s.records[name] = rec
	return state.Lease{Record: rec.Clone(), Now: now}, nil
}

func (s *mapStore) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if err := check(ctx, req); err != nil {
		return state.BlobRef{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[nameOf(req.Ref())] = bytes.Clone(req.Data)
	return req.Ref(), nil
}

func (s *mapStore) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if err := check(ctx, ref); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.blobs[nameOf(ref)]
	if !ok {
		return nil, state.ErrNotFound
	}
	if err := ref.Verify(data); err != nil {
		return nil, err
	}
	return bytes.Clone(data), nil
}

func (s *mapStore) Remove(ctx context.Context, name string) error {
	if err := check(ctx, state.LoadRequest{Tenant: name}); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.blobs, func(ref state.BlobRef, _ []byte) bool { return ref.Tenant == name })
	return nil
}

// nameOf returns what names a blob: its reference without the size.
func nameOf(ref state.BlobRef) state.BlobRef {
	ref.Size = 0
	return ref
}
