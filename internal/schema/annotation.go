package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// directives are the names with "$" that a file may have at the top level. They
// are not sent. The sync uses "$previousNames"; "$schema" is for editors and
// "$comment" for people (JSON Schema).
var directives = map[string]bool{"$previousNames": true, "$schema": true, "$comment": true}

// dropTypes drops the types that have no property to describe: the form has
// dropped the property, or it is null, or it is a part, which has a request of
// its own.
func (s *Form) dropTypes(n *jsonval.Node, r *Rule) *jsonval.Node {
	return n.MapKids(func(i int) *jsonval.Node {
		name := n.Names[i]
		of := PropertyOf(name)
		if of != name && (n.Get(of).IsNull() || r.Step(name).Fact().readOnly || s.isPart(of)) {
			return nil
		}
		return n.Kids[i]
	})
}

func (s *Form) isPart(name string) bool {
	return slices.ContainsFunc(s.parts, func(path []string) bool { return slices.Equal(path, append(slices.Clone(s.segs), name)) })
}

// WithoutTypesMissingIn returns n without the types of properties that other
// has without a type. With minimal metadata, a response has the type of a
// property only if the service does not declare it. So a file that was exported
// with full metadata has types that no response has. The elements of an array
// share one path, because they are not paired here.
func WithoutTypesMissingIn(n, types *jsonval.Node) *jsonval.Node {
	return NewTypeFilter(types).Without(n)
}

// TypeFilter is [WithoutTypesMissingIn] for many values and one other tree,
// which it reads once. It must not be used concurrently.
type TypeFilter struct {
	tree  *jsonval.Node
	paths *pathTypes // filled on first use
}

// NewTypeFilter returns the TypeFilter for a tree. With a nil tree it removes
// nothing.
func NewTypeFilter(tree *jsonval.Node) *TypeFilter { return &TypeFilter{tree: tree} }

// Without returns n without the types of properties that the tree has without a
// type.
func (t *TypeFilter) Without(n *jsonval.Node) *jsonval.Node {
	if t.tree == nil || !HasTypes(n) {
		return n
	}
	if t.paths == nil {
		t.paths = &pathTypes{}
		t.paths.add(t.tree)
	}
	return t.paths.without(n)
}

// pathTypes has the properties of a tree below a path, and whether the tree has
// their types.
type pathTypes struct {
	present, typed bool
	below          map[string]*pathTypes
}

func (t *pathTypes) add(n *jsonval.Node) {
	for i, kid := range n.Kids {
		name := "*"
		if n.IsObject() {
			if name = n.Names[i]; IsTypeOf(name) {
				continue
			}
		}
		if t.below == nil {
			t.below = map[string]*pathTypes{}
		}
		below := t.below[name]
		if below == nil {
			below = &pathTypes{}
			t.below[name] = below
		}
		if n.IsObject() && !kid.IsNull() {
			below.present = true
			below.typed = below.typed || n.Get(TypeOf(name)) != nil
		}
		below.add(kid)
	}
}

// without is Without at a path. A nil t is a path that the tree does not have.
func (t *pathTypes) without(n *jsonval.Node) *jsonval.Node {
	if t == nil {
		return n
	}
	return n.MapKids(func(i int) *jsonval.Node {
		if !n.IsObject() {
			return t.below["*"].without(n.Kids[i])
		}
		name := n.Names[i]
		if IsTypeOf(name) {
			if of := t.below[PropertyOf(name)]; of != nil && of.present && !of.typed {
				return nil
			}
			return n.Kids[i]
		}
		return t.below[name].without(n.Kids[i])
	})
}

// WithoutTypes returns n without the types of its properties.
func WithoutTypes(n *jsonval.Node) *jsonval.Node {
	if !HasTypes(n) {
		return n
	}
	return n.MapKids(func(i int) *jsonval.Node {
		if n.IsObject() && IsTypeOf(n.Names[i]) {
			return nil
		}
		return WithoutTypes(n.Kids[i])
	})
}

// HasTypes reports whether a tree has the type of a property.
func HasTypes(n *jsonval.Node) bool {
	return n != nil && (slices.ContainsFunc(n.Names, IsTypeOf) || slices.ContainsFunc(n.Kids, HasTypes))
}

// Refusal is a member of a file that asks for something that is not sent.
type Refusal struct {
	// Pointer is the member's JSON pointer.
	Pointer string
	// Message gives the reason, and the text to write instead.
	Message string
}

// Refused returns the members for which a file must be refused, because they
// ask for something that is not sent. It ignores read-only properties, which
// are not sent either.
func Refused(k *Schema, file *jsonval.Node) []Refusal {
	var out []Refusal
	refused(file, k.Root, make([]string, 0, 16), &out)
	return out
}

func refused(n *jsonval.Node, r *Rule, segs []string, out *[]Refusal) {
	refuse := func(segs []string, format string, args ...any) {
		*out = append(*out, Refusal{jsonval.JoinPointer(segs), fmt.Sprintf(format, args...)})
	}
	if len(segs) > 0 && isLink(n) {
		refuse(segs, `an object with only "@odata.id" is a link, which is not sent; write the id, or a reference, into a property`)
		return
	}
	for i, kid := range n.Kids {
		name := n.Segment(i)
		below := append(segs, name) // the siblings share the array of below; JoinPointer copies it
		if !n.IsObject() {
			refused(kid, r.Step("*"), below, out)
			continue
		}
		switch kindOfMember(name) {
		case bind:
			of, _, _ := strings.Cut(name, "@")
			refuse(below, `%q links objects in a request, and is not sent; write their ids, or references, into the property %q instead`, name, of)
		case unknownName:
			refuse(below, `%q is neither a property nor a known annotation, and is not sent; write the value into a property, or remove it`, name)
		case property:
			if len(segs) == 0 && strings.HasPrefix(name, "$") && !directives[name] {
				refuse(below, `%q is not a known "$" name, and is not sent; write "$previousNames" for previous names of the object, or remove it`, name)
			} else if len(segs) == 0 && name == "$previousNames" && (!kid.IsArray() || slices.ContainsFunc(kid.Kids, func(n *jsonval.Node) bool { return !n.IsString() })) {
				refuse(below, `%q must be an array of strings`, name)
			} else if len(kid.Kids) > 0 {
				if next := r.Step(name); !next.Fact().readOnly {
					refused(kid, next, below, out)
				}
			}
		}
	}
}

// isLink reports whether an object refers to another object by its address
// alone: an "Entity Reference" of OData JSON Format Version 4.01.
func isLink(n *jsonval.Node) bool {
	if !n.IsObject() || n.Get("@odata.id") == nil {
		return false
	}
	return !slices.ContainsFunc(n.Names, func(name string) bool { return name != typeSuffix && kindOfMember(name) != control })
}
