// Package state says what one tenant's sync may do next, and where that is
// kept.
//
// # Statuses and events
//
// A tenant shows exactly one of nine statuses ([Statuses]), and only an event
// moves it from one to another. [Transitions] is the whole table of what is
// legal; [Next] looks a move up in it and refuses every other with a
// [*TransitionError]. The package has no opinion on when an event happens, nor
// does it do anything on a move: an engine asks Next, and stores the answer.
//
//	to, err := state.Next(state.PendingApproval, state.Approve) // in_progress
//
// In a resting status no run is under way; in an active one a run is. From
// every active status a run may end by fail or time_out, or, when it was
// cancelled before it wrote anything, go back by a restore_ event to the
// status from before. A check that sees a missing grant come leaves
// pending_admin_consent by a clear_ event. [RestoreTo] and [ClearTo] find
// these events. [Mermaid] and [Graphviz] draw the table.
//
// # What a store keeps
//
// A [Records] keeps one [Record] per tenant, which a commit replaces as a whole,
// and a history of [Entry] values, to which a commit appends. The record says
// what a store has to know to find a tenant again (status, labels, when to
// wake it); everything else is the engine's, in Data, and no store reads it.
//
// A commit names the version that its caller has read. When another was
// faster, the answer is [ErrConflict], nothing was written, and the caller
// loads and decides again. So decisions that come from several places, people
// and processes, fall into one order, and none is lost:
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
// Each acquisition raises the tenant's fence. A commit that names the fence
// conflicts once somebody else has acquired the lease, however late the former
// holder wakes up. A lease is for work; a person's decision needs none.
//
// [Blobs] keep what is too large for a record, under the hash of its content.
// A blob is put before the commit that refers to it, so that a reference
// always leads somewhere.
//
// # Time
//
// All times are the store's. Hosts' clocks differ, so a time that a host read
// is never held against a stored one: deadlines and wake-ups are given as
// durations from the commit (WakeIn, DeadlineIn), a commit that must not come
// late is checked inside the store (BeforeDeadline), and each answer carries
// the store's Now. A database keeps microseconds, so a store may cut off what
// is finer: a time is compared with what the store returned, not with what it
// was given.
//
// # Writing a store
//
// [Memory] is the model. For another, take these steps:
//
//   - Call the request's Validate first, so that all stores refuse the same,
//     then WithDefaults where there is one.
//   - Read the clock inside the transaction (in PostgreSQL clock_timestamp(),
//     not now(), which is the transaction's start).
//   - Check in this order: version and fence (ErrConflict), then the deadline
//     (ErrExpired). Write record and entries in the same transaction.
//   - Return ErrUnknown, wrapped, when the connection is lost while a
//     transaction is being committed: it may have taken effect.
//   - Page by key, never by offset; [ListCursor] and [HistoryCursor] are
//     cursors that a store may use.
//   - Keep a lease beside the record, and neither raise the version nor change
//     UpdatedAt when it changes.
//   - Check a blob's content with [BlobRef.Verify] before it is returned.
//
// Then run the kits of [github.com/tenantsync/tenantsync/state/statetest] on
// it: TestStore, TestLeaser, TestBlobs and, for a [Pruner], TestPruner. Each
// sentence of the interfaces' comments is a case there.
package state
