package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// memberKind is what the name of an object's member says about it.
type memberKind int

const (
	// property: content. "@odata.type" is one: an object's own type.
	property memberKind = iota
	// control: said of an answer, and never content.
	control
	// typeAnnotation: the type of the property beside it, "x@odata.type". Where the
	// service declares no type, as in an open type, the value means nothing
	// without it, so that it is compared and sent with the property.
	typeAnnotation
	// bind: "x@odata.bind", an instruction of a request ("Bind Operation").
	bind
	// foreignName: a name that is none of these.
	foreignName
)

const (
	odata      = "odata."
	typeSuffix = "@odata.type"
)

// controlInformation are the terms of OData's control information that describe
// an answer: OData JSON Format Version 4.01, "Control Information", without type.
// Version 4.01 may leave out the prefix "odata.".
var controlInformation = map[string]bool{
	"context": true, "metadataEtag": true, "count": true, "nextLink": true, "delta": true, "deltaLink": true, "id": true,
	"editLink": true, "readLink": true, "etag": true, "navigationLink": true, "associationLink": true,
	"mediaEditLink": true, "mediaReadLink": true, "mediaContentType": true, "mediaEtag": true, "removed": true, "collectionAnnotations": true,
}

// graphControl are the annotations that Microsoft Graph puts into answers:
// hints about queries (docs: "Use query parameters"), the address of a file's
// content (driveItem), and where a member of a shared channel is from
// (conversationMember).
var graphControl = map[string]bool{
	"microsoft.graph.tips": true, "microsoft.graph.downloadUrl": true, "microsoft.graph.originalSourceMembershipUrl": true,
}

// directives are the names with "$" that a file may have at the top. None is
// sent: the first is for the planner, and the others are what editors go by and
// people write beside values (JSON Schema, "$schema" and "$comment").
var directives = map[string]bool{"$previousNames": true, "$schema": true, "$comment": true}

// kindOfMember tells by its name what a member is.
func kindOfMember(name string) memberKind {
	if strings.HasPrefix(name, "#") {
		// With full metadata, an answer advertises the actions and functions
		// that are bound to the object, "#microsoft.graph.assign" (OData JSON
		// Format Version 4.01, "Bound Function" and "Bound Action").
		if strings.Contains(name, ".") {
			return control
		}
		return foreignName
	}
	of, term, annotated := strings.Cut(name, "@")
	if !annotated || name == typeSuffix {
		return property
	}
	short, prefixed := strings.CutPrefix(term, odata)
	switch {
	case controlInformation[short], graphControl[term]:
		return control
	case of != "" && short == "bind":
		return bind
	case of != "" && short == "type" && prefixed:
		return typeAnnotation
	}
	return foreignName
}

// PropertyOf returns the property that a type annotation is about, and a
// property's own name for any other.
func PropertyOf(name string) string {
	if kindOfMember(name) == typeAnnotation {
		return strings.TrimSuffix(name, typeSuffix)
	}
	return name
}

// IsTypeOf reports whether a member tells the type of the property beside it.
func IsTypeOf(name string) bool { return kindOfMember(name) == typeAnnotation }

// TypeOf is the name of the member that tells the type of a property.
func TypeOf(property string) string { return property + typeSuffix }

// typed drops the types of properties that the form has dropped, that are null,
// or that are parts, which are written by requests of their own: these types say
// nothing.
func (s *Form) typed(n *jsonval.Node, r *Rule) *jsonval.Node {
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

// WithoutUntold returns n without the types that teller leaves out although it
// has the properties. An answer tells the type of a property only where the
// service does not declare it (minimal metadata), so that a file exported with
// full metadata has types that are in no answer. Places within arrays count by
// their path, since nothing pairs the elements here.
func WithoutUntold(n, teller *jsonval.Node) *jsonval.Node { return NewTeller(teller).Without(n) }

// Teller is [WithoutUntold] for many values and one teller, which it reads once.
// It is used by one goroutine at a time.
type Teller struct {
	tree *jsonval.Node
	told *toldTypes // made when needed
}

// NewTeller returns the Teller for a tree; nil tells nothing.
func NewTeller(tree *jsonval.Node) *Teller { return &Teller{tree: tree} }

// Without returns n without the types that the tree leaves out although it has
// the properties.
func (t *Teller) Without(n *jsonval.Node) *jsonval.Node {
	if t.tree == nil || !HasTypes(n) {
		return n
	}
	if t.told == nil {
		t.told = &toldTypes{}
		t.told.add(t.tree)
	}
	return t.told.without(n)
}

// toldTypes says of the places below a path which properties a tree has there,
// and whether it tells their types.
type toldTypes struct {
	there, told bool
	below       map[string]*toldTypes
}

func (t *toldTypes) add(n *jsonval.Node) {
	for i, kid := range n.Kids {
		name := "*"
		if n.IsObject() {
			if name = n.Names[i]; IsTypeOf(name) {
				continue
			}
		}
		if t.below == nil {
			t.below = map[string]*toldTypes{}
		}
		below := t.below[name]
		if below == nil {
			below = &toldTypes{}
			t.below[name] = below
		}
		if n.IsObject() && !kid.IsNull() {
			below.there = true
			below.told = below.told || n.Get(TypeOf(name)) != nil
		}
		below.add(kid)
	}
}

// without is Without at a path. A nil t is a path that the tree does not have.
func (t *toldTypes) without(n *jsonval.Node) *jsonval.Node {
	if t == nil {
		return n
	}
	return n.MapKids(func(i int) *jsonval.Node {
		if !n.IsObject() {
			return t.below["*"].without(n.Kids[i])
		}
		name := n.Names[i]
		if IsTypeOf(name) {
			if of := t.below[PropertyOf(name)]; of != nil && of.there && !of.told {
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

// HasTypes reports whether a tree tells the type of a property.
func HasTypes(n *jsonval.Node) bool {
	return n != nil && (slices.ContainsFunc(n.Names, IsTypeOf) || slices.ContainsFunc(n.Kids, HasTypes))
}

// Refusal is a member of a file that is not content and cannot be left out
// without a loss.
type Refusal struct {
	// Pointer leads to the member.
	Pointer string
	// Message says why, and what to write instead.
	Message string
}

// Refused returns what must be refused in a file: a member that asks for
// something that is not sent. What is read-only is not sent anyway.
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
		refuse(segs, `an object that has nothing but "@odata.id" is a link, which is not sent; write the id, or a reference, into a property`)
		return
	}
	for i, kid := range n.Kids {
		name := n.Segment(i)
		below, next := append(segs, name), r.Step(name) // one stack for all: a pointer copies it
		if !n.IsObject() {
			refused(kid, r.Step("*"), below, out)
			continue
		}
		switch kindOfMember(name) {
		case bind:
			of, _, _ := strings.Cut(name, "@")
			refuse(below, `%q links objects while a request is made, and is not sent; write their ids, or references, into the property %q instead`, name, of)
		case foreignName:
			refuse(below, `%q is the name of no property, and of no annotation that is known here, and is not sent; write the value into a property, or take it out`, name)
		case property:
			if len(segs) == 0 && strings.HasPrefix(name, "$") && !directives[name] {
				refuse(below, `%q is no name that files have for the planner, and is not sent; write "$previousNames" for what the object was called, or take it out`, name)
			} else if len(segs) == 0 && name == "$previousNames" && (!kid.IsArray() || slices.ContainsFunc(kid.Kids, func(n *jsonval.Node) bool { return !n.IsString() })) {
				refuse(below, `%q is no list of texts, and tells no name`, name)
			} else if !next.Fact().readOnly {
				refused(kid, next, below, out)
			}
		}
	}
}

// isLink reports whether an object stands for another by its address alone: an
// "Entity Reference" of OData JSON Format Version 4.01.
func isLink(n *jsonval.Node) bool {
	if !n.IsObject() || n.Get("@odata.id") == nil {
		return false
	}
	return !slices.ContainsFunc(n.Names, func(name string) bool { return name != typeSuffix && kindOfMember(name) != control })
}
