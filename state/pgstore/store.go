package pgstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/state"
)

// SchemaDefault is the schema in which a store keeps its tables unless Config
// names another.
const SchemaDefault = "tenantsync"

// Config is what a [Store] is made from. It needs a Pool or a DSN.
type Config struct {
	// Pool is the host's own pool of connections. The store neither changes
	// its settings nor closes it.
	Pool *pgxpool.Pool
	// DSN names the database, if there is no Pool: a URL or key=value pairs, as
	// pgxpool.ParseConfig reads them. The store opens a pool of its own, and
	// Close closes it.
	DSN string

	// Schema is the PostgreSQL schema of the tables. Two stores with different
	// schemas in one database have nothing in common. Defaults to SchemaDefault.
	Schema string

	// OnCommit, if not nil, is called in each commit's own transaction, after
	// the record and its entries were written and before the commit takes
	// effect. Its writes through tx take effect together with the commit or not
	// at all. An error from it rolls all of them back, and Commit returns it,
	// wrapped. It must not keep tx, and cannot end it. It may be called more
	// than once for a commit, when the database asks for another attempt, but
	// only one call takes effect. It must not use the Store: its connection is
	// taken, and the tenant's record is locked. The transaction is READ
	// COMMITTED, whatever the default. After a removal the committed record has
	// the version 0.
	//
	// With OnCommit a commit takes three round trips and the hook's own instead
	// of one.
	OnCommit func(ctx context.Context, tx pgx.Tx, committed state.Committed) error

	// Logger gets a warning about each setting of the server that weakens the
	// store's promises. Nil discards them.
	Logger *slog.Logger
}

// Store keeps records, history, leases, blobs and sealed token caches in a
// PostgreSQL database. It is made by [New].
//
// It is safe for concurrent use, and any number of stores, in any number of
// processes, may work on one database and schema.
type Store struct {
	db       *database
	sql      statements
	onCommit func(ctx context.Context, tx pgx.Tx, committed state.Committed) error
}

var (
	_ state.Records = (*Store)(nil)
	_ state.Leaser  = (*Store)(nil)
	_ state.Blobs   = (*Store)(nil)
	_ state.Pruner  = (*Store)(nil)
)

// New returns a store on a database. It connects and reads the server's settings.
// It logs a warning about each setting that weakens the store's promises. New
// changes nothing in the database: until any process has called
// [Store.Migrate] once, the methods return [ErrNotMigrated].
func New(ctx context.Context, cfg Config) (*Store, error) {
	schema, log := cmp.Or(cfg.Schema, SchemaDefault), cfg.Logger
	if len(schema) > 63 { // PostgreSQL would cut it, and two schemas might become one
		return nil, fmt.Errorf("pgstore: Schema %q is longer than 63 bytes", schema)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	db := &database{pool: cfg.Pool, schema: schema}
	switch {
	case cfg.Pool != nil && cfg.DSN != "":
		return nil, errors.New("pgstore: Pool and DSN are both set; one says which database")
	case cfg.Pool == nil && cfg.DSN == "":
		return nil, errors.New("pgstore: neither Pool nor DSN is set")
	case cfg.Pool == nil:
		pool, err := pgxpool.New(ctx, cfg.DSN)
		if err != nil {
			return nil, fmt.Errorf("pgstore: DSN: %w", err) // without the password
		}
		db.pool, db.own = pool, true
	}
	if err := db.look(ctx, log); err != nil {
		db.close()
		return nil, err
	}
	return &Store{db: db, sql: newStatements(schema), onCommit: cfg.OnCommit}, nil
}

// Close closes the pool if New opened it. It waits for running calls. For a
// store on the host's own pool it does nothing.
func (s *Store) Close() { s.db.close() }
