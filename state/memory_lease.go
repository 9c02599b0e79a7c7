package state

import (
	"context"
	"time"
)

// Claim implements [Leaser].
func (m *Memory) Claim(ctx context.Context, req ClaimRequest) (Claimed, error) {
	if err := begin(ctx, req); err != nil {
		return Claimed{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	for r, ok := m.leased.first(now); ok; r, ok = m.leased.first(now) {
		m.enqueue(r, now) // its lease has run out
	}
	claimed := Claimed{Now: now}
	for len(claimed.Leases) < req.Limit {
		r, ok := m.due.first(now)
		if !ok {
			break
		}
		claimed.Leases = append(claimed.Leases, m.lease(r, req.Apply(r.rec, now), now))
	}
	return claimed, nil
}

// lease replaces a row's record by one with another lease.
func (m *Memory) lease(r *row, rec Record, now time.Time) Lease {
	r.rec = rec
	m.enqueue(r, now)
	return Lease{Record: rec.Clone(), Now: now}
}

// Acquire implements [Leaser].
func (m *Memory) Acquire(ctx context.Context, req AcquireRequest) (Lease, error) {
	return changeLease(ctx, m, req.Tenant, req)
}

// Renew implements [Leaser].
func (m *Memory) Renew(ctx context.Context, req RenewRequest) (Lease, error) {
	return changeLease(ctx, m, req.Tenant, req)
}

// Release implements [Leaser].
func (m *Memory) Release(ctx context.Context, req ReleaseRequest) error {
	_, err := changeLease(ctx, m, req.Tenant, req)
	return err
}

// leaseRequest is a request that changes one tenant's lease.
type leaseRequest interface {
	Validate() error
	Apply(stored Record, now time.Time) (Record, error)
}

func changeLease(ctx context.Context, m *Memory, tenant string, req leaseRequest) (Lease, error) {
	if err := begin(ctx, req); err != nil {
		return Lease{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	r := m.row(tenant)
	if r == nil {
		return Lease{Now: now}, ErrNotFound
	}
	rec, err := req.Apply(r.rec, now)
	if err != nil {
		return Lease{Now: now}, err
	}
	return m.lease(r, rec, now), nil
}
