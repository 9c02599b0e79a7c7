package pgstore_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/state"
)

var (
	benchTenants = flag.Int("tenants", 20_000, "tenants of the benchmarks of claims")
	benchSamples = flag.Int("samples", 400, "claims to measure, of each kind")
)

// claimPeer is the table of the peer: that of the store, with as many indexes.
// A leased tenant is not in the index of the due.
const claimPeer = `
create schema peer;
create table peer.tenant (like tenantsync.tenant including defaults including storage) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
insert into peer.tenant select * from tenantsync.tenant;
alter table peer.tenant add primary key (tenant);
create index on peer.tenant (updated_at, tenant);
create index on peer.tenant (wake, tenant) where wake is not null;
create index on peer.tenant (status, tenant);
create index on peer.tenant (wake) where lease_until is null;
analyze peer.tenant`

// bareClaim is the statement of a queue in a table, as it is in many programs.
const bareClaim = `
update peer.tenant t set lease_owner = $1, lease_until = now() + $2 * interval '1 microsecond', fence = t.fence + 1
where t.tenant in (
	select d.tenant from peer.tenant d where d.wake <= now() and d.lease_until is null
	order by d.wake limit $3 for update skip locked)
returning ` + `t.tenant, t.version, t.status, t.run, t.wake, t.deadline, t.labels::text, t.data, t.refs::text,
	t.fence, t.lease_owner, t.lease_until, t.updated_at`

// BenchmarkClaim compares claims of 8 through the store, with 1 % of the tenants
// due and another 1 % leased, with those of a bare statement that has no leased
// tenants in its index. The workers claim in turn from both in one run. After
// each claim its tenants are due again, as the last, which is not measured.
func BenchmarkClaim(b *testing.B) {
	o := openStore(b, nil)
	share := max(*benchTenants/100, 100)
	runSQL(b, o.pool, `
insert into tenantsync.tenant (tenant, version, status, run, labels, data, refs, updated_at, wake, due, claimed, lease_until, lease_owner, fence)
select 't-' || lpad(i::text, 7, '0'), 1, 'idle', 'run-1', '{}', '{"v":1,"text":"' || repeat('x', 500) || '"}', '[]', clock_timestamp(),
	w.at, case when w.leased then w.until else w.at end, w.leased, w.until, case when w.leased then 'worker' else '' end, 1
from generate_series(1, $1) i, lateral (select
	clock_timestamp() + case when i <= 2 * $2 then -i::bigint * 7919 % 3600 - 10 else 86400 + i::bigint * 7919 % 86400 end * interval '1 second' as at,
	i <= $2 as leased, case when i <= $2 then clock_timestamp() + interval '10 hours' end as until) w`, *benchTenants, share)
	if _, err := o.pool.Exec(context.Background(), claimPeer, pgx.QueryExecModeSimpleProtocol); err != nil {
		b.Fatal(err)
	}
	runSQL(b, o.pool, "analyze tenantsync.tenant")
	const limit = 8
	samples := *benchSamples
	if testing.Short() {
		samples = 100
	}
	store := func(ctx context.Context) (tenants []string, err error) {
		got, err := o.Claim(ctx, state.ClaimRequest{Owner: "worker", For: time.Hour, Limit: limit})
		for _, lease := range got.Leases {
			tenants = append(tenants, lease.Record.Tenant)
		}
		return tenants, err
	}
	bare := func(ctx context.Context) (tenants []string, err error) {
		rows, err := o.pool.Query(ctx, bareClaim, "worker", time.Hour.Microseconds(), limit)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			values, err := rows.Values()
			if err != nil {
				return nil, err
			}
			tenants = append(tenants, values[0].(string))
		}
		return tenants, rows.Err()
	}
	const again = "update %s.tenant set lease_owner = '', lease_until = null, claimed = false, wake = clock_timestamp(), due = clock_timestamp() where tenant = any($1::text[])"
	for _, workers := range []int{1, 4} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			for b.Loop() {
				var took, bareTook []time.Duration
				for len(took) < samples {
					took = append(took, claimRound(b, o, workers, store, fmt.Sprintf(again, "tenantsync"))...)
					bareTook = append(bareTook, claimRound(b, o, workers, bare, fmt.Sprintf(again, "peer"))...)
				}
				report(b, took, "claim")
				report(b, bareTook, "bare")
				b.ReportMetric(float64(percentile(took, 99))/float64(percentile(bareTook, 99)), "x-bare-p99")
				b.ReportMetric(float64(percentile(took, 50))/float64(percentile(bareTook, 50)), "x-bare")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// claimRound makes a hundred claims by some workers, and returns how long each
// took.
func claimRound(b *testing.B, o opened, workers int, claim func(context.Context) ([]string, error), again string) []time.Duration {
	b.Helper()
	each := make([][]time.Duration, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			for range 100 / workers {
				start := time.Now()
				tenants, err := claim(b.Context())
				each[i] = append(each[i], time.Since(start))
				if err == nil && len(tenants) == 0 {
					err = errors.New("no tenant was due")
				}
				if err != nil {
					b.Error(err)
					return
				}
				runSQL(b, o.pool, again, tenants)
			}
		})
	}
	wg.Wait()
	return slices.Concat(each...)
}

func percentile(took []time.Duration, percent int) time.Duration {
	took = slices.Sorted(slices.Values(took))
	return took[(len(took)-1)*percent/100]
}
