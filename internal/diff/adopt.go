package diff

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// adoptDifferences writes the tenant's drift into the person's file, and
// nothing else of it. What would lose a secret of the file, and nobody can tell
// whether the tenant has it still, is left to people.
func (c *comparison) adoptDifferences(o *object, t *trees, found []*difference) {
	body, lost := c.takeOver(o, t, found)
	for _, d := range lost {
		c.noteOn(o, plan.SecretNeeded, jsonval.JoinPointer(d.segs), "the tenant has changed this, and it holds secrets that cannot be read, so that nobody can tell which of the file's secrets still belong to what; take the change into %s by hand, or undo it in the tenant", schema.FileOf(o.desired))
	}
	found = slices.DeleteFunc(slices.Clone(found), func(d *difference) bool {
		return slices.ContainsFunc(lost, func(l *difference) bool { return slices.Equal(l.segs, d.segs) })
	})
	if len(lost) > 0 {
		body, _ = c.takeOver(o, t, found)
	}
	if len(found) == 0 || body == nil {
		return
	}
	o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
	o.adopted = &plan.AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Update}
	for _, d := range found {
		row := changeOf(d, plan.Drift)
		row.Before, row.After = row.After, row.Before
		o.adopted.Changes = append(o.adopted.Changes, row)
	}
}

// revertDifferences returns the changes of the desired line that put the
// tenant's values where the item would have written the repository's.
func (c *comparison) revertDifferences(o *object, t *trees, propose []proposal) []tenant.Change {
	found := make([]*difference, len(propose))
	for i, p := range propose {
		found[i] = p.whole
	}
	body, _ := c.takeOver(o, t, found)
	if body == nil {
		return nil
	}
	if o.renamedFrom == "" {
		return []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
	}
	return []tenant.Change{
		{Kind: o.kind.Name, Key: o.renamedFrom, Body: body},
		{Kind: o.kind.Name, Key: o.key},
	}
}

// takeOver returns the repository's file with the tenant's values, and the
// first difference of each property that has lost a secret of the file to one
// that cannot be read.
func (c *comparison) takeOver(o *object, t *trees, found []*difference) (body json.RawMessage, lost []*difference) {
	if len(found) == 0 {
		return nil, nil
	}
	k, err := c.newKeeper(o, t)
	if err != nil {
		c.fail(fmt.Errorf("plan: edit %s: %w", o.id(), err)) // it was parsed before
		return nil, nil
	}
	root := &jsonval.Edits{}
	for len(found) > 0 {
		n := slices.IndexFunc(found, func(d *difference) bool { return !slices.Equal(d.segs, found[0].segs) })
		if n < 0 {
			n = len(found)
		}
		if !k.property(root.At(found[0].segs), found[:n]) {
			lost = append(lost, found[0])
		}
		found = found[n:]
	}
	if body, err = root.Apply(o.desired.Body); err != nil {
		c.fail(fmt.Errorf("plan: edit %s: %w", o.id(), err)) // the file has what differs
		return nil, nil
	}
	return body, lost
}

// adoptedForm is a whole object as a file of the repository.
func (c *comparison) adoptedForm(k *schema.Schema, n *jsonval.Node) *jsonval.Node {
	s := schema.Form{Repository: true, SortSets: true}
	return c.repositoryForm(s.Apply(k, n))
}

// repositoryForm turns a tree in name form into the repository's: secrets are
// redacted, and ids that are a variable's value become that variable.
func (c *comparison) repositoryForm(n *jsonval.Node) *jsonval.Node {
	n, _ = schema.Redacted(n)
	return c.putVariables(n)
}

// putVariables writes ${var:name} for whole strings that are the value of
// exactly one variable with the shape of a GUID: other values, such as "true"
// or a company's name, stand for themselves more often than not.
func (c *comparison) putVariables(n *jsonval.Node) *jsonval.Node {
	if n == nil || len(c.variables) == 0 {
		return n
	}
	if n.IsString() {
		if name := c.variables[n.Text]; name != "" {
			return jsonval.StringNode("${var:" + name + "}")
		}
	}
	return n.MapKids(func(i int) *jsonval.Node { return c.putVariables(n.Kids[i]) })
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
