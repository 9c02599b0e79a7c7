// Package runrecord holds the parts of a run's record that hosts do not see:
// the clock, the documents of the run, and the plan that a decision is bound
// to. Package syncer embeds them in the record that it stores.
package runrecord
