package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"slices"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// The host's roles decide who may do what: here operators do everything but
// decide, and everybody may pause a tenant.
func ExampleConfig_authorize() {
	ctx := context.Background()
	roles := map[string][]syncer.Action{
		"ann": {syncer.ActStart, syncer.ActCancel, syncer.ActRetry, syncer.ActRecheck, syncer.ActPause, syncer.ActResume},
		"bob": {syncer.ActDecide, syncer.ActPause, syncer.ActResume},
	}
	errRole := errors.New("the role does not allow that")
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Authorize = func(_ context.Context, actor string, action syncer.Action, _ string) error {
			if !slices.Contains(roles[actor], action) {
				return errRole
			}
			return nil
		}
	}})
	_, err := engine.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "bob"})
	fmt.Println("bob starts:", errors.Is(err, errRole))

	examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	review, err := engine.Review(ctx, syncer.RunRef{Tenant: "contoso"})
	if err != nil {
		log.Fatal(err)
	}
	_, err = engine.Decide(ctx, review.Approve("ann", ""))
	fmt.Println("ann approves:", errors.Is(err, errRole))
	row, err := engine.Decide(ctx, review.Approve("bob", ""))
	fmt.Println("bob approves:", row.Label, err)
	// Output:
	// bob starts: true
	// ann approves: true
	// bob approves: In progress <nil>
}
