package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// smallPlans approves what a rota has agreed to let through: at most Most
// creates and updates, no delete, no conflict and no broken guard rule.
// Everything else waits for a person.
type smallPlans struct{ Most int }

func (a smallPlans) Review(_ context.Context, r syncer.Review) (syncer.Decision, error) {
	n := r.Plan.Counts()
	if n.Delete > 0 || n.Conflicts > 0 || n.Create+n.Update > a.Most || len(r.Plan.Broken) > 0 {
		return syncer.Decision{}, nil // undecided: for a person
	}
	return r.Approve("rota", fmt.Sprintf("at most %d changes", a.Most)), nil
}

// An Approver of one's own: it approves small plans and passes on the rest.
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
	if _, err := engine.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil {
		log.Fatal(err)
	}
	if _, err := engine.Advance(ctx, "contoso"); err != nil { // Run does this in a server
		log.Fatal(err)
	}
	if row, err = engine.Status(ctx, "contoso"); err != nil {
		log.Fatal(err)
	}
	fmt.Println("two changes:", row.Label)
	// Output:
	// one change: Idle
	// two changes: Pending approval
}

// exampleDesire writes groups into the repository, as a person would.
func exampleDesire(world *syncertest.Harness, tenantName, kind string, keys ...string) {
	ctx := context.Background()
	line, err := world.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		log.Fatal(err)
	}
	update := tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: "edit of " + line.Revision, Message: "New " + kind, Author: "ann"}
	for _, key := range keys {
		update.Changes = append(update.Changes, tenant.Change{Kind: kind, Key: key, Body: fmt.Appendf(nil, `{"displayName": %q}`, key)})
	}
	if _, err := world.Repository.Update(ctx, update); err != nil {
		log.Fatal(err)
	}
}
