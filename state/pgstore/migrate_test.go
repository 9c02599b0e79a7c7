package pgstore_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

// everyMethod calls each method once, and returns its error by its name.
func everyMethod(ctx context.Context, s store) map[string]error {
	errs := map[string]error{}
	_, errs["Load"] = s.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	_, errs["Commit, creating"] = s.Commit(ctx, state.CommitRequest{Record: newRecord("contoso")})
	_, errs["Commit, creating with an illegal event"] = s.Commit(ctx, state.CommitRequest{Record: newRecord("fabrikam"), Events: []state.Event{state.Begin}})
	r := newRecord("contoso")
	r.Version = 1
	_, errs["Commit"] = s.Commit(ctx, state.CommitRequest{Record: r})
	_, errs["List"] = s.List(ctx, state.ListRequest{})
	_, errs["History"] = s.History(ctx, state.HistoryRequest{Tenant: "contoso"})
	_, errs["Runs"] = s.Runs(ctx, state.RunsRequest{Tenant: "contoso"})
	_, errs["Claim"] = s.Claim(ctx, state.ClaimRequest{For: time.Second, Limit: 1})
	_, errs["Acquire"] = s.Acquire(ctx, state.AcquireRequest{Tenant: "contoso", For: time.Second})
	_, errs["Renew"] = s.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: 1, For: time.Second})
	errs["Release"] = s.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: 1})
	put := state.PutRequest{Tenant: "contoso", Kind: "plan"}
	_, errs["Put"] = s.Put(ctx, put)
	_, errs["Get"] = s.Get(ctx, put.Ref())
	errs["Remove"] = s.Remove(ctx, "contoso")
	_, errs["Commit, removing"] = s.Commit(ctx, state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
	_, errs["Prune"] = s.Prune(ctx, state.PruneRequest{})
	caches := s.Caches()
	_, errs["Caches.Load"] = caches.Load(ctx, auth.CacheKey{Tenant: "contoso"})
	_, errs["Caches.Save"] = caches.Save(ctx, auth.CacheKey{Tenant: "contoso"}, auth.Cache{})
	errs["Caches.Delete"] = caches.Delete(ctx, auth.CacheKey{Tenant: "contoso"})
	return errs
}

func wantEvery(t *testing.T, s store, want error) {
	t.Helper()
	for name, err := range everyMethod(t.Context(), s) {
		if !errors.Is(err, want) || errors.Is(err, state.ErrUnknown) {
			t.Errorf("%s: got error %v, want %v", name, err, want)
		}
	}
}

func TestNotMigrated(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	pool := openPool(t, dsn, nil)
	s, err := pgstore.New(t.Context(), pgstore.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	wantEvery(t, s, pgstore.ErrNotMigrated)
	if scalar[bool](t, pool, "select to_regnamespace('tenantsync') is not null") {
		t.Error("a schema was made without Migrate")
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit(t, s, state.CommitRequest{Record: newRecord("contoso")})

	runSQL(t, pool, "delete from tenantsync.migration")
	older, err := pgstore.New(t.Context(), pgstore.Config{Pool: pool})
	if err != nil {
		t.Fatal(err)
	}
	wantEvery(t, older, pgstore.ErrNotMigrated)

	// A store that was in use notices too.
	runSQL(t, pool, "drop schema tenantsync cascade")
	wantEvery(t, s, pgstore.ErrNotMigrated)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
}

// A database of the first release keeps its data, and gets the new tables.
func TestMigrateFromFirst(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	pool := openPool(t, dsn, nil)
	first, err := os.ReadFile("migrations/0001.sql")
	if err != nil {
		t.Fatal(err)
	}
	runSQL(t, pool, "create schema tenantsync")
	runSQL(t, pool, "create table tenantsync.migration (version integer primary key, applied_at timestamptz not null default clock_timestamp())")
	for _, text := range []string{
		pgstore.Qualified(string(first), "tenantsync"),
		"insert into tenantsync.migration (version) values (1)",
		`insert into tenantsync.tenant (tenant, version, status, run, labels, data, refs, updated_at, fence)
			values ('contoso', 7, 'idle', 'run-1', '{"region":"eu"}', '{"v":1}', '[]', clock_timestamp(), 3)`,
		`insert into tenantsync.entry (tenant, version, n, type, run, time) values ('contoso', 7, 0, 'end', 'run-1', clock_timestamp())`,
	} {
		if _, err := pool.Exec(t.Context(), text, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	s := open(t, pgstore.Config{Pool: pool})
	r := load(t, s, "contoso")
	if r.Version != 7 || r.Fence != 3 || r.Status != state.Idle || len(history(t, s, "contoso")) != 1 {
		t.Fatalf("after the migration the record is %+v", r)
	}
	run := state.Run{ID: "run-2", Status: state.Starting, Started: time.Now()}
	r = commit(t, s, state.CommitRequest{Record: r, Events: []state.Event{state.Start}, Runs: []state.Run{run}})
	page, err := s.Runs(t.Context(), state.RunsRequest{Statuses: []state.Status{state.Starting}})
	if err != nil || len(page.Runs) != 1 || r.Status != state.Starting {
		t.Errorf("Runs after the migration: %+v, %v", page, err)
	}
	commit(t, s, state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
}

func TestNewerSchema(t *testing.T) {
	o := openStore(t, nil)
	r := commit(t, o, state.CommitRequest{Record: newRecord("contoso")})
	runSQL(t, o.pool, "insert into tenantsync.migration (version) values ($1)", pgstore.SchemaVersion+1)
	s, err := pgstore.New(t.Context(), pgstore.Config{Pool: o.pool})
	if err != nil {
		t.Fatal(err)
	}
	wantEvery(t, s, pgstore.ErrNewerSchema)
	if err := s.Migrate(t.Context()); !errors.Is(err, pgstore.ErrNewerSchema) {
		t.Errorf("Migrate: got error %v, want ErrNewerSchema", err)
	}
	// A store that was in use works until its statements no longer fit.
	r = commit(t, o, state.CommitRequest{Record: r})
	runSQL(t, o.pool, "alter table tenantsync.tenant rename to tenant_v2")
	if _, err := o.Commit(t.Context(), state.CommitRequest{Record: r}); !errors.Is(err, pgstore.ErrNewerSchema) {
		t.Errorf("Commit on a table that is gone: got error %v, want ErrNewerSchema", err)
	}
	// From then on no method works, also where its statements still fit.
	runSQL(t, o.pool, "alter table tenantsync.tenant_v2 rename to tenant")
	wantEvery(t, o.Store, pgstore.ErrNewerSchema)
}

func TestMigrateAtOnce(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	through := pgtest.Shared(t).PgBouncer(t).URL(t, dsn)
	for name, dsn := range map[string]string{"direct": dsn, "pgbouncer": through} {
		t.Run(name, func(t *testing.T) {
			schema := newSchema()
			var wg sync.WaitGroup
			for range 8 {
				s, err := pgstore.New(t.Context(), pgstore.Config{DSN: dsn, Schema: schema})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(s.Close)
				wg.Go(func() {
					if err := s.Migrate(t.Context()); err != nil {
						t.Errorf("Migrate at the same time: %v", err)
					}
				})
			}
			wg.Wait()
			pool := openPool(t, dsn, nil)
			if got := scalar[int](t, pool, tables(schema, "select count(*) from {schema}.migration")); got != pgstore.SchemaVersion {
				t.Errorf("%d migrations were applied, want %d", got, pgstore.SchemaVersion)
			}
			commit(t, open(t, pgstore.Config{DSN: dsn, Schema: schema}), state.CommitRequest{Record: newRecord("contoso")})
		})
	}
	// Migrate leaves no lock.
	if n := scalar[int](t, openPool(t, dsn, nil), "select count(*) from pg_locks where locktype = 'advisory'"); n != 0 {
		t.Errorf("%d advisory locks are left", n)
	}
}

// A role that may only read and write can use the store, and can call Migrate
// on a migrated database. On another database, its Migrate fails and changes
// nothing.
func TestMigrateWithoutRights(t *testing.T) {
	o := openStore(t, nil)
	runSQL(t, o.pool, `drop role if exists pgstore_worker; create role pgstore_worker;
		grant usage on schema tenantsync to pgstore_worker;
		grant select, insert, update, delete on all tables in schema tenantsync to pgstore_worker`)
	t.Cleanup(func() { runSQL(t, o.pool, "drop owned by pgstore_worker; drop role pgstore_worker") })
	worker := openPool(t, o.dsn, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["role"] = "pgstore_worker" })
	s := open(t, pgstore.Config{Pool: worker})
	r := newRecord("contoso")
	r.Labels = map[string]string{"region": "eu"}
	r = commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
	r.Labels["region"] = "us"
	commit(t, s, state.CommitRequest{Record: r})
	other, err := pgstore.New(t.Context(), pgstore.Config{Pool: worker, Schema: "other"})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Migrate(t.Context()); err == nil {
		t.Error("Migrate made a schema without the right to")
	}
	runSQL(t, o.pool, "create schema other; grant usage, create on schema other to pgstore_worker; create table other.blob ()")
	if err := other.Migrate(t.Context()); err == nil {
		t.Error("Migrate over a table of another program")
	}
	if got := scalar[int](t, o.pool, "select count(*) from pg_class where relnamespace = 'other'::regnamespace"); got != 1 {
		t.Errorf("after a migration that failed there are %d tables and indexes, want 1", got)
	}
	runSQL(t, o.pool, "drop table other.blob")
	if err := other.Migrate(t.Context()); err != nil {
		t.Errorf("Migrate in an existing schema: %v", err)
	}
}

func TestNew(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	pool := openPool(t, dsn, nil)
	latin := pgtest.Shared(t).DatabaseWith(t, "template template0 encoding 'LATIN1' locale 'C'")
	for want, cfg := range map[string]pgstore.Config{
		"neither Pool nor DSN": {},
		"both set":             {Pool: pool, DSN: dsn},
		"longer than 63":       {Pool: pool, Schema: strings.Repeat("x", 64)},
		"cannot parse":         {DSN: "postgres://:secret@%%"},
		"connect":              {DSN: "postgres://nobody:secret@127.0.0.1:1/none?connect_timeout=5"},
		"encoding is LATIN1":   {DSN: latin},
	} {
		s, err := pgstore.New(t.Context(), cfg)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("got error %v, want one with %q and no password", err, want)
		}
	}
	open(t, pgstore.Config{Pool: pool, Schema: strings.Repeat("x", 63)})
	for version, old := range map[int]bool{120_022: true, 129_999: true, 130_000: false, 130_001: false, 180_000: false} {
		if err := pgstore.CheckVersion(version); (err != nil) != old {
			t.Errorf("a server of version %d: %v", version, err)
		}
	}
	// The host's pool stays open, the store's own does not.
	open(t, pgstore.Config{Pool: pool}).Close()
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("the host's pool after Close: %v", err)
	}
	own := open(t, pgstore.Config{DSN: dsn})
	own.Close()
	if _, err := own.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); err == nil || errors.Is(err, state.ErrNotFound) {
		t.Errorf("Load after Close: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	warned := func(dsn string) string {
		var log bytes.Buffer
		s, err := pgstore.New(t.Context(), pgstore.Config{DSN: dsn, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		return log.String()
	}
	if got := warned(dsn); got != "" {
		t.Errorf("the server's defaults are warned of: %s", got)
	}
	for _, value := range []string{"off", "local"} {
		if got := warned(dsn + "&synchronous_commit=" + value); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "synchronous_commit is "+value) {
			t.Errorf("with synchronous_commit=%s the log is %q", value, got)
		}
	}
	for want, got := range map[string][]string{
		"":                 pgstore.Warnings("remote_apply", "on", "on", false),
		"fsync":            pgstore.Warnings("on", "off", "on", false),
		"full_page_writes": pgstore.Warnings("on", "on", "off", false),
		"standby":          pgstore.Warnings("on", "on", "on", true),
	} {
		if want == "" && len(got) > 0 || want != "" && (len(got) != 1 || !strings.Contains(got[0], want)) {
			t.Errorf("got %q, want one about %q", got, want)
		}
	}
}

// On a direct connection statements are prepared. Through a pooler, or if the
// host has disabled it, they are not.
func TestPreparedStatements(t *testing.T) {
	dsn := pgtest.Shared(t).Database(t)
	through := pgtest.Shared(t).PgBouncer(t).URL(t, dsn)
	execMode := func(cfg *pgxpool.Config) { cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec }
	for _, tt := range []struct {
		name   string
		dsn    string
		change func(*pgxpool.Config)
		want   bool
	}{
		{"direct", dsn, nil, true},
		{"pgbouncer", through, nil, false},
		{"direct, another mode", dsn, execMode, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, pgstore.Config{Pool: openPool(t, tt.dsn, tt.change)})
			if s.Prepares() != tt.want {
				t.Errorf("statements are prepared: %v, want %v", s.Prepares(), tt.want)
			}
		})
	}
	// The store detects a hidden pooler by an error of a prepared statement.
	s := open(t, pgstore.Config{DSN: through})
	s.SetPrepares()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if _, err := s.Load(t.Context(), state.LoadRequest{Tenant: "nobody"}); !errors.Is(err, state.ErrNotFound) {
					t.Errorf("Load: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if s.Prepares() {
		t.Error("statements are still prepared")
	}
}
