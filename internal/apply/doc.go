// Package apply turns a plan's item into the operation that applies it, and
// checks whether an object already has the item's values.
//
//   - [Operation] checks that references and variables still resolve to the
//     approved values, and builds the request's body: step.go, write.go, type.go
//   - [Fingerprint] hashes the part of an object that an item changes:
//     fingerprint.go
//   - [Reached] and [Unmet] compare an object with the item, path by path, and
//     so find the changes that the service did not keep: unmet.go
//   - [NoteError] is an error with the fields of a plan's note: note.go
package apply
