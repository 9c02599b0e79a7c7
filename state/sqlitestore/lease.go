package sqlitestore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// Claim implements [state.Leaser]. A call returns at most 1000 leases. If no
// tenant is due, it writes nothing and waits for no lock.
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
	err = s.db.look(ctx, func(r *reader) (err error) {
		claimed.Now = s.db.now()
		var tenant string
		due, err = r.row(ctx, []any{&tenant}, selectDue("q.t", ""), claimed.Now.UnixMicro(), 1)
		return err
	})
	if err != nil || !due {
		return claimed, err
	}
	err = s.db.write(ctx, func(t *tx) error {
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
			lease, err := t.lease(r.id, req.Apply(r.Record, t.time()))
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

// selectDue selects at most ?2 records that may be claimed at the time ?1,
// soonest first. It merges the due records of each status, so that the order
// comes from the index.
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

// lease stores a record's lease.
func (t *tx) lease(id int64, r state.Record) (state.Lease, error) {
	until := toMicro(r.LeaseUntil)
	r.LeaseUntil = timeOf(until)
	_, err := t.exec(`INSERT INTO tenantsync_lease (id, fence, owner, until, note) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET fence = excluded.fence, owner = excluded.owner, until = excluded.until, note = excluded.note`,
		id, r.Fence, r.LeaseOwner, until, textOrNil(r.Note))
	return state.Lease{Record: r, Now: t.time()}, err
}

// leaseRequest is a request that changes one tenant's lease.
type leaseRequest interface {
	Validate() error
	Apply(stored state.Record, now time.Time) (state.Record, error)
}

// changeLease carries out a request in a transaction.
func (s *Store) changeLease(ctx context.Context, act, tenant string, req leaseRequest) (state.Lease, error) {
	if err := begin(ctx, req); err != nil {
		return state.Lease{}, err
	}
	var lease state.Lease
	err := s.db.write(ctx, func(t *tx) error {
		lease = state.Lease{Now: t.time()}
		rows, err := t.link.query(t.ctx, selectRecord, tenant)
		found, err := scanRecords(rows, err)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return state.ErrNotFound
		}
		changed, err := req.Apply(found[0].Record, t.time())
		if err != nil {
			return err
		}
		done, err := t.lease(found[0].id, changed)
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
	return s.changeLease(ctx, "acquire", req.Tenant, req)
}

// Renew implements [state.Leaser].
func (s *Store) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	return s.changeLease(ctx, "renew", req.Tenant, req)
}

// Release implements [state.Leaser].
func (s *Store) Release(ctx context.Context, req state.ReleaseRequest) error {
	_, err := s.changeLease(ctx, "release", req.Tenant, req)
	return err
}
