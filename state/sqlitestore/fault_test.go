package sqlitestore_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

var errDisk = errors.New("disk I/O error")

// busy is an error as SQLite's.
type busy struct{}

func (busy) Error() string { return "database is locked" }
func (busy) Code() int     { return 5 }

// on returns a hook that gives one kind of statement an error.
func on(verb string, err error) hook {
	return func(_ driver.QueryerContext, text string) error {
		if strings.HasPrefix(text, verb) {
			return err
		}
		return nil
	}
}

// writes are all methods that write, each ready to write something. Commit is
// on the tenant contoso.
func writes(t *testing.T, s *sqlitestore.Store) map[string]func(context.Context) error {
	t.Helper()
	const tenant = "contoso"
	r := commit(t, s, state.CommitRequest{Record: newRecord(tenant), Entries: []state.Entry{{Type: "first"}}})
	due := newRecord("due")
	due.WakeAt = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	commit(t, s, state.CommitRequest{Record: due})
	leases := make(map[string]int64)
	for _, name := range []string{"renewed", "released"} {
		commit(t, s, state.CommitRequest{Record: newRecord(name)})
		lease, err := s.Acquire(t.Context(), state.AcquireRequest{Tenant: name, For: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		leases[name] = lease.Record.Fence
	}
	return map[string]func(context.Context) error{
		"Commit": func(ctx context.Context) error {
			_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
			return err
		},
		"Claim": func(ctx context.Context) error {
			_, err := s.Claim(ctx, state.ClaimRequest{For: time.Hour, Limit: 1})
			return err
		},
		"Acquire": func(ctx context.Context) error {
			_, err := s.Acquire(ctx, state.AcquireRequest{Tenant: tenant, For: time.Hour})
			return err
		},
		"Renew": func(ctx context.Context) error {
			_, err := s.Renew(ctx, state.RenewRequest{Tenant: "renewed", Fence: leases["renewed"], For: time.Hour})
			return err
		},
		"Release": func(ctx context.Context) error {
			return s.Release(ctx, state.ReleaseRequest{Tenant: "released", Fence: leases["released"]})
		},
		"Put": func(ctx context.Context) error {
			_, err := s.Put(ctx, state.PutRequest{Tenant: tenant, Kind: "plan"})
			return err
		},
		"Save": func(ctx context.Context) error {
			_, err := s.Caches().Save(ctx, auth.CacheKey{Tenant: tenant}, auth.Cache{Sealed: []byte("x")})
			return err
		},
		"Delete": func(ctx context.Context) error { return s.Caches().Delete(ctx, auth.CacheKey{Tenant: tenant}) },
	}
}

// COMMIT may have taken effect whatever its error is, except for a lock.
func TestFailedCommitIsUnknown(t *testing.T) {
	for _, tt := range []struct {
		name          string
		before, after hook
		took          bool
	}{
		{"before its effect", on("COMMIT", errDisk), nil, false},
		{"after its effect", nil, on("COMMIT", errDisk), true},
		{"the connection went", on("COMMIT", driver.ErrBadConn), nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
			s := openDB(t, db)
			for name, write := range writes(t, s) {
				spy.strike(tt.before, tt.after)
				err := write(t.Context())
				spy.strike(nil, nil)
				if !errors.Is(err, state.ErrUnknown) || errors.Is(err, state.ErrConflict) {
					t.Errorf("%s: got %v, want ErrUnknown", name, err)
				}
			}
			got, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.History(t.Context(), state.HistoryRequest{Tenant: "contoso"})
			if err != nil {
				t.Fatal(err)
			}
			if took := got.Record.Version == 2; took != tt.took || len(page.Entries) > 1 != tt.took {
				t.Errorf("version %d with %d entries; want the commit to have taken effect: %v", got.Record.Version, len(page.Entries), tt.took)
			}
		})
	}
}

// If COMMIT does not get a lock, which other journal modes allow, the outcome
// is known: the transaction is rolled back.
func TestBusyCommitWritesNothing(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	s := openDB(t, db)
	all := writes(t, s)
	for name, write := range all {
		spy.strike(on("COMMIT", busy{}), nil)
		err := write(t.Context())
		spy.strike(nil, nil)
		if err == nil || errors.Is(err, state.ErrUnknown) {
			t.Errorf("%s: got %v, want an error, and not ErrUnknown", name, err)
		}
	}
	for name, write := range all {
		if err := write(t.Context()); err != nil && !errors.Is(err, state.ErrLeased) {
			t.Errorf("%s afterwards: %v", name, err)
		}
	}
}

// Each statement of a commit fails in turn, before its effect and after it. An
// error other than ErrUnknown always means that nothing was written, and the
// store still works.
func TestEveryStatementOfACommitFails(t *testing.T) {
	walked := 0
	for _, late := range []bool{false, true} {
		spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=NORMAL")
		db.SetMaxOpenConns(1) // so that a connection left in a transaction is noticed
		s := openDB(t, db)
		r := newRecord("contoso")
		r.Labels = map[string]string{"a": "1"}
		r = commit(t, s, state.CommitRequest{Record: r})
		for i := 0; ; i++ {
			n, struck := 0, ""
			strike := func(_ driver.QueryerContext, text string) error {
				if n++; n-1 == i {
					struck = text
					return errDisk
				}
				return nil
			}
			if late {
				spy.strike(nil, strike)
			} else {
				spy.strike(strike, nil)
			}
			r.Labels = map[string]string{"a": fmt.Sprint(i, late)}
			_, err := s.Commit(t.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
			spy.strike(nil, nil)
			got, lerr := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
			if lerr != nil {
				t.Fatalf("Load after %q failed: %v", struck, lerr)
			}
			page, lerr := s.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Newest: true, Limit: 1})
			if lerr != nil {
				t.Fatal(lerr)
			}
			took := got.Record.Version == r.Version+1
			if has := len(page.Entries) == 1 && page.Entries[0].Version == r.Version+1; has != took {
				t.Errorf("after %q failed: committed %v, with its entry %v", struck, took, has)
			}
			// A failure after COMMIT does not concern the caller.
			if took != (err == nil || late && struck == "COMMIT") {
				t.Errorf("after %q failed: committed %v, and the caller heard %v", struck, took, err)
			}
			if err != nil && errors.Is(err, state.ErrUnknown) != (struck == "COMMIT") {
				t.Errorf("after %q failed: got %v", struck, err)
			}
			r = got.Record
			if struck == "" {
				break
			}
			walked++
		}
	}
	if walked < 20 {
		t.Errorf("walked %d statements, want 20 or more", walked)
	}
	t.Logf("%d statements failed, each once", walked)
}

// If a context ends before COMMIT begins, nothing was written. If it ends
// later, the call still reports that everything was written.
func TestCancelledInTheMiddle(t *testing.T) {
	for _, tt := range []struct {
		at   string
		took bool
	}{
		{"PRAGMA", false},
		{"BEGIN", false},
		{"SELECT", false},
		{"INSERT", false},
		{"COMMIT", true},
	} {
		for i := range 4 {
			late, synchronous := i%2 == 1, []string{"NORMAL", "FULL"}[i/2]
			t.Run(fmt.Sprintf("%s late=%v %s", tt.at, late, synchronous), func(t *testing.T) {
				spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous="+synchronous)
				db.SetMaxOpenConns(1)
				s := openDB(t, db)
				r := commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
				ctx, cancel := context.WithCancel(t.Context())
				strike := func(_ driver.QueryerContext, text string) error {
					if strings.HasPrefix(text, tt.at) {
						cancel()
						if late && tt.at == "BEGIN" {
							return ctx.Err() // as the driver reports it
						}
					}
					return nil
				}
				if late {
					spy.strike(nil, strike)
				} else {
					spy.strike(strike, nil)
				}
				_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
				spy.strike(nil, nil)
				if tt.took != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v; want it to take effect: %v", err, tt.took)
				}
				got, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				if err != nil || (got.Record.Version == 2) != tt.took {
					t.Errorf("version %d, %v; want it to have taken effect: %v", got.Record.Version, err, tt.took)
				}
				commit(t, s, state.CommitRequest{Record: got.Record})
			})
		}
	}
}

// If a transaction cannot be rolled back, its connection is closed, so that no
// later call gets it inside the transaction.
func TestRollbackFails(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "_synchronous=FULL")
	db.SetMaxOpenConns(1)
	s := openDB(t, db)
	r := commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
	spy.strike(func(_ driver.QueryerContext, text string) error {
		if text == "ROLLBACK" || strings.HasPrefix(text, "INSERT") {
			return errDisk
		}
		return nil
	}, nil)
	_, err := s.Commit(t.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
	spy.strike(nil, nil)
	if !errors.Is(err, errDisk) || errors.Is(err, state.ErrUnknown) {
		t.Errorf("got %v, want what the statement said", err)
	}
	if got := commit(t, s, state.CommitRequest{Record: r}); got.Version != 2 {
		t.Errorf("version %d, want 2", got.Version)
	}
}

// Cancelled at any moment, through the driver's own interrupts: the error of a
// context always means that nothing was written. The deadlines follow the
// machine: each commit that is in time shortens the next ones and each that is
// late lengthens them, so that both happen however slow the disk is.
func TestCancelledAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	for _, s := range []*sqlitestore.Store{openPath(t, path), openDB(t, hostDB(t, path, "_synchronous=OFF"))} {
		rnd := rand.New(rand.NewPCG(7, 7))
		r := newRecord("contoso")
		loaded, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
		if err == nil {
			r = loaded.Record
		}
		taken, cancelled := 0, 0
		longest := 1500 * time.Microsecond
		for range 400 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.Int64N(int64(longest))))
			_, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
			cancel()
			want := r.Version
			switch {
			case err == nil:
				want++
				taken++
				longest = max(longest*9/10, time.Microsecond)
			case errors.Is(err, context.DeadlineExceeded):
				cancelled++
				longest = longest*11/10 + 1
			default:
				t.Fatal(err)
			}
			got, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
			if err != nil && !(errors.Is(err, state.ErrNotFound) && want == 0) {
				t.Fatal(err)
			}
			if got.Record.Version != want {
				t.Fatalf("version %d after a commit to version %d that returned %v", got.Record.Version, want, err)
			}
			if want > 0 {
				r = got.Record
			}
		}
		page, err := s.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Newest: true, Limit: 1})
		if err != nil || len(page.Entries) != 1 || page.Entries[0].Version != r.Version {
			t.Errorf("newest entries %v, %v; want one of version %d", page.Entries, err, r.Version)
		}
		if taken < 40 || cancelled < 40 {
			t.Errorf("%d took effect, %d were cancelled; want at least 40 of each", taken, cancelled)
		}
	}
}

// On a full disk a statement fails, and SQLite ends the transaction.
func TestFullDisk(t *testing.T) {
	s := openDB(t, hostDB(t, filepath.Join(t.TempDir(), "state.db"), "_pragma=max_page_count(80)"))
	r := commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
	r.Data = []byte(`"` + strings.Repeat("x", 1<<20) + `"`)
	_, err := s.Commit(t.Context(), state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}})
	if err == nil || !strings.Contains(err.Error(), "full") {
		t.Errorf("Commit of more than fits: %v", err)
	}
	r.Data = []byte(`{}`)
	if got := commit(t, s, state.CommitRequest{Record: r}); got.Version != 2 {
		t.Errorf("version %d, want 2: the failed commit must have written nothing", got.Version)
	}
}
