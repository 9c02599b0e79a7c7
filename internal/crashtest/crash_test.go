package crashtest_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/internal/pgtest"
	"github.com/tenantsync/tenantsync/internal/retry"
)

// TestCrash kills workers at random moments and replaces them, while tenants
// are synced again and again, and then lets everything come to its end.
func TestCrash(t *testing.T) {
	stores(t, crash)
}

func crash(t *testing.T, store crashtest.StoreConfig) {
	seed := seedOf(t)
	kills, tenants := choose(200, 20), choose(500, 60)
	ctx, stop := context.WithTimeout(t.Context(), choose(40*time.Minute, 5*time.Minute))
	defer stop()
	f := crashtest.NewFleet(t, crashtest.FleetConfig{
		Store: store, Approver: "bob",
		Engine: crashtest.EngineConfig{Lease: 3 * time.Second},
	})
	began := time.Now()
	crew := f.Crew(t, seed, 4, 10)
	drive := f.Drive(ctx, crashtest.DriveConfig{Seed: seed, Tenants: tenants, AtOnce: 24})
	r := rand.New(rand.NewPCG(seed, 3))
	// The short version is cut shorter where the machine is busy.
	for n := 0; n < kills && (*long || n < 5 || time.Since(began) < 20*time.Second); n++ {
		if err := retry.Pause(ctx, time.Duration(100+r.IntN(900))*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if err := crew.KillOne(ctx); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range drive.Finish() {
		t.Error(p)
	}
	if err := crew.Drain(ctx); err != nil {
		t.Error(err)
	}
	totals, err := drive.Audit(ctx)
	if err != nil {
		t.Fatal(err)
	}
	took, never := crew.TakeOvers()
	median, longest := crashtest.Sort(took)
	done := 0
	for _, n := range crew.Kills {
		done += n
	}
	t.Logf("kills %d (%v), restarts %d; %v; %d tenants taken over after a median of %.1f s and at most %.1f s, %d not seen; in %.0f s",
		done, crew.Kills, crew.Restarts, totals, len(took), median.Seconds(), longest.Seconds(), never, time.Since(began).Seconds())
	report(t, totals)
}

// report fails the test for what must not be.
func report(t *testing.T, totals *crashtest.Totals) {
	t.Helper()
	if totals.Bad() > 0 || len(totals.Problems) > 0 {
		for _, p := range totals.Problems {
			t.Error(p)
		}
	}
}

// stores runs a test on each store that several processes can share.
func stores(t *testing.T, test func(t *testing.T, store crashtest.StoreConfig)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, crashtest.StoreConfig{SQLite: filepath.Join(t.TempDir(), "state.db")})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, crashtest.StoreConfig{Postgres: pgtest.Shared(t).Database(t)})
	})
}
