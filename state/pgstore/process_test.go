package pgstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
)

const (
	children = 4
	// All children create these tenants at the same time. Each tenant has this
	// many turns, and any child may take one.
	tenants, turns = 40, 5
	// How often each child adds to a tenant that all children change without a
	// lease.
	additions = 40
)

// counter is the data of these tests' records.
type counter struct{ N int }

// add returns the record with one more, and the entry that says so.
func add(r state.Record) (state.Record, []state.Entry) {
	var c counter
	if err := json.Unmarshal(r.Data, &c); err != nil {
		panic(err)
	}
	c.N++
	r.Data, _ = json.Marshal(c)
	return r, []state.Entry{{Type: "added", Data: r.Data}}
}

// Several processes migrate at once, then commit and claim: no update is lost,
// and no two workers hold one tenant.
func TestSeveralProcesses(t *testing.T) {
	if dsn := os.Getenv("PGSTORE_CHILD"); dsn != "" {
		if err := child(t.Context(), dsn); err != nil {
			t.Fatal(err)
		}
		return
	}
	dsn := pgtest.Shared(t).Database(t)
	pool := openPool(t, dsn, nil)
	runSQL(t, pool, "create table hand (tenant text primary key, process int)")
	var wg sync.WaitGroup
	for i := range children {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSeveralProcesses$", "-test.count=1")
			cmd.Env = append(os.Environ(), "PGSTORE_CHILD="+dsn)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v\n%s", i, err, out)
			}
		})
	}
	wg.Wait()
	s := open(t, pgstore.Config{Pool: pool})
	check := func(tenant string, want int) {
		t.Helper()
		r := load(t, s, tenant)
		var c counter
		if err := json.Unmarshal(r.Data, &c); err != nil {
			t.Fatal(err)
		}
		entries := history(t, s, tenant)
		if c.N != want || len(entries) != want || r.Version != int64(want)+1 {
			t.Errorf("%s: %d additions, %d entries, version %d; want %d, %d, %d", tenant, c.N, len(entries), r.Version, want, want, want+1)
		}
	}
	for i := range tenants {
		check(fmt.Sprint("turns-", i), turns)
	}
	check("shared", children*additions)
	if n := scalar[int](t, pool, "select count(*) from hand"); n != 0 {
		t.Errorf("%d tenants are still held", n)
	}
	t.Logf("%d processes, %d tenants with %d turns each, %d commits without a lease: 0 lost, 0 in two hands", children, tenants, turns, children*additions)
}

// child is the work of each process.
func child(ctx context.Context, dsn string) error {
	s, err := pgstore.New(ctx, pgstore.Config{DSN: dsn})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.Migrate(ctx); err != nil {
		return err
	}
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	zero := json.RawMessage(`{"N":0}`)
	for i := range tenants {
		r := due(fmt.Sprint("turns-", i))
		r.Data = zero
		if _, err := s.Commit(ctx, state.CommitRequest{Record: r}); err != nil && !errors.Is(err, state.ErrConflict) {
			return err
		}
	}
	shared := newRecord("shared")
	shared.Data = zero
	if _, err := s.Commit(ctx, state.CommitRequest{Record: shared}); err != nil && !errors.Is(err, state.ErrConflict) {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 3)
	wg.Go(func() { errs[0] = addWithoutLease(ctx, s) })
	for i := range 2 {
		wg.Go(func() { errs[i+1] = takeTurns(ctx, s, pool) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func addWithoutLease(ctx context.Context, s *pgstore.Store) error {
	for done := 0; done < additions; {
		loaded, err := s.Load(ctx, state.LoadRequest{Tenant: "shared"})
		if err != nil {
			return err
		}
		r, entries := add(loaded.Record)
		switch _, err := s.Commit(ctx, state.CommitRequest{Record: r, Entries: entries}); {
		case err == nil:
			done++
		case !errors.Is(err, state.ErrConflict):
			return err
		}
	}
	return nil
}

// takeTurns claims tenants and adds to each, until none has a turn left.
func takeTurns(ctx context.Context, s *pgstore.Store, pool *pgxpool.Pool) error {
	for {
		claimed, err := s.Claim(ctx, state.ClaimRequest{Owner: fmt.Sprint(os.Getpid()), For: time.Hour, Limit: 3})
		if err != nil {
			return err
		}
		if len(claimed.Leases) == 0 {
			page, err := s.List(ctx, state.ListRequest{Order: state.ByWake, Limit: 1})
			if err != nil || len(page.Records) == 0 {
				return err
			}
			continue // other workers hold the other tenants
		}
		for _, lease := range claimed.Leases {
			if err := takeTurn(ctx, s, pool, lease.Record); err != nil {
				return err
			}
		}
	}
}

func takeTurn(ctx context.Context, s *pgstore.Store, pool *pgxpool.Pool, r state.Record) error {
	// The primary key refuses a second holder.
	if _, err := pool.Exec(ctx, "insert into hand values ($1, $2)", r.Tenant, os.Getpid()); err != nil {
		return fmt.Errorf("%s is in two hands: %w", r.Tenant, err)
	}
	next, entries := add(r)
	if strings.Contains(string(next.Data), fmt.Sprint(turns)) {
		next.WakeAt = time.Time{}
	}
	if _, err := s.Commit(ctx, state.CommitRequest{Record: next, Entries: entries, Fence: r.Fence}); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, "delete from hand where tenant = $1", r.Tenant); err != nil {
		return err
	}
	return s.Release(ctx, state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence})
}
