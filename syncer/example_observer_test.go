package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// An observer is told of everything that this process has committed, so that
// a page can be kept up to date, or a person told that a plan waits.
func ExampleObserver() {
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	tell := syncer.ObserverFunc(func(_ context.Context, e syncer.Event) {
		switch e.Type {
		case syncer.StatusChanged:
			fmt.Printf("%s: %s → %s\n", e.Tenant, e.From.Label(), e.To.Label())
		case syncer.PlanReady:
			fmt.Printf("%s: %d to create, until %s later\n", e.Tenant, e.Counts.Create, e.Deadline.Sub(e.Time))
		case syncer.ItemDone:
			fmt.Printf("%s: %s %s\n", e.Tenant, e.Item.Status, e.Item.Item)
		}
	})
	engine := world.Worker("a", syncertest.WorkerConfig{
		Approver: syncertest.Approves("bob"),
		Edit:     func(c *syncer.Config) { c.Observer = tell },
	})
	if _, err := engine.Sync(context.Background(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// contoso: Not run → Starting
	// contoso: Starting → In progress
	// contoso: In progress → Pending approval
	// contoso: 1 to create, until 720h0m0s later
	// contoso: Pending approval → In progress
	// contoso: applied groups/Staff
	// contoso: In progress → Idle
}
