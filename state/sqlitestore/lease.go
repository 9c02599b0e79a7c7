package sqlitestore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// maxPage bounds what one call of List, History or Claim returns: it may be
// fewer than asked for, and is held in memory whole.
const maxPage = 1000

// Claim implements [state.Leaser]. At most 1000 leases are given at once. When
// nothing is due it writes nothing and waits for nobody.
func (s *Store) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if err := begin(ctx, req); err != nil {
		return state.Claimed{}, err
	}
	claimed, err := s.claim(ctx, req)
	if err != nil {
		return state.Claimed{}, about("claim", "", err)
	}
	return claimed, nil
}

func (s *Store) claim(ctx context.Context, req state.ClaimRequest) (claimed state.Claimed, err error) {
	var due bool
	err = s.look(ctx, func() (err error) {
		claimed.Now = s.now()
		var tenant string
		due, err = s.row(ctx, []any{&tenant}, selectDue("q.t", ""), claimed.Now.UnixMicro(), 1)
		return err
	})
	if err != nil || !due {
		return claimed, err
	}
	err = s.write(ctx, func(t *tx) error {
		claimed.Now = t.time()
		rows, err := t.link.query(t.ctx, selectDue(columns, joinDue), t.now, min(req.Limit, maxPage))
		found, err := scanRecords(rows, err)
		if err != nil {
			return err
		}
		for _, r := range found {
			if err := ctx.Err(); err != nil {
				return err
			}
			lease, err := t.lease(r, req.Owner, req.For)
			if err != nil {
				return err
			}
			claimed.Leases = append(claimed.Leases, lease)
		}
		return nil
	})
	if err != nil {
		return state.Claimed{}, err
	}
	slices.SortStableFunc(claimed.Leases, func(a, b state.Lease) int { return compareWake(&a.Record, &b.Record) })
	return claimed, nil
}

const joinDue = joinRecord + "q.t" + joinLease

// selectDue asks for records that may be claimed at the time ?1, soonest first,
// at most ?2. It merges what is due within each status, so that the order comes
// from the index.
func selectDue(what, join string) string {
	var b builder
	for _, status := range state.Statuses() {
		b.branch("SELECT r.wake_at AS k, r.tenant AS t FROM tenantsync_record AS r INDEXED BY tenantsync_record_wake"+
			" WHERE r.status = '%s' AND r.wake_at <= ?1"+
			" AND NOT EXISTS (SELECT 1 FROM tenantsync_lease AS l INDEXED BY sqlite_autoindex_tenantsync_lease_1"+
			" WHERE l.id = r.id AND l.until > ?1)", status)
	}
	return fmt.Sprintf("SELECT %s FROM (%s ORDER BY 1, 2 LIMIT ?2) AS q%s", what, b.text(), join)
}

// lease gives a record's lease to an owner.
func (t *tx) lease(r stored, owner string, d time.Duration) (state.Lease, error) {
	until := t.time().Add(d)
	r.Fence, r.LeaseOwner, r.LeaseUntil = r.Fence+1, owner, timeOf(toMicro(until))
	_, err := t.exec(`INSERT INTO tenantsync_lease (id, fence, owner, until) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET fence = excluded.fence, owner = excluded.owner, until = excluded.until`,
		r.id, r.Fence, owner, until.UnixMicro())
	return state.Lease{Record: r.Record, Now: t.time()}, err
}

// onRecord runs f in a transaction on a tenant's record.
func (s *Store) onRecord(ctx context.Context, act, tenant string, f func(t *tx, r stored) (state.Lease, error)) (state.Lease, error) {
	var lease state.Lease
	err := s.write(ctx, func(t *tx) error {
		lease.Now = t.time()
		rows, err := t.link.query(t.ctx, selectRecord, tenant)
		found, err := scanRecords(rows, err)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return state.ErrNotFound
		}
		done, err := f(t, found[0])
		if err == nil {
			lease = done
		}
		return err
	})
	if err != nil {
		return state.Lease{Now: lease.Now}, about(act, tenant, err)
	}
	return lease, nil
}

// Acquire implements [state.Leaser].
func (s *Store) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	if err := begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	return s.onRecord(ctx, "acquire", req.Tenant, func(t *tx, r stored) (state.Lease, error) {
		if r.leased(t.now) {
			return state.Lease{}, fmt.Errorf("%w: %q until %v", state.ErrLeased, r.LeaseOwner, r.LeaseUntil)
		}
		return t.lease(r, req.Owner, req.For)
	})
}

// Renew implements [state.Leaser].
func (s *Store) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	if err := begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	return s.onRecord(ctx, "renew", req.Tenant, func(t *tx, r stored) (state.Lease, error) {
		if err := fenced(r, req.Fence); err != nil {
			return state.Lease{}, err
		}
		until := t.time().Add(req.For)
		r.LeaseUntil = timeOf(toMicro(until))
		_, err := t.exec("UPDATE tenantsync_lease SET until = ? WHERE id = ?", until.UnixMicro(), r.id)
		return state.Lease{Record: r.Record, Now: t.time()}, err
	})
}

// Release implements [state.Leaser].
func (s *Store) Release(ctx context.Context, req state.ReleaseRequest) error {
	if err := begin(ctx, req); err != nil {
		return err
	}
	_, err := s.onRecord(ctx, "release", req.Tenant, func(t *tx, r stored) (state.Lease, error) {
		if err := fenced(r, req.Fence); err != nil {
			return state.Lease{}, err
		}
		_, err := t.exec("UPDATE tenantsync_lease SET owner = '', until = NULL WHERE id = ?", r.id)
		return state.Lease{}, err
	})
	return err
}

// fenced returns ErrLeaseLost unless a record's fence is still this one.
func fenced(r stored, fence int64) error {
	if r.Fence != fence {
		return fmt.Errorf("%w: its fence is %d, not %d", state.ErrLeaseLost, r.Fence, fence)
	}
	return nil
}
