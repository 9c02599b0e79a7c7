package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// Each method returns the error of a context that has ended before it.
func TestEndedContext(t *testing.T) {
	o := openStore(t, nil)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, err := range everyMethod(ended, o) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want context.Canceled", name, err)
		}
	}
	for _, table := range []string{"tenant", "blob", "cache"} {
		if n := scalar[int](t, o.pool, "select count(*) from tenantsync."+table); n != 0 {
			t.Errorf("%d rows were written to %s", n, table)
		}
	}
}

// Each method returns an error of the server that lasts.
func TestRefusedByTheServer(t *testing.T) {
	o := openStore(t, nil)
	runSQL(t, o.pool, `drop role if exists pgstore_stranger; create role pgstore_stranger;
		grant usage on schema tenantsync to pgstore_stranger; grant select on tenantsync.migration to pgstore_stranger`)
	t.Cleanup(func() { runSQL(t, o.pool, "drop owned by pgstore_stranger; drop role pgstore_stranger") })
	for _, level := range []string{"read committed", "serializable"} {
		pool := openPool(t, o.dsn, func(cfg *pgxpool.Config) {
			cfg.ConnConfig.RuntimeParams["role"] = "pgstore_stranger"
			cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = level
		})
		s, err := pgstore.New(t.Context(), pgstore.Config{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range everyMethod(t.Context(), s) {
			refused, ok := errors.AsType[*pgconn.PgError](err)
			if !ok || refused.Code != "42501" || errors.Is(err, state.ErrUnknown) || !strings.HasPrefix(err.Error(), "pgstore: ") {
				t.Errorf("%s, %s: got error %v, want that the server refuses it", name, level, err)
			}
		}
	}
}

// A transaction that cannot begin is an error, and nothing is done without it.
func TestTransactionCannotBegin(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	direct := open(t, pgstore.Config{DSN: dsn})
	r := commit(t, direct, state.CommitRequest{Record: due("contoso")})
	p, through := openProxy(t, dsn)
	pool := openPool(t, through, func(cfg *pgxpool.Config) {
		cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
	})
	s := open(t, pgstore.Config{Pool: pool})
	for name, call := range map[string]func() error{
		"Commit": func() error {
			_, err := s.Commit(t.Context(), state.CommitRequest{Record: r})
			return err
		},
		"Claim": func() error {
			_, err := s.Claim(t.Context(), state.ClaimRequest{For: 1, Limit: 1})
			return err
		},
		"Put": func() error {
			_, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"})
			return err
		},
		"Caches.Delete": func() error { return s.Caches().Delete(t.Context(), auth.CacheKey{Tenant: "contoso"}) },
	} {
		load(t, s, "contoso") // a connection that works
		p.strike(beforeIt, "begin isolation level")
		err := call()
		if p.struck() == 0 {
			t.Fatalf("%s: no connection was cut", name)
		}
		p.strike(never, "")
		if err == nil || errors.Is(err, state.ErrUnknown) || errors.Is(err, state.ErrConflict) {
			t.Errorf("%s where the transaction does not begin: %v", name, err)
		}
	}
	if got := load(t, direct, "contoso"); got.Version != 1 || got.Fence != 0 {
		t.Errorf("the record has version %d and fence %d, want 1 and 0", got.Version, got.Fence)
	}
}

// An error of the server says that the transaction was rolled back, except one
// that ends the connection, which may come after the commit. A pooler reports a
// lost server as an ordinary error.
func TestUnknownOutcome(t *testing.T) {
	for _, c := range []struct {
		severity, code string
		unknown        bool
	}{
		{"ERROR", "23505", false}, {"ERROR", "40001", false}, {"ERROR", "57014", false}, {"ERROR", "57P04", false},
		{"FATAL", "23505", true}, {"PANIC", "XX000", true},
		{"ERROR", "57P01", true}, {"ERROR", "57P02", true}, {"ERROR", "57P03", true}, {"ERROR", "57P05", true},
		{"ERROR", "08006", true}, {"ERROR", "08P01", true},
	} {
		for _, e := range []*pgconn.PgError{
			{Severity: c.severity, Code: c.code}, {Severity: "in another language", SeverityUnlocalized: c.severity, Code: c.code},
		} {
			if got := pgstore.IsUnknown(fmt.Errorf("wrapped: %w", e)); got != c.unknown {
				t.Errorf("%s %s: unknown is %v, want %v", c.severity, c.code, got, c.unknown)
			}
		}
	}
	if pgstore.IsUnknown(pgx.ErrTxCommitRollback) || !pgstore.IsUnknown(errors.New("conn closed")) {
		t.Error("a commit that was rolled back is unknown, or a closed connection is not")
	}
}

// A hook's transaction ends with the hook: what the hook wrote before its error
// is rolled back, and its error is the commit's.
func TestHookErrorLasts(t *testing.T) {
	boom := errors.New("boom")
	calls := 0
	o := openStore(t, func(cfg *pgstore.Config) {
		cfg.OnCommit = func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
			calls++
			_, err := tx.Exec(ctx, "update tenantsync.tenant set run = 'hook' where tenant = $1", c.Record.Tenant)
			return errors.Join(boom, err)
		}
	})
	before := o.pool.Stat().NewConnsCount()
	for range 2 {
		if _, err := o.Commit(t.Context(), state.CommitRequest{Record: newRecord("contoso")}); !errors.Is(err, boom) || errors.Is(err, state.ErrUnknown) {
			t.Errorf("got error %v, want the hook's", err)
		}
	}
	if n := scalar[int](t, o.pool, "select count(*) from tenantsync.tenant"); n != 0 || calls != 2 {
		t.Errorf("%d records are stored after %d calls, want none after 2", n, calls)
	}
	// A connection that was not rolled back would be closed.
	if n := o.pool.Stat().NewConnsCount() - before; n != 0 {
		t.Errorf("%d connections were made again", n)
	}
}

// A column whose JSON is of another type is an error of each method that reads it, and
// never an empty list.
func TestDamagedColumns(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: due("contoso")})
	lease, err := o.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	for _, tenant := range []string{"fabrikam", "tailspin"} { // one for each claim
		commit(t, o, state.CommitRequest{Record: due(tenant)})
	}
	for column, whole := range map[string]string{"labels": "{}", "refs": "[]"} {
		runSQL(t, o.pool, "update tenantsync.tenant set "+column+` = '{"a":1}'`)
		for name, call := range map[string]func() error{
			"Load": func() error { _, err := o.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); return err },
			"Claim": func() error {
				_, err := o.Claim(t.Context(), state.ClaimRequest{For: time.Hour, Limit: 1})
				return err
			},
			"List": func() error { _, err := o.List(t.Context(), state.ListRequest{}); return err },
			"Renew": func() error {
				_, err := o.Renew(t.Context(), state.RenewRequest{Tenant: "contoso", Fence: lease.Record.Fence, For: time.Hour})
				return err
			},
		} {
			if err := call(); err == nil || !strings.Contains(err.Error(), ` of "`) {
				t.Errorf("%s with damaged %s: got %v, want an error that names the tenant", name, column, err)
			}
		}
		runSQL(t, o.pool, "update tenantsync.tenant set "+column+" = '"+whole+"'")
	}
	if got := load(t, o, "contoso"); got.Version != r.Version || got.Labels != nil || got.Refs != nil {
		t.Errorf("got %+v afterwards", got)
	}
}
