package pgstore_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
	"github.com/tenantsync/tenantsync/state/statetest"
)

var (
	_ state.Records = (*pgstore.Store)(nil)
	_ state.Leaser  = (*pgstore.Store)(nil)
	_ state.Blobs   = (*pgstore.Store)(nil)
	_ state.Pruner  = (*pgstore.Store)(nil)
)

// A database with the collation of a language: the store must sort by bytes all
// the same.
const icu = "template template0 locale_provider icu icu_locale 'en-US'"

// schemas numbers the schemas of tests that share a database.
var schemas atomic.Int64

// newSchema returns a unique name of a schema, with the most difficult
// characters.
func newSchema() string { return fmt.Sprintf(`Case "%%d" %d`, schemas.Add(1)) }

// open returns a store as configured, migrated.
func open(t testing.TB, cfg pgstore.Config) *pgstore.Store {
	t.Helper()
	s, err := pgstore.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// openPool returns a pool that a host might have, changed before it is opened.
func openPool(t testing.TB, dsn string, change func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(cfg)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// runSQL carries out a statement of a test.
func runSQL(t testing.TB, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(context.Background(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// tables replaces {schema} in a statement.
func tables(schema, sql string) string { return pgstore.Qualified(sql, schema) }

// fixture returns a fixture of the kits for a store on a pool.
func fixture(t testing.TB, s store, pool *pgxpool.Pool, schema string) statetest.Fixture {
	return statetest.Fixture{
		Store: s, Leaser: s, Blobs: s, Pruner: s,
		Pass: func(d time.Duration) {
			for _, sql := range []string{
				`update {schema}.tenant set wake = wake - $1::interval, due = due - $1::interval, deadline = deadline - $1::interval,
					lease_until = lease_until - $1::interval, updated_at = updated_at - $1::interval`,
				`update {schema}.entry set time = time - $1::interval`,
				`update {schema}.blob set put_at = put_at - $1::interval`,
				`update {schema}.run set started = started - $1::interval, ended = ended - $1::interval, updated_at = updated_at - $1::interval`,
			} {
				runSQL(t, pool, tables(schema, sql), d)
			}
		},
		Damage: func(ref state.BlobRef) {
			runSQL(t, pool, tables(schema, `update {schema}.blob set data = 'damaged' where tenant = $1 and run = $2 and kind = $3 and sha256 = $4`),
				ref.Tenant, ref.Run, ref.Kind, ref.SHA256)
		},
	}
}

// store has all interfaces of a Store.
type store interface {
	state.Records
	state.Leaser
	state.Blobs
	state.Pruner
	Caches() auth.CacheStore
}

// conforms runs all kits on a store in a schema, which is emptied between the
// cases. The pool is a direct one to the same database.
func conforms(t *testing.T, pool *pgxpool.Pool, open func(schema string) store) {
	t.Helper()
	schema := newSchema()
	s := open(schema)
	empty := func() {
		for _, table := range []string{"tenant", "label", "entry", "run", "blob", "cache"} {
			runSQL(t, pool, tables(schema, "delete from {schema}."+table))
		}
	}
	factory := func(t *testing.T) statetest.Fixture {
		empty()
		return fixture(t, s, pool, schema)
	}
	statetest.TestStore(t, factory)
	statetest.TestLeaser(t, factory)
	statetest.TestBlobs(t, factory)
	statetest.TestPruner(t, factory)
	authtest.TestCacheStore(t, func(t *testing.T) auth.CacheStore {
		empty()
		return s.Caches()
	})
}

func TestConformance(t *testing.T) {
	dsn := pgtest.Shared(t).DatabaseWith(t, icu)
	pool := openPool(t, dsn, nil)
	sometimes := func(t *testing.T) {
		if raced {
			t.Skip("run without -race")
		}
	}
	t.Run("own pool", func(t *testing.T) {
		sometimes(t)
		conforms(t, pool, func(schema string) store {
			return open(t, pgstore.Config{DSN: dsn, Schema: schema})
		})
	})
	t.Run("host's pool, with a hook", func(t *testing.T) {
		sometimes(t)
		conforms(t, pool, func(schema string) store {
			return open(t, pgstore.Config{Pool: pool, Schema: schema, OnCommit: func(ctx context.Context, tx pgx.Tx, c state.Committed) error {
				var version int64
				err := tx.QueryRow(ctx, tables(schema, "select coalesce((select version from {schema}.tenant where tenant = $1), 0)"), c.Record.Tenant).Scan(&version)
				if err == nil && version != c.Record.Version {
					err = fmt.Errorf("the hook sees version %d of %d", version, c.Record.Version)
				}
				return err
			}})
		})
	})
	t.Run("host's pool, serializable, without caches", func(t *testing.T) {
		sometimes(t)
		strict := openPool(t, dsn, func(cfg *pgxpool.Config) {
			cfg.ConnConfig.RuntimeParams["default_transaction_isolation"] = "serializable"
			cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
			cfg.ConnConfig.StatementCacheCapacity, cfg.ConnConfig.DescriptionCacheCapacity = 0, 0
		})
		conforms(t, pool, func(schema string) store {
			return open(t, pgstore.Config{Pool: strict, Schema: schema})
		})
	})
	t.Run("two stores", func(t *testing.T) {
		conforms(t, pool, func(schema string) store {
			one := open(t, pgstore.Config{DSN: dsn, Schema: schema})
			return &alternating{stores: [2]store{one, open(t, pgstore.Config{Pool: pool, Schema: schema})}}
		})
	})
	t.Run("pgbouncer", func(t *testing.T) {
		through := pgtest.Shared(t).PgBouncer(t).URL(t, dsn)
		conforms(t, pool, func(schema string) store {
			return open(t, pgstore.Config{DSN: through, Schema: schema})
		})
	})
}
