package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"sync"
	"testing"

	"modernc.org/sqlite"
)

// spy is a host's DB. A test sees each of its statements, and can make one
// fail.
type spy struct {
	driver.Connector

	mu sync.Mutex
	// texts are all statements that were run or prepared.
	texts map[string]bool
	// before and after, if set, are called around each statement. Their error
	// replaces the result of the database.
	before, after hook
	// rows, if set, replaces the rows of each query.
	rows func(driver.Rows) driver.Rows
}

// hook is called around a statement, on its connection.
type hook func(conn driver.QueryerContext, text string) error

// spyDB opens a database through a spy.
func spyDB(t testing.TB, path, parameters string) (*spy, *sql.DB) {
	t.Helper()
	connector, err := sqlite.NewConnector(dsn(path, parameters))
	if err != nil {
		t.Fatal(err)
	}
	s := &spy{Connector: connector, texts: make(map[string]bool)}
	db := sql.OpenDB(s)
	t.Cleanup(func() { db.Close() })
	return s, db
}

// strike sets the hooks that are called around each statement from now on.
func (s *spy) strike(before, after hook) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.after = before, after
}

// strikeRows sets the function that replaces the rows of each query.
func (s *spy) strikeRows(rows func(driver.Rows) driver.Rows) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = rows
}

// replaced returns the rows of a query, or what replaces them.
func (s *spy) replaced(rows driver.Rows, err error) (driver.Rows, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows != nil && err == nil {
		return s.rows(rows), nil
	}
	return rows, err
}

func (s *spy) seen(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts[text] = true
}

// around runs f as one statement.
func (s *spy) around(conn driver.QueryerContext, text string, f func() error) error {
	s.mu.Lock()
	before, after := s.before, s.after
	s.mu.Unlock()
	if before != nil {
		if err := before(conn, text); err != nil {
			return err
		}
	}
	err := f()
	if after != nil && err == nil {
		err = after(conn, text)
	}
	return err
}

func (s *spy) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return spyConn{conn.(fullConn), s}, nil
}

// fullConn has the interfaces of the driver's connections.
type fullConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type spyConn struct {
	fullConn
	spy *spy
}

func (c spyConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (res driver.Result, err error) {
	c.spy.seen(text)
	err = c.spy.around(c.fullConn, text, func() (err error) {
		res, err = c.fullConn.ExecContext(ctx, text, args)
		return err
	})
	return res, err
}

func (c spyConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (rows driver.Rows, err error) {
	c.spy.seen(text)
	err = c.spy.around(c.fullConn, text, func() (err error) {
		rows, err = c.fullConn.QueryContext(ctx, text, args)
		return err
	})
	return c.spy.replaced(rows, err)
}

func (c spyConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.spy.seen(text)
	stmt, err := c.fullConn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return spyStmt{stmt.(fullStmt), c, text}, nil
}

// fullStmt has the interfaces of the driver's prepared statements.
type fullStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type spyStmt struct {
	fullStmt
	conn spyConn
	text string
}

func (s spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	err = s.conn.spy.around(s.conn.fullConn, s.text, func() (err error) {
		res, err = s.fullStmt.ExecContext(ctx, args)
		return err
	})
	return res, err
}

func (s spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (rows driver.Rows, err error) {
	err = s.conn.spy.around(s.conn.fullConn, s.text, func() (err error) {
		rows, err = s.fullStmt.QueryContext(ctx, args)
		return err
	})
	return s.conn.spy.replaced(rows, err)
}
