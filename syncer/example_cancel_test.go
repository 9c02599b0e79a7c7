package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A run is cancelled while its plan waits: nothing was written, so the tenant
// goes back to the status from before. A worker does the rest.
func ExampleSyncer_Cancel() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{})
	row := examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	fmt.Println(row.Label)

	row, err := engine.Cancel(ctx, syncer.CancelRequest{RunRef: row.RunRef, Actor: "ann", Comment: "wrong tenant"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("cancelling:", row.Cancelling)

	row = exampleWork(engine, "contoso")
	fmt.Println(row.Label, row.Outcome)
	fmt.Println("writes:", len(world.Tenant("contoso").Writes()))
	// Output:
	// Pending approval
	// cancelling: true
	// Not run cancelled
	// writes: 0
}
