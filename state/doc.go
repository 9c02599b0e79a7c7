// Package state defines the statuses of a tenant's sync, the events that move a
// tenant from one status to another, and the stores that keep both.
//
// # Statuses and events
//
// A tenant shows exactly one of nine statuses ([Statuses]), and only an event
// moves it from one to another. [Transitions] is the table of all legal moves.
// [Next] finds a move in it and refuses every other with a [*TransitionError].
// An engine decides when an event happens, and commits it; a store refuses an
// event that is illegal in the stored status.
//
//	to, err := state.Next(state.PendingApproval, state.Approve) // in_progress
//
// In a resting status no run is under way; in an active one a run is. From
// every active status a run may end by fail or time_out, or, when it was
// cancelled before it wrote anything, go back by a restore_ event to the status
// from before. A check that finds the missing permission granted ends
// pending_admin_consent by a clear_ event. [RestoreTo] and [ClearTo] find these
// events. [Mermaid] and [Graphviz] draw the table.
//
// # What a store keeps
//
// A [Records] keeps one [Record] per tenant, which a commit replaces as a whole,
// a history of [Entry] values, to which a commit appends, and a list of [Run]
// values, which a commit stores. The record's fields let a store find a tenant
// (status, labels, when to wake it). Everything else is the engine's, in Data,
// which no store reads.
//
// A commit names the version that its caller has read, and the events that
// happened. If another caller was faster, the commit returns [ErrConflict] and
// writes nothing; the caller loads and decides again. So the decisions of
// several people and processes get one order, and none is lost:
//
//	loaded, err := store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
//	if err != nil {
//		return err
//	}
//	_, err = store.Commit(ctx, state.CommitRequest{
//		Record: loaded.Record, Events: []state.Event{state.Approve}, BeforeDeadline: true,
//	})
//
// A [Leaser] hands out leases, so that one worker at a time works on a tenant.
// Each acquisition raises the tenant's fence. A commit that names a fence
// conflicts once another worker has acquired the lease, however late the former
// holder wakes up. Work needs a lease; a person's decision does not.
//
// [Blobs] keep data that is too large for a record, under the hash of the
// content. A blob is put before the commit that refers to it, so that each
// reference leads to a blob.
//
// # Time
//
// All times are the store's. Hosts' clocks differ, so a host's time is never
// compared with a stored one. A request gives deadlines and wake-ups as
// durations from the commit (WakeIn, DeadlineIn). The store checks that a
// commit is not late (BeforeDeadline). Each answer has the store's Now. A
// database keeps microseconds, so a store may cut off the nanoseconds: compare
// a time with the one that the store returned, not with the one that you passed
// in.
//
// # Writing a store
//
// A store keeps data and has a lock or a transaction; the requests bring the
// rules. Each method takes these steps:
//
//   - Call the request's Validate, so that all stores refuse the same requests.
//   - Read the clock under the lock or inside the transaction (in PostgreSQL
//     clock_timestamp(), since now() is the transaction's start).
//   - Commit: pass the stored record to [CommitRequest.Apply], and write the
//     whole [Change] in the same transaction.
//   - Acquire, Renew, Release: pass the stored record to the request's Apply, and
//     write the record that it returns.
//   - List, History, Runs, Claim: pass all stored values to the request's
//     Select.
//   - Get: check the content with [BlobRef.Verify].
//
// The folder examples/host of the repository has such a store in less than 200
// lines. [Memory] is another.
//
// A store on a database answers the reads by indexes instead of Select. It calls
// WithDefaults, pages by key ([ListCursor], [HistoryCursor], [RunsCursor]), and
// calls [Page.Cut] and its siblings. One that decides a commit in a single
// statement passes [CommitRequest.Moves] to it. Such a store keeps a lease beside
// the record, and changes neither version nor UpdatedAt with it. It returns
// ErrUnknown, wrapped, when the connection is lost while a transaction is being
// committed, since the transaction may have taken effect.
//
// Then run the kits of [github.com/tenantsync/tenantsync/state/statetest] on
// it: TestStore, TestLeaser, TestBlobs and, for a [Pruner], TestPruner. Each
// sentence of the interfaces' comments is a case there.
package state
