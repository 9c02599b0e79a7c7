package sqlitestore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// locked has the write lock of a database until the test, or release, ends.
func locked(t *testing.T, path string) (release func()) {
	t.Helper()
	conn, err := hostDB(t, path, "").Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
	}
}

// While another process writes for longer than BusyTimeout, a call that writes
// fails with a plain error and writes nothing. A call that reads does not wait.
func TestLockedByAnother(t *testing.T) {
	for _, host := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "state.db")
		all := writes(t, openPath(t, path))
		cfg := sqlitestore.Config{Path: path, BusyTimeout: 50 * time.Millisecond}
		if host {
			cfg = sqlitestore.Config{DB: hostDB(t, path, ""), BusyTimeout: 50 * time.Millisecond}
		}
		s := openBare(t, cfg)
		release := locked(t, path)
		r := newRecord("contoso")
		r.Version = 1
		_, err := s.Commit(t.Context(), state.CommitRequest{Record: r})
		if err == nil || errors.Is(err, state.ErrUnknown) || errors.Is(err, state.ErrConflict) || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("host %v: Commit beside a lock: %v, want an error that says that nothing was written", host, err)
		}
		if _, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); err != nil {
			t.Errorf("host %v: Load beside a lock: %v", host, err)
		}
		// All due tenants are leased, so Claim need not write.
		if got, err := s.Claim(t.Context(), state.ClaimRequest{For: time.Hour, Limit: 1}); err == nil || len(got.Leases) != 0 {
			t.Errorf("host %v: Claim of a due tenant beside a lock: %v, %v", host, got, err)
		}
		release()
		if got := commit(t, s, state.CommitRequest{Record: r}); got.Version != 2 {
			t.Errorf("host %v: version %d, want 2", host, got.Version)
		}
		_ = all
	}
}

// A call that waits for a lock ends with its context. If the lock is released
// in time, it succeeds.
func TestWaitingForALock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	host := openDB(t, hostDB(t, path, "_busy_timeout=60000"))
	for _, s := range []*sqlitestore.Store{s, host} {
		release := locked(t, path)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err := s.Put(ctx, state.PutRequest{Tenant: "contoso", Kind: "plan"})
		if cancel(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait with a context that ends: %v", err)
		}
		// One waits for the lock and the others behind it, for their turn.
		done := make(chan error)
		for range 3 {
			go func() {
				_, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"})
				done <- err
			}()
		}
		ctx, cancel = context.WithTimeout(t.Context(), 30*time.Millisecond)
		_, err = s.Put(ctx, state.PutRequest{Tenant: "contoso", Kind: "plan"})
		if cancel(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait in the queue with a context that ends: %v", err)
		}
		release()
		for range 3 {
			if err := <-done; err != nil {
				t.Errorf("after the lock was released: %v", err)
			}
		}
	}
}

// coded is an error of SQLite with a result code.
type coded int

func (c coded) Error() string { return fmt.Sprint("SQLite's error ", int(c)) }
func (c coded) Code() int     { return int(c) }

// A lock is waited for under each of its codes, and no other error is.
func TestCodesOfALock(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	s := openDB(t, db)
	for code, waits := range map[coded]bool{4: false, 5: true, 5 | 1<<8: true, 6: true, 6 | 1<<8: true, 7: false} {
		failed := false
		spy.strike(func(_ driver.QueryerContext, text string) error {
			if text == "BEGIN IMMEDIATE" && !failed {
				failed = true
				return code
			}
			return nil
		}, nil)
		_, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"})
		spy.strike(nil, nil)
		if (err == nil) != waits || !failed {
			t.Errorf("%v: got %v, want it retried: %v", code, err, waits)
		}
	}
}

// The calls that wait behind it also stop when their time is up.
func TestQueueGivesUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openPath(t, path)
	s := openBare(t, sqlitestore.Config{Path: path, BusyTimeout: 50 * time.Millisecond})
	defer locked(t, path)()
	done := make(chan error)
	const calls = 8
	for range calls {
		go func() {
			_, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"})
			done <- err
		}()
	}
	for range calls {
		if err := <-done; err == nil || !strings.Contains(err.Error(), "nothing was written") {
			t.Errorf("got %v, want an error that says that nothing was written", err)
		}
	}
}

// A host that holds all its connections while it calls the store gets an error,
// not a standstill.
func TestHostHoldsItsConnections(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	db.SetMaxOpenConns(1)
	s := open(t, sqlitestore.Config{DB: db, BusyTimeout: 30 * time.Millisecond})
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"})
	if err == nil || !strings.Contains(err.Error(), "no connection of the DB was free") {
		t.Errorf("got %v, want an error that names the cause", err)
	}
	conn.Close()
	if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
		t.Errorf("once it is free: %v", err)
	}
}

// A host may have left a connection in a transaction. The store does not write
// into the transaction, and does not end it.
func TestHostInATransaction(t *testing.T) {
	db := hostDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	db.SetMaxOpenConns(1)
	s := openDB(t, db)
	must := func(res sql.Result, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.Exec("CREATE TABLE host (x INTEGER)"))
	must(db.Exec("BEGIN"))
	must(db.Exec("INSERT INTO host VALUES (1)"))
	if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err == nil {
		t.Error("Put within a host's transaction succeeded")
	}
	must(db.Exec("COMMIT"))
	var n int
	if err := db.QueryRow("SELECT count(*) FROM host").Scan(&n); err != nil || n != 1 {
		t.Errorf("the host's transaction left %d rows, %v; want 1", n, err)
	}
}

// watched is a context that calls asked when a call begins to wait for its end.
type watched struct {
	context.Context
	asked func()
}

func (c watched) Done() <-chan struct{} {
	c.asked()
	return c.Context.Done()
}

// A call that waits for its turn to write ends with its context, and ends when
// the store is closed. Close waits for the call that writes.
func TestWaitingForATurn(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	s := openDB(t, db)
	put := func(ctx context.Context) error {
		_, err := s.Put(ctx, state.PutRequest{Tenant: "contoso", Kind: "plan"})
		return err
	}
	writing, release := make(chan struct{}), make(chan struct{})
	defer close(release) // also when the test fails before
	var committed atomic.Bool
	spy.strike(func(_ driver.QueryerContext, text string) error {
		if text == "COMMIT" {
			close(writing)
			<-release
		}
		return nil
	}, func(_ driver.QueryerContext, text string) error {
		if text == "COMMIT" {
			committed.Store(true)
		}
		return nil
	})
	first, closed := make(chan error, 1), make(chan error, 1)
	go func() { first <- put(t.Context()) }()
	<-writing

	ctx, cancel := context.WithCancel(t.Context())
	if err := put(watched{ctx, cancel}); !errors.Is(err, context.Canceled) {
		t.Fatalf("a call whose context ends: %v, want that the context was cancelled", err)
	}
	err := put(watched{t.Context(), func() {
		go func() {
			err := s.Close()
			if !committed.Load() {
				err = errors.Join(err, errors.New("Close did not wait for the call that was writing"))
			}
			closed <- err
		}()
	}})
	if err == nil || !strings.Contains(err.Error(), "closed") {
		t.Fatalf("a call while the store is closed: %v, want that it is closed", err)
	}
	release <- struct{}{}
	if err := <-first; err != nil {
		t.Errorf("the call that was writing: %v", err)
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
}
