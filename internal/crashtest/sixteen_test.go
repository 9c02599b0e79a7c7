package crashtest_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

const sixteen = 16

// TestSixteenWorkers lets sixteen workers, each with connections of its own,
// loose on two thousand tenants that are all due: each is run exactly once, none
// is ever in two hands, and who has been due longest comes first.
func TestSixteenWorkers(t *testing.T) {
	store := crashtest.StoreConfig{Postgres: pgtest.Shared(t).Database(t), Conns: 4}
	f := crashtest.NewFleet(t, crashtest.FleetConfig{Store: store, Repository: tenant.NewMemoryRepository()})
	swarm(t, f, choose(2000, 400), func(ctx context.Context) func() error {
		var working sync.WaitGroup
		ctx, stop := context.WithCancel(ctx)
		for i := range sixteen {
			engine := local(t, f, store, fmt.Sprintf("worker-%d", i))
			working.Go(func() {
				if err := engine.Run(ctx); err != nil {
					t.Errorf("Run: %v", err)
				}
			})
		}
		return func() error { stop(); working.Wait(); return nil }
	})
}

// TestSixteenProcesses is the same with processes, which share a folder.
func TestSixteenProcesses(t *testing.T) {
	store := crashtest.StoreConfig{Postgres: pgtest.Shared(t).Database(t), Conns: 4}
	f := crashtest.NewFleet(t, crashtest.FleetConfig{Store: store, Approver: "bob"})
	swarm(t, f, choose(400, 64), func(ctx context.Context) func() error {
		crew := f.Crew(t, 1, choose(sixteen, 4), 0)
		return func() error { return crew.Drain(ctx) }
	})
}

// local is a worker of this process with a pool of its own.
func local(t *testing.T, f *crashtest.Fleet, store crashtest.StoreConfig, name string) *syncer.Syncer {
	t.Helper()
	s, closeStore, err := store.Open(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(closeStore)
	engine, err := syncer.New(syncer.Config{
		Store: s, Repository: f.Repository, Authenticator: f.World.Auth,
		Connector: f.World.Connector(name), Approver: syncertest.Approves("bob"), WorkerID: name, Secret: []byte(syncertest.Secret),
	})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// swarm makes tenants due, lets workers loose on them until all are done, and
// looks at what they did.
func swarm(t *testing.T, f *crashtest.Fleet, tenants int, loose func(ctx context.Context) (stop func() error)) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	names := make([]string, tenants)
	for i := range names {
		names[i] = fmt.Sprintf("tenant-%04d", i)
		begin(t, f, names[i], 2)
	}
	due := dueOrder(t, f)
	began := time.Now()
	stop := loose(ctx)
	err := f.Until(ctx, func() (bool, error) {
		left, err := f.Records(ctx, func(r state.Record, _ time.Time) bool { return !r.Status.Resting() })
		return len(left) == 0, err
	})
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	totals, err := f.Audit(t.Context(), names...)
	if err != nil {
		t.Fatal(err)
	}
	report(t, totals)
	if totals.Syncs != tenants || totals.Writes != 2*tenants || totals.Ends["idle/deployed"] != tenants {
		t.Errorf("%d syncs, %d writes, %v: want one of each of %d tenants, with 2 writes", totals.Syncs, totals.Writes, totals.Ends, tenants)
	}
	again, share := visits(f.World.Visits())
	overtaken := overtaken(due, f.World.Visits())
	t.Logf("%v; %d tenants were taken up more than once; at most %d tenants that had been due longer still waited when one was taken up; tenants by worker from %d to %d; in %.1f s",
		totals, again, overtaken, slices.Min(share), slices.Max(share), took.Seconds())
	if again > 0 {
		t.Errorf("%d tenants were taken up more than once", again)
	}
	// All that may come between is what others have just claimed and not yet
	// begun.
	if limit := len(share) * syncer.ConcurrencyDefault; overtaken >= limit {
		t.Errorf("a tenant was taken up while %d that had been due longer waited, want less than the %d that can be worked on at once", overtaken, limit)
	}
}

// dueOrder returns the tenants in the order in which they became due.
func dueOrder(t *testing.T, f *crashtest.Fleet) []string {
	t.Helper()
	var names []string
	req := state.ListRequest{Order: state.ByWake, Limit: 1000}
	for {
		page, err := f.Store.List(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Records {
			names = append(names, r.Tenant)
		}
		if req.Cursor = page.Next; req.Cursor == "" {
			return names
		}
	}
}

// visits returns how many tenants were visited more than once, and how many
// tenants each worker has visited.
func visits(all []crashtest.Visit) (again int, share []int) {
	byTenant, byWorker := map[string]int{}, map[string]int{}
	for _, v := range all {
		byTenant[v.Tenant]++
		byWorker[v.Worker]++
	}
	for _, n := range byTenant {
		if n > 1 {
			again++
		}
	}
	for _, n := range byWorker {
		share = append(share, n)
	}
	return again, share
}

// overtaken returns how many tenants that had been due longer still waited, at
// most, when one was visited for the first time.
func overtaken(due []string, all []crashtest.Visit) int {
	place := map[string]int{}
	for i, name := range due {
		place[name] = i
	}
	visited := make([]bool, len(due))
	first, most := 0, 0 // all before first were visited
	for _, v := range all {
		i := place[v.Tenant]
		waiting := 0
		for j := first; j < i; j++ {
			if !visited[j] {
				waiting++
			}
		}
		if !visited[i] {
			most = max(most, waiting)
		}
		visited[i] = true
		for first < len(due) && visited[first] {
			first++
		}
	}
	return most
}
