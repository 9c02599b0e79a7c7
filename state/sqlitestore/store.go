package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
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
	cfg   Config
	clock clock

	// readDB and writeDB are both the host's DB, or two databases that New
	// opened.
	readDB, writeDB *sql.DB
	stmts           statements // of readDB

	closing chan struct{} // closed by Close
	close   func() error  // once

	// turn is held by the one call that writes. SQLite allows one writer, and a
	// queue is fairer than many calls that retry.
	turn chan struct{}
	// kept is the writing connection, if New opened writeDB: its statements stay
	// prepared. Only the call that has the turn uses it.
	kept *link
	// The places that Prune has reached.
	blobsSeen, entriesSeen, runsSeen seen
	// warned reports that the warning about a low PRAGMA synchronous was logged.
	warned sync.Once
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
	s := &Store{
		cfg: cfg, clock: clock{log: cfg.Logger}, readDB: cfg.DB, writeDB: cfg.DB,
		turn: make(chan struct{}, 1), closing: make(chan struct{}),
	}
	s.close = sync.OnceValue(s.closeAll)
	if cfg.DB == nil {
		if err := s.openFile(); err != nil {
			return nil, about("open", cfg.Path, err)
		}
	}
	if err := s.checkDatabase(ctx); err != nil {
		return nil, errors.Join(about("open", cfg.Path, err), s.Close())
	}
	if cfg.DB == nil {
		s.warnOfModes()
	}
	return s, nil
}

// attemptTimeout is how long SQLite waits for a lock in one statement of the
// store's own connections, in milliseconds. Then the store retries until its
// own time is up, see [pause]: SQLite's pauses grow to a tenth of a second, and
// such long pauses rarely end between two commits of a busy process.
const attemptTimeout = "20"

// openFile opens Path: one connection for writes, and some for reads.
func (s *Store) openFile() error {
	path, err := filepath.Abs(s.cfg.Path) // a later change of the working folder must not matter
	if err != nil {
		return err
	}
	if err := createFile(path); err != nil {
		return err
	}
	if path = filepath.ToSlash(path); !strings.HasPrefix(path, "/") {
		path = "/" + path // C:/…
	}
	settings := url.Values{
		"_synchronous":  {"FULL"},
		"_busy_timeout": {attemptTimeout},
		"_dqs":          {"0"},
		"_pragma": {
			// On macOS only F_FULLFSYNC reaches the disk; on other systems these
			// settings do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
			// The WAL must shrink again after a large transaction.
			"journal_size_limit(67108864)",
		},
	}
	dsn := func() string { return "file://" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode() }
	if s.writeDB, err = sql.Open("sqlite", dsn()); err != nil {
		return err
	}
	s.writeDB.SetMaxOpenConns(1)
	settings.Set("_query_only", "1")
	if s.readDB, err = sql.Open("sqlite", dsn()); err != nil {
		return errors.Join(err, s.writeDB.Close())
	}
	readers := max(4, runtime.GOMAXPROCS(0))
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	return nil
}

// checkDatabase does the checks of New.
func (s *Store) checkDatabase(ctx context.Context) error {
	return retryBusy(ctx, s.until(), func() error {
		conn, err := s.writeDB.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		journal, err := checkFile(ctx, conn)
		if err != nil {
			return err
		}
		if s.cfg.DB != nil {
			// The check leaves out a connection in a transaction of the host. Each
			// write checks the setting again.
			if err := s.checkSynchronous(ctx, conn); err != nil {
				return err
			}
		}
		version, err := schemaVersion(ctx, conn)
		switch {
		case err != nil:
			return err
		case version > release():
			return schemaError(version)
		case version > 0 && journal != "wal":
			return fmt.Errorf("%w: the journal mode is %q, and must be %q", ErrNotMigrated, journal, "wal")
		}
		return nil
	})
}

// until returns the time at which a call that begins now stops waiting for
// locks.
func (s *Store) until() time.Time { return time.Now().Add(s.cfg.BusyTimeout) }

// checkFile checks that the database can hold a store, and returns its journal mode.
func checkFile(ctx context.Context, conn *sql.Conn) (journal string, err error) {
	var encoding string
	err = conn.QueryRowContext(ctx, "SELECT journal_mode, encoding FROM pragma_journal_mode, pragma_encoding").Scan(&journal, &encoding)
	switch {
	case err != nil:
		return "", err
	case encoding != "UTF-8":
		// Texts in UTF-16 are not in the order of their bytes in UTF-8.
		return "", fmt.Errorf("the database's encoding is %s, and must be UTF-8", encoding)
	case journal == "memory" || journal == "off":
		return "", fmt.Errorf("the journal mode is %q: the database is in memory, or cannot roll back; use state.NewMemory for a store in memory", journal)
	}
	return journal, nil
}

// checkSynchronous logs a warning if a host keeps a setting that can lose
// commits.
func (s *Store) checkSynchronous(ctx context.Context, conn *sql.Conn) error {
	if !s.cfg.KeepSynchronous {
		return nil
	}
	var synchronous int
	if err := conn.QueryRowContext(ctx, "PRAGMA synchronous").Scan(&synchronous); err != nil {
		return err
	}
	s.warnSynchronous(synchronous)
	return nil
}

// Close ends the store's use of the database. It waits for the call that is
// writing; later calls fail. It closes the databases that New opened, and does
// not close a host's DB. A second Close is not an error.
func (s *Store) Close() error { return s.close() }

func (s *Store) closeAll() error {
	close(s.closing)
	s.turn <- struct{}{} // no later call gets it
	err := s.stmts.close()
	if s.cfg.DB != nil {
		return err
	}
	if s.kept != nil {
		err = errors.Join(err, s.kept.close())
		s.kept = nil
	}
	// When the last connection closes, SQLite moves the WAL into the file.
	return errors.Join(err, s.readDB.Close(), s.writeDB.Close())
}

// errClosed is returned by calls after Close.
var errClosed = errors.New("the store is closed")

func (s *Store) isClosed() bool {
	select {
	case <-s.closing:
		return true
	default:
		return false
	}
}
