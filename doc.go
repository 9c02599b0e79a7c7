// Package tenantsync is the page of a module that keeps Microsoft 365 tenants
// in step with configuration kept as code. The package itself has nothing in
// it: import [github.com/tenantsync/tenantsync/syncer] and what it needs.
//
// A Go backend plugs in where state is kept, how a tenant is reached and who
// approves, and gets a sync per tenant: sign in, back up the tenant's
// configuration to its repository, work out what would change, wait for a
// person's approval, deploy, report. Every tenant shows exactly one status, and
// no process can make it an illegal one: not after a crash, not with several
// replicas, and not when nobody answers.
//
// It is a library: there is no server, no user interface and no database of its
// own. Hosts bring them.
//
// # Quickstart
//
// A whole first sync, with a tenant, a sign-in and a person in memory. The
// group that only the tenant has goes into the repository; the location that
// only the repository has is proposed, approved and created.
//
//	contoso := tenanttest.NewFake(tenanttest.Config{Kinds: syncertest.Kinds(), Directory: authtest.DirectoryOf("contoso")})
//	contoso.Seed("groups", `{"displayName": "Staff"}`)
//	repository := tenant.NewMemoryRepository()
//	if err := repository.Edit("contoso", "locations", "Office", []byte(`{"displayName": "Office"}`)); err != nil {
//		log.Fatal(err)
//	}
//	store := state.NewMemory()
//	engine, err := syncer.New(syncer.Config{
//		Store:         store,
//		Repository:    repository,
//		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
//		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
//			return contoso.Client(tenanttest.ClientConfig{}), nil
//		}),
//		Approver: syncertest.Approves("bob"),
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	row, err := engine.Sync(context.Background(), syncer.StartRequest{Tenant: "contoso", Actor: "ann"})
//	if err != nil {
//		log.Fatal(err)
//	}
//	fmt.Println(row.Tenant, "is", row.Label, "after", row.Outcome)
//
// It prints "contoso is Idle after deployed". For a real tenant, replace what
// is in memory; a server calls syncer.Syncer.Run instead of Sync, and has no
// Approver, or one that tells people, and syncer.Syncer.Review and Decide behind
// a button.
//
// # What a host plugs in
//
//   - state.Store: where records, leases and blobs are kept. In
//     memory (state.Memory), in SQLite (state/sqlitestore), in PostgreSQL
//     (state/pgstore), or your own, checked by state/statetest.
//   - tenant.Repository: where configuration lives as code. In memory, in a
//     folder (tenant.DirRepository), or your own, checked by tenant/tenanttest.
//   - auth.Authenticator: who signs in. Microsoft Entra (auth/entra), or your
//     own, checked by auth/authtest.
//   - syncer.Connector: how a tenant is reached: your own tenant.Client,
//     checked by tenant/tenanttest, which has a fake to begin with.
//   - syncer.Approver: who approves. Yours, checked by syncer/syncertest; or
//     none, and decisions come from outside.
//
// # Where things live
//
//   - syncer: the engine, and the manual to read first.
//   - state: statuses, their legal moves, records, stores.
//   - tenant: kinds, resources, snapshots, the client, the repository.
//   - plan: the comparison of base, repository and tenant, and its renderings.
//   - auth: sign-in, prompts, sealed token caches.
//   - state/statetest, tenant/tenanttest, auth/authtest, syncer/syncertest: fakes,
//     and kits that check an implementation of yours.
//   - auth/entra: Microsoft Entra, through MSAL.
//   - examples: programs to start from. go run ./examples/quickstart is the first;
//     examples/host has a client, an approver, a credential and a store of its own.
package tenantsync
