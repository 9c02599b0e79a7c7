package syncer_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// Two handlers behind a page: the first shows the plan that waits, the second
// answers with what the person saw. In between the page keeps the digest.
func ExampleSyncer_Review() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{})
	examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})

	show := func() (digest string) {
		review, err := engine.Review(ctx, syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(review.Requester, "asks for", len(review.Plan.Items), "change, decided by", review.Deadline.Sub(review.Since).Round(time.Hour))
		return review.Plan.Digest
	}
	answer := func(digest string) {
		review, err := engine.Review(ctx, syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			log.Fatal(err)
		}
		decision := review.Approve("bob", "checked with the help desk")
		decision.Digest = digest // what the person saw
		row, err := engine.Decide(ctx, decision)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(row.Label, "in phase", row.Phase)
	}
	answer(show())
	// Output:
	// ann asks for 1 change, decided by 720h0m0s
	// In progress in phase deploy
}
