package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// The tenant refuses one of two changes. Retry starts a run for the one that
// was not applied; its plan needs a decision of its own.
func ExampleSyncer_Retry() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Guests", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
		c.WriteConcurrency = 1
	}})

	world.Tenant("contoso").FailNextWrites(1, tenant.Invalid)
	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	exampleItems(engine, row)

	retry, err := engine.Retry(ctx, syncer.RetryRequest{RunRef: row.RunRef, Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	if row, err = engine.Await(ctx, retry.RunRef); err != nil {
		log.Fatal(err)
	}
	exampleItems(engine, row)
	// Output:
	// Partially successful
	// failed create groups/Guests
	// applied create groups/Staff
	// Idle
	// applied create groups/Guests
}

// exampleItems prints how a run ended, and what became of its items.
func exampleItems(engine *syncertest.Worker, row syncer.Row) {
	report, err := engine.Report(context.Background(), row.RunRef)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label)
	for _, it := range report.Items {
		fmt.Println(it.Status, it.Verb, it.Item)
	}
}
