// Package oracle judges the work of an engine on one tenant. It serves every
// harness that drives an engine: scripts, random commands, injected faults, a
// simulated year, processes that are killed.
//
// A harness feeds an [Oracle] with the events that a store, a tenant, a
// repository and people saw, in the order in which they happened. The oracle
// reports each breach of the library's promises as a [Violation]:
//
//   - A tenant has one status and makes legal moves only. Versions and fences are
//     in order, and deadlines hold.
//   - A run writes approved items only, and only after the approval. After a
//     cancel, a pause or the end, only writes in flight take effect.
//   - No write takes effect twice, and no write of unknown outcome is repeated.
//   - The intent of a write is stored before the write, its result after it.
//   - The report, the row and the status agree with the tenant.
//   - Every run ends.
//
// The oracle computes everything from the history. It shares no code with the
// engine except the stored formats and the table of moves.
//
// # Two ways to feed it
//
// A harness that stands between the engine and its ports feeds each event as it
// happens: [Oracle.Commit], [Oracle.Begin], [Oracle.Effect], [Oracle.Finish],
// [Oracle.Lease], [Oracle.Update], [Oracle.Offer].
//
// Another harness calls [Oracle.Poll], which reads the new history of the store
// and the new writes of the tenant and puts them into the order of their times.
//
// At the end of a test [Oracle.Rest] checks that no work and no lease is left.
//
// # Where the rules are
//
// The Oracle itself judges nothing. Each family of rules is a type in a file of
// its own. It takes an event and adds the violations that it finds to one book:
//
//   - commit.go checks that commits are consistent, adds them to the history,
//     and passes each line to the rules below;
//   - proposal.go and decision.go hold the rules of approval;
//   - journal.go judges intents and results, write.go the writes themselves, and
//     content.go compares a write with the approved item;
//   - lease.go and deadline.go judge leases and deadlines;
//   - ending.go, report.go and outcome.go judge the end of a run;
//   - view.go judges the rows that people see, and rest.go the state at the
//     end.
//
// A rule reads the facts of a [Run] and of the history, and records in the Run
// the facts that later rules need. history.go and run.go judge nothing.
package oracle
