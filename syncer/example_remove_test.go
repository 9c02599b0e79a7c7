package syncer_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A customer leaves. The run that waits is ended, everything that is stored of
// the tenant goes, and one line says who removed it.
func ExampleSyncer_Remove() {
	ctx := context.Background()
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Staff")
	engine := world.Worker("a", syncertest.WorkerConfig{})
	examplePlan(engine, syncer.StartRequest{Tenant: "contoso", Actor: "ann"})

	request := syncer.RemoveRequest{Tenant: "contoso", Actor: "olga", Comment: "contract ended", Repository: true}
	err := engine.Remove(ctx, request)
	fmt.Println("a run is under way:", errors.Is(err, syncer.ErrActive))
	request.EndRun = true
	if err := engine.Remove(ctx, request); err != nil {
		log.Fatal(err)
	}
	row, err := engine.Status(ctx, "contoso")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Label)
	page, err := engine.History(ctx, syncer.HistoryRequest{Tenant: "contoso"})
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range page.Items {
		fmt.Println(e.Actor, e.Comment+":", e.Message)
	}
	// Output:
	// a run is under way: true
	// Not run
	// olga contract ended: removed: record, history, runs, blobs, tokens and repository
}
