package diff

import (
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// adoptedForm is a whole object as a file of the repository.
func (ix *index) adoptedForm(k *schema.Schema, n *jsonval.Node) *jsonval.Node {
	s := schema.Form{Repository: true, SortSets: true}
	return ix.repositoryForm(s.Apply(k, n))
}

// repositoryForm turns a tree in name form into the repository's: secrets are
// redacted, and ids that are a variable's value become that variable.
func (ix *index) repositoryForm(n *jsonval.Node) *jsonval.Node {
	n, _ = schema.Redacted(n)
	return ix.putVariables(n)
}

// putVariables writes ${var:name} for whole strings that are the value of
// exactly one variable with the shape of a GUID: other values, such as "true"
// or a company's name, stand for themselves more often than not.
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

// variableNames returns the names of GUID variables by their value; empty for
// a value that two have.
func variableNames(variables map[string]string) map[string]string {
	names := map[string]string{}
	for name, value := range variables {
		if !schema.IsGUID(value) {
			continue
		}
		if _, twice := names[value]; twice {
			name = ""
		}
		names[value] = name
	}
	return names
}
