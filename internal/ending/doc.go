// Package ending decides how a run ends.
//
// [Conclude] takes three values. A [Run] holds the record's facts about the
// run. An [End] states why the last phase has ended the run. A [Tally] counts
// the results of the work. The [Result] has the event for the state machine,
// the status that the event leads to, the outcome, the reason, the error, and
// the counts of the work that was left undone. The package knows neither the
// engine nor its record. It stores nothing.
//
// # The table
//
// Every ending is a row of one table (table.go). A row looks only at the facts
// of the run, which are counts and flags. The run ends by the first row that
// fits and that the present status allows. Worse endings come before better
// ones, so no run ends better than its facts.
//
// # Where things are
//
//   - the input: run.go and tally.go; the facts that the table looks at:
//     facts.go
//   - the table: table.go; the choice of a row: conclude.go
//   - texts for people: errors in account.go, counts in undone.go
package ending
