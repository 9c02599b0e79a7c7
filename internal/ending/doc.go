// Package ending decides how a run ends.
//
// [Conclude] takes three values: a [Run], which says what the record knows of
// the run that ends, an [End], which says why the phase at work has ended it,
// and a [Tally], which counts what became of the work. The [Result] has the
// event for the state machine, the status that the event leads to, the outcome,
// the reason, the error, and the counts of the work that was left undone. The
// package knows neither the engine nor its record. It stores nothing.
//
// # The table
//
// Every ending is a row of one table (table.go). A row fits by the facts of the
// run: counts and flags, nothing else. The first row that fits and that the
// present status allows is the run's. Rows that are worse stand before rows that
// are better, so that no run ends better than its facts are.
//
// # Where things are
//
//   - what comes in: run.go and tally.go; what the table looks at: facts.go
//   - the table: table.go; the decision by it: conclude.go
//   - what people read: account.go has the errors, undone.go the counts
package ending
