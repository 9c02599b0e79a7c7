package sqlitestore_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
	"github.com/tenantsync/tenantsync/state/statetest"
)

var (
	_ state.Records = (*sqlitestore.Store)(nil)
	_ state.Leaser  = (*sqlitestore.Store)(nil)
	_ state.Blobs   = (*sqlitestore.Store)(nil)
	_ state.Pruner  = (*sqlitestore.Store)(nil)
)

// The kits run on a file of the store's own, on a host's DB with any settings,
// and on several stores that share a file. There each call goes to the next
// store.
func TestConformance(t *testing.T) {
	for _, tt := range []struct {
		name   string
		always bool
		open   func(t *testing.T, path string) []*sqlitestore.Store
	}{
		{"path", false, func(t *testing.T, path string) []*sqlitestore.Store {
			return []*sqlitestore.Store{openPath(t, path)}
		}},
		{"two stores", true, func(t *testing.T, path string) []*sqlitestore.Store {
			return []*sqlitestore.Store{openPath(t, path), openPath(t, path)}
		}},
		// A connection without syncing, that turns texts that look like dates into
		// times, and does not trust the schema.
		{"odd host", false, func(t *testing.T, path string) []*sqlitestore.Store {
			db := hostDB(t, path, "_synchronous=OFF&_texttotime=1&_inttotime=1&_timezone=Asia/Tokyo&_time_format=sqlite&_txlock=exclusive"+
				"&_pragma=trusted_schema(0)&_pragma=recursive_triggers(1)&_pragma=reverse_unordered_selects(1)&_pragma=case_sensitive_like(1)&_fk=1")
			return []*sqlitestore.Store{openDB(t, db)}
		}},
		{"host with one connection", false, func(t *testing.T, path string) []*sqlitestore.Store {
			db := hostDB(t, path, "")
			db.SetMaxOpenConns(1)
			return []*sqlitestore.Store{openDB(t, db)}
		}},
		{"path beside a host", false, func(t *testing.T, path string) []*sqlitestore.Store {
			return []*sqlitestore.Store{openPath(t, path), openDB(t, hostDB(t, path, "_busy_timeout=1000"))}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if raced && !tt.always {
				t.Skip("run without -race")
			}
			t.Parallel()
			factory := func(t *testing.T) statetest.Fixture {
				path := filepath.Join(t.TempDir(), "state.db")
				s := alternate(tt.open(t, path))
				raw := hostDB(t, path, "_busy_timeout=10000")
				return statetest.Fixture{
					Store: s, Leaser: s, Blobs: s, Pruner: s,
					Pass:   func(d time.Duration) { pass(t, raw, d) },
					Damage: func(ref state.BlobRef) { damage(t, raw, ref) },
				}
			}
			statetest.TestStore(t, factory)
			statetest.TestLeaser(t, factory)
			statetest.TestBlobs(t, factory)
			statetest.TestPruner(t, factory)
			authtest.TestCacheStore(t, func(t *testing.T) auth.CacheStore {
				return alternateCaches{alternate(tt.open(t, filepath.Join(t.TempDir(), "state.db")))}
			})
		})
	}
}

// openPath opens a store on a file and migrates it.
func openPath(t testing.TB, path string) *sqlitestore.Store {
	t.Helper()
	return open(t, sqlitestore.Config{Path: path})
}

// openDB opens a store on a host's database and migrates it.
func openDB(t testing.TB, db *sql.DB) *sqlitestore.Store {
	t.Helper()
	return open(t, sqlitestore.Config{DB: db})
}

func open(t testing.TB, cfg sqlitestore.Config) *sqlitestore.Store {
	t.Helper()
	s := openBare(t, cfg)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// openBare opens a store and does not migrate.
func openBare(t testing.TB, cfg sqlitestore.Config) *sqlitestore.Store {
	t.Helper()
	s, err := sqlitestore.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// hostDB opens a database as a host would, with parameters of the driver's.
func hostDB(t testing.TB, path, parameters string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", dsn(path, parameters))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func dsn(path, parameters string) string {
	return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + parameters
}

// pass shifts all stored times back by d.
func pass(t testing.TB, db *sql.DB, d time.Duration) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, text := range []string{
		"UPDATE tenantsync_record SET wake_at = wake_at - ?1, deadline = deadline - ?1, updated_at = updated_at - ?1",
		"UPDATE tenantsync_lease SET until = until - ?1",
		"UPDATE tenantsync_entry SET time = time - ?1",
		"UPDATE tenantsync_blob SET put_at = put_at - ?1",
		"UPDATE tenantsync_run SET started = started - ?1, ended = ended - ?1, updated_at = updated_at - ?1",
	} {
		if _, err := tx.ExecContext(t.Context(), text, d.Microseconds()); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// damage changes a blob's content without the store.
func damage(t testing.TB, db *sql.DB, ref state.BlobRef) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), "UPDATE tenantsync_blob SET data = x'00' WHERE tenant = ? AND sha256 = ?", ref.Tenant, ref.SHA256)
	if err != nil {
		t.Fatal(err)
	}
}

// alternating hands each call to the next of several stores on one database.
type alternating struct {
	stores []*sqlitestore.Store
	calls  *atomic.Int64
}

func alternate(stores []*sqlitestore.Store) alternating {
	return alternating{stores, new(atomic.Int64)}
}

func (a alternating) next() *sqlitestore.Store {
	return a.stores[int(a.calls.Add(1))%len(a.stores)]
}

func (a alternating) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	return a.next().Load(ctx, req)
}

func (a alternating) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	return a.next().Commit(ctx, req)
}

func (a alternating) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	return a.next().List(ctx, req)
}

func (a alternating) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	return a.next().History(ctx, req)
}

func (a alternating) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	return a.next().Runs(ctx, req)
}

func (a alternating) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	return a.next().Claim(ctx, req)
}

func (a alternating) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	return a.next().Acquire(ctx, req)
}

func (a alternating) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	return a.next().Renew(ctx, req)
}

func (a alternating) Release(ctx context.Context, req state.ReleaseRequest) error {
	return a.next().Release(ctx, req)
}

func (a alternating) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	return a.next().Put(ctx, req)
}

func (a alternating) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	return a.next().Get(ctx, ref)
}

func (a alternating) Remove(ctx context.Context, tenant string) error {
	return a.next().Remove(ctx, tenant)
}

func (a alternating) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	return a.next().Prune(ctx, req)
}

// alternateCaches does the same for the caches.
type alternateCaches struct{ alternating }

func (a alternateCaches) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	return a.next().Caches().Load(ctx, key)
}

func (a alternateCaches) Save(ctx context.Context, key auth.CacheKey, c auth.Cache) (int64, error) {
	return a.next().Caches().Save(ctx, key, c)
}

func (a alternateCaches) Delete(ctx context.Context, key auth.CacheKey) error {
	return a.next().Caches().Delete(ctx, key)
}

// newRecord returns a record that is ready to be created.
func newRecord(tenant string) state.Record {
	return state.Record{Tenant: tenant, Status: state.NotRun, Data: []byte(`{"v":1}`)}
}

func commit(t testing.TB, s state.Records, req state.CommitRequest) state.Record {
	t.Helper()
	got, err := s.Commit(t.Context(), req)
	if err != nil {
		t.Fatalf("Commit of %q: %v", req.Record.Tenant, err)
	}
	return got.Record
}

// tenantName returns names that sort like their numbers.
func tenantName(i int) string { return fmt.Sprintf("tenant-%06d", i) }
