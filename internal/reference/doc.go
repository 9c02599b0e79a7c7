// Package reference reads and writes the templates in repository files:
// references to other objects (${groups/Staff}, ${groups/Staff#mail}),
// variables (${var:name}) and the literal ${ (written $${). It also has the
// bindings, which map the names in references to ids.
//
// A value in name form has references in place of ids. Each secret is a mark
// with its keyed hash ([SecretMark]), or [MaskMark] if its value is unknown. A
// literal ${ is written $${, and variables are replaced by their values.
package reference
