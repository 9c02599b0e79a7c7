package pgstore_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/state"
)

// random returns bytes that do not compress.
func random(t testing.TB, n int) []byte {
	t.Helper()
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	return data
}

const stopped = "2030-01-02 03:04:05+00"

// atStopped runs a statement as if the clock stood still, and a query after it,
// in a transaction that is rolled back.
func atStopped(t *testing.T, o opened, sql string, args []any, query string) string {
	t.Helper()
	ctx := context.Background()
	tx, err := o.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing is to be kept
	sql = strings.ReplaceAll(sql, "clock_timestamp()", "timestamptz '"+stopped+"'")
	if _, err := tx.Exec(ctx, sql, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var got string
	if err := tx.QueryRow(ctx, query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// A statement decides at exactly the stored time: from then on a deadline has
// passed, a tenant is due, and a lease has ended. It prunes only data that is
// older than the age.
func TestStatementsAtTheBoundary(t *testing.T) {
	o := openStore(t, nil)
	now, err := time.Parse("2006-01-02 15:04:05Z07", stopped)
	if err != nil {
		t.Fatal(err)
	}
	const version, leased = "select version::text from tenantsync.tenant", "select (fence > 1)::text from tenantsync.tenant"
	entries := []state.Entry{{Type: "t"}}
	late := state.CommitRequest{Record: newRecord("contoso"), BeforeDeadline: true}
	late.Record.Version = 1
	gone := late
	gone.Remove, gone.Entries = true, entries
	for _, off := range []time.Duration{-time.Microsecond, 0, time.Microsecond} {
		at := now.Add(off)
		reached := map[bool]string{true: "true", false: "false"}[off <= 0]
		row := func(set string) {
			runSQL(t, o.pool, "delete from tenantsync.tenant")
			runSQL(t, o.pool, `insert into tenantsync.tenant (tenant, version, status, run, labels, data, refs, updated_at, fence)
				values ('contoso', 1, 'not_run', '', '{}', '{}', '[]', clock_timestamp(), 1)`)
			runSQL(t, o.pool, "update tenantsync.tenant set "+set, at, now)
		}
		check := func(name, sql string, args []any, query, want string) {
			t.Helper()
			if got := atStopped(t, o, sql, args, query); got != want {
				t.Errorf("%s, %v from now: got %s, want %s", name, off, got, want)
			}
		}

		row("deadline = $1, updated_at = $2")
		sql, args, err := o.CommitSQL(late)
		if err != nil {
			t.Fatal(err)
		}
		check("a commit with a deadline", sql, args, version, map[string]string{"true": "1", "false": "2"}[reached])
		sql, args, err = o.CommitSQL(gone)
		if err != nil {
			t.Fatal(err)
		}
		check("a removal with a deadline", sql, args, "select (count(*) > 0)::text from tenantsync.tenant", reached)

		claim := []any{"worker", int64(60_000_000), 1}
		row("wake = $1, due = $1, updated_at = $2")
		check("a claim of a tenant woken", o.ClaimSQL(), claim, leased, reached)
		row("wake = $2, due = $1, claimed = true, lease_until = $1")
		check("a claim of a tenant leased until", o.ClaimSQL(), claim, leased, reached)
		row("wake = $2, due = $2, claimed = true, lease_until = $1")
		check("a claim of a tenant renewed until", o.ClaimSQL(), claim, leased, reached)
		check("a move of a tenant renewed until", o.RequeueSQL(), nil, "select claimed::text from tenantsync.tenant", map[string]string{"true": "false", "false": "true"}[reached])
		row("wake = $2, due = $1, claimed = true, lease_until = $2")
		check("a move of a tenant leased until", o.RequeueSQL(), nil, "select (not claimed)::text from tenantsync.tenant", reached)
		row("wake = $1, due = $2, claimed = true, lease_until = $2")
		check("a claim of a tenant whose lease has ended, woken", o.ClaimSQL(), claim, leased, reached)
		row("wake = $2, due = $2, lease_until = $1") // as after a clock that was set back
		check("a claim of a tenant that waits, leased until", o.ClaimSQL(), claim, leased, reached)
		row("lease_until = $1, updated_at = $2")
		check("an acquisition of a tenant leased until", o.AcquireSQL(), []any{"contoso", "worker", int64(1)}, leased, reached)

		const day = 24 * 3_600_000_000
		left := map[bool]string{true: "0", false: "1"}[off < 0]
		runSQL(t, o.pool, "delete from tenantsync.tenant")
		for _, p := range []struct{ name, sql, insert string }{
			{"entry", o.PruneEntriesSQL(), "insert into tenantsync.entry (tenant, version, n, type, run, time) values ('contoso', 1, 0, 't', '', $1::timestamptz - interval '1 day')"},
			{"blob", o.PruneBlobsSQL(), "insert into tenantsync.blob (id, tenant, run, kind, sha256, data, put_at) values ('x', 'contoso', '', 'k', '', '', $1::timestamptz - interval '1 day')"},
		} {
			runSQL(t, o.pool, "delete from tenantsync."+p.name)
			runSQL(t, o.pool, p.insert, at)
			check("a prune of one "+p.name, p.sql, []any{"", int64(day), 10}, "select count(*)::text from tenantsync."+p.name, left)
		}
		row("run = 'run-2', updated_at = $1, wake = $2")
		runSQL(t, o.pool, "delete from tenantsync.run")
		runSQL(t, o.pool, `insert into tenantsync.run (tenant, run, status, outcome, actor, digest, started, updated_at)
			values ('contoso', 'run-1', 'idle', '', '', '', $1::timestamptz, $1::timestamptz - interval '1 day')`, at)
		check("a prune of one run", o.PruneRunsSQL(), []any{"", int64(day), 10}, "select count(*)::text from tenantsync.run", left)
	}
}
