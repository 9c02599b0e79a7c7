package sqlitestore

import (
	"context"
	"database/sql"
	"time"
)

// tx is a transaction that holds the database's write lock.
type tx struct {
	// ctx does not end: each statement takes microseconds, so interrupting one
	// has no use. A loop that must end early checks the caller's context.
	ctx  context.Context
	link *link
	// now is the store's time, read under the lock.
	now int64
}

func (t *tx) time() time.Time { return fromMicro(t.now) }

func (t *tx) exec(text string, args ...any) (sql.Result, error) {
	return t.link.exec(t.ctx, text, args...)
}

// row runs a query for one row at most, and reports whether there was one.
func (t *tx) row(dest []any, text string, args ...any) (bool, error) {
	rows, err := t.link.query(t.ctx, text, args...)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}
