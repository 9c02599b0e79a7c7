// Package growth tells whether a run costs more per item when there are more items.
//
//   - a tenant with any number of groups and an engine beside it: world.go, tenant.go
//   - the calls and bytes that a run sends to the store: meter.go
//   - the runs whose items a record would hold if it held lists: runs.go
package growth
