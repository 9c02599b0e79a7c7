package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// smallPlans approves what a rota has agreed to let through: at most Most
// creates and updates, no delete, no conflict and no broken guard rule.
// Every other plan waits for a person.
type smallPlans struct{ Most int }

func (a smallPlans) Review(_ context.Context, r syncer.Review) (syncer.Decision, error) {
	n := r.Plan.Counts()
	if n.Delete > 0 || n.Conflicts > 0 || n.Create+n.Update > a.Most || len(r.Plan.Broken) > 0 {
		return syncer.Decision{}, nil // undecided: for a person
	}
	return r.Approve("rota", fmt.Sprintf("at most %d changes", a.Most)), nil
}

// An Approver of the host's own: it approves small plans and leaves the rest to
// people.
// syncertest.TestApprover checks one like it.
func ExampleApprover() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	engine := world.Worker("a", syncertest.WorkerConfig{Approver: smallPlans{Most: 1}})

	exampleDesire(world, "contoso", "groups", "Staff")
	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("one change:", row.Label)

	exampleDesire(world, "contoso", "groups", "Guests", "Partners")
	row = examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	fmt.Println("two changes:", row.Label)
	// Output:
	// one change: Idle
	// two changes: Pending approval
}
