package sqlitestore

import (
	"cmp"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema: a file migrations/0001_name.sql.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations are all steps in their order, numbered from 1 without a gap.
var migrations = readMigrations(migrationFiles)

// readMigrations panics if the files are not numbered correctly, because they
// are part of the program.
func readMigrations(files fs.FS) []migration {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		panic(err)
	}
	var all []migration
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err)
		}
		base := strings.TrimSuffix(strings.TrimPrefix(name, "migrations/"), ".sql")
		number, _, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			panic(err)
		}
		all = append(all, migration{version: version, name: base, sql: string(text)})
	}
	slices.SortFunc(all, func(a, b migration) int { return cmp.Compare(a.version, b.version) })
	for i, m := range all {
		if m.version != i+1 {
			panic(fmt.Sprintf("sqlitestore: migration %s is number %d", m.name, i+1))
		}
	}
	return all
}

// release is the schema that this release works with.
func release() int { return migrations[len(migrations)-1].version }

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
	if err := s.setJournal(ctx); err != nil {
		return about("migrate", s.cfg.Path, err)
	}
	return about("migrate", s.cfg.Path, s.transact(ctx, s.migrate))
}

// setJournal sets the journal mode. SQLite cannot set it in a transaction.
func (s *Store) setJournal(ctx context.Context) error {
	end := s.until()
	if err := s.takeTurn(ctx, end); err != nil {
		return err
	}
	defer s.giveTurn()
	l, err := s.takeLink(ctx, end)
	if err != nil {
		return err
	}
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
	s.giveLink(l, err == nil || code(err) != 0)
	return err
}

// migrate applies the missing migrations.
func (s *Store) migrate(t *tx) error {
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
			m.version, m.name, s.clock.now(0)); err != nil {
			return err
		}
	}
	return nil
}

// querier is a *sql.DB or a *sql.Conn.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaVersion returns the version of a database's schema, 0 for none.
func schemaVersion(ctx context.Context, q querier) (version int, err error) {
	const exists = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'tenantsync_schema'"
	if err := q.QueryRowContext(ctx, exists).Scan(&version); err != nil || version == 0 {
		return 0, err
	}
	err = q.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM tenantsync_schema").Scan(&version)
	return version, err
}

// schemaError returns an error for the version of another release's schema, or
// nil.
func schemaError(version int) error {
	switch {
	case version > release():
		return fmt.Errorf("%w (its schema is %d, this release's is %d)", ErrNewerSchema, version, release())
	case version < release():
		return fmt.Errorf("%w (its schema is %d, this release's is %d)", ErrNotMigrated, version, release())
	}
	return nil
}
