package sqlitestore

import (
	"context"
	"slices"
)

// WriterPragma returns a pragma's value on the connection that writes.
func (s *Store) WriterPragma(ctx context.Context, name string) (value string, err error) {
	err = s.db.writer.transact(ctx, func(t *tx) error {
		_, err := t.row([]any{&value}, "PRAGMA "+name)
		return err
	})
	return value, err
}

// AddMigration makes this a later release, until restore is called.
func AddMigration(sql string) (restore func()) {
	before := migrations
	migrations = append(slices.Clone(migrations), migration{version: release() + 1, name: "added", sql: sql})
	return func() { migrations = before }
}

// Release is the schema that this release works with.
var Release = release()
