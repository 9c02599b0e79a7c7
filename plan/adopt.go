package plan

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// adoptDifferences writes the tenant's drift into the person's file, and
// nothing else of it.
func (c *comparison) adoptDifferences(o *object, found []*difference) {
	if len(found) == 0 {
		return
	}
	body, ok := c.takeOver(o, found)
	if !ok {
		return
	}
	o.adopt = []tenant.Change{{Kind: o.kind.Name, Key: o.key, Body: body}}
	o.adopted = &AdoptedChange{Kind: o.kind.Name, Key: o.key, Verb: tenant.Update}
	for _, d := range found {
		row := changeOf(d, Drift)
		row.Before, row.After = row.After, row.Before
		o.adopted.Changes = append(o.adopted.Changes, row)
	}
}

// revertDifferences returns the changes of the desired line that put the
// tenant's values where the item would have written the repository's.
func (c *comparison) revertDifferences(o *object, propose []proposal) []tenant.Change {
	found := make([]*difference, len(propose))
	for i, p := range propose {
		found[i] = p.difference
	}
	body, ok := c.takeOver(o, found)
	if !ok {
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

// takeOver returns the repository's file with the tenant's values.
func (c *comparison) takeOver(o *object, found []*difference) (json.RawMessage, bool) {
	root := &edits{}
	for _, d := range found {
		current := d.current
		if current == nil && d.base != nil && !d.member {
			// The tenant dropped it. null says that; to remove it from the file
			// would say that nobody cares any more.
			current = nullNode
		}
		value := json.RawMessage(c.repositoryForm(current).json())
		e := root.at(d.segs)
		switch {
		case !d.member:
			e.set, e.value = true, value
		case len(d.places) > 0:
			if e.members == nil {
				e.members = map[int]json.RawMessage{}
			}
			for _, i := range d.places {
				e.members[i] = value
			}
		case value != nil:
			e.added = append(e.added, value)
		}
	}
	body, err := root.apply(o.desired.Body)
	if err != nil {
		// The file was parsed before, and has what differs.
		c.fail(fmt.Errorf("plan: edit %s: %w", o.id(), err))
		return nil, false
	}
	return body, true
}

// adoptedForm is a whole object as a file of the repository.
func (c *comparison) adoptedForm(k *kindRules, n *node) *node {
	s := shape{repository: true, sortSets: true}
	return c.repositoryForm(s.apply(k, n))
}

// repositoryForm turns a tree in name form into the repository's: secrets are
// redacted, and ids that are a variable's value become that variable.
func (c *comparison) repositoryForm(n *node) *node {
	n, _ = redacted(n)
	return c.putVariables(n)
}

// putVariables writes ${var:name} for whole strings that are the value of
// exactly one variable with the shape of a GUID: other values, such as "true"
// or a company's name, stand for themselves more often than not.
func (c *comparison) putVariables(n *node) *node {
	if n == nil || len(c.variables) == 0 {
		return n
	}
	if n.isString() {
		if name := c.variables[n.text]; name != "" {
			return stringNode("${var:" + name + "}")
		}
	}
	return n.mapKids(func(i int) *node { return c.putVariables(n.kids[i]) })
}

// variableNames returns the names of GUID variables by their value; empty for
// a value that two have.
func variableNames(variables map[string]string) map[string]string {
	names := map[string]string{}
	for name, value := range variables {
		if !isGUID(value) {
			continue
		}
		if _, twice := names[value]; twice {
			name = ""
		}
		names[value] = name
	}
	return names
}

func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		_, hex := hexDigit(s[i])
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}
