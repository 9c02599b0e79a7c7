// Package planning makes a run's proposal from its comparison.
//
// [Make] compares again if the run asks for another desired side than the line.
// A roll back asks for the content of a backup. A preview asks for the line
// with the drift adopted. Such a comparison does not move the base. Then Make
// counts the unchanged objects, asks the client's guard about the plan, and
// encodes the documents to store.
//
//   - the steps: make.go
//   - the counts of the report: count.go; the client's guard: guard.go
//   - the documents that are stored: document.go
package planning
