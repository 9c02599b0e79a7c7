package syncer_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// A whole first sync, with a tenant, a sign-in and a person in memory: the
// group that only the tenant has goes into the repository, and the location
// that only the repository has is proposed, approved and created.
//
// The package page of the module shows the same program.
func Example() {
	contoso := tenanttest.NewFake(tenanttest.Config{Kinds: syncertest.Kinds(), Directory: authtest.DirectoryOf("contoso")})
	contoso.Seed("groups", `{"displayName": "Staff"}`)
	repository := tenant.NewMemoryRepository()
	if err := repository.Edit("contoso", "locations", "Office", []byte(`{"displayName": "Office"}`)); err != nil {
		log.Fatal(err)
	}
	store := state.NewMemory()
	engine, err := syncer.New(syncer.Config{
		Store:         store,
		Repository:    repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return contoso.Client(tenanttest.ClientConfig{}), nil
		}),
		Approver: syncertest.Approves("bob"),
	})
	if err != nil {
		log.Fatal(err)
	}
	row, err := engine.Sync(context.Background(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(row.Tenant, "is", row.Label, "after", row.Outcome)

	report, err := engine.Report(context.Background(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		log.Fatal(err)
	}
	for _, a := range report.Adopted {
		fmt.Println("adopted", a.Kind+"/"+a.Key)
	}
	for _, it := range report.Items {
		fmt.Println(it.Status, it.Verb, it.Item)
	}
	// Output:
	// contoso is Idle after deployed
	// adopted groups/Staff
	// adopted settings/settings
	// applied create locations/Office
}
