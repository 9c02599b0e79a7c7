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

// Config configures a [Store]. It needs a Pool or a DSN.
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

	// OnCommit, if not nil, is called in each commit's own transaction, after the
	// record and its entries were written and before the commit takes effect. Its
	// writes through tx take effect together with the commit or not at all. An
	// error of OnCommit rolls everything back, and Commit returns it, wrapped.
	// OnCommit must not keep tx, and cannot end it. It may be called more than
	// once for a commit, if the database asks for a retry, but only one call
	// takes effect. It must not use the Store: the tenant's record is locked, and
	// a wait for another connection may never end. The transaction is READ
	// COMMITTED, whatever the default. After a removal the committed record has
	// the version 0.
	//
	// With OnCommit a commit takes three round trips instead of one, and those of
	// the hook.
	OnCommit func(ctx context.Context, tx pgx.Tx, committed state.Committed) error

	// Logger gets warnings about settings of the server that weaken the store's
	// guarantees. Nil discards them.
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

// New returns a store on a database. It connects, reads the server's settings,
// and warns through the Logger about settings that weaken the store's
// guarantees. It changes nothing in the database: until a process has called
// [Store.Migrate], the methods return [ErrNotMigrated].
func New(ctx context.Context, cfg Config) (*Store, error) {
	schema, log := cmp.Or(cfg.Schema, SchemaDefault), cfg.Logger
	if len(schema) > 63 { // PostgreSQL would truncate it, and two schemas could get one name
		return nil, fmt.Errorf("pgstore: Schema %q is longer than 63 bytes", schema)
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	db := &database{pool: cfg.Pool, schema: schema}
	switch {
	case cfg.Pool != nil && cfg.DSN != "":
		return nil, errors.New("pgstore: Pool and DSN are both set; set one of them")
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

// Close closes the pool if New opened it. It waits for running calls. It does
// not close the host's own pool.
func (s *Store) Close() { s.db.close() }
