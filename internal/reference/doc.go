// Package reference reads and writes the templates of repository files: names of
// other objects (${groups/Staff}, ${groups/Staff#mail}), variables
// (${var:name}) and the literal ${ ($${), and the bindings by which names
// become ids.
package reference
