package plan

import (
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
)

// Resolved is the value of one reference in an [Item]. Applying the item writes
// this value. If the reference has another value by then, the item is not
// applied.
type Resolved struct {
	// Ref is the reference in the item: "${groups/Staff}", or
	// "${groups/Staff#mail}" for a property. It has the present key of the object
	// and never a former one.
	Ref string `json:"ref"`
	// ID is the id of the object that Ref names. If Ref names a property that the
	// kind declares for this place and whose value is a GUID, ID is that GUID,
	// because it identifies the object like an id. ID is not part of
	// ChangeDigest.
	ID string `json:"id,omitempty"`
	// Value is the value of the property that Ref names, if it is not in ID. It
	// may be a text that a person wrote. So the renderers show it, and both
	// digests cover it.
	Value string `json:"value,omitempty"`
	// New reports that the plan creates the object that Ref names. Its id is not
	// known yet. The value of a property comes from the object's file.
	New bool `json:"new,omitempty"`
	// Undeclared reports that the kind declares no reference at a place of Ref.
	// There only the file says that the text is an id.
	Undeclared bool `json:"undeclared,omitempty"`
}

// property reports whether Ref names a property.
func (r *Resolved) property() bool {
	ref := reference.ReferenceIn(jsonval.StringNode(r.Ref))
	return ref != nil && ref.Property != ""
}

// shownValues returns a line for each reference whose value a person must see:
// `"${groups/Staff#mail}" = "staff@contoso.com"`. An id at a declared place needs
// no line.
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

// valuesShown is the largest number of values that are shown for one item.
const valuesShown = 100

// changedValues returns the resolved properties that the changes refer to.
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
