// Package syncertest wires the engine with fakes of everything that it needs: a
// tenant, a sign-in page, a store and a repository in memory, scripted people, and
// workers that can be killed. With it, the tests of a host need no network, no server
// and no wait.
//
//	h := syncertest.New(syncertest.Config{})
//	h.Tenant("contoso").Seed("groups", `{"displayName": "Staff"}`)
//	w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("ann")})
//	row, err := w.Sync(ctx, syncer.StartRequest{Tenant: "contoso", Actor: "ben"})
//
// Run it in a testing/synctest bubble and minutes take no time: everything
// here waits by timers only.
//
// # What is here
//
//   - [Harness]: the world that outlives a process: store, blobs, repository,
//     tenants, the sign-in page. [Harness.Worker] adds a process.
//   - [Worker]: a process with a [syncer.Syncer] of its own. [Worker.Kill]
//     ends it as a power cut would: nothing that it does afterwards reaches
//     the store, the repository or a tenant, and its leases stay until they
//     run out. [Worker.Calls] injects faults into its calls.
//   - [Recorder]: an observer that keeps all events.
//   - [Approves], [Rejects], [Reverts], [Passes], [Answers]: scripted approvers.
//   - [TestApprover]: the conformance kit for a host's own Approver.
package syncertest
