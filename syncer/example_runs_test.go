package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A page of a console lists the runs of all tenants, the newest first, a page
// at a time, or those with one outcome.
func ExampleSyncer_Runs() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	engine := world.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
	exampleDesire(world, "contoso", "groups", "Staff")
	for _, name := range []string{"contoso", "fabrikam", "contoso"} {
		if _, err := engine.Sync(ctx, syncer.StartRequest{Tenant: name, Actor: "schedule"}); err != nil {
			log.Fatal(err)
		}
	}
	list := func(req syncer.RunsRequest) {
		for more := true; more; {
			page, err := engine.Runs(ctx, req)
			if err != nil {
				log.Fatal(err)
			}
			for _, run := range page.Items {
				fmt.Println(run.Run, run.Tenant, run.Label, run.Outcome)
			}
			req.Cursor, more = page.Next, page.More
		}
	}
	list(syncer.RunsRequest{Limit: 2})
	fmt.Println("deployed:")
	list(syncer.RunsRequest{Outcomes: []syncer.Outcome{syncer.Deployed}})
	// Output:
	// run-3 contoso Idle no_changes
	// run-2 fabrikam Idle adopted
	// run-1 contoso Idle deployed
	// deployed:
	// run-1 contoso Idle deployed
}
