package sqlitestore_test

import (
	"bytes"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// pruneAll prunes until nothing is removed.
func pruneAll(t *testing.T, s *sqlitestore.Store, req state.PruneRequest) (entries, blobs, calls int) {
	t.Helper()
	for {
		calls++
		got, err := s.Prune(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if got.Entries == 0 && got.Blobs == 0 {
			return entries, blobs, calls
		}
		entries += got.Entries
		blobs += got.Blobs
	}
}

// Prune removes all old data in small steps, also among much data that it
// keeps. It removes the kept data once that is unused.
func TestPruneAmongMuchThatIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	const tenants = 20
	for i := range tenants {
		r := newRecord(tenantName(i))
		for _, run := range []string{"run-0", "run-1"} { // the last is kept
			r.Run = run
			r = commit(t, s, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t", Run: run}, {Type: "t", Run: run}}})
			if _, err := s.Put(t.Context(), state.PutRequest{Tenant: r.Tenant, Run: run, Kind: "plan"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	raw := hostDB(t, path, "")
	pass(t, raw, 48*time.Hour)
	req := state.PruneRequest{Age: time.Hour, Limit: 7}
	entries, blobs, calls := pruneAll(t, s, req)
	if entries != 2*tenants || blobs != tenants {
		t.Errorf("%d entries and %d blobs went, want %d and %d", entries, blobs, 2*tenants, tenants)
	}
	if calls > 9 {
		t.Errorf("it took %d calls, want 6 full ones and a few", calls)
	}
	for i := range tenants { // a later run begins
		got, err := s.Load(t.Context(), state.LoadRequest{Tenant: tenantName(i)})
		if err != nil {
			t.Fatal(err)
		}
		got.Record.Run = "run-2"
		commit(t, s, state.CommitRequest{Record: got.Record})
		if i == 0 { // in between, so that Prune has come some way
			if got, err := s.Prune(t.Context(), req); err != nil || got.Entries != 2 || got.Blobs != 1 {
				t.Errorf("of one tenant: %+v, %v", got, err)
			}
		}
	}
	if entries, blobs, _ := pruneAll(t, s, req); entries != 2*(tenants-1) || blobs != tenants-1 {
		t.Errorf("%d entries and %d blobs went, want %d and %d", entries, blobs, 2*(tenants-1), tenants-1)
	}
}

// The data that Prune has found may come into use before it is removed.
func TestPruneLooksAgain(t *testing.T) {
	takeUp := func(s *sqlitestore.Store, r state.Record, _ state.BlobRef) error {
		r.Run = "run-0"
		_, err := s.Commit(t.Context(), state.CommitRequest{Record: r})
		return err
	}
	for _, tt := range []struct {
		name    string
		between func(s *sqlitestore.Store, r state.Record, ref state.BlobRef) error
		at      int // 0: before the blob is removed, 1: before the entries are
		entries int // of two
		blobs   int // of one
	}{
		{"nothing happens", func(*sqlitestore.Store, state.Record, state.BlobRef) error { return nil }, 0, 2, 1},
		{"a record names the run", takeUp, 0, 0, 0},
		{"a record names the run later", takeUp, 1, 0, 1},
		{"the blob is referred to", func(s *sqlitestore.Store, r state.Record, ref state.BlobRef) error {
			r.Refs = []state.BlobRef{ref}
			_, err := s.Commit(t.Context(), state.CommitRequest{Record: r})
			return err
		}, 0, 2, 0},
		{"the blob is put again", func(s *sqlitestore.Store, _ state.Record, ref state.BlobRef) error {
			_, err := s.Put(t.Context(), state.PutRequest{Tenant: ref.Tenant, Run: ref.Run, Kind: ref.Kind})
			return err
		}, 0, 2, 0},
	} {
		for _, tenant := range []string{"", "contoso"} {
			t.Run(tt.name+" "+tenant, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "state.db")
				spy, db := spyDB(t, path, "")
				s, other := openDB(t, db), openPath(t, path)
				r := commit(t, s, state.CommitRequest{Record: newRecord("contoso"), Entries: []state.Entry{{Type: "t", Run: "run-0"}, {Type: "t", Run: "run-0"}}})
				ref, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Run: "run-0", Kind: "<&>"})
				if err != nil {
					t.Fatal(err)
				}
				pass(t, db, 48*time.Hour)
				began := -1
				spy.strike(func(_ driver.QueryerContext, text string) error {
					if text == "BEGIN IMMEDIATE" {
						if began++; began == tt.at {
							return tt.between(other, r, ref)
						}
					}
					return nil
				}, nil)
				got, err := s.Prune(t.Context(), state.PruneRequest{Tenant: tenant})
				spy.strike(nil, nil)
				if err != nil || got.Entries != tt.entries || got.Blobs != tt.blobs {
					t.Errorf("got %+v, %v; want %d entries and %d blobs", got, err, tt.entries, tt.blobs)
				}
				if _, err := s.Get(t.Context(), ref); errors.Is(err, state.ErrNotFound) != (tt.blobs == 1) {
					t.Errorf("Get: %v", err)
				}
			})
		}
	}
}

// Others write between the transactions of one Prune.
func TestPruneInSmallTransactions(t *testing.T) {
	spy, db := spyDB(t, filepath.Join(t.TempDir(), "state.db"), "")
	s := openDB(t, db)
	const blobs = 5
	for i := range blobs { // two of them fit into one transaction
		if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan", Data: bytes.Repeat([]byte{byte(i)}, 7<<20)}); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, s, state.CommitRequest{Record: newRecord("contoso"), Entries: make450()})
	pass(t, db, 48*time.Hour)
	commits := 0
	spy.strike(func(_ driver.QueryerContext, text string) error {
		if text == "COMMIT" {
			if commits++; commits == 5 {
				return errDisk
			}
		}
		return nil
	}, nil)
	got, err := s.Prune(t.Context(), state.PruneRequest{})
	spy.strike(nil, nil)
	// Three transactions for the blobs, one for 200 entries, and one that failed.
	if err == nil || got.Blobs != blobs || got.Entries != 200 || commits != 5 {
		t.Errorf("got %+v, %v after %d transactions; want %d blobs, 200 entries and an error after 5", got, err, commits, blobs)
	}
	if entries, _, _ := pruneAll(t, s, state.PruneRequest{}); entries != 250 {
		t.Errorf("%d more entries went, want 250", entries)
	}
}

func make450() []state.Entry {
	entries := make([]state.Entry, 450)
	for i := range entries {
		entries[i].Type = fmt.Sprint("t", i)
	}
	return entries
}

// Whichever statement of Prune fails, it returns the error, and how much it has
// removed.
func TestEveryStatementOfPruneFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	spy, db := spyDB(t, path, "_synchronous=FULL")
	s, other := openDB(t, db), hostDB(t, path, "_synchronous=FULL")
	count := func() (all state.Pruned) {
		t.Helper()
		for table, n := range map[string]*int{"blob": &all.Blobs, "entry": &all.Entries, "run": &all.Runs} {
			if err := other.QueryRow("SELECT count(*) FROM tenantsync_" + table).Scan(n); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	r := newRecord("contoso")
	for _, tenant := range []string{"", "contoso"} {
		at, struck := 0, "nothing yet"
		for before := (state.Pruned{}); struck != ""; at++ {
			req := state.CommitRequest{Record: r}
			if before.Entries == 0 {
				req.Entries = []state.Entry{{Type: "t"}, {Type: "t"}}
			}
			if before.Runs == 0 {
				req.Runs = []state.Run{{ID: "run-1", Status: state.Idle, Started: time.Now()}}
			}
			r = commit(t, s, req)
			if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan"}); err != nil {
				t.Fatal(err)
			}
			pass(t, other, 48*time.Hour)
			before = count()
			n := 0
			struck = ""
			spy.strike(func(_ driver.QueryerContext, text string) error {
				if n++; n-1 == at && text != "ROLLBACK" {
					struck = text
					return errDisk
				}
				return nil
			}, nil)
			got, err := s.Prune(t.Context(), state.PruneRequest{Tenant: tenant})
			spy.strike(nil, nil)
			after := count()
			if !errors.Is(err, errDisk) && struck != "" || struck == "" && err != nil {
				t.Errorf("Prune(%q) returns %v, where this fails: %s", tenant, err, struck)
			}
			if got.Blobs != before.Blobs-after.Blobs || got.Entries != before.Entries-after.Entries || got.Runs != before.Runs-after.Runs {
				t.Errorf("Prune(%q) returns %+v of %+v, and leaves %+v, where this fails: %s", tenant, got, before, after, struck)
			}
			if struck == "" && after != (state.Pruned{}) {
				t.Errorf("Prune(%q) leaves %+v", tenant, after)
			}
			before = after
		}
		if at < 12 {
			t.Errorf("Prune(%q) sends %d statements", tenant, at)
		}
	}
}

// A blob that was damaged is whole again once it has been put again.
func TestPutRepairs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	req := state.PutRequest{Tenant: "contoso", Kind: "plan", Data: []byte("data")}
	ref, err := s.Put(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	damage(t, hostDB(t, path, ""), ref)
	if _, err := s.Get(t.Context(), ref); err == nil {
		t.Error("Get of a damaged blob succeeded")
	}
	if _, err := s.Put(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), ref); err != nil || string(got) != "data" {
		t.Errorf("Get after it was put again: %q, %v", got, err)
	}
}

// The row of a removed tenant goes with its last entry, and not before.
func TestPruneForgetsTheRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	db := hostDB(t, path, "")
	removed := func() (n int) {
		t.Helper()
		if err := db.QueryRow("SELECT count(*) FROM tenantsync_removed").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	r := commit(t, s, state.CommitRequest{Record: newRecord("contoso")})
	commit(t, s, state.CommitRequest{Record: r, Remove: true, Entries: []state.Entry{{Type: "removed"}, {Type: "why"}}})
	pass(t, db, 48*time.Hour)
	for want := 1; want >= 0; want-- {
		if got, err := s.Prune(t.Context(), state.PruneRequest{Limit: 1}); err != nil || got.Entries != 1 || removed() != want {
			t.Errorf("Prune: %+v, %v; %d removed tenants have a row, want %d", got, err, removed(), want)
		}
	}
}

// Each call of Prune continues after the blob at which the former call stopped.
// Only when no later blob is left does it return to the blobs that it kept.
func TestPruneContinues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	var refs []state.BlobRef
	for i := range 3 {
		ref, err := s.Put(t.Context(), state.PutRequest{Tenant: tenantName(i), Kind: "plan"})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, ref)
	}
	r := newRecord(refs[0].Tenant)
	r.Refs = refs[:1]
	r = commit(t, s, state.CommitRequest{Record: r})
	pass(t, hostDB(t, path, ""), 48*time.Hour)
	// left returns the numbers of the blobs that are stored after a call of Prune.
	left := func() (all []int) {
		t.Helper()
		if _, err := s.Prune(t.Context(), state.PruneRequest{Age: time.Hour, Limit: 1}); err != nil {
			t.Fatal(err)
		}
		for i, ref := range refs {
			if _, err := s.Get(t.Context(), ref); err == nil {
				all = append(all, i)
			}
		}
		return all
	}
	if got, want := left(), []int{0, 2}; !slices.Equal(got, want) {
		t.Errorf("after the first call %v are left, want %v", got, want)
	}
	r.Refs = nil // the blob before that place is unused now
	commit(t, s, state.CommitRequest{Record: r})
	if got, want := left(), []int{0}; !slices.Equal(got, want) {
		t.Errorf("after the second call %v are left, want %v", got, want)
	}
	if got := left(); got != nil {
		t.Errorf("after the third call %v are left, want none", got)
	}
}
