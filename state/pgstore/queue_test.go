package pgstore_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// heapOnly runs a statement in a transaction that is rolled back, and returns
// how many rows it updated, and how many of them without their indexes.
func heapOnly(t *testing.T, o opened, sql string, args ...any) (updated, hot int) {
	t.Helper()
	ctx := context.Background()
	tx, err := o.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing is to be kept
	count := func(sign int) {
		var all, only int // of the session, also from before the transaction
		err := tx.QueryRow(ctx, "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relid = 'tenantsync.tenant'::regclass").Scan(&all, &only)
		if err != nil {
			t.Fatal(err)
		}
		updated, hot = updated+sign*all, hot+sign*only
	}
	count(-1)
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		t.Fatal(err)
	}
	count(1)
	return updated, hot
}

// A renewal leaves every index as it is. The first claim after the lease's first
// end moves the tenant on, and later claims do not meet it.
func TestRenewalsLeaveTheQueue(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: due("contoso")})
	claimed, err := o.Claim(t.Context(), state.ClaimRequest{Owner: "worker", For: time.Minute, Limit: 1})
	if err != nil || len(claimed.Leases) != 1 {
		t.Fatalf("Claim: %d leases, %v", len(claimed.Leases), err)
	}
	fence := claimed.Leases[0].Record.Fence
	if updated, hot := heapOnly(t, o, o.RenewSQL(), r.Tenant, fence, int64(time.Hour/time.Microsecond), `{"phase":1}`); updated != 1 || hot != 1 {
		t.Errorf("a renewal updates %d rows, %d of them without their indexes; want one", updated, hot)
	}
	runSQL(t, o.pool, `update tenantsync.tenant set due = clock_timestamp(), lease_until = clock_timestamp() + interval '1 hour'`)
	for _, want := range []int{1, 0, 0} {
		updated, _ := heapOnly(t, o, o.RequeueSQL())
		if got, err := o.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 1}); err != nil || len(got.Leases) != 0 {
			t.Fatalf("Claim of a leased tenant: %d leases, %v", len(got.Leases), err)
		}
		if updated != want {
			t.Errorf("after a claim %d tenants are to be moved, want %d", updated, want)
		}
	}
}

// A claim looks at a bounded number of tenants whose leases have ended. The next
// claims look at the others.
func TestManyLeasesEnd(t *testing.T) {
	o := openStore(t, nil)
	const tenants = 2*pgstore.MaxEnded + 10
	runSQL(t, o.pool, `insert into tenantsync.tenant (tenant, version, status, run, wake, labels, data, refs, updated_at, fence, claimed, due, lease_until)
		select i::text, 1, 'idle', '', clock_timestamp() - i * interval '1 second', '{}', '{}', '[]', clock_timestamp(), 1, true,
			clock_timestamp() - i * interval '1 millisecond', clock_timestamp() - i * interval '1 millisecond'
		from generate_series(1, $1) i`, tenants)
	if updated, _ := heapOnly(t, o, o.RequeueSQL()); updated != pgstore.MaxEnded {
		t.Errorf("%d rows are moved where %d leases have ended, want %d", updated, tenants, pgstore.MaxEnded)
	}
	seen := map[string]bool{}
	for {
		got, err := o.Claim(t.Context(), state.ClaimRequest{For: time.Hour, Limit: 300})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Leases) == 0 {
			break
		}
		for _, lease := range got.Leases {
			if seen[lease.Record.Tenant] {
				t.Fatalf("%s was claimed twice", lease.Record.Tenant)
			}
			seen[lease.Record.Tenant] = true
		}
	}
	if len(seen) != tenants {
		t.Errorf("%d tenants were claimed, want %d", len(seen), tenants)
	}
}

// A database of the second release keeps its leases and what waits. The
// statements of that release fail, because they do not keep the queue.
func TestMigrateFromSecond(t *testing.T) {
	pool := openPool(t, pgtest.Shared(t).Database(t), nil)
	for _, text := range []string{
		"create schema tenantsync",
		"create table tenantsync.migration (version integer primary key, applied_at timestamptz not null default clock_timestamp())",
		"@migrations/0001.sql", "@migrations/0002.sql",
		"insert into tenantsync.migration (version) values (1), (2)",
		`insert into tenantsync.tenant (tenant, version, status, run, labels, data, refs, updated_at, fence, wake_at, lease_owner, lease_until)
			select tenant, 1, 'idle', '', '{}', '{"v":1}', '[]', clock_timestamp(), 1, clock_timestamp() + wake::interval, 'worker', clock_timestamp() + lease::interval
			from (values ('due', '-1 hour', null), ('later', '1 hour', null), ('never', null, null), ('leased', '-2 hours', '1 hour'),
				('leased, not due', '1 hour', '1 hour'), ('ended', '-3 hours', '-1 hour')) x (tenant, wake, lease)`,
	} {
		if text[0] == '@' {
			file, err := os.ReadFile(text[1:])
			if err != nil {
				t.Fatal(err)
			}
			text = pgstore.Qualified(string(file), "tenantsync")
		}
		if _, err := pool.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	before := scalar[string](t, pool, "select string_agg(tenant || coalesce(wake_at::text, '') || coalesce(lease_until::text, ''), ' ' order by tenant) from tenantsync.tenant")
	s := open(t, pgstore.Config{Pool: pool})
	after := scalar[string](t, pool, "select string_agg(tenant || coalesce(wake::text, '') || coalesce(lease_until::text, ''), ' ' order by tenant) from tenantsync.tenant")
	if before != after {
		t.Errorf("the migration changed times:\n%s\n%s", before, after)
	}
	for round, want := range [][]string{{"ended", "due"}, nil, {"ended", "leased", "due", "later", "leased, not due"}} {
		if round == 2 {
			runSQL(t, pool, `update tenantsync.tenant set wake = wake - interval '1 day', due = due - interval '1 day', lease_until = lease_until - interval '1 day'`)
		}
		got, err := s.Claim(t.Context(), state.ClaimRequest{For: time.Hour, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		var tenants []string
		for _, lease := range got.Leases {
			tenants = append(tenants, lease.Record.Tenant)
		}
		if fmt.Sprint(tenants) != fmt.Sprint(want) {
			t.Errorf("claim %d after the migration: %q, want %q", round, tenants, want)
		}
	}
	for _, former := range []string{
		"update tenantsync.tenant t set wake_at = null where t.tenant = 'due'", // a commit's
		"select t.tenant from tenantsync.tenant t where t.wake_at <= now()",    // a claim's
	} {
		if _, err := pool.Exec(t.Context(), former); err == nil {
			t.Errorf("a statement of a former release still works: %s", former)
		}
	}
}
