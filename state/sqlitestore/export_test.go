package sqlitestore

import (
	"context"
	"log/slog"
	"slices"
	"time"
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

// NewClock returns a store's clock as a function of the newest commit's time. The
// clock logged its last warning at told.
func NewClock(log *slog.Logger, told time.Time) func(newest time.Time) time.Time {
	c := &clock{log: log}
	c.told.Store(told.UnixMicro())
	return func(newest time.Time) time.Time { return fromMicro(c.now(newest.UnixMicro())) }
}
