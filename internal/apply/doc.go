// Package apply turns an item of a plan into the operation that carries it out,
// and tells of an object whether an item has been carried out.
//
//   - [Operation] checks that references and variables still resolve to the
//     approved values, and makes the request's body: step.go, write.go, type.go
//   - [Fingerprint] is what an item expects to find: fingerprint.go
//   - [Reached] and [Unmet] compare an object that was read back with the item,
//     path by path, and so find what the service has not kept: unmet.go
//   - [NoteError] is an error that becomes a note of the plan: note.go
package apply
