package diff

import "github.com/tenantsync/tenantsync/internal/jsonval"

// trees are an object's bodies in name form, and as they are.
type trees struct {
	base, desired, current *jsonval.Node
	// typed is desired with the types that the tenant does not tell.
	typed *jsonval.Node
	// raw is the tenant's body as it is, file the repository's.
	raw, file *jsonval.Node
	// secrets are those of the file, as desired has them.
	secrets map[string]secretSum
	// undeclared: desired has a reference where the kind declares none.
	undeclared bool
	// guide names references at places that the kind does not declare.
	guide map[textAt]*jsonval.Node
	// strays are the tenant's ids that cannot be named.
	strays []stray
}

// secretSum is what a plan has of a secret of a file: the hash that an approval
// binds, and the one that is the same for this secret in every tenant.
type secretSum struct{ approved, fleet string }
