package pgstore_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// opened is a migrated store on a database of its own.
type opened struct {
	*pgstore.Store
	pool *pgxpool.Pool // the host's, which the store is on
	dsn  string
}

// openStore returns a store with the configuration changed, if change is not
// nil.
func openStore(t testing.TB, change func(*pgstore.Config)) opened {
	t.Helper()
	o := opened{dsn: pgtest.Shared(t).Database(t)}
	o.pool = openPool(t, o.dsn, nil)
	cfg := pgstore.Config{Pool: o.pool}
	if change != nil {
		change(&cfg)
	}
	o.Store = open(t, cfg)
	return o
}

// newRecord returns a record that is ready to be created.
func newRecord(tenant string) state.Record {
	return state.Record{Tenant: tenant, Status: state.NotRun, Data: json.RawMessage(`{"v":1}`)}
}

// due returns a record to create that may be claimed at once.
func due(tenant string) state.Record {
	r := newRecord(tenant)
	r.WakeAt = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	return r
}

// commit makes a commit that must succeed.
func commit(t testing.TB, s state.Records, req state.CommitRequest) state.Record {
	t.Helper()
	got, err := s.Commit(t.Context(), req)
	if err != nil {
		t.Fatalf("Commit of %q: %v", req.Record.Tenant, err)
	}
	return got.Record
}

func load(t testing.TB, s state.Records, tenant string) state.Record {
	t.Helper()
	got, err := s.Load(t.Context(), state.LoadRequest{Tenant: tenant})
	if err != nil {
		t.Fatalf("Load of %q: %v", tenant, err)
	}
	return got.Record
}

func history(t testing.TB, s state.Records, tenant string) []state.Entry {
	t.Helper()
	got, err := s.History(t.Context(), state.HistoryRequest{Tenant: tenant, Limit: 10_000})
	if err != nil {
		t.Fatalf("History of %q: %v", tenant, err)
	}
	return got.Entries
}

// scalar returns the only value that a query returns.
func scalar[T any](t testing.TB, pool *pgxpool.Pool, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := pool.QueryRow(context.Background(), sql, args...).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// waitFor waits until a query returns true. The test's own time is the bound.
func waitFor(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	for !scalar[bool](t, pool, sql, args...) {
		if err := t.Context().Err(); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}

// waitsForLock is true while a backend of the database waits for a row.
const waitsForLock = `select exists (select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock')`

// lockTenant locks a tenant's row until the function that it returns is called.
func lockTenant(t testing.TB, pool *pgxpool.Pool, tenant string) (unlock func()) {
	t.Helper()
	tx, err := pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(context.Background(), "select from tenantsync.tenant where tenant = $1 for update", tenant); err != nil {
		t.Fatal(err)
	}
	done := false
	unlock = func() {
		if !done {
			done = true
			_ = tx.Rollback(context.Background())
		}
	}
	t.Cleanup(unlock)
	return unlock
}
