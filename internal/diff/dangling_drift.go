package diff

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// unnamed returns the drifted differences that must not be adopted, with the
// reasons: they would replace a reference in the file by an id, or they have an
// id that a later run can resolve.
func unnamed(o *object, t *trees, found []*difference) map[*difference]string {
	byProperty := map[string][]*difference{}
	for _, d := range found {
		if d.fate == drifted {
			byProperty[jsonval.JoinPointer(d.segs)] = append(byProperty[jsonval.JoinPointer(d.segs)], d)
		}
	}
	why := map[*difference]string{}
	for _, group := range byProperty {
		unnamedIn(o, t, group, why)
	}
	return why
}

// unnamedIn is unnamed for the differences of one property.
func unnamedIn(o *object, t *trees, group []*difference, why map[*difference]string) {
	here, there := map[string]bool{}, map[string]bool{}
	for _, d := range group {
		jsonval.EachText(d.desired, func(text string) { here[text] = true })
		jsonval.EachText(d.current, func(text string) { there[text] = true })
	}
	// A dangling id can replace a reference. Where the kind declares no
	// references, any text can.
	lost := func(text string) bool { return !there[text] && reference.ReferenceIn(jsonval.StringNode(text)) != nil }
	lostFrom := func(n *jsonval.Node) (ref string) {
		jsonval.EachText(n, func(text string) {
			if ref == "" && lost(text) {
				ref = text
			}
		})
		return ref
	}
	anyText := false
	for _, d := range group {
		if lostFrom(d.desired) != "" {
			anyText = anyText || undeclared(o, t, lost)
		}
	}
	takes := func(n *jsonval.Node) (id string, s *danglingID) {
		jsonval.EachText(n, func(text string) {
			i := slices.IndexFunc(t.dangling, func(s danglingID) bool { return reference.Escape(s.value) == text })
			switch {
			case here[text] || id != "":
			case i >= 0:
				id, s = t.dangling[i].value, &t.dangling[i]
			case anyText && reference.ReferenceIn(jsonval.StringNode(text)) == nil:
				id = reference.Literal(text)
			}
		})
		return id, s
	}
	var ref, id string
	for _, d := range group {
		if r := lostFrom(d.desired); r != "" {
			ref = r
		}
		if i, _ := takes(d.current); i != "" {
			id = i
		}
	}
	for _, d := range group {
		taking, s := takes(d.current)
		switch {
		case ref != "" && id != "" && (lostFrom(d.desired) != "" || taking != ""):
			why[d] = fmt.Sprintf("the repository keeps its reference %s: the tenant now has %q here, which cannot be resolved; if the object was created again, refer to the new one in the tenant, otherwise copy the change into %s by hand", ref, id, schema.FileOf(o.desired))
		case s != nil && s.why != "":
			why[d] = fmt.Sprintf("the repository does not adopt the id %q, which cannot be resolved yet: %s", s.value, s.why)
		}
	}
}

// undeclared reports whether the file has one of the wanted references at a
// place that the kind does not declare.
func undeclared(o *object, t *trees, wanted func(string) bool) bool {
	found := false
	s := schema.Form{Repository: true, Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		found = found || len(schema.Applicable(at)) == 0 && reference.ReferenceIn(n) != nil && wanted(n.Text)
		return n
	}}
	s.Apply(o.kind, t.desired)
	return found
}

func noteDangling(ix *index, o *object, found []danglingID) {
	for _, s := range found {
		if s.why == "" {
			noteOn(ix, o, plan.Dangling, s.pointer, "the id %q belongs to no known object, and is backed up unchanged; remove it from the object, or make its object readable", s.value)
		} else {
			noteOn(ix, o, plan.Dangling, s.pointer, "the id %q is backed up unchanged, because it cannot be resolved: %s", s.value, s.why)
		}
	}
}
