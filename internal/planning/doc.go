// Package planning makes a run's proposal from its comparison.
//
// [Make] compares once more where the run asks for another desired side than the
// line's: a roll back wants the tenant as a backup has it, and a preview wants
// the line as it would be if drift were adopted. Such a comparison does not move
// the base. Then it counts the unchanged objects, asks the client's guard about the
// plan, and encodes the documents to store.
//
//   - the story: make.go
//   - the counts of the report: count.go; the client's guard: guard.go
//   - the documents that are stored: document.go
package planning
