package catalogue

import (
	"slices"
	"strings"
)

// Scopes are permissions by how a person, or an application of its own, has
// them. Each inner list is a choice, the least powerful first; each list needs
// one of every inner list.
type Scopes struct {
	Delegated   [][]string `json:"delegated,omitempty"`
	Application [][]string `json:"application,omitempty"`
	// DelegatedOnly: applications cannot, a person has to be signed in.
	DelegatedOnly bool `json:"delegatedOnly,omitempty"`
	// Optional: without them the kind is left out of scope, not forbidden.
	Optional bool `json:"optional,omitempty"`
}

// Needed returns the permissions for an application of its own, or for one that a
// person is signed in to.
func (s Scopes) Needed(application bool) [][]string {
	if application && len(s.Application) > 0 {
		return s.Application
	}
	return s.Delegated
}

// and returns the permissions of both.
func (s Scopes) and(o Scopes) Scopes {
	if len(s.Application)+len(o.Application) > 0 {
		s.Application = slices.Concat(s.Needed(true), o.Needed(true))
	}
	s.Delegated = slices.Concat(s.Delegated, o.Delegated)
	return s
}

// Scopes returns the permissions that the kinds need with this catalogue, in
// order and each once, the least powerful of each choice. An app registration has to
// ask for them. Kinds that the catalogue lacks are left out.
func (c *Catalogue) Scopes(kinds []string, write, application bool) []string {
	var out []string
	for _, e := range c.Entries {
		if !slices.Contains(kinds, e.Name) {
			continue
		}
		needed := e.Read.Needed(application)
		if write {
			needed = append(slices.Clone(needed), e.Write.Needed(application)...)
		}
		for _, anyOf := range needed {
			if len(anyOf) > 0 && !slices.ContainsFunc(anyOf, func(p string) bool { return slices.Contains(out, p) }) {
				out = append(out, anyOf[0])
			}
		}
	}
	slices.SortFunc(out, strings.Compare)
	return out
}
