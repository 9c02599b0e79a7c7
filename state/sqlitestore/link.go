package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// link is a connection that writes. One goroutine uses it at a time.
type link struct {
	conn *sql.Conn
	// stmts are its prepared statements by their text. It is nil for a connection
	// that returns to its pool after one call.
	stmts map[string]*sql.Stmt
	// seen is the last result of enter on a connection that is kept.
	seen struct {
		dataVersion int64 // 0: nothing yet
		newest      int64
	}
}

// exec runs a statement. A transaction that must not be interrupted passes a ctx
// that does not end.
func (l *link) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if l.stmts == nil {
		return l.conn.ExecContext(ctx, text, args...)
	}
	stmt, err := l.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

func (l *link) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if l.stmts == nil {
		return l.conn.QueryContext(ctx, text, args...)
	}
	stmt, err := l.prepare(ctx, text)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

func (l *link) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt, ok := l.stmts[text]; ok {
		return stmt, nil
	}
	stmt, err := l.conn.PrepareContext(ctx, text)
	if err == nil {
		l.stmts[text] = stmt
	}
	return stmt, err
}

// forget closes the statements.
func (l *link) forget() error {
	var errs []error
	// A statement must not be closed after its connection.
	if l.conn.Raw(func(any) error { return nil }) == nil {
		for _, stmt := range l.stmts {
			errs = append(errs, stmt.Close())
		}
	}
	l.stmts = nil
	return errors.Join(errs...)
}

// close gives the connection back to its pool.
func (l *link) close() error { return errors.Join(l.forget(), l.conn.Close()) }

// discard closes a connection that may still be in a transaction, so that its
// pool does not hand it out again. SQLite rolls the transaction back.
func (l *link) discard() {
	_ = l.forget()
	// This error tells the pool not to keep the connection.
	_ = l.conn.Raw(func(any) error { return driver.ErrBadConn })
}
