package pgstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Claim implements [state.Leaser]. It skips tenants that other calls are
// changing at that moment. It is one round trip, and another one if it meets
// tenants whose leases were renewed or have ended, and that it does not claim.
func (s *Store) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if err := begin(ctx, req); err != nil {
		return state.Claimed{}, err
	}
	var claimed state.Claimed
	var left int64
	err := s.db.write(ctx, func(q querier) error {
		claimed = state.Claimed{}
		rows, err := q.Query(ctx, s.sql.claim, s.db.mode(), req.Owner, microseconds(req.For), int64(req.Limit))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var row recordRow
			if err := rows.Scan(row.dest(&claimed.Now, &left)...); err != nil {
				return err
			}
			rec, ok, err := row.record()
			if err != nil {
				return err
			}
			if ok {
				claimed.Leases = append(claimed.Leases, state.Lease{Record: rec})
			}
		}
		return rows.Err()
	})
	if err != nil {
		return state.Claimed{}, failWrite("claim", err)
	}
	if left > 0 {
		// Without this, the next claims meet the same tenants. So an error does no
		// harm, and it must not cost the caller the leases.
		_ = s.db.write(ctx, func(q querier) error {
			_, err := q.Exec(ctx, s.sql.requeue, s.db.mode())
			return err
		})
	}
	claimed.Now = claimed.Now.UTC()
	for i := range claimed.Leases {
		claimed.Leases[i].Now = claimed.Now
	}
	// The rows of an UPDATE have no order.
	slices.SortFunc(claimed.Leases, func(a, b state.Lease) int {
		return cmp.Or(a.Record.WakeAt.Compare(b.Record.WakeAt), cmp.Compare(a.Record.Tenant, b.Record.Tenant))
	})
	return claimed, nil
}

// Acquire implements [state.Leaser].
func (s *Store) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	if err := begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	return s.lease(ctx, "acquire "+strconv.Quote(req.Tenant), state.ErrLeased, s.sql.acquire, req.Tenant, req.Owner, microseconds(req.For))
}

// Renew implements [state.Leaser].
func (s *Store) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	if err := begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	return s.lease(ctx, "renew "+strconv.Quote(req.Tenant), state.ErrLeaseLost, s.sql.renew, req.Tenant, req.Fence, microseconds(req.For), nullableText(req.Note))
}

// lease carries out a statement that returns a lease. Without a lease, the
// error is ErrNotFound, or refused.
func (s *Store) lease(ctx context.Context, act string, refused error, sql string, args ...any) (state.Lease, error) {
	var now time.Time
	var found bool
	var row recordRow
	err := s.db.write(ctx, func(q querier) error {
		row = recordRow{}
		return q.QueryRow(ctx, sql, with(s.db.mode(), args...)...).Scan(row.dest(&now, &found)...)
	})
	if err != nil {
		return state.Lease{}, failWrite(act, err)
	}
	lease := state.Lease{Now: now.UTC()}
	if !found {
		return lease, state.ErrNotFound
	}
	var ok bool
	if lease.Record, ok, err = row.record(); err != nil {
		return state.Lease{}, failWrite(act, err)
	}
	if !ok {
		return lease, refused
	}
	return lease, nil
}

// Release implements [state.Leaser].
func (s *Store) Release(ctx context.Context, req state.ReleaseRequest) error {
	if err := begin(ctx, req); err != nil {
		return err
	}
	var found, done bool
	err := s.db.write(ctx, func(q querier) error {
		return q.QueryRow(ctx, s.sql.release, s.db.mode(), req.Tenant, req.Fence).Scan(&found, &done)
	})
	switch {
	case err != nil:
		return failWrite("release "+strconv.Quote(req.Tenant), err)
	case !found:
		return state.ErrNotFound
	case !done:
		return state.ErrLeaseLost
	}
	return nil
}
