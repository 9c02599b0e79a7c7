package sqlitestore_test

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
)

// everyCall returns calls of all methods. Each can be repeated while it fails.
func everyCall(t *testing.T, s everyStore) map[string]func(context.Context) error {
	t.Helper()
	past := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	run := state.Run{ID: "run-1", Status: state.Idle, Started: past}
	records := map[string]state.Record{}
	for _, name := range []string{"committed", "acquired", "released", "removed", "a-due"} {
		r := newRecord(name)
		r.Labels = map[string]string{"region": "eu"}
		if name == "a-due" {
			r.WakeAt = past
		}
		r = commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}, {Type: "t"}}, Runs: []state.Run{run, {ID: "run-2", Status: state.Idle, Started: past}}})
		records[name] = r
	}
	for _, name := range []string{"committed", "released"} { // with a note
		lease, err := s.Acquire(t.Context(), state.AcquireRequest{Tenant: name, For: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Renew(t.Context(), state.RenewRequest{Tenant: name, Fence: lease.Record.Fence, For: time.Hour, Note: json.RawMessage(`1`)}); err != nil {
			t.Fatal(err)
		}
	}
	put := state.PutRequest{Tenant: "acquired", Kind: "plan", Data: []byte("data")}
	if _, err := s.Put(t.Context(), put); err != nil {
		t.Fatal(err)
	}
	key, gone := auth.CacheKey{Tenant: "committed"}, auth.CacheKey{Tenant: "removed"}
	for _, key := range []auth.CacheKey{key, gone} {
		if _, err := s.Caches().Save(t.Context(), key, auth.Cache{Sealed: []byte("x")}); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]func(context.Context) error{
		"Load": func(ctx context.Context) error {
			_, err := s.Load(ctx, state.LoadRequest{Tenant: "committed"})
			return err
		},
		"List": func(ctx context.Context) error { _, err := s.List(ctx, state.ListRequest{}); return err },
		"List by label": func(ctx context.Context) error {
			_, err := s.List(ctx, state.ListRequest{Labels: map[string]string{"region": "eu"}})
			return err
		},
		"History": func(ctx context.Context) error {
			_, err := s.History(ctx, state.HistoryRequest{Tenant: "committed"})
			return err
		},
		"Runs": func(ctx context.Context) error { _, err := s.Runs(ctx, state.RunsRequest{}); return err },
		"Get":  func(ctx context.Context) error { _, err := s.Get(ctx, put.Ref()); return err },
		"Commit": func(ctx context.Context) error {
			r := records["committed"]
			r.Labels = map[string]string{"region": "us"}
			_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{run, {ID: "run-3", Status: state.Idle, Started: past}}})
			return err
		},
		"Commit, creating": func(ctx context.Context) error {
			r := newRecord("created")
			r.Labels = map[string]string{"region": "us"}
			_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
			return err
		},
		"Commit, removing": func(ctx context.Context) error {
			_, err := s.Commit(ctx, state.CommitRequest{Record: records["removed"], Remove: true, Entries: []state.Entry{{Type: "t"}}})
			return err
		},
		"Claim": func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		},
		"Acquire": func(ctx context.Context) error {
			_, err := s.Acquire(ctx, state.AcquireRequest{Tenant: "acquired", For: time.Hour})
			return err
		},
		"Renew": func(ctx context.Context) error {
			_, err := s.Renew(ctx, state.RenewRequest{Tenant: "committed", Fence: 1, For: time.Hour})
			return err
		},
		"Release": func(ctx context.Context) error {
			return s.Release(ctx, state.ReleaseRequest{Tenant: "released", Fence: 1})
		},
		"Put":         func(ctx context.Context) error { _, err := s.Put(ctx, put); return err },
		"Remove":      func(ctx context.Context) error { return s.Remove(ctx, "committed") },
		"Caches.Load": func(ctx context.Context) error { _, err := s.Caches().Load(ctx, key); return err },
		"Caches.Save": func(ctx context.Context) error {
			_, err := s.Caches().Save(ctx, key, auth.Cache{Version: 1, Sealed: []byte("y")})
			return err
		},
		"Caches.Delete": func(ctx context.Context) error { return s.Caches().Delete(ctx, gone) },
	}
}

// everyStore has all methods of a Store.
type everyStore interface {
	state.Store
	Caches() auth.CacheStore
}

// failingRows fail in place of a row, which is counted from 1, or of their end.
type failingRows struct {
	driver.Rows
	at, read int
}

func (r *failingRows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if r.read++; r.read >= r.at || errors.Is(err, io.EOF) {
		return errDisk
	}
	return err
}

// Whichever statement of a method fails, the method returns the error, and has
// no effect. The same holds for a query whose rows fail.
func TestEveryStatementOfEachMethodFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	spy, db := spyDB(t, path, "_synchronous=FULL")
	s := openDB(t, db)
	calls := everyCall(t, s)
	other := hostDB(t, path, "")
	other.SetMaxOpenConns(1)
	// version changes with each commit of another connection.
	version := func() (v int64) {
		if err := other.QueryRow("PRAGMA data_version").Scan(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	for name, call := range calls {
		strikes := 0
		for at := 0; ; at++ {
			n, struck := 0, ""
			spy.strike(func(_ driver.QueryerContext, text string) error {
				if n++; n-1 == at && text != "ROLLBACK" {
					struck = text
					return errDisk
				}
				return nil
			}, nil)
			before := version()
			err := call(t.Context())
			spy.strike(nil, nil)
			if struck == "" {
				if err != nil {
					t.Errorf("%s, where nothing fails: %v", name, err)
				}
				break
			}
			strikes++
			if !errors.Is(err, errDisk) {
				t.Errorf("%s returns %v, where this fails: %s", name, err, struck)
			}
			if after := version(); after != before {
				t.Errorf("%s writes, where this fails: %s", name, struck)
			}
		}
		if strikes == 0 {
			t.Errorf("%s sends no statement", name)
		}
	}
}

func TestRowsFail(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=FULL")
	calls := everyCall(t, openDB(t, db))
	for _, c := range []struct {
		at    int
		names []string
	}{
		{2, []string{"Load", "List", "List by label", "History", "Runs", "Claim", "Acquire"}},
		{1, []string{"Load", "List", "List by label", "History", "Runs", "Get", "Caches.Load", "Commit", "Commit, creating", "Commit, removing", "Renew", "Release"}},
	} {
		for _, name := range c.names {
			spy.strikeRows(func(rows driver.Rows) driver.Rows { return &failingRows{Rows: rows, at: c.at} })
			if err := calls[name](t.Context()); !errors.Is(err, errDisk) {
				t.Errorf("%s, where row %d cannot be read: %v", name, c.at, err)
			}
			spy.strikeRows(nil)
			if err := calls[name](t.Context()); err != nil {
				t.Errorf("%s after it: %v", name, err)
			}
		}
	}
}

// A column that holds no JSON, or JSON of another type, is an error of each method
// that reads it, and never an empty list.
func TestDamagedColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	calls := everyCall(t, s)
	db := hostDB(t, path, "")
	for _, column := range []string{"labels", "refs"} {
		for _, damage := range []string{`{`, `"x"`} {
			for _, name := range []string{"Load", "List", "Claim", "Acquire", "Renew"} {
				var before any
				if err := db.QueryRow("SELECT " + column + " FROM tenantsync_record WHERE tenant = 'committed'").Scan(&before); err != nil {
					t.Fatal(err)
				}
				if _, err := db.Exec("UPDATE tenantsync_record SET "+column+" = ? WHERE tenant IN ('committed', 'acquired', 'a-due')", damage); err != nil {
					t.Fatal(err)
				}
				if err := calls[name](t.Context()); err == nil || !strings.Contains(err.Error(), column+" of ") {
					t.Errorf("%s with the %s %s: got %v, want an error that names them", name, column, damage, err)
				}
				if _, err := db.Exec("UPDATE tenantsync_record SET "+column+" = ? WHERE tenant IN ('committed', 'acquired', 'a-due')", before); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for _, name := range []string{"Load", "List", "Acquire", "Renew", "Commit"} {
		if err := calls[name](t.Context()); err != nil {
			t.Errorf("%s afterwards: %v", name, err)
		}
	}
}
