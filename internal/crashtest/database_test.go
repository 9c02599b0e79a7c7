package crashtest_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/internal/retry"
)

// TestDatabaseDies kills PostgreSQL, all of it at once, under load, and starts
// it again. The workers live on: a worker outlives its database.
func TestDatabaseDies(t *testing.T) {
	server := pgtest.Start(t)
	outlive(t, crashtest.StoreConfig{Postgres: server.Database(t)}, choose(20, 3), func(ctx context.Context, r *rand.Rand) error {
		server.Kill(t)
		err := retry.Pause(ctx, time.Duration(r.IntN(1500))*time.Millisecond)
		server.Restart(t)
		return err
	})
}

// TestConnectionsCut cuts all connections of all workers, and of the test, at
// once, again and again.
func TestConnectionsCut(t *testing.T) {
	store := crashtest.StoreConfig{Postgres: pgtest.Shared(t).Database(t)}
	conn, err := pgx.Connect(t.Context(), store.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	cut := 0
	outlive(t, store, choose(100, 10), func(ctx context.Context, _ *rand.Rand) error {
		tag, err := conn.Exec(ctx, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
		cut += int(tag.RowsAffected())
		return err
	})
	t.Logf("%d connections were cut", cut)
	if cut == 0 {
		t.Error("no connection was cut")
	}
}

// outlive has something happen to the database of busy workers, again and
// again, and holds what is left behind against what must be true.
func outlive(t *testing.T, store crashtest.StoreConfig, times int, happen func(ctx context.Context, r *rand.Rand) error) {
	const lease = 3 * time.Second
	seed := seedOf(t)
	ctx, stop := context.WithTimeout(t.Context(), choose(40*time.Minute, 5*time.Minute))
	defer stop()
	f := crashtest.NewFleet(t, crashtest.FleetConfig{
		Store: store, Approver: "bob", Engine: crashtest.EngineConfig{Lease: lease},
	})
	began := time.Now()
	crew := f.Crew(t, seed, 4, 0)
	drive := f.Drive(ctx, crashtest.DriveConfig{Seed: seed, Tenants: choose(300, 40), AtOnce: 24})
	r := rand.New(rand.NewPCG(seed, 3))
	for range times {
		if err := retry.Pause(ctx, time.Duration(choose(500, 300)+r.IntN(choose(4000, 1500)))*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := happen(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range drive.Finish() {
		t.Error(p)
	}
	if dead := crew.Deaths(); len(dead) > 0 {
		t.Errorf("workers %q have not outlived it", dead)
	}
	// A release fails if each of its attempts meets a connection that was cut.
	// That may be long after the cut, because a pool keeps its connections. Such
	// a lease runs out.
	if err := crew.End(); err != nil {
		t.Error(err)
	}
	if err := f.AwaitLeases(ctx, lease); err != nil {
		t.Error(err)
	}
	totals, err := drive.Audit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("it happened %d times, to 4 workers that live; %v; in %.0f s", times, totals, time.Since(began).Seconds())
	report(t, totals)
}
