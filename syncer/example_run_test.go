package syncer_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// A server works until it is told to stop. Run then begins nothing more,
// finishes the write under way, gives up its leases and returns. Another
// process goes on with the run.
func ExampleSyncer_Run() {
	world := syncertest.New(syncertest.Config{})
	exampleDesire(world, "contoso", "groups", "Guests", "Staff")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	engine := world.Worker("a", syncertest.WorkerConfig{
		Approver: syncertest.Approves("bob"),
		Edit: func(c *syncer.Config) {
			c.WriteConcurrency = 1
			c.Observer = syncer.ObserverFunc(func(_ context.Context, e syncer.Event) {
				if e.Type == syncer.ItemDone {
					fmt.Println(e.Item.Status, e.Item.Item)
					stop() // stands for the signal: it comes after the first write
				}
			})
		},
	})
	if _, err := engine.Start(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ann"}); err != nil {
		log.Fatal(err)
	}
	if err := engine.Run(ctx); err != nil {
		log.Fatal(err)
	}
	row, err := engine.Status(context.Background(), "contoso")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped while", row.Label)

	next := world.Worker("b", syncertest.WorkerConfig{})
	if row, err = next.Await(context.Background(), row.RunRef); err != nil {
		log.Fatal(err)
	}
	exampleItems(next, row)
	// Output:
	// applied groups/Guests
	// stopped while In progress
	// Idle
	// applied create groups/Guests
	// applied create groups/Staff
}
