package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// Store keeps records, history, leases, blobs and sealed token caches in one
// SQLite database. It implements state.Store, state.Leaser, state.Blobs and
// state.Pruner; [Store.Caches] is an auth.CacheStore.
//
// A Store is made by [New] and is safe for concurrent use, also by several
// Stores, in one process or in several on one machine, on the same database.
//
// Beside the errors that the interfaces name, every method returns
// [ErrNotMigrated] or [ErrNewerSchema], wrapped, when the database is not of
// this release. If others keep the database locked for longer than
// [Config.BusyTimeout], a method returns a plain error, and nothing was
// written.
type Store struct {
	db       *database
	path     string       // Config.Path
	progress progress     // of Prune
	close    func() error // closes db once
}

// New opens a store and checks that its database can be one: SQLite, in a file
// (not in memory), in UTF-8, and not migrated by a newer release. It changes
// nothing in it. A database that is not yet migrated is not an error: call
// [Store.Migrate] next.
func New(ctx context.Context, cfg Config) (*Store, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	db, err := openDatabase(cfg)
	if err != nil {
		return nil, about("open", cfg.Path, err)
	}
	s := &Store{db: db, path: cfg.Path, close: sync.OnceValue(db.close)}
	if err := db.check(ctx); err != nil {
		return nil, errors.Join(about("open", cfg.Path, err), s.Close())
	}
	if cfg.DB == nil {
		warnOfModes(cfg.Path, cfg.Logger)
	}
	return s, nil
}

// Close ends the store's use of the database. It waits for the call that is
// writing; later calls fail. It closes the databases that New opened, and does
// not close a host's DB. A second Close is not an error.
func (s *Store) Close() error { return s.close() }

// begin is the first step of every method.
func begin(ctx context.Context, req interface{ Validate() error }) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return req.Validate()
}

// about adds the name of the call and its subject to an error. errors.Is still
// finds the errors of a caller's context.
func about(act, subject string, err error) error {
	if err == nil {
		return nil
	}
	if subject != "" {
		return fmt.Errorf("sqlitestore: %s of %q: %w", act, subject, err)
	}
	return fmt.Errorf("sqlitestore: %s: %w", act, err)
}
