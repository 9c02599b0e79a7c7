package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// reader runs queries on the connections that read. Their statements stay
// prepared.
type reader struct {
	pool  *sql.DB
	stmts statements
}

// query runs a query on one of the reading connections.
func (r *reader) query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := r.stmts.get(ctx, r.pool, text)
	switch {
	case err != nil:
		return nil, err
	case stmt == nil:
		return r.pool.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(ctx, args...)
}

// row runs a query for one row at most, and reports whether there was one.
func (r *reader) row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	rows, err := r.query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}

// close closes the statements. It does not close the pool.
func (r *reader) close() error { return r.stmts.close() }

func oneRow(rows *sql.Rows, dest []any) (bool, error) {
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, errors.Join(rows.Scan(dest...), rows.Close())
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
	if other, ok := s.byText[text]; ok || s.closed { // another call was faster
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
