package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// Every run appends a backup. A roll back is a run whose desired side is an
// earlier one: a plan like any other, which a person decides on.
func ExampleSyncer_Start_rollBack() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	world.Tenant("contoso").Seed("groups", `{"displayName": "Staff", "visibility": "private"}`)
	engine := world.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
	row, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	good, err := engine.Report(ctx, row.RunRef)
	if err != nil {
		log.Fatal(err)
	}

	// A change that turns out to be a mistake.
	exampleEdit(world, "contoso", "groups", map[string]string{"Staff": `{"displayName": "Staff", "visibility": "public"}`})
	if _, err := engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil {
		log.Fatal(err)
	}

	row, err = engine.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann",
		Options: syncer.Options{DesiredFrom: good.Backup, Comment: "as it was this morning"}})
	if err != nil {
		log.Fatal(err)
	}
	report, err := engine.Report(ctx, row.RunRef)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label, row.Outcome)
	for _, it := range report.Items {
		for _, change := range it.Changes {
			fmt.Printf("%s %s: %s → %s\n", it.Item, change.Pointer, change.Before, change.After)
		}
	}
	// Output:
	// Idle deployed
	// groups/Staff /visibility: "public" → "private"
}
