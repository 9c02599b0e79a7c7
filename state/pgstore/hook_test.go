package pgstore_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// jobs is a queue of jobs in the host's own table. An insert of it can fail at
// the commit only.
const jobs = `create table job (tenant text, version bigint);
create function refuse() returns trigger language plpgsql as $$ begin raise 'refused' using errcode = '23514'; end $$;
create constraint trigger late after insert on job deferrable initially deferred
	for each row when (new.tenant = 'refused') execute function refuse()`

func insertJob(ctx context.Context, tx pgx.Tx, c state.Committed) error {
	_, err := tx.Exec(ctx, "insert into job values ($1, $2)", c.Record.Tenant, c.Record.Version)
	return err
}

func TestHook(t *testing.T) {
	errHook := errors.New("the queue is full")
	var hook func(ctx context.Context, tx pgx.Tx, c state.Committed) error
	o := openStore(t, func(cfg *pgstore.Config) {
		cfg.OnCommit = func(ctx context.Context, tx pgx.Tx, c state.Committed) error { return hook(ctx, tx, c) }
	})
	runSQL(t, o.pool, jobs)
	hook = insertJob
	entries := []state.Entry{{Type: "t"}}
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso"), Entries: entries})
	want := func(act string, jobs int, version int64) {
		t.Helper()
		if got := scalar[int](t, o.pool, "select count(*) from job where tenant = 'contoso'"); got != jobs {
			t.Errorf("%s: %d jobs, want %d", act, got, jobs)
		}
		if got := load(t, o, "contoso").Version; got != version {
			t.Errorf("%s: version %d, want %d", act, got, version)
		}
		if got := len(history(t, o, "contoso")); got != int(version) {
			t.Errorf("%s: %d entries, want %d", act, got, version)
		}
		if n := o.pool.Stat().AcquiredConns(); n != 0 {
			t.Errorf("%s: %d connections are not given back", act, n)
		}
	}
	want("after a commit", 1, 1)

	hook = func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
		return errors.Join(insertJob(ctx, tx, c), errHook)
	}
	_, err := o.Commit(t.Context(), state.CommitRequest{Record: r, Entries: entries})
	if !errors.Is(err, errHook) || errors.Is(err, state.ErrUnknown) {
		t.Errorf("with a hook that fails: %v", err)
	}
	want("after a hook that fails", 1, 1)

	called := false
	hook = func(context.Context, pgx.Tx, state.Committed) error { called = true; return nil }
	stale := r
	stale.Version = 7
	if _, err := o.Commit(t.Context(), state.CommitRequest{Record: stale}); !errors.Is(err, state.ErrConflict) || called {
		t.Errorf("a commit that conflicts: %v, the hook was called: %v", err, called)
	}

	hook = func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
		if tx.Commit(ctx) == nil || tx.Rollback(ctx) == nil {
			t.Error("the hook can end the transaction")
		}
		return insertJob(ctx, tx, c)
	}
	r = commit(t, o, state.CommitRequest{Record: r, Entries: entries})
	want("after a hook that tried to end the transaction", 2, 2)

	// The transaction fails if a hook hides an error of the database.
	hook = func(ctx context.Context, tx pgx.Tx, _ state.Committed) error {
		_, _ = tx.Exec(ctx, "select 1/0")
		return nil
	}
	_, err = o.Commit(t.Context(), state.CommitRequest{Record: r, Entries: entries})
	if !errors.Is(err, pgx.ErrTxCommitRollback) || errors.Is(err, state.ErrUnknown) {
		t.Errorf("with a hook that hides an error: %v", err)
	}
	want("after a hook that hides an error", 2, 2)

	// An error of COMMIT itself is a known outcome.
	hook = func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
		c.Record.Tenant = "refused"
		return insertJob(ctx, tx, c)
	}
	_, err = o.Commit(t.Context(), state.CommitRequest{Record: r, Entries: entries})
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "23514" || errors.Is(err, state.ErrUnknown) {
		t.Errorf("with a constraint that fails at the commit: %v", err)
	}
	want("after a constraint that failed at the commit", 2, 2)

	ctx, cancel := context.WithCancel(t.Context())
	hook = func(context.Context, pgx.Tx, state.Committed) error { cancel(); return nil }
	_, err = o.Commit(ctx, state.CommitRequest{Record: r, Entries: entries})
	if !errors.Is(err, context.Canceled) || errors.Is(err, state.ErrUnknown) {
		t.Errorf("with a context that ends before the commit: %v", err)
	}
	want("after a context that ended before the commit", 2, 2)

	hook = func(context.Context, pgx.Tx, state.Committed) error { panic("the host's") }
	func() {
		defer func() { _ = recover() }()
		_, _ = o.Commit(t.Context(), state.CommitRequest{Record: r, Entries: entries})
	}()
	want("after a hook that panics", 2, 2)
}

// If the database rolls a commit back in favour of another, the store retries
// it with the hook, and it takes effect once.
func TestHookAgain(t *testing.T) {
	calls := 0
	o := openStore(t, func(cfg *pgstore.Config) {
		cfg.OnCommit = func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
			calls++
			if err := insertJob(ctx, tx, c); err != nil {
				return err
			}
			if calls < 3 {
				return &pgconn.PgError{Severity: "ERROR", Code: "40001", Message: "planted"}
			}
			return nil
		}
	})
	runSQL(t, o.pool, jobs)
	commit(t, o, state.CommitRequest{Record: newRecord("contoso")})
	if got := scalar[int](t, o.pool, "select count(*) from job"); got != 1 || calls != 3 {
		t.Errorf("%d jobs after %d calls, want 1 after 3", got, calls)
	}
	// The retries end.
	calls = -1000
	_, err := o.Commit(t.Context(), state.CommitRequest{Record: newRecord("fabrikam")})
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != "40001" || errors.Is(err, state.ErrUnknown) {
		t.Errorf("got error %v, want the database's", err)
	}
	if got := calls + 1000; got != pgstore.MaxAttempts {
		t.Errorf("%d attempts, want %d", got, pgstore.MaxAttempts)
	}
}

// tracer counts the statements that a pool sends.
type tracer struct{ sent []string }

func (tr *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	tr.sent = append(tr.sent, data.SQL)
	return ctx
}

func (tr *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Without a hook a commit is one statement, whatever its outcome.
func TestCommitIsOneStatement(t *testing.T) {
	o := openStore(t, nil)
	var tr tracer
	pool := openPool(t, o.dsn, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = &tr })
	s := open(t, pgstore.Config{Pool: pool})
	r := newRecord("contoso")
	r.Labels = map[string]string{"region": "eu"}
	for _, tt := range []struct {
		name   string
		change func(*state.CommitRequest)
		want   error
	}{
		{"creates", func(*state.CommitRequest) {}, nil},
		{"creates again", func(req *state.CommitRequest) { req.Record.Version = 0 }, state.ErrConflict},
		{"with entries", func(req *state.CommitRequest) { req.Entries = make([]state.Entry, 500); fill(req.Entries) }, nil},
		{"with labels", func(req *state.CommitRequest) { req.Record.Labels = map[string]string{"region": "us"} }, nil},
		{"with a deadline", func(req *state.CommitRequest) { req.DeadlineIn = 1 }, nil},
		{"late", func(req *state.CommitRequest) { req.BeforeDeadline = true }, state.ErrExpired},
		{"stale and late", func(req *state.CommitRequest) { req.BeforeDeadline, req.Record.Version = true, 1 }, state.ErrConflict},
		{"fenced", func(req *state.CommitRequest) { req.Fence = 1 }, state.ErrConflict},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _ = s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}) // the version is checked once
			req := state.CommitRequest{Record: r}
			tt.change(&req)
			tr.sent = nil
			got, err := s.Commit(t.Context(), req)
			if !errors.Is(err, tt.want) {
				t.Errorf("got error %v, want %v", err, tt.want)
			}
			if err == nil {
				r = got.Record
			}
			if len(tr.sent) != 1 {
				t.Errorf("%d statements were sent: %q", len(tr.sent), tr.sent)
			}
			if got.Now.IsZero() {
				t.Error("Now is not set")
			}
		})
	}
	if strings.Count(tr.sent[0], "{") > 1 { // '{}' apart
		t.Errorf("a placeholder is left: %s", tr.sent[0])
	}
}

func fill(entries []state.Entry) {
	for i := range entries {
		entries[i].Type = "t"
	}
}
