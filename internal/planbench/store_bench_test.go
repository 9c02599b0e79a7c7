package planbench

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/pgstore"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// BenchmarkSyncOnStore measures syncs without changes of tenants with one object. Beside
// them it measures the commits of the same store, and the calls of such a sync without
// the engine, round by round: so other work on the machine slows all down. It reports
// the medians of the rounds.
//
//   - syncs/s and commits/s
//   - x-commits: syncs/s over a sixth of commits/s. A sync makes three commits, two
//     blobs, a claim and a release.
//   - cpu-ms/sync: of this process. It includes SQLite, and not PostgreSQL's server.
//   - calls-cpu-ms/sync: of the calls alone. No engine can do with less on this store.
func BenchmarkSyncOnStore(b *testing.B) {
	const workers = 16
	for _, on := range []struct {
		name string
		open func(b *testing.B) state.Store
	}{
		{"sqlite", func(b *testing.B) state.Store {
			s, err := sqlitestore.New(b.Context(), sqlitestore.Config{Path: filepath.Join(b.TempDir(), "state.db")})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { _ = s.Close() })
			return migrated(b, s)
		}},
		{"postgres", func(b *testing.B) state.Store {
			cfg, err := pgxpool.ParseConfig(pgtest.Shared(b).Database(b))
			if err != nil {
				b.Fatal(err)
			}
			cfg.MaxConns = workers
			pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(pool.Close)
			s, err := pgstore.New(b.Context(), pgstore.Config{Pool: pool})
			if err != nil {
				b.Fatal(err)
			}
			return migrated(b, s)
		}},
	} {
		b.Run(on.name, func(b *testing.B) {
			store := on.open(b)
			recorded := &tape{Store: store}
			engine := smallTenants(b, store)
			each := 20
			if testing.Short() {
				each = 1
			}
			syncs := func(worker int) error {
				row, err := engine.Sync(b.Context(), syncer.StartRequest{Tenant: fmt.Sprint("tenant-", worker), Actor: "ann"})
				if err == nil && row.Outcome != syncer.NoChanges {
					err = fmt.Errorf("the sync ended %q: %v", row.Outcome, row.Error)
				}
				return err
			}
			for w := range workers { // the first adopts
				if _, err := engine.Sync(b.Context(), syncer.StartRequest{Tenant: fmt.Sprint("tenant-", w), Actor: "ann"}); err != nil {
					b.Fatal(err)
				}
			}
			other := smallTenants(b, recorded)
			for range 2 { // the first adopts
				recorded.calls = nil
				if _, err := other.Sync(b.Context(), syncer.StartRequest{Tenant: "recorded", Actor: "ann"}); err != nil {
					b.Fatal(err)
				}
			}
			replayed := make([]state.Record, workers)
			for w := range replayed {
				replayed[w].Tenant = fmt.Sprint("calls-", w)
			}
			calls := func(worker int) error { return recorded.replay(b.Context(), store, &replayed[worker]) }
			records := make([]state.Record, workers)
			commits := func(worker int) error {
				r := &records[worker]
				r.Tenant, r.Data = fmt.Sprint("raw-", worker), json.RawMessage(fmt.Sprintf(`{"v":1,"text":"%01000d"}`, 0))
				done, err := store.Commit(b.Context(), state.CommitRequest{Record: *r, Entries: []state.Entry{{Type: "step", Data: json.RawMessage(`{"v":1}`)}}})
				*r = done.Record
				return err
			}
			perSecond(b, workers, each, syncs)
			perSecond(b, workers, each, commits)
			perSecond(b, workers, each, calls)
			var rates, peers, ratios, cpu, callsCPU []float64
			measured := func(f func(worker int) error) (rate, cpu float64) {
				began := cpuTime()
				rate = perSecond(b, workers, each, f)
				return rate, float64((cpuTime() - began).Microseconds()) / 1000 / float64(workers*each)
			}
			for b.Loop() {
				rate, used := measured(syncs)
				_, usedByCalls := measured(calls)
				cpu, callsCPU = append(cpu, used), append(callsCPU, usedByCalls)
				peer := perSecond(b, workers, 6*each, commits)
				rates, peers, ratios = append(rates, rate), append(peers, peer), append(ratios, rate/(peer/6))
			}
			b.ReportMetric(middle(rates), "syncs/s")
			b.ReportMetric(middle(peers), "commits/s")
			b.ReportMetric(middle(ratios), "x-commits")
			b.ReportMetric(middle(cpu), "cpu-ms/sync")
			b.ReportMetric(middle(callsCPU), "calls-cpu-ms/sync")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// migrated returns a store whose database is ready.
func migrated[S interface {
	state.Store
	Migrate(context.Context) error
}](b *testing.B, s S) state.Store {
	if err := s.Migrate(b.Context()); err != nil {
		b.Fatal(err)
	}
	return s
}

// smallTenants returns an engine of tenants with one object each.
func smallTenants(b *testing.B, store state.Store) *syncer.Syncer {
	kind := tenant.Kind{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}}
	client := func(name string) tenant.Client {
		return oneObject{name: name, kind: kind}
	}
	engine, err := syncer.New(syncer.Config{Store: store, Repository: tenant.NewMemoryRepository(), Secret: []byte("0123456789abcdef0123456789abcdef"),
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(_ context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
			return client(req.Tenant), nil
		}),
		Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	return engine
}

// oneObject is the client of a tenant with one group.
type oneObject struct {
	name string
	kind tenant.Kind
}

func (o oneObject) Kinds(context.Context) ([]tenant.Kind, error) { return []tenant.Kind{o.kind}, nil }

func (o oneObject) Permissions(context.Context, tenant.PermissionsRequest) (tenant.Permissions, error) {
	return tenant.Permissions{Directory: authtest.DirectoryOf(o.name)}, nil
}

func (o oneObject) Read(_ context.Context, _ tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	return tenant.ReadResult{Completeness: tenant.Complete}, emit(tenant.Resource{Kind: o.kind.Name, ID: "1", Body: json.RawMessage(`{"id":"1","displayName":"Staff"}`)})
}

func (o oneObject) Get(context.Context, tenant.GetRequest) (tenant.Resource, error) {
	return tenant.Resource{}, &tenant.Error{Class: tenant.NotFound}
}

func (o oneObject) Apply(context.Context, tenant.Operation) (tenant.Applied, error) {
	return tenant.Applied{}, &tenant.Error{Class: tenant.AccessDenied}
}

// perSecond lets each worker call f some times, and returns the calls a second.
func perSecond(b *testing.B, workers, each int, f func(worker int) error) float64 {
	b.Helper()
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	began := time.Now()
	for w := range workers {
		all.Go(func() {
			for range each {
				if err := f(w); err != nil {
					failed.Store(&err)
					return
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		b.Fatal(*err)
	}
	return float64(workers*each) / time.Since(began).Seconds()
}

func middle(all []float64) float64 {
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}
