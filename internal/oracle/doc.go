// Package oracle judges what an engine has done to one tenant, whatever drives
// it: scripts, random commands, injected faults, a simulated year, processes
// that are killed.
//
// An [Oracle] is fed with what a store, a tenant, a repository and people saw,
// in the order in which it happened, and reports each breach of what the
// library promises as a [Violation]:
//
//   - one status at a time, legal moves only, versions and fences in order,
//     deadlines kept;
//   - nothing is written that was not approved, nothing before the approval, and
//     after a cancel, a pause or the end only what was in flight;
//   - no write takes effect twice, and no write of unknown outcome is repeated;
//   - the intent of a write is stored before the write, its result after it;
//   - the report, the row and the status say what the tenant shows;
//   - every run ends.
//
// The oracle reckons from the history alone. It shares no code with the engine
// but the forms of what the engine stores, and the table of moves.
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
// At the end of a story [Oracle.Rest] asks whether anything was left behind.
package oracle
