package sqlitestore_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// methods are all methods that use the database.
func methods(s *sqlitestore.Store) map[string]func(context.Context) error {
	record := newRecord("contoso")
	ref := state.PutRequest{Tenant: "contoso", Kind: "plan"}.Ref()
	return map[string]func(context.Context) error{
		"Load": func(ctx context.Context) error {
			_, err := s.Load(ctx, state.LoadRequest{Tenant: "contoso"})
			return err
		},
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, state.CommitRequest{Record: record})
			return err
		},
		"List": func(ctx context.Context) error {
			_, err := s.List(ctx, state.ListRequest{Labels: map[string]string{"a": "b"}})
			return err
		},
		"History": func(ctx context.Context) error {
			_, err := s.History(ctx, state.HistoryRequest{Tenant: "contoso"})
			return err
		},
		"Runs": func(ctx context.Context) error {
			_, err := s.Runs(ctx, state.RunsRequest{})
			return err
		},
		"Remove": func(ctx context.Context) error { return s.Remove(ctx, "contoso") },
		"Claim": func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		},
		"Acquire": func(ctx context.Context) error {
			_, err := s.Acquire(ctx, state.AcquireRequest{Tenant: "contoso", For: time.Hour})
			return err
		},
		"Renew": func(ctx context.Context) error {
			_, err := s.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: 1, For: time.Hour})
			return err
		},
		"Release": func(ctx context.Context) error {
			return s.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: 1})
		},
		"Put": func(ctx context.Context) error {
			_, err := s.Put(ctx, state.PutRequest{Tenant: "contoso", Kind: "plan"})
			return err
		},
		"Get": func(ctx context.Context) error {
			_, err := s.Get(ctx, ref)
			return err
		},
		"Prune": func(ctx context.Context) error {
			_, err := s.Prune(ctx, state.PruneRequest{})
			return err
		},
		"Caches.Load": func(ctx context.Context) error {
			_, err := s.Caches().Load(ctx, auth.CacheKey{Tenant: "contoso"})
			return err
		},
		"Caches.Save": func(ctx context.Context) error {
			_, err := s.Caches().Save(ctx, auth.CacheKey{Tenant: "contoso"}, auth.Cache{})
			return err
		},
		"Caches.Delete": func(ctx context.Context) error {
			return s.Caches().Delete(ctx, auth.CacheKey{Tenant: "contoso"})
		},
	}
}

// both opens a store in both ways.
func both(t *testing.T, path string) map[string]*sqlitestore.Store {
	t.Helper()
	return map[string]*sqlitestore.Store{
		"path": openBare(t, sqlitestore.Config{Path: path}),
		"host": openBare(t, sqlitestore.Config{DB: hostDB(t, path, "")}),
	}
}

// wantAll checks what every method returns.
func wantAll(t *testing.T, when string, stores map[string]*sqlitestore.Store, want error, says string) {
	t.Helper()
	for how, s := range stores {
		for name, call := range methods(s) {
			err := call(t.Context())
			if !errors.Is(err, want) || !strings.Contains(err.Error(), says) {
				t.Errorf("%s, %s: %s: got %v, want %v", when, how, name, err, want)
			}
		}
	}
}

func mustExec(t *testing.T, db *sql.DB, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func TestNotMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	stores := both(t, path)
	wantAll(t, "a new database", stores, sqlitestore.ErrNotMigrated, "call Store.Migrate")
	for _, s := range stores {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for how, s := range stores { // which have seen it without tables
		commit(t, s, state.CommitRequest{Record: newRecord(how)})
	}
	// An older release's schema, as this one sees it.
	raw := hostDB(t, path, "")
	mustExec(t, raw, "DELETE FROM tenantsync_schema")
	wantAll(t, "an older schema", stores, sqlitestore.ErrNotMigrated, "its schema is 0")
}

// A newer release may migrate the database at any time. From then on an older
// one, running or starting, touches nothing.
func TestNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openPath(t, path)
	stores := both(t, path)
	for _, s := range stores {
		for name, call := range methods(s) {
			if err := call(t.Context()); errors.Is(err, sqlitestore.ErrNewerSchema) {
				t.Errorf("%s before the migration: %v", name, err)
			}
		}
	}
	raw := hostDB(t, path, "")
	mustExec(t, raw, "INSERT INTO tenantsync_schema (version, name, applied_at) VALUES (999, 'future', 0)")
	wantAll(t, "a newer schema", stores, sqlitestore.ErrNewerSchema, "update this program")
	// The same holds when it no longer has the tables of this release.
	mustExec(t, raw, "ALTER TABLE tenantsync_record RENAME TO tenantsync_tenant")
	wantAll(t, "a newer schema without a table", stores, sqlitestore.ErrNewerSchema, "its schema is 999")
	for how, s := range stores {
		if err := s.Migrate(t.Context()); !errors.Is(err, sqlitestore.ErrNewerSchema) {
			t.Errorf("%s: Migrate of a newer schema: %v", how, err)
		}
	}
	for _, cfg := range []sqlitestore.Config{{Path: path}, {DB: raw}} {
		if s, err := sqlitestore.New(t.Context(), cfg); !errors.Is(err, sqlitestore.ErrNewerSchema) || s != nil {
			t.Errorf("New on a newer schema: %v", err)
		}
	}
}

func TestMigrateAtOnce(t *testing.T) {
	for range 5 {
		path := filepath.Join(t.TempDir(), "state.db")
		var wg sync.WaitGroup
		for i := range 8 {
			cfg := sqlitestore.Config{Path: path}
			if i%2 == 1 {
				cfg = sqlitestore.Config{DB: hostDB(t, path, "")}
			}
			s := openBare(t, cfg)
			wg.Go(func() {
				for range 2 {
					if err := s.Migrate(t.Context()); err != nil {
						t.Errorf("Migrate at the same time: %v", err)
					}
				}
				if _, err := s.Commit(t.Context(), state.CommitRequest{Record: newRecord(tenantName(i))}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var n int
		if err := hostDB(t, path, "").QueryRow("SELECT count(*) FROM tenantsync_schema").Scan(&n); err != nil || n != sqlitestore.Release {
			t.Errorf("%d migrations were noted, %v; want %d", n, err, sqlitestore.Release)
		}
	}
}

// Migrate does not change the host's tables, and sets WAL on the file.
func TestMigrateHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "host.db")
	db := hostDB(t, path, "_journal_mode=DELETE")
	mustExec(t, db, "CREATE TABLE record (x TEXT)")
	mustExec(t, db, "INSERT INTO record VALUES ('host')")
	mustExec(t, db, "PRAGMA user_version = 7")
	openDB(t, db)
	var journal, x string
	var version int
	if err := db.QueryRow("SELECT x, user_version, journal_mode FROM record, pragma_user_version, pragma_journal_mode").Scan(&x, &version, &journal); err != nil {
		t.Fatal(err)
	}
	if x != "host" || version != 7 || journal != "wal" {
		t.Errorf("row %q, user_version %d, journal mode %q; want host, 7, wal", x, version, journal)
	}
	// After a program has set another mode, New reports it, and Migrate sets WAL
	// again.
	db.SetMaxOpenConns(1)
	mustExec(t, db, "PRAGMA journal_mode = DELETE")
	if _, err := sqlitestore.New(t.Context(), sqlitestore.Config{DB: db}); !errors.Is(err, sqlitestore.ErrNotMigrated) || !strings.Contains(err.Error(), "journal mode") {
		t.Errorf("New in journal mode DELETE: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	utf16 := hostDB(t, filepath.Join(dir, "utf16.db"), "_pragma=encoding('UTF-16')")
	mustExec(t, utf16, "CREATE TABLE x (x)")
	for _, tt := range []struct {
		name string
		cfg  sqlitestore.Config
		want string
	}{
		{"nothing", sqlitestore.Config{}, "one of DB and Path"},
		{"both", sqlitestore.Config{Path: text, DB: utf16}, "are both set"},
		{"a negative time", sqlitestore.Config{Path: text, BusyTimeout: -1}, "BusyTimeout -1ns"},
		{"KeepSynchronous of its own", sqlitestore.Config{Path: text, KeepSynchronous: true}, "needs DB"},
		{"a URI", sqlitestore.Config{Path: "file:x.db"}, "is not the path of a file"},
		{"memory", sqlitestore.Config{Path: ":memory:"}, "state.NewMemory"},
		{"no folder", sqlitestore.Config{Path: filepath.Join(dir, "none", "x.db")}, "no such file"},
		{"a folder", sqlitestore.Config{Path: dir}, "unable to open"},
		{"no database", sqlitestore.Config{Path: text}, "not a database"},
		{"a host's memory", sqlitestore.Config{DB: memoryDB(t)}, "state.NewMemory"},
		{"UTF-16", sqlitestore.Config{DB: utf16}, "must be UTF-8"},
	} {
		s, err := sqlitestore.New(t.Context(), tt.cfg)
		if err == nil || !strings.Contains(err.Error(), tt.want) || s != nil {
			t.Errorf("%s: got %v, want an error with %q", tt.name, err, tt.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlitestore.New(ctx, sqlitestore.Config{Path: filepath.Join(dir, "x.db")}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
}

func memoryDB(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// A path may have any characters. It is relative to the working folder at the
// time of New.
func TestOddPaths(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a b.db", "a?mode=ro.db", "a#b.db", "100%25.db", "é&x=1.db", `a\b.db`, "'a'.db", "@a:b.db"} {
		path := filepath.Join(dir, name)
		s := openPath(t, path)
		commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Chdir(dir)
	s := openBare(t, sqlitestore.Config{Path: "relative.db"})
	t.Chdir(t.TempDir())
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "relative.db")); err != nil {
		t.Error(err)
	}
}

func TestClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := hostDB(t, path, "")
	for _, s := range []*sqlitestore.Store{openPath(t, path), openDB(t, db)} {
		commit(t, s, state.CommitRequest{Record: newRecord("contoso"), BeforeDeadline: true})
		for range 2 {
			if err := s.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		}
		for name, call := range methods(s) {
			if err := call(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
				t.Errorf("%s after Close: %v", name, err)
			}
		}
		if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("Migrate after Close: %v", err)
		}
		mustExec(t, db, "DELETE FROM tenantsync_record") // the host still can
	}
	if _, err := os.Stat(path + "-wal"); err != nil {
		t.Errorf("the host's connections are closed: %v", err)
	}
}

// logged collects the messages of a logger.
func logged() (*slog.Logger, *strings.Builder) {
	var text strings.Builder
	return slog.New(slog.NewTextHandler(&text, nil)), &text
}

// A later release migrates the database of an older one whole or not at all.
func TestNextRelease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
	load := func() error {
		_, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		return err
	}

	restore := sqlitestore.AddMigration("CREATE TABLE tenantsync_new (x INTEGER); INSERT INTO tenantsync_none VALUES (1)")
	if err := s.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "migration added") {
		t.Errorf("a migration that fails: %v", err)
	}
	restore()
	if err := load(); err != nil {
		t.Errorf("after a migration that failed: %v", err)
	}
	restore = sqlitestore.AddMigration("CREATE TABLE tenantsync_new (x INTEGER)")
	if err := load(); !errors.Is(err, sqlitestore.ErrNotMigrated) {
		t.Errorf("the next release, before its migration: %v", err)
	}
	for range 2 {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := load(); err != nil {
		t.Errorf("the next release: %v", err)
	}
	restore()
	if err := load(); !errors.Is(err, sqlitestore.ErrNewerSchema) {
		t.Errorf("the former release: %v", err)
	}
}

// A database of the first release keeps its data, and gets the new tables.
func TestMigrateFromFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := hostDB(t, path, "")
	first, err := os.ReadFile("migrations/0001_stores.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"PRAGMA journal_mode = WAL",
		"CREATE TABLE tenantsync_schema (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT",
		string(first),
		"INSERT INTO tenantsync_schema VALUES (1, '0001_stores', 1)",
		`INSERT INTO tenantsync_record (id, tenant, version, status, run, updated_at, labels, data) VALUES (4, 'contoso', 7, 'idle', 'run-1', 1, '{"region":"eu"}', '{"v":1}')`,
		"INSERT INTO tenantsync_label VALUES ('region', 'eu', 'contoso')",
		"INSERT INTO tenantsync_lease VALUES (4, 3, '', NULL)",
		"INSERT INTO tenantsync_entry VALUES (4, 7, 0, 'run-1', 'end', 1, NULL)",
	} {
		if _, err := db.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	s := openPath(t, path)
	loaded, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
	if r := loaded.Record; err != nil || r.Version != 7 || r.Fence != 3 || r.Status != state.Idle {
		t.Fatalf("after the migration the record is %+v, %v", r, err)
	}
	run := state.Run{ID: "run-2", Status: state.Starting, Started: time.Now()}
	r := commit(t, s, state.CommitRequest{Record: loaded.Record, Events: []state.Event{state.Start}, Runs: []state.Run{run}})
	page, err := s.Runs(t.Context(), state.RunsRequest{Statuses: []state.Status{state.Starting}})
	if err != nil || len(page.Runs) != 1 || r.Status != state.Starting {
		t.Errorf("Runs after the migration: %+v, %v", page, err)
	}
	commit(t, s, state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}}})
	entries, err := s.History(t.Context(), state.HistoryRequest{Tenant: "contoso"})
	if err != nil || len(entries.Entries) != 1 || entries.Entries[0].Version != 9 {
		t.Errorf("the history after the removal is %+v, %v", entries.Entries, err)
	}
}
