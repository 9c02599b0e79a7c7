// Package runrecord holds the parts of a run's record that need no word of a
// host: its clock, the documents that it has made, and the plan that a decision
// is bound to. Package syncer embeds them in the record that it stores.
package runrecord
