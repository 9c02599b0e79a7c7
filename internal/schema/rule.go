package schema

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Rule is what a kind says about the value at one path. Rules form a graph
// along the paths, in which names already include what "*" and "**" say, so
// that one step per segment is enough. A nil *Rule says nothing about the value
// and all below it. Rules never change, so goroutines may share them.
type Rule struct {
	names   map[string]*Rule
	other   *Rule // for every other name
	element *Rule // for the elements of an array
	typ     *Rule // for "@odata.type"; nil means typeRule
	// byType are the rules for objects of one "@odata.type", without "#".
	byType map[string]*Rule
	Facts
}

// Facts are a kind's statements about one path.
type Facts struct {
	readOnly      bool
	CreateOnly    bool // also of everything below
	emptyIsAbsent bool // also of everything below
	Sensitive     bool
	secret        bool // Sensitive or Masked, also of everything below
	Whole         bool
	Masked        bool
	Token         string // the name of masked's sibling, if it has one
	// tokenState is the state of the enclosing object in which the secret is a
	// token; nil where it never is one.
	tokenState *tenant.TokenState
	isToken    bool
	Set        *setRule
	refs       []*tenant.Reference
	// literals are those of refs whose type condition holds.
	literals []string
	form     tenant.ValueForm
	// defaults are the declared defaults, canonical once the kind is compiled.
	defaults []*jsonval.Node
	// defaultTexts are the texts of defaults.
	defaultTexts []string
}

var nothing Facts

// Fact returns what the rule says; nothing for nil.
func (r *Rule) Fact() *Facts {
	if r == nil {
		return &nothing
	}
	return &r.Facts
}

// Step returns the rule one segment further down; "*" leads to the elements of
// an array. Declarations for objects of one type apply only after [Rule.In].
func (r *Rule) Step(name string) *Rule {
	switch {
	case name == typeName:
		if r == nil || r.typ == nil {
			return typeRule
		}
		return r.typ
	case r == nil:
		return nil
	case name == "*":
		return r.element
	}
	if next, ok := r.names[name]; ok {
		return next
	}
	return r.other
}

// typeRule is the rule of an "@odata.type" about which the kind says nothing.
var typeRule = &Rule{Facts: Facts{form: typeForm}}

// In returns the rule for an object of the "@odata.type" that one of these
// values has. The first that has a type decides.
func (r *Rule) In(objects ...*jsonval.Node) *Rule {
	if r == nil || len(r.byType) == 0 {
		return r
	}
	for _, n := range objects {
		if typ := typeOf(n); typ != "" {
			if next := r.byType[typ]; next != nil {
				return next
			}
			break
		}
	}
	return r
}

// ofType returns the rule for objects of an "@odata.type" without "#".
func (r *Rule) ofType(typ string) *Rule {
	if next := r.byType[typ]; next != nil {
		return next
	}
	return r
}

// typeOf returns the "@odata.type" of an object without "#".
func typeOf(n *jsonval.Node) string { return bareType(jsonval.TextOf(n.Get(typeName))) }

func bareType(s string) string { return strings.TrimPrefix(s, "#") }

// typeName is the annotation that names an object's type.
const typeName = "@odata.type"

// Follow returns the rule at a path.
func (r *Rule) Follow(segs []string) *Rule {
	for _, s := range segs {
		r = r.Step(s)
	}
	return r
}

// FollowIn returns the rule at a path within n, and the value there. It follows
// the types of the objects on the way.
func (r *Rule) FollowIn(n *jsonval.Node, segs []string) (*Rule, *jsonval.Node) {
	for i, s := range segs {
		if n.IsArray() {
			r = r.Step("*")
		} else {
			r = r.In(n).Step(s)
		}
		n = n.At(segs[i : i+1])
	}
	return r, n
}

// setRule is what a kind says about an array without order.
type setRule struct {
	By    [][]string
	multi bool
	// member is the rule of the members.
	member *Rule
}
