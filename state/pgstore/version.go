package pgstore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// schemaVersion is the version of the schema that this release works with: the
// number of the last migration. A column never changes its type, because other
// processes may have it in prepared statements. If the statements of former
// releases must fail after a migration, the migration renames the tables or
// columns that they use.
const schemaVersion = 3

// version returns the version of the schema, or 0 if no migration was applied.
func (db *database) version(ctx context.Context, q querier) (int, error) {
	var at int
	err := q.QueryRow(ctx, qualified("select coalesce(max(version), 0) from {schema}.migration", db.schema), db.planned).Scan(&at)
	return at, err
}

// checkVersion returns an error unless the schema's version is this release's.
func (db *database) checkVersion(ctx context.Context, conn *pgx.Conn) error {
	at, err := db.version(ctx, conn)
	switch {
	case isSchema(err):
		return fmt.Errorf("%w (schema %q has no version)", ErrNotMigrated, db.schema)
	case err != nil:
		return fmt.Errorf("read the schema's version: %w", err)
	case at != schemaVersion:
		return db.wrongVersion(at)
	}
	return nil
}

// wrongVersion returns the error of a schema at another version than this
// release's.
func (db *database) wrongVersion(at int) error {
	err := ErrNotMigrated
	if at > schemaVersion {
		err = ErrNewerSchema
	}
	return fmt.Errorf("%w (schema %q is at version %d, this release works with %d)", err, db.schema, at, schemaVersion)
}

// explain returns the reason for a missing table or column: since the check of
// the version, a newer release may have migrated the database, or the schema
// may have been removed.
func (db *database) explain(ctx context.Context, err error) error {
	conn, acquireErr := db.pool.Acquire(ctx)
	if acquireErr != nil {
		return err
	}
	defer conn.Release()
	if why := db.checkVersion(ctx, conn.Conn()); why != nil {
		db.migrated.Store(false)
		return &nothingWrittenError{fmt.Errorf("%w: %w", why, err)}
	}
	return err
}
