package sqlitestore_test

import (
	"bytes"
	"database/sql"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// stopped is a store whose time stands still for some seconds: its newest commit
// is that far ahead of the machine's clock.
type stopped struct {
	*sqlitestore.Store
	raw *sql.DB
	now int64 // microseconds
}

func newStopped(t *testing.T) *stopped {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	s := &stopped{Store: openPath(t, path), raw: hostDB(t, path, ""), now: time.Now().Add(50 * time.Second).UnixMicro()}
	commit(t, s.Store, state.CommitRequest{Record: newRecord("clock")})
	s.set(t, "UPDATE tenantsync_record SET updated_at = ?", s.now)
	// From the first call that writes on, the store's time is that of this commit.
	if _, err := s.Acquire(t.Context(), state.AcquireRequest{Tenant: "clock", For: time.Hour}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stopped) set(t *testing.T, text string, args ...any) {
	t.Helper()
	if _, err := s.raw.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// A method decides at exactly the stored time: from then on a deadline has
// passed, a tenant is due, and a lease has ended.
func TestTimesAtTheBoundary(t *testing.T) {
	for _, off := range []int64{-1, 0, 1} {
		s := newStopped(t)
		want := func(name string, got, want bool) {
			t.Helper()
			if got != want {
				t.Errorf("%s, %d µs from now: %v, want %v", name, off, got, want)
			}
		}
		claim := func(name string) {
			t.Helper()
			got, err := s.Claim(t.Context(), state.ClaimRequest{For: time.Minute, Limit: 1})
			if err != nil || got.Now.UnixMicro() != s.now {
				t.Fatalf("Claim at %v, want %d: %v", got.Now, s.now, err)
			}
			want(name, len(got.Leases) == 1, off <= 0)
		}
		s.set(t, "UPDATE tenantsync_record SET wake_at = ?", s.now+off)
		s.set(t, "UPDATE tenantsync_lease SET until = NULL")
		claim("a claim of a tenant woken")
		s.set(t, "UPDATE tenantsync_record SET wake_at = ?", s.now)
		s.set(t, "UPDATE tenantsync_lease SET until = ?", s.now+off)
		claim("a claim of a tenant leased until")
		s.set(t, "UPDATE tenantsync_lease SET until = ?", s.now+off)
		_, err := s.Acquire(t.Context(), state.AcquireRequest{Tenant: "clock", For: time.Minute})
		want("an acquisition of a tenant leased until", err == nil, off <= 0)

		// The time of a commit is one microsecond after the last.
		loaded, err := s.Load(t.Context(), state.LoadRequest{Tenant: "clock"})
		if err != nil {
			t.Fatal(err)
		}
		s.set(t, "UPDATE tenantsync_record SET deadline = ?", s.now+1+off)
		_, err = s.Commit(t.Context(), state.CommitRequest{Record: loaded.Record, BeforeDeadline: true})
		want("a commit with a deadline", errors.Is(err, state.ErrExpired), off <= 0)
	}
}

// Prune removes only data that is older than the age.
func TestPruneAtTheBoundary(t *testing.T) {
	const age = 2 * state.MinBlobAge
	for _, off := range []int64{-1, 0, 1} {
		for _, req := range []state.PruneRequest{{Age: age}, {Age: age, Tenant: "clock"}} {
			s := newStopped(t)
			r := newRecord("clock")
			r.Version = 1
			run := state.Run{ID: "run-1", Status: state.Idle, Started: time.Now()}
			now := commit(t, s.Store, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "t"}}, Runs: []state.Run{run}}).UpdatedAt.UnixMicro()
			if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "clock", Kind: "plan"}); err != nil {
				t.Fatal(err)
			}
			for _, column := range []string{"entry SET time", "blob SET put_at", "run SET updated_at"} {
				s.set(t, "UPDATE tenantsync_"+column+" = ?", now-age.Microseconds()+off)
			}
			got, err := s.Prune(t.Context(), req)
			want := 0
			if off < 0 {
				want = 1
			}
			if err != nil || got.Now.UnixMicro() != now || got.Entries != want || got.Blobs != want || got.Runs != want {
				t.Errorf("Prune(%+v) of data %d µs younger than the age: %+v, %v; want %d of each", req, off, got, err, want)
			}
		}
	}
}

// walBytes returns the size of the write-ahead log.
func walBytes(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// A Put of a blob that is present writes its age, and none of the pages with its
// content.
func TestPutAgainWritesNoContent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := openPath(t, path)
	data := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data) // never fails
	put := state.PutRequest{Tenant: "contoso", Kind: "plan", Data: data}
	written := func() int64 {
		before := walBytes(t, path)
		if _, err := s.Put(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		return walBytes(t, path) - before
	}
	if n := written(); n < int64(len(data)) {
		t.Fatalf("a new blob of %d bytes writes %d", len(data), n)
	}
	if n := written(); n > 8*4200 || n == 0 { // pages of 4096 bytes, with their headers
		t.Errorf("a blob of %d bytes that is put again writes %d", len(data), n)
	}
	if got, err := s.Get(t.Context(), put.Ref()); err != nil || !bytes.Equal(got, data) {
		t.Errorf("Get: %d bytes, %v", len(got), err)
	}
}
