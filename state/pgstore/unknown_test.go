package pgstore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// write is a call that changes the tenant "contoso", with a check of the record
// that shows whether it took effect.
type write struct {
	name string
	hook bool
	mark string // a text in the request
	do   func(ctx context.Context, s *pgstore.Store, r state.Record) error
	done func(before, after state.Record) bool
}

// writes are called on a record that is due and whose lease has fence 1.
var writes = []write{
	{"Commit", false, "contoso", doCommit, committed},
	{"Commit with a hook", true, "commit\x00", doCommit, committed}, // not the level of its BEGIN,
	{"Renew", false, "contoso", func(ctx context.Context, s *pgstore.Store, r state.Record) error {
		_, err := s.Renew(ctx, state.RenewRequest{Tenant: r.Tenant, Fence: r.Fence, For: 9 * time.Hour})
		return err
	}, func(before, after state.Record) bool { return after.LeaseUntil.Sub(before.LeaseUntil) > time.Hour }},
	{"Release", false, "contoso", func(ctx context.Context, s *pgstore.Store, r state.Record) error {
		return s.Release(ctx, state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence})
	}, func(_, after state.Record) bool { return after.LeaseUntil.IsZero() }},
	{"Acquire", false, "contoso", func(ctx context.Context, s *pgstore.Store, r state.Record) error {
		_, err := s.Acquire(ctx, state.AcquireRequest{Tenant: r.Tenant, Owner: "claimer", For: time.Hour})
		return err
	}, leased},
	{"Claim", false, "claimer", func(ctx context.Context, s *pgstore.Store, _ state.Record) error {
		_, err := s.Claim(ctx, state.ClaimRequest{Owner: "claimer", For: time.Hour, Limit: 1})
		return err
	}, leased},
}

func doCommit(ctx context.Context, s *pgstore.Store, r state.Record) error {
	r.Run = "run-2"
	_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
	return err
}

func committed(before, after state.Record) bool { return after.Version == before.Version+1 }
func leased(before, after state.Record) bool    { return after.Fence == before.Fence+1 }

// prepareWrite makes the record that a write works on.
func prepareWrite(t *testing.T, s *pgstore.Store, w write) state.Record {
	t.Helper()
	r := commit(t, s, state.CommitRequest{Record: due("contoso")})
	lease, err := s.Acquire(t.Context(), state.AcquireRequest{Tenant: "contoso", For: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	r = lease.Record
	if w.name == "Acquire" || w.name == "Claim" {
		if err := s.Release(t.Context(), state.ReleaseRequest{Tenant: "contoso", Fence: r.Fence}); err != nil {
			t.Fatal(err)
		}
		r = load(t, s, "contoso")
	}
	return r
}

// openWrite returns a store for a write over a DSN, and a direct one.
func openWrite(t *testing.T, w write, direct, dsn string) (s, other *pgstore.Store, pool *pgxpool.Pool) {
	t.Helper()
	other = open(t, pgstore.Config{DSN: direct}) // and migrated
	pool = openPool(t, dsn, nil)
	cfg := pgstore.Config{Pool: pool}
	if w.hook {
		cfg.OnCommit = func(ctx context.Context, tx pgx.Tx, _ state.Committed) error {
			_, err := tx.Exec(ctx, "select 1")
			return err
		}
	}
	return open(t, cfg), other, pool
}

func TestConnectionCut(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	direct := openPool(t, dsn, nil)
	for _, w := range writes {
		for when, name := range map[cut]string{beforeIt: "before the request", afterIt: "before the answer", onConnect: "no connection"} {
			t.Run(w.name+", "+name, func(t *testing.T) {
				runSQL(t, direct, "drop schema if exists tenantsync cascade")
				p, through := openProxy(t, dsn)
				s, other, pool := openWrite(t, w, dsn, through)
				r := prepareWrite(t, s, w)
				mark := w.mark
				if when == onConnect {
					mark = ""
					pool.Reset() // it has to connect again
				}
				p.strike(when, mark)
				err := w.do(t.Context(), s, r)
				if p.struck() == 0 {
					t.Fatalf("no connection was cut (%v)", err)
				}
				after := load(t, other, "contoso")
				if err == nil {
					t.Fatal("no error")
				}
				if got, want := errors.Is(err, state.ErrUnknown), when != onConnect; got != want {
					t.Errorf("got error %v; unknown: %v, want %v", err, got, want)
				}
				if got, want := w.done(r, after), when == afterIt; got != want {
					t.Errorf("it took effect: %v, want %v", got, want)
				}
				p.strike(never, "")
				if _, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); err != nil {
					t.Errorf("Load over a new connection: %v", err)
				}
			})
		}
	}
}

// Whatever ends a write that waits for a row, its outcome is unknown.
func TestEndsWhileUnderWay(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	through := pgtest.Shared(t).PgBouncer(t).URL(t, dsn)
	pool := openPool(t, dsn, nil)
	for _, w := range writes {
		if w.name == "Claim" {
			continue // it never waits
		}
		t.Run(w.name, func(t *testing.T) {
			for _, tt := range []struct {
				name string
				dsn  string
				end  func(pool *pgxpool.Pool, cancel func())
				want error
			}{
				{"the context ends", dsn, func(_ *pgxpool.Pool, cancel func()) { cancel() }, context.Canceled},
				{"the backend is ended", dsn, endBackend(t), nil},
				{"the backend behind a pooler is ended", through, endBackend(t), nil},
			} {
				t.Run(tt.name, func(t *testing.T) {
					runSQL(t, pool, "drop schema if exists tenantsync cascade")
					s, _, _ := openWrite(t, w, dsn, tt.dsn)
					r := prepareWrite(t, s, w)
					unlock := lockTenant(t, pool, "contoso")
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					result := make(chan error, 1)
					go func() { result <- w.do(ctx, s, r) }()
					waitFor(t, pool, waitsForLock)
					tt.end(pool, cancel)
					err := <-result
					unlock()
					// Before COMMIT the outcome is known: the transaction is lost.
					if got, want := errors.Is(err, state.ErrUnknown), !w.hook; got != want || err == nil {
						t.Errorf("got error %v; unknown: %v, want %v", err, got, want)
					}
					if tt.want != nil && !errors.Is(err, tt.want) {
						t.Errorf("got error %v, want %v in it", err, tt.want)
					}
				})
			}
		})
	}
}

func endBackend(t *testing.T) func(pool *pgxpool.Pool, cancel func()) {
	return func(pool *pgxpool.Pool, _ func()) {
		runSQL(t, pool, `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
	}
}

// After an error of the server itself nothing was written, and that is known.
func TestServerErrorIsKnown(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	pool := openPool(t, dsn, nil)
	for _, w := range writes {
		if w.name == "Claim" {
			continue // it never waits
		}
		t.Run(w.name, func(t *testing.T) {
			runSQL(t, pool, "drop schema if exists tenantsync cascade")
			s, other, _ := openWrite(t, w, dsn, dsn+"&statement_timeout=2s")
			r := prepareWrite(t, other, w)
			unlock := lockTenant(t, pool, "contoso")
			err := w.do(t.Context(), s, r)
			unlock()
			pgErr, ok := errors.AsType[*pgconn.PgError](err)
			if !ok || pgErr.Code != "57014" || errors.Is(err, state.ErrUnknown) {
				t.Errorf("got error %v, want that of a statement that took too long", err)
			}
			if after := load(t, other, "contoso"); w.done(r, after) {
				t.Error("it took effect")
			}
		})
	}
}
