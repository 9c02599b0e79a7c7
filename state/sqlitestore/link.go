package sqlitestore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
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

// exec runs a statement. exec and query do not heed the end of ctx:
// [Store.begin] checks it.
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

// statements are prepared statements on a pool of connections.
type statements struct {
	mu     sync.Mutex
	byText map[string]*sql.Stmt
	closed bool
}

// maxStatements bounds the number of kept statements, because lists have many
// forms. Each further statement is prepared for every call.
const maxStatements = 64

// get returns a prepared statement, or nil if the caller must run text
// unprepared.
func (s *statements) get(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	s.mu.Lock()
	stmt, ok := s.byText[text]
	full := s.closed || len(s.byText) >= maxStatements
	s.mu.Unlock()
	if ok || full {
		return stmt, nil
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if other, ok := s.byText[text]; ok || s.closed { // another was faster
		return other, stmt.Close()
	}
	if s.byText == nil {
		s.byText = make(map[string]*sql.Stmt)
	}
	s.byText[text] = stmt
	return stmt, nil
}

func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, stmt := range s.byText {
		errs = append(errs, stmt.Close())
	}
	s.byText, s.closed = nil, true
	return errors.Join(errs...)
}
