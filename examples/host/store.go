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

// mapStore is a store on plain maps. The requests implement the rules:
// Validate, Apply and Select. A store on a database calls them within a
// transaction.
type mapStore struct {
	mu      sync.Mutex
	last    time.Time
	ahead   time.Duration            // of the process's clock, for tests
	records map[string]state.Record  // by tenant
	history map[string][]state.Entry // by tenant
	runs    map[[2]string]state.Run  // by tenant and ID
	blobs   map[state.BlobRef][]byte // by name
}

func newMapStore() *mapStore {
	return &mapStore{
		records: map[string]state.Record{}, history: map[string][]state.Entry{},
		runs: map[[2]string]state.Run{}, blobs: map[state.BlobRef][]byte{},
	}
}

// begin checks a request, locks the store and returns its time, which never
// goes back.
func (s *mapStore) begin(ctx context.Context, req interface{ Validate() error }) (time.Time, error) {
	if err := cmp.Or(ctx.Err(), req.Validate()); err != nil {
		return time.Time{}, err
	}
	s.mu.Lock()
	if now := time.Now().Add(s.ahead).Round(0).UTC(); now.After(s.last) {
		s.last = now
	}
	return s.last, nil
}

func (s *mapStore) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.Loaded{}, err
	}
	defer s.mu.Unlock()
	rec := s.records[req.Tenant]
	if rec.Version == 0 { // never created, or removed
		return state.Loaded{Now: now}, state.ErrNotFound
	}
	return state.Loaded{Record: rec.Clone(), Now: now}, nil
}

func (s *mapStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.Committed{}, err
	}
	defer s.mu.Unlock()
	tenant := req.Record.Tenant
	change, err := req.Apply(s.records[tenant], now)
	if err != nil {
		return state.Committed{Now: now}, err
	}
	if change.Removed {
		s.history[tenant] = nil
		maps.DeleteFunc(s.runs, func(key [2]string, _ state.Run) bool { return key[0] == tenant })
	}
	s.records[tenant] = change.Record
	s.history[tenant] = append(s.history[tenant], change.Entries...)
	for _, run := range change.Runs {
		s.runs[[2]string{tenant, run.ID}] = run
	}
	return state.Committed{Record: change.Record.Clone(), Now: now}, nil
}

func (s *mapStore) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.Page{}, err
	}
	defer s.mu.Unlock()
	return req.Select(maps.Values(s.records), now)
}

func (s *mapStore) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.HistoryPage{}, err
	}
	defer s.mu.Unlock()
	return req.Select(slices.Values(s.history[req.Tenant]), now)
}

func (s *mapStore) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.RunsPage{}, err
	}
	defer s.mu.Unlock()
	return req.Select(maps.Values(s.runs), now)
}

func (s *mapStore) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.Claimed{}, err
	}
	defer s.mu.Unlock()
	claimed := req.Select(maps.Values(s.records), now)
	for _, lease := range claimed.Leases {
		s.records[lease.Record.Tenant] = lease.Record.Clone()
	}
	return claimed, nil
}

// leaseRequest is a request that changes one tenant's lease.
type leaseRequest interface {
	Validate() error
	Apply(stored state.Record, now time.Time) (state.Record, error)
}

func (s *mapStore) lease(ctx context.Context, tenant string, req leaseRequest) (state.Lease, error) {
	now, err := s.begin(ctx, req)
	if err != nil {
		return state.Lease{}, err
	}
	defer s.mu.Unlock()
	rec, err := req.Apply(s.records[tenant], now)
	if err != nil {
		return state.Lease{Now: now}, err
	}
	s.records[tenant] = rec
	return state.Lease{Record: rec.Clone(), Now: now}, nil
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

func (s *mapStore) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if _, err := s.begin(ctx, req); err != nil {
		return state.BlobRef{}, err
	}
	defer s.mu.Unlock()
	ref := req.Ref()
	s.blobs[ref.Name()] = bytes.Clone(req.Data)
	return ref, nil
}

func (s *mapStore) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if _, err := s.begin(ctx, ref); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	data, ok := s.blobs[ref.Name()]
	if !ok {
		return nil, state.ErrNotFound
	}
	if err := ref.Verify(data); err != nil {
		return nil, err
	}
	return bytes.Clone(data), nil
}

func (s *mapStore) Remove(ctx context.Context, tenant string) error {
	if _, err := s.begin(ctx, state.LoadRequest{Tenant: tenant}); err != nil {
		return err
	}
	defer s.mu.Unlock()
	maps.DeleteFunc(s.blobs, func(name state.BlobRef, _ []byte) bool { return name.Tenant == tenant })
	return nil
}
