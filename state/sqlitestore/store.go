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
// [ErrNotMigrated] or [ErrNewerSchema], wrapped, when the database is not of this
// release. A database that others keep locked for longer than
// [Config.BusyTimeout] is a plain error, and nothing was written.
type Store struct {
	cfg   Config
	clock clock

	// readDB and writeDB are the host's DB, both, or two that New opened.
	readDB, writeDB *sql.DB
	stmts           statements // of readDB

	closing chan struct{} // closed by Close
	close   func() error  // once

	// turn is held by the one call that writes. SQLite allows one writer, and
	// a queue is fairer than having many ask again and again.
	turn chan struct{}
	// kept is the writing connection, if New opened writeDB: its statements stay
	// prepared. Who has the turn has it.
	kept *link
	// These are how far Prune has come.
	blobsSeen, entriesSeen, runsSeen seen
	// warned: a host that keeps PRAGMA synchronous low has been told.
	warned sync.Once
}

// New opens a store and checks that its database can be one: SQLite, in a file
// (not in memory), in UTF-8, and not migrated by a newer release. It changes
// nothing in it. A database that is not yet migrated is no error:
// [Store.Migrate] comes next.
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

// attemptTimeout is how long one statement of the store's own connections
// waits for a lock by itself, in milliseconds. The store then asks again until
// its own time is up, see [pause]: SQLite's pauses grow to a tenth of a second,
// with which a busy neighbour is rarely met between two of its commits.
const attemptTimeout = "20"

// openFile opens Path: one connection to write, and some to read beside it.
func (s *Store) openFile() error {
	path, err := filepath.Abs(s.cfg.Path) // a later change of directory must not matter
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
			// On macOS only F_FULLFSYNC reaches the disk; elsewhere these do nothing.
			"fullfsync(1)", "checkpoint_fullfsync(1)",
			// The WAL of one large transaction must not stay that large.
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

// checkDatabase is what New checks.
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
			// Not on a connection of a host that is in a transaction of its own:
			// the setting is looked at again before each write.
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

// until is when a call that begins now gives up waiting for locks.
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
		return "", fmt.Errorf("the journal mode is %q: the database is in memory, or cannot roll back; what need not last is kept by state.NewMemory", journal)
	}
	return journal, nil
}

// checkSynchronous warns of a host that insists on losing commits.
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

// Close ends the store's use of the database, after the call that is writing
// now; calls that come later fail. It closes what New opened, and nothing of a
// host's DB. Closing twice is no error.
func (s *Store) Close() error { return s.close() }

func (s *Store) closeAll() error {
	close(s.closing)
	s.turn <- struct{}{} // and nobody gets it any more
	err := s.stmts.close()
	if s.cfg.DB != nil {
		return err
	}
	if s.kept != nil {
		err = errors.Join(err, s.kept.close())
		s.kept = nil
	}
	// The last connection to be closed folds the WAL back into the file.
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
