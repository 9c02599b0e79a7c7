package catalogue

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// OptIn is a piece of a kind's objects that is read and written only where a host asks
// for it, see graph.Config.Parts: it costs requests for each object, and may need
// permissions of its own. Each field is added to the entry's field of that name. The
// properties that Subs read are then no longer among ReadOnly or CreateOnly, where the
// entry has them for hosts that do not ask.
type OptIn struct {
	Subs          []Sub                  `json:"subs"`
	Parts         []tenant.Part          `json:"parts,omitempty"`
	PartRequests  map[string]PartRequest `json:"partRequests,omitempty"`
	ReadOnly      []string               `json:"readOnly,omitempty"`
	CreateOnly    []string               `json:"createOnly,omitempty"`
	EmptyIsAbsent []string               `json:"emptyIsAbsent,omitempty"`
	Sets          []tenant.Set           `json:"sets,omitempty"`
	References    []tenant.Reference     `json:"references,omitempty"`
	Read          Scopes                 `json:"read,omitzero"`
	Write         Scopes                 `json:"write,omitzero"`
	// Source is as in [Entry].
	Source string `json:"source,omitempty"`
}

// Properties returns the top-level properties of the piece.
func (o OptIn) Properties() []string {
	var out []string
	for _, s := range o.Subs {
		out = append(out, s.Take...)
		if s.Property != "" {
			out = append(out, s.Property)
		}
	}
	return out
}

// WithParts returns a catalogue whose entries have the pieces of the names, which are
// those of graph.Config.Parts. c is not changed.
func (c *Catalogue) WithParts(names ...string) (*Catalogue, error) {
	out := *c
	out.Entries = slices.Clone(out.Entries)
	known := map[string]bool{"*": true}
	for i := range out.Entries {
		e := &out.Entries[i]
		for _, name := range slices.Sorted(maps.Keys(e.OptIns)) {
			full := e.Name + "/" + name
			known[full] = true
			if slices.Contains(names, full) || slices.Contains(names, "*") {
				e.add(out.known(e.OptIns[name]))
			}
		}
	}
	for _, name := range names {
		if !known[name] {
			return nil, fmt.Errorf("graph: Parts names %q, which the catalogue does not have", name)
		}
	}
	return &out, nil
}

// known returns a piece without references to kinds that the catalogue does not have.
func (c *Catalogue) known(o OptIn) OptIn {
	refs := o.References
	o.References = nil
	for _, r := range refs {
		r.Kinds = slices.DeleteFunc(slices.Clone(r.Kinds), func(kind string) bool {
			_, has := c.Entry(kind)
			return !has
		})
		if len(r.Kinds) > 0 {
			o.References = append(o.References, r)
		}
	}
	return o
}

// add adds a piece to the entry. It is there once, also if it is added twice.
func (e *Entry) add(o OptIn) {
	if slices.ContainsFunc(e.Subs, func(s Sub) bool { return slices.ContainsFunc(o.Subs, func(t Sub) bool { return s.Path == t.Path }) }) {
		return
	}
	left := func(path string) bool { return slices.Contains(o.Properties(), strings.TrimPrefix(path, "/")) }
	e.ReadOnly = slices.Concat(slices.DeleteFunc(slices.Clone(e.ReadOnly), left), o.ReadOnly)
	e.CreateOnly = slices.Concat(slices.DeleteFunc(slices.Clone(e.CreateOnly), left), o.CreateOnly)
	e.EmptyIsAbsent = slices.Concat(e.EmptyIsAbsent, o.EmptyIsAbsent)
	e.Sets = slices.Concat(e.Sets, o.Sets)
	e.References = slices.Concat(e.References, o.References)
	e.Subs = slices.Concat(e.Subs, o.Subs)
	e.Parts = slices.Concat(e.Parts, o.Parts)
	requests := maps.Clone(e.PartRequests)
	if requests == nil {
		requests = map[string]PartRequest{}
	}
	maps.Copy(requests, o.PartRequests)
	e.PartRequests = requests
	e.Read, e.Write = e.Read.and(o.Read), e.Write.and(o.Write)
}

// pieceProblems returns the problems of the pieces and the documented verbs.
func (e Entry) pieceProblems() []string {
	var out []string
	all := slices.Clone(e.Subs)
	for _, name := range slices.Sorted(maps.Keys(e.OptIns)) {
		o := e.OptIns[name]
		all = append(all, o.Subs...)
		if len(o.Properties()) == 0 {
			out = append(out, fmt.Sprintf("the piece %q reads no property", name))
		}
		for _, p := range o.Parts {
			if _, known := o.PartRequests[p.Name]; !known {
				out = append(out, fmt.Sprintf("nothing says how the part %q of the piece %q is written", p.Name, name))
			}
		}
		for _, p := range o.Properties() {
			if on := slices.ContainsFunc(e.Subs, func(s Sub) bool { return s.Property == p || slices.Contains(s.Take, p) }); !on && !slices.Contains(e.ReadOnly, "/"+p) && !slices.Contains(e.CreateOnly, "/"+p) {
				out = append(out, fmt.Sprintf("without the piece %q, %s is neither readOnly nor createOnly", name, p))
			}
		}
	}
	for _, s := range all {
		if (s.Property == "") == (len(s.Take) == 0) {
			out = append(out, fmt.Sprintf("%s needs a property, or properties to take, and not both", s.Path))
		}
	}
	for _, verb := range slices.Sorted(maps.Keys(e.Documented)) {
		if slices.Contains(e.Unproven, verb) {
			out = append(out, fmt.Sprintf("the verb %q is documented and unproven", verb))
		}
	}
	return out
}
