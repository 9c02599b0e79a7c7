package plan

import (
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Resolved is what one reference of an [Item] stands for. Carrying the item out
// writes this value; where the tenant has another by then, nothing is written.
type Resolved struct {
	// Ref is the reference as it stands in the item: "${groups/Staff}", or
	// "${groups/Staff#mail}" for a property. Former names are already replaced
	// by present ones.
	Ref string `json:"ref"`
	// ID is the id of the object that Ref names. It is also a property that the
	// kind declares for the place, if its value is a GUID: such a property names
	// the object as the id does. Not part of ChangeDigest.
	ID string `json:"id,omitempty"`
	// Value is the value of the property that Ref names, if that is no ID. A
	// text of a person may stand there, so it is shown and part of both digests.
	Value string `json:"value,omitempty"`
	// New: the plan creates the object that Ref names. Its id is not known yet;
	// a property has the value that the object's file says.
	New bool `json:"new,omitempty"`
	// Undeclared: Ref stands at a place where the kind declares no reference, so
	// that nothing but the file says that the text there is an id.
	Undeclared bool `json:"undeclared,omitempty"`
}

// property reports whether the reference is to a property.
func (r *Resolved) property() bool {
	ref := reference.ReferenceIn(jsonval.StringNode(r.Ref))
	return ref != nil && ref.Property != ""
}

// shownValues returns a line for each reference of which a person must see what
// is written in its place: `"${groups/Staff#mail}" = "staff@contoso.com"`.
func (it *Item) shownValues(s *shortener) []string {
	var lines []string
	for i := range it.Resolved {
		r := &it.Resolved[i]
		switch {
		case r.ID == "" && r.property():
			lines = append(lines, fmt.Sprintf("%s = %s", s.name(r.Ref), s.value(quoted(r.Value))))
		case r.Undeclared && r.ID != "":
			lines = append(lines, fmt.Sprintf("%s = the id %s", s.name(r.Ref), s.name(r.ID)))
		case r.Undeclared:
			lines = append(lines, fmt.Sprintf("%s = the id of the new object", s.name(r.Ref)))
		}
	}
	if more := len(lines) - valuesShown; more > 0 {
		lines, s.cut = append(lines[:valuesShown], fmt.Sprintf("and %d more values", more)), true
	}
	return lines
}

// valuesShown is how many values of one item are shown.
const valuesShown = 100

// changedValues are the resolved properties that the changes refer to.
func (it *Item) changedValues() ([]Resolved, error) {
	values := map[string]Resolved{}
	for i := range it.Resolved {
		if r := it.Resolved[i]; r.property() {
			values[r.Ref] = r
		}
	}
	if len(values) == 0 {
		return nil, nil
	}
	var out []Resolved
	for _, c := range it.Changes {
		for _, raw := range [][]byte{c.Before, c.After} {
			if len(raw) == 0 {
				continue
			}
			err := reference.EachInText(raw, func(ref reference.Ref) {
				if r, ok := values[ref.String()]; ok {
					out = append(out, r)
					delete(values, r.Ref)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}
