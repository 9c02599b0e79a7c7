// Package jsonval reads JSON values into trees whose equality does not depend on
// the order of names or on how a number is written, and edits JSON texts
// without touching what does not change.
//
// Trees are immutable, so they may share parts and be read concurrently.
package jsonval
