package pgstore

import (
	"context"
	"embed"
	"fmt"
	"hash/fnv"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// schemaVersion is the version of the schema that this release works with: the
// number of the last migration. A column never changes its type, because other
// processes may have it in prepared statements. If the statements of former
// releases must fail after a migration, the migration renames the tables or
// columns that they use.
const schemaVersion = 2

// Migrate brings the schema to this release's version, and creates it if it is
// missing. It is one transaction: an error leaves the database unchanged.
// Several processes may call it at once, also through a pooler; they take
// turns. It changes nothing in a schema of this release. The connection's role
// needs the right to create tables in the schema and, if the schema is missing,
// to create a schema in the database. The other methods need only to read and
// write the tables.
//
// It returns ErrNewerSchema if a newer release has migrated the database.
func (s *Store) Migrate(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return fail("migrate", err)
	}
	s.migrated.Store(true)
	return nil
}

func (s *Store) migrate(ctx context.Context) error {
	// After the wait for the lock, the transaction must see the changes of the
	// processes before it.
	tx, err := s.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return err
	}
	defer rollback(ctx, tx)
	// The lock belongs to the transaction and not to the session, because a
	// pooler shares sessions.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1::bigint)", s.planned, s.lockKey()); err != nil {
		return fmt.Errorf("wait for other processes: %w", err)
	}
	at, err := s.prepareVersion(ctx, tx)
	if err != nil {
		return err
	}
	if at > schemaVersion {
		return s.wrongVersion(at)
	}
	for version := at + 1; version <= schemaVersion; version++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%04d.sql", version))
		if err != nil {
			return err
		}
		// Without arguments, so that the file may have several statements.
		if _, err := tx.Exec(ctx, qualified(string(text), s.schema)); err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
		if _, err := tx.Exec(ctx, qualified("insert into {schema}.migration (version) values ($1)", s.schema), s.planned, version); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// prepareVersion returns the schema's version. It creates the schema and the
// table of versions if they are missing, and needs the right to create only
// then.
func (s *Store) prepareVersion(ctx context.Context, tx pgx.Tx) (int, error) {
	var schema, table bool
	err := tx.QueryRow(ctx, "select to_regnamespace($1::text) is not null, to_regclass($2::text) is not null", s.planned,
		qualified("{schema}", s.schema), qualified("{schema}.migration", s.schema)).Scan(&schema, &table)
	if err != nil {
		return 0, err
	}
	if !schema {
		if _, err := tx.Exec(ctx, qualified("create schema {schema}", s.schema)); err != nil {
			return 0, err
		}
	}
	if !table {
		_, err := tx.Exec(ctx, qualified(`create table {schema}.migration (
	version    integer primary key,
	applied_at timestamptz not null default clock_timestamp()
)`, s.schema))
		if err != nil {
			return 0, err
		}
	}
	return s.version(ctx, tx)
}

// lockKey is the key of the advisory lock of this schema's migrations.
func (s *Store) lockKey() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("tenantsync/pgstore/migrate/" + s.schema)) // never fails
	return int64(h.Sum64())
}

// version returns the version of the schema, or 0 if no migration was applied.
func (s *Store) version(ctx context.Context, q querier) (int, error) {
	var at int
	err := q.QueryRow(ctx, qualified("select coalesce(max(version), 0) from {schema}.migration", s.schema), s.planned).Scan(&at)
	return at, err
}

// checkVersion returns an error unless the schema's version is this release's.
func (s *Store) checkVersion(ctx context.Context, conn *pgx.Conn) error {
	at, err := s.version(ctx, conn)
	switch {
	case isSchema(err):
		return fmt.Errorf("%w (schema %q has no version)", ErrNotMigrated, s.schema)
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case at != schemaVersion:
		return s.wrongVersion(at)
	}
	return nil
}

func (s *Store) wrongVersion(at int) error {
	err := ErrNotMigrated
	if at > schemaVersion {
		err = ErrNewerSchema
	}
	return fmt.Errorf("%w (schema %q is at version %d, this release works with %d)", err, s.schema, at, schemaVersion)
}

// explain returns the reason for a missing table or column: since the check of
// the version, a newer release may have migrated the database, or the schema
// may have been removed.
func (s *Store) explain(ctx context.Context, err error) error {
	conn, acquireErr := s.pool.Acquire(ctx)
	if acquireErr != nil {
		return err
	}
	defer conn.Release()
	if why := s.checkVersion(ctx, conn.Conn()); why != nil {
		s.migrated.Store(false)
		return &nothingWrittenError{fmt.Errorf("%w: %w", why, err)}
	}
	return err
}
