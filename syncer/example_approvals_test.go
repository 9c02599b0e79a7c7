package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// Two people approve a plan before anything is written, within two days. The
// person who asked for the run is none of them, and each counts once.
func ExampleApprovalRules() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Settings.Approval = syncer.ApprovalRules{Approvals: 2, Timeout: 48 * time.Hour}
	}})
	examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})

	for _, person := range []string{"ann", "bob", "bob", "cem"} {
		review, err := engine.Review(ctx, syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			log.Fatal(err)
		}
		row, err := engine.Decide(ctx, review.Approve(person, ""))
		switch {
		case errors.Is(err, syncer.ErrSelfApproval):
			fmt.Println(person, "asked for the run")
		case errors.Is(err, syncer.ErrAlreadyVoted):
			fmt.Println(person, "has approved already")
		case err != nil:
			log.Fatal(err)
		default:
			fmt.Println(person, "approves:", row.Label)
		}
	}
	// Output:
	// ann asked for the run
	// bob approves: Pending approval
	// bob has approved already
	// cem approves: In progress
}
