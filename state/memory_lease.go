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
		claimed.Leases = append(claimed.Leases, m.lease(r, req.Owner, req.For, now))
	}
	return claimed, nil
}

// lease gives a row's lease to an owner.
func (m *Memory) lease(r *row, owner string, d time.Duration, now time.Time) Lease {
	r.rec.Fence++
	r.rec.LeaseOwner = owner
	r.rec.LeaseUntil = now.Add(d)
	m.enqueue(r, now)
	return Lease{Record: r.rec.clone(), Now: now}
}

// Acquire implements [Leaser].
func (m *Memory) Acquire(ctx context.Context, req AcquireRequest) (Lease, error) {
	if err := begin(ctx, req); err != nil {
		return Lease{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	r, ok := m.rows[req.Tenant]
	if !ok {
		return Lease{Now: now}, ErrNotFound
	}
	if r.rec.LeaseUntil.After(now) {
		return Lease{Now: now}, ErrLeased
	}
	return m.lease(r, req.Owner, req.For, now), nil
}

// Renew implements [Leaser].
func (m *Memory) Renew(ctx context.Context, req RenewRequest) (Lease, error) {
	if err := begin(ctx, req); err != nil {
		return Lease{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.now()
	r, err := m.fenced(req.Tenant, req.Fence)
	if err != nil {
		return Lease{Now: now}, err
	}
	r.rec.LeaseUntil = now.Add(req.For)
	m.enqueue(r, now)
	return Lease{Record: r.rec.clone(), Now: now}, nil
}

// Release implements [Leaser].
func (m *Memory) Release(ctx context.Context, req ReleaseRequest) error {
	if err := begin(ctx, req); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.fenced(req.Tenant, req.Fence)
	if err != nil {
		return err
	}
	r.rec.LeaseOwner, r.rec.LeaseUntil = "", time.Time{}
	m.enqueue(r, m.now())
	return nil
}

// fenced returns a tenant's row if its fence is still this one.
func (m *Memory) fenced(tenant string, fence int64) (*row, error) {
	r, ok := m.rows[tenant]
	if !ok {
		return nil, ErrNotFound
	}
	if r.rec.Fence != fence {
		return nil, ErrLeaseLost
	}
	return r, nil
}
