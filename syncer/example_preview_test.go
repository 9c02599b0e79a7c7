package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A preview makes the plan and ends there: neither the tenant nor the desired
// line is written, and nothing waits for a decision.
func ExampleSyncer_Start_preview() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{})

	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Mode: syncer.Preview}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label, row.Outcome)
	plan, err := engine.Plan(ctx, row.RunRef)
	if err != nil {
		log.Fatal(err)
	}
	for _, it := range plan.Items {
		fmt.Println("would", it.Verb, it.ID)
	}
	fmt.Println("writes:", len(world.Tenant("contoso").Writes()))
	// Output:
	// Idle previewed
	// would create groups/Staff
	// writes: 0
}
