package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// exampleDesire writes objects into the repository, as a person would.
func exampleDesire(world *syncertest.Harness, tenantName, kind string, keys ...string) {
	bodies := map[string]string{}
	for _, key := range keys {
		bodies[key] = fmt.Sprintf(`{"displayName": %q}`, key)
	}
	exampleEdit(world, tenantName, kind, bodies)
}

// exampleEdit writes bodies into the repository, by key, as a person would.
func exampleEdit(world *syncertest.Harness, tenantName, kind string, bodies map[string]string) {
	ctx := context.Background()
	line, err := world.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		log.Fatal(err)
	}
	update := tenant.UpdateRequest{Tenant: tenantName, Parent: line.Revision, Key: "edit of " + line.Revision, Message: "New " + kind, Author: "ann"}
	for key, body := range bodies {
		update.Changes = append(update.Changes, tenant.Change{Kind: kind, Key: key, Body: []byte(body)})
	}
	if _, err := world.Repository.Update(ctx, update); err != nil {
		log.Fatal(err)
	}
}

// examplePlan starts a run and works on it until its plan waits for a decision.
// In a server, Run does the work.
func examplePlan(engine *syncertest.Worker, req syncer.StartRequest) syncer.Row {
	ctx := context.Background()
	if _, err := engine.Start(ctx, req); err != nil {
		log.Fatal(err)
	}
	return exampleWork(engine, req.Tenant)
}

// exampleWork works on a tenant until it rests or waits for a person.
func exampleWork(engine *syncertest.Worker, tenantName string) syncer.Row {
	ctx := context.Background()
	if _, err := engine.Advance(ctx, tenantName); err != nil {
		log.Fatal(err)
	}
	row, err := engine.Status(ctx, tenantName)
	if err != nil {
		log.Fatal(err)
	}
	return row
}
