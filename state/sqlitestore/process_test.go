package sqlitestore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// The work of each process of TestSeveralProcesses.
const (
	processes  = 4
	increments = 60 // of counters that all share
	claims     = 60 // of tenants that all want
	counters   = 3
	wanted     = 5
)

// Several processes migrate one file at once and then work on it: no update is
// lost, and no two workers hold one tenant.
func TestSeveralProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.Mkdir(path+".hands", 0o700); err != nil {
		t.Fatal(err)
	}
	var children []*child
	for i := range processes {
		children = append(children, startChild(t, "compete", path, fmt.Sprint("worker-", i)))
	}
	var wg sync.WaitGroup
	for _, c := range children {
		wg.Go(func() {
			for c.lines.Scan() {
				t.Log(c.lines.Text())
			}
			if err := c.Wait(); err != nil {
				t.Errorf("a process failed: %v: %s", err, c.stderr.String())
			}
		})
	}
	wg.Wait()

	s := openBare(t, sqlitestore.Config{Path: path})
	sum, entries := 0, 0
	for i := range counters {
		got, err := s.Load(t.Context(), state.LoadRequest{Tenant: counterName(i)})
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(string(got.Record.Data))
		if err != nil {
			t.Fatal(err)
		}
		sum += n
		entries += historyLength(t, s, counterName(i))
	}
	if want := processes * increments; sum != want || entries != want {
		t.Errorf("the counters add up to %d, with %d entries; want %d", sum, entries, want)
	}
	worked := 0
	for i := range wanted {
		worked += historyLength(t, s, wantedName(i))
	}
	if want := processes * claims; worked != want {
		t.Errorf("work was recorded %d times, want %d", worked, want)
	}
	wantIntact(t, path)
}

func counterName(i int) string { return fmt.Sprint("counter-", i) }
func wantedName(i int) string  { return fmt.Sprint("wanted-", i) }

func historyLength(t *testing.T, s state.Records, tenant string) (n int) {
	t.Helper()
	for req := (state.HistoryRequest{Tenant: tenant, Limit: 1000}); ; {
		page, err := s.History(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		n += len(page.Entries)
		if req.Cursor = page.Next; req.Cursor == "" {
			return n
		}
	}
}

func wantIntact(t *testing.T, path string) {
	t.Helper()
	var answer string
	if err := hostDB(t, path, "").QueryRow("PRAGMA integrity_check").Scan(&answer); err != nil || answer != "ok" {
		t.Errorf("integrity_check: %q, %v", answer, err)
	}
}

// compete is one of the processes.
func compete(ctx context.Context, path, name string, out io.Writer) error {
	s, err := sqlitestore.New(ctx, sqlitestore.Config{Path: path, BusyTimeout: time.Minute})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	for i := range wanted {
		r := newRecord(wantedName(i))
		r.WakeAt = time.Date(2001, 1, 1, 0, 0, i, 0, time.UTC)
		if _, err := s.Commit(ctx, state.CommitRequest{Record: r}); err != nil && !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
	var wg sync.WaitGroup
	errs := make([]error, 2)
	conflicts := 0
	wg.Go(func() { conflicts, errs[0] = count(ctx, s) })
	wg.Go(func() { errs[1] = work(ctx, s, path+".hands", name) })
	wg.Wait()
	fmt.Fprintf(out, "%s: %d increments with %d conflicts, %d claims\n", name, increments, conflicts, claims)
	return errors.Join(errs...)
}

// count raises counters that others raise too.
func count(ctx context.Context, s *sqlitestore.Store) (conflicts int, err error) {
	for done := 0; done < increments; {
		tenant := counterName(rand.IntN(counters))
		loaded, err := s.Load(ctx, state.LoadRequest{Tenant: tenant})
		r := loaded.Record
		if errors.Is(err, state.ErrNotFound) {
			r, err = newRecord(tenant), nil
			r.Data = json.RawMessage("0")
		}
		if err != nil {
			return conflicts, err
		}
		n, err := strconv.Atoi(string(r.Data))
		if err != nil {
			return conflicts, err
		}
		r.Data = json.RawMessage(strconv.Itoa(n + 1))
		_, err = s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "count"}}})
		switch {
		case err == nil:
			done++
		case errors.Is(err, state.ErrConflict):
			conflicts++
		default:
			return conflicts, err
		}
	}
	return conflicts, nil
}

// work claims tenants that other processes also want. While it holds a tenant
// there is a file, which no other process may have created.
func work(ctx context.Context, s *sqlitestore.Store, hands, name string) error {
	for done := 0; done < claims; {
		got, err := s.Claim(ctx, state.ClaimRequest{Owner: name, For: time.Hour, Limit: 1})
		if err != nil {
			return err
		}
		for _, lease := range got.Leases {
			r := lease.Record
			hand := filepath.Join(hands, r.Tenant)
			f, err := os.OpenFile(hand, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("two workers hold %s: %w", r.Tenant, err)
			}
			f.Close()
			_, err = s.Commit(ctx, state.CommitRequest{Record: r, Fence: r.Fence, Entries: []state.Entry{{Type: "work"}}})
			if err != nil {
				return fmt.Errorf("commit under the lease of %s: %w", r.Tenant, err)
			}
			if err := os.Remove(hand); err != nil {
				return err
			}
			if err := s.Release(ctx, state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence}); err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

// A process that is killed during a commit loses no acknowledged commit, and
// the next process finds a sound file.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	const kills = 12
	rnd := rand.New(rand.NewPCG(3, 5))
	acknowledged := make(map[string]int64)
	lines := 0
	for round := range kills {
		c := startChild(t, "write", path, fmt.Sprint("writer-", round))
		for range 1 + rnd.IntN(60) {
			if !c.lines.Scan() {
				t.Fatalf("the process ended before it was killed: %s", c.stderr.String())
			}
			var tenant string
			var version int64
			if _, err := fmt.Sscanf(c.lines.Text(), "%s %d", &tenant, &version); err != nil {
				t.Fatal(err)
			}
			acknowledged[tenant] = version
			lines++
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for c.lines.Scan() { // the rest of its output
			var tenant string
			var version int64
			if _, err := fmt.Sscanf(c.lines.Text(), "%s %d.", &tenant, &version); err == nil { // else it is cut off
				acknowledged[tenant] = version
				lines++
			}
		}
		_ = c.Wait() // the error of the kill

		s := openPath(t, path)
		for tenant, version := range acknowledged {
			got, err := s.Load(t.Context(), state.LoadRequest{Tenant: tenant})
			if err != nil || got.Record.Version < version {
				t.Errorf("kill %d: %s is at version %d, %v, where %d was acknowledged", round, tenant, got.Record.Version, err, version)
			}
			// Each commit has two entries: both are there or neither.
			if n := historyLength(t, s, tenant); int64(n) != 2*got.Record.Version {
				t.Errorf("kill %d: %s at version %d has %d entries", round, tenant, got.Record.Version, n)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	wantIntact(t, path)
	t.Logf("%d kills, %d acknowledged commits", kills, lines)
}

// writeForever commits to several tenants at once, and says so line by line.
func writeForever(ctx context.Context, path, name string, out io.Writer) error {
	s, err := sqlitestore.New(ctx, sqlitestore.Config{Path: path})
	if err != nil {
		return err
	}
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	fail := make(chan error)
	var mu sync.Mutex
	for i := range 3 {
		go func() {
			tenant := fmt.Sprint("tenant-", i)
			loaded, err := s.Load(ctx, state.LoadRequest{Tenant: tenant})
			r := loaded.Record
			if errors.Is(err, state.ErrNotFound) {
				r, err = newRecord(tenant), nil
			}
			for err == nil {
				var done state.Committed
				done, err = s.Commit(ctx, state.CommitRequest{Record: r, Entries: []state.Entry{{Type: "a", Run: name}, {Type: "b", Run: name}}})
				if r = done.Record; err == nil {
					mu.Lock()
					_, err = fmt.Fprintf(out, "%s %d.\n", tenant, r.Version)
					mu.Unlock()
				}
			}
			fail <- err
		}()
	}
	return <-fail
}
