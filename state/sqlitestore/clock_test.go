package sqlitestore_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// If the clock is set back by a little, the store's time stands still until the
// clock has caught up. If it is set back by more, the store follows it and logs
// a warning.
func TestClockSetBack(t *testing.T) {
	for _, tt := range []struct {
		back     time.Duration
		believed bool
	}{{30 * time.Second, false}, {2 * time.Hour, true}} {
		path := filepath.Join(t.TempDir(), "state.db")
		before := commit(t, openPath(t, path), state.CommitRequest{Record: newRecord("before")})
		pass(t, hostDB(t, path, ""), -tt.back)
		before.UpdatedAt = before.UpdatedAt.Add(tt.back)

		logger, log := logged()
		s := open(t, sqlitestore.Config{Path: path, Logger: logger})
		for i := range 3 {
			began := time.Now().Truncate(time.Microsecond)
			got := commit(t, s, state.CommitRequest{Record: newRecord(tenantName(i)), WakeIn: time.Hour})
			if later := got.UpdatedAt.After(before.UpdatedAt); later == tt.believed {
				t.Errorf("set back by %v: a commit at %v after one at %v", tt.back, got.UpdatedAt, before.UpdatedAt)
			}
			if tt.believed && got.UpdatedAt.Before(began) {
				t.Errorf("set back by %v: a commit at %v, where it was %v", tt.back, got.UpdatedAt, began)
			}
			if want := got.UpdatedAt.Add(time.Hour); !got.WakeAt.Equal(want) {
				t.Errorf("set back by %v: WakeAt is %v, want %v", tt.back, got.WakeAt, want)
			}
			loaded, err := s.Load(t.Context(), state.LoadRequest{Tenant: "before"})
			if err != nil {
				t.Fatal(err)
			}
			if !tt.believed && loaded.Now.Before(before.UpdatedAt) {
				t.Errorf("set back by %v: Now is %v after a commit at %v", tt.back, loaded.Now, before.UpdatedAt)
			}
		}
		if n := strings.Count(log.String(), "set back?"); n != 1 && tt.believed || n != 0 && !tt.believed {
			t.Errorf("set back by %v: logged %q", tt.back, log)
		}
	}
}

// The store's time is that of the newest commit up to a minute ahead of the machine's,
// and the machine's beyond that. Then a warning is logged, at most once a minute; a
// warning in the future was logged before the clock was set back, and counts for nothing.
func TestClockAtItsLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name     string
			ahead    time.Duration // of the newest commit
			told     time.Duration // when the last warning was, from now
			believed bool          // the machine's clock
			warns    bool
		}{
			{"behind", -time.Microsecond, -time.Hour, true, false},
			{"less than a minute ahead", time.Minute - time.Microsecond, -time.Hour, false, false},
			{"a minute ahead", time.Minute, -time.Hour, false, false},
			{"more than a minute ahead", time.Minute + time.Microsecond, -time.Hour, true, true},
			{"a warning at this moment", time.Hour, 0, true, false},
			{"a warning just before", time.Hour, -time.Microsecond, true, false},
			{"a warning less than a minute ago", time.Hour, time.Microsecond - time.Minute, true, false},
			{"a warning a minute ago", time.Hour, -time.Minute, true, true},
			{"a warning in the future", time.Hour, time.Microsecond, true, true},
		} {
			logger, log := logged()
			machine := time.Now()
			want := machine
			if !tt.believed {
				want = machine.Add(tt.ahead)
			}
			got := sqlitestore.NewClock(logger, machine.Add(tt.told))(machine.Add(tt.ahead))
			if warned := log.Len() > 0; !got.Equal(want) || warned != tt.warns {
				t.Errorf("%s: the time is %v, want %v; logged %q", tt.name, got, want, log)
			}
		}
	})
}

// A list by update that continues at its last cursor misses no commit of any
// store on the file: each commit is later than all commits before it.
func TestUpdatesAreAFeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	const writers, tenants, commits = 4, 10, 8
	var wg sync.WaitGroup
	for w := range writers {
		s := openPath(t, path)
		if w == 0 {
			s = openDB(t, hostDB(t, path, ""))
		}
		wg.Go(func() {
			for i := range tenants * commits {
				r := newRecord(fmt.Sprintf("%d-%d", w, i%tenants))
				r.Version = int64(i / tenants)
				if _, err := s.Commit(t.Context(), state.CommitRequest{Record: r}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	written := make(chan struct{})
	go func() {
		wg.Wait()
		close(written)
	}()
	s := openPath(t, path)
	seen := make(map[string]int64)
	req := state.ListRequest{Order: state.ByUpdated, Limit: 7}
	for last := false; ; {
		page, err := s.List(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			seen[r.Tenant] = r.Version
			req.Cursor = state.NewListCursor(state.ByUpdated, r).Encode()
		}
		if len(page.Records) > 0 {
			continue
		}
		if last {
			break
		}
		select {
		case <-written:
			last = true
		default:
		}
	}
	if len(seen) != writers*tenants {
		t.Errorf("saw %d tenants, want %d", len(seen), writers*tenants)
	}
	for tenant, version := range seen {
		if version != commits {
			t.Errorf("the last that the feed said of %s is version %d, want %d", tenant, version, commits)
		}
	}
}

// The years 1 and 9999 fit, and the zero time means no time.
func TestFarTimes(t *testing.T) {
	s := openPath(t, filepath.Join(t.TempDir(), "state.db"))
	for i, at := range []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC),
		{},
	} {
		r := newRecord(tenantName(i))
		r.WakeAt, r.Deadline = at, at
		commit(t, s, state.CommitRequest{Record: r})
		got, err := s.Load(t.Context(), state.LoadRequest{Tenant: r.Tenant})
		if err != nil || got.Record.WakeAt != at || got.Record.Deadline != at {
			t.Errorf("%v and %v, %v; want %v", got.Record.WakeAt, got.Record.Deadline, err, at)
		}
	}
	page, err := s.List(t.Context(), state.ListRequest{Order: state.ByWake, Limit: 1})
	for err == nil && page.Next != "" { // cursors hold them too
		page, err = s.List(t.Context(), state.ListRequest{Order: state.ByWake, Limit: 1, Cursor: page.Next})
	}
	if err != nil {
		t.Error(err)
	}
	// Less than a microsecond after the zero time is the zero time.
	r := newRecord("tiny")
	r.WakeAt = time.Time{}.Add(999)
	if got := commit(t, s, state.CommitRequest{Record: r}); !got.WakeAt.IsZero() {
		t.Errorf("WakeAt is %v, want none", got.WakeAt)
	}
	claimed, err := s.Claim(t.Context(), state.ClaimRequest{For: time.Hour, Limit: 10})
	if err != nil || len(claimed.Leases) != 2 {
		t.Errorf("%d are due, %v; want the years 1 and 1969", len(claimed.Leases), err)
	}
}
