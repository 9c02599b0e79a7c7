package sqlitestore

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

const versionTable = `CREATE TABLE IF NOT EXISTS tenantsync_schema (
	version INTEGER PRIMARY KEY,
	name TEXT NOT NULL,
	applied_at INTEGER NOT NULL -- microseconds since 1970
) STRICT`

// Migrate brings the database to this release: it creates the missing tables,
// and sets the journal mode WAL of the file. It is one transaction, so it takes
// effect whole or not at all. Several processes may call it at once: one does
// the work and the others find it done. It does not change a database of this
// release. It returns [ErrNewerSchema] for a database that a newer release has
// migrated.
//
// Processes of an older release that still run get ErrNewerSchema from then on.
func (s *Store) Migrate(ctx context.Context) error {
	w := &s.db.writer
	if err := setJournal(ctx, w); err != nil {
		return about("migrate", s.path, err)
	}
	return about("migrate", s.path, w.transact(ctx, func(t *tx) error { return migrate(t, &s.db.clock) }))
}

// setJournal sets the journal mode. SQLite cannot set it in a transaction.
func setJournal(ctx context.Context, w *writer) error {
	return w.alone(ctx, func(l *link, end time.Time) (sound bool, err error) {
		// Busy can also mean that two connections set the mode at the same time.
		err = retryBusy(ctx, end, func() error {
			if version, err := schemaVersion(ctx, l.conn); err != nil || version > release() {
				return cmp.Or(err, schemaError(version))
			}
			journal, err := checkFile(ctx, l.conn)
			if err != nil || journal == "wal" {
				return err
			}
			err = l.conn.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&journal)
			if err == nil && journal != "wal" {
				err = fmt.Errorf("the journal mode cannot be set to WAL; it is %q", journal)
			}
			return err
		})
		return err == nil || code(err) != 0, err
	})
}

// migrate applies the missing migrations.
func migrate(t *tx, c *clock) error {
	if _, err := t.exec(versionTable); err != nil {
		return err
	}
	var have int
	if _, err := t.row([]any{&have}, "SELECT coalesce(max(version), 0) FROM tenantsync_schema"); err != nil {
		return err
	}
	if have > release() {
		return schemaError(have)
	}
	for _, m := range migrations[have:] {
		// Not through a kept statement: it is a script, and runs once.
		if _, err := t.link.conn.ExecContext(t.ctx, m.sql); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
		if _, err := t.exec("INSERT INTO tenantsync_schema (version, name, applied_at) VALUES (?, ?, ?)",
			m.version, m.name, c.now(0)); err != nil {
			return err
		}
	}
	return nil
}
