package sqlitestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// database is the SQLite database of a store. A call uses it through one of two
// methods: look hands a reader to a call that reads, and write hands a
// transaction to a call that writes. Both check the schema's version first.
type database struct {
	reader reader
	writer writer
	clock  clock
	// own means that openDatabase has opened the pools, so close closes them.
	own bool
	// wait is how long a call waits for locks.
	wait time.Duration
}

// openDatabase opens the database of a configuration that has its defaults. It
// does not connect yet.
func openDatabase(cfg Config) (*database, error) {
	read, write, own := cfg.DB, cfg.DB, cfg.DB == nil
	if own {
		var err error
		if read, write, err = openFile(cfg.Path); err != nil {
			return nil, err
		}
	}
	return &database{
		reader: reader{pool: read},
		writer: writer{
			pool: write, own: own, wait: cfg.BusyTimeout,
			durability: durability{own: own, keep: cfg.KeepSynchronous, log: cfg.Logger},
			turn:       make(chan struct{}, 1), closing: make(chan struct{}),
		},
		clock: clock{log: cfg.Logger},
		own:   own, wait: cfg.BusyTimeout,
	}, nil
}

// check returns an error for a database that no store can use.
func (db *database) check(ctx context.Context) error {
	return retryBusy(ctx, time.Now().Add(db.wait), func() error {
		conn, err := db.writer.pool.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		journal, err := checkFile(ctx, conn)
		if err != nil {
			return err
		}
		if err := db.writer.durability.check(ctx, conn); err != nil {
			return err
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

// close waits for the call that is writing. Later calls fail.
func (db *database) close() error {
	db.writer.stop()
	err := db.reader.close()
	if !db.own {
		return err
	}
	// When the last connection closes, SQLite moves the WAL into the file.
	return errors.Join(err, db.reader.pool.Close(), db.writer.close())
}

// now returns the store's time outside of a writing transaction. It is not
// before the time of any commit that the store has seen.
func (db *database) now(seen ...int64) time.Time {
	var floor int64
	for _, at := range seen {
		floor = max(floor, at)
	}
	return fromMicro(db.clock.now(floor))
}

// Each call reads the schema's version, because a newer release may migrate the
// database at any time. A call that writes reads it under the write lock,
// together with the time of the newest commit.
const checkSchema = "SELECT coalesce(max(version), 0) FROM tenantsync_schema"

var checkSchemaToWrite = func() string {
	var newest []string
	for _, status := range state.Statuses() {
		newest = append(newest, "ifnull((SELECT max(updated_at) FROM tenantsync_record WHERE status = '"+string(status)+"'), 0)")
	}
	return "SELECT (" + checkSchema + "), max(" + strings.Join(newest, ", ") + ")"
}()

// look runs f, which only reads, on a database of this release. It may run f
// again from its beginning if another connection has a lock.
func (db *database) look(ctx context.Context, f func(r *reader) error) error {
	if db.writer.isClosed() {
		return errClosed
	}
	err := retryBusy(ctx, time.Now().Add(db.wait), func() error {
		var version int
		_, err := db.reader.row(ctx, []any{&version}, checkSchema)
		if err == nil {
			err = schemaError(version)
		}
		if err == nil {
			err = f(&db.reader)
		}
		return err
	})
	return explain(ctx, db.reader.pool, err)
}

// write runs f in a transaction that has the write lock from its beginning, so
// what f reads does not change before the commit. The transaction takes effect
// whole. After an error other than state.ErrUnknown it has no effect.
//
// write heeds ctx until COMMIT begins. Interrupting COMMIT would make the
// outcome unknown, and COMMIT waits only for the disk.
func (db *database) write(ctx context.Context, f func(t *tx) error) error {
	return db.writer.transact(ctx, func(t *tx) error {
		if err := db.enter(t); err != nil {
			return err
		}
		return f(t)
	})
}

// enter begins every writing transaction: it checks the schema and sets the
// time.
func (db *database) enter(t *tx) error {
	// The data version of a connection changes when another connection has
	// committed. If none has, the earlier result is still valid.
	var dataVersion int64
	seen := &t.link.seen
	if t.link.stmts != nil {
		if _, err := t.row([]any{&dataVersion}, "PRAGMA data_version"); err != nil {
			return err
		}
	}
	if dataVersion == 0 || dataVersion != seen.dataVersion {
		var version int
		if _, err := t.row([]any{&version, &seen.newest}, checkSchemaToWrite); err != nil {
			return explain(t.ctx, t.link.conn, err)
		}
		if err := schemaError(version); err != nil {
			return err
		}
		seen.dataVersion = dataVersion
	}
	t.now = db.clock.now(seen.newest)
	return nil
}
