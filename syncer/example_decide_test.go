package syncer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A person decides on a plan later: here in another goroutine,
// in a server by the handler of a button. The decision names the run and the
// digest of the plan that the person saw.
func ExampleSyncer_Decide() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")

	waiting := make(chan syncer.Event, 1)
	engine := world.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Observer = syncer.ObserverFunc(func(_ context.Context, e syncer.Event) {
			if e.Type == syncer.PlanReady {
				waiting <- e
			}
		})
	}})

	go func() {
		e := <-waiting
		plan, err := engine.Plan(ctx, syncer.RunRef{Tenant: e.Tenant})
		if err != nil {
			log.Fatal(err)
		}
		var page bytes.Buffer
		if err := plan.Text(&page); err != nil {
			log.Fatal(err)
		}
		for line := range strings.Lines(page.String()) {
			if strings.Contains(line, "+ create") {
				fmt.Println(strings.TrimSpace(line))
			}
		}
		old := syncer.Decision{RunRef: syncer.RunRef{Tenant: e.Tenant, Run: e.Run}, Digest: "of another plan", Verdict: syncer.Approve, Actor: "bob"}
		_, err = engine.Decide(ctx, old)
		fmt.Println("another plan is refused:", errors.Is(err, syncer.ErrStalePlan))
		seen := old
		seen.Digest = plan.Digest
		if _, err := engine.Decide(ctx, seen); err != nil {
			log.Fatal(err)
		}
	}()

	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label, row.Outcome)
	// Output:
	// + create "Staff"
	// another plan is refused: true
	// Idle deployed
}
