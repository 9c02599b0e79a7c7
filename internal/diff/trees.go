package diff

import "github.com/tenantsync/tenantsync/internal/jsonval"

// trees are an object's bodies in name form and in their original form.
type trees struct {
	base, desired, current *jsonval.Node
	// typed is desired with the types that the tenant does not have.
	typed *jsonval.Node
	// raw is the tenant's original body, and file the repository's.
	raw, file *jsonval.Node
	// secrets has the hashes of the file's secrets, by the mark in desired.
	secrets map[string]secretSum
	// byProperty is true if current has a reference to a property.
	byProperty bool
	// undeclared is true if desired has a reference where the kind declares none.
	undeclared bool
	// guide has references for ids at places that the kind does not declare.
	guide map[textAt]*jsonval.Node
	// dangling are the tenant's ids that cannot be resolved.
	dangling []danglingID
}

// secretSum has a plan's hashes of a secret in a file: the hash that an
// approval covers, and the one that is equal for this secret in every tenant.
type secretSum struct{ approved, fleet string }

// textAt is a string and its place.
type textAt struct{ pointer, value string }
