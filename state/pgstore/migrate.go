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
	if err := s.db.migrate(ctx); err != nil {
		return fail("migrate", err)
	}
	s.db.migrated.Store(true)
	return nil
}

// migrate applies the migrations that the schema lacks.
func (db *database) migrate(ctx context.Context) error {
	// After the wait for the lock, the transaction must see the changes of the
	// processes before it.
	tx, err := db.pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted, AccessMode: pgx.ReadWrite})
	if err != nil {
		return err
	}
	defer rollback(ctx, tx)
	// The lock belongs to the transaction and not to the session, because a
	// pooler shares sessions.
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1::bigint)", db.planned, db.lockKey()); err != nil {
		return fmt.Errorf("wait for other processes: %w", err)
	}
	at, err := db.prepareVersion(ctx, tx)
	if err != nil {
		return err
	}
	if at > schemaVersion {
		return db.wrongVersion(at)
	}
	for version := at + 1; version <= schemaVersion; version++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%04d.sql", version))
		if err != nil {
			return err
		}
		// Without arguments, so that the file may have several statements.
		if _, err := tx.Exec(ctx, qualified(string(text), db.schema)); err != nil {
			return fmt.Errorf("version %d: %w", version, err)
		}
		if _, err := tx.Exec(ctx, qualified("insert into {schema}.migration (version) values ($1)", db.schema), db.planned, version); err != nil {
			return err
		}
	}
	return tx.Commit(ctx)
}

// prepareVersion returns the schema's version. It creates the schema and the
// table of versions if they are missing, and needs the right to create only
// then.
func (db *database) prepareVersion(ctx context.Context, tx pgx.Tx) (int, error) {
	var schema, table bool
	err := tx.QueryRow(ctx, "select to_regnamespace($1::text) is not null, to_regclass($2::text) is not null", db.planned,
		qualified("{schema}", db.schema), qualified("{schema}.migration", db.schema)).Scan(&schema, &table)
	if err != nil {
		return 0, err
	}
	if !schema {
		if _, err := tx.Exec(ctx, qualified("create schema {schema}", db.schema)); err != nil {
			return 0, err
		}
	}
	if !table {
		_, err := tx.Exec(ctx, qualified(`create table {schema}.migration (
	version    integer primary key,
	applied_at timestamptz not null default clock_timestamp()
)`, db.schema))
		if err != nil {
			return 0, err
		}
	}
	return db.version(ctx, tx)
}

// lockKey is the key of the advisory lock of this schema's migrations.
func (db *database) lockKey() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("tenantsync/pgstore/migrate/" + db.schema)) // never fails
	return int64(h.Sum64())
}
