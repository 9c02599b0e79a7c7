package diff

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// adoptedForm returns a whole object in the form of a repository file. The
// object's nodes are in the slab.
func (ix *index) adoptedForm(k *schema.Schema, n *jsonval.Node, slab *jsonval.Slab) *jsonval.Node {
	s := schema.Form{Repository: true, SortSets: true, Slab: slab}
	return ix.repositoryForm(s.Apply(k, n))
}

// backupForm is adoptedForm for an object as [names.current] returns it. So it only
// has to sort the sets, and most kinds have no secrets to redact.
func backupForm(ix *index, k *schema.Schema, n *jsonval.Node, slab *jsonval.Slab) *jsonval.Node {
	n = schema.SortedByText(k.Root, n, slab)
	if !k.MayHaveSecrets() {
		return ix.putVariables(n)
	}
	return ix.repositoryForm(n)
}

// repositoryForm converts a tree in name form to the repository's form: secrets
// are redacted, and the values of GUID variables become variables.
func (ix *index) repositoryForm(n *jsonval.Node) *jsonval.Node {
	n, _ = schema.Redacted(n)
	return ix.putVariables(n)
}

// putVariables writes ${var:name} for strings that are the value of exactly one
// variable and a GUID. It does not replace other values, such as "true" or a
// company's name, because they are often equal by chance.
func (ix *index) putVariables(n *jsonval.Node) *jsonval.Node {
	if n == nil || len(ix.variables) == 0 {
		return n
	}
	if n.IsString() {
		if name := ix.variables[n.Text]; name != "" {
			return jsonval.StringNode("${var:" + name + "}")
		}
	}
	return n.MapKids(func(i int) *jsonval.Node { return ix.putVariables(n.Kids[i]) })
}

// variableNames returns the names of GUID variables by their value. The name is
// empty if two variables have the value.
func variableNames(variables map[string]string) map[string]string {
	names := map[string]string{}
	for name, value := range variables {
		if !schema.IsGUID(value) {
			continue
		}
		if _, duplicate := names[value]; duplicate {
			name = ""
		}
		names[value] = name
	}
	return names
}
