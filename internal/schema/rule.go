package schema

import (
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// Rule is a kind's declarations about the value at one path. Rules form a graph
// along the paths. The rule of a name already includes the declarations with
// "*" and "**", so each segment of a path takes one step. A nil *Rule declares
// nothing about the value and all values below it. Rules are immutable and safe
// for concurrent use.
type Rule struct {
	names nameTable
	other *Rule // for every other name
	// otherSecret is other for the names that say that they are secrets. It is nil
	// if the kind does not go by names.
	otherSecret *Rule
	element     *Rule // for the elements of an array
	typ         *Rule // for "@odata.type"; nil means typeRule
	// byType has the rules for objects of one "@odata.type", without "#".
	byType map[string]*Rule
	Facts
}

// Facts are a kind's declarations about one path.
type Facts struct {
	readOnly      bool
	CreateOnly    bool // also for all values below
	emptyIsAbsent bool // also for all values below
	Sensitive     bool
	secret        bool // Sensitive or Masked, also for all values below
	Whole         bool
	Masked        bool
	onlyTexts     bool   // Sensitive and Masked hold of texts only, because the name alone says secret
	Token         string // the name of the masked value's token, if it has one
	// tokenState is the state of the enclosing object in which the secret is a
	// token. It is nil if the secret is never a token.
	tokenState *tenant.TokenState
	isToken    bool
	Set        *setRule
	refs       []*tenant.Reference
	// literals are the literals of the refs whose type condition holds.
	literals []string
	form     tenant.ValueForm
	notation notation // notationOf for the facts above
	// defaults are the declared defaults. After compilation they are canonical.
	defaults []*jsonval.Node
	// defaultTexts are the JSON texts of defaults.
	defaultTexts []string
}

// notation says how a string gets its canonical notation. Most strings need only
// this, and none of the facts that it summarizes.
type notation uint8

const (
	guidNotation  notation = iota // a GUID in lower case, any other string as written
	asWritten                     // any string as written
	lowerNotation                 // any string in lower case
	otherNotation                 // see canonicalText
)

// notationOf returns the notation of strings with these facts. References and
// masks in name form are an exception: see canonicalText.
func notationOf(f *Facts) notation {
	switch {
	case f.secret, f.form == tenant.Text && len(f.literals) == 0:
		return asWritten
	case f.form == tenant.Enumeration:
		return lowerNotation
	case f.form == "" && len(f.literals) == 0:
		return guidNotation
	}
	return otherNotation
}

var noFacts Facts

// Fact returns the rule's facts. A nil rule has no facts.
func (r *Rule) Fact() *Facts {
	if r == nil {
		return &noFacts
	}
	return &r.Facts
}

// Step returns the rule one segment further. "*" leads to the elements of an
// array. Declarations for objects of one type apply only after [Rule.In].
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
	if slot := slotOf(r.names, name, jsonval.HashName(name)); slot != nil {
		return slot.rule
	}
	if r.otherSecret != nil && tenant.SaysSecret(name) {
		return r.otherSecret
	}
	return r.other
}

// IsSecret reports whether a value at a place with these facts is a secret or a
// mask of one.
func (f *Facts) IsSecret(n *jsonval.Node) bool {
	return (f.Sensitive || f.Masked) && (!f.onlyTexts || n.IsString())
}

// Kid returns the rule of a child of n. r is the rule of n, after [Rule.In].
func (r *Rule) Kid(n *jsonval.Node, i int) *Rule {
	if n.IsArray() {
		return r.Step("*")
	}
	return r.Step(n.Names[i])
}

// member returns the rule and the kind of a member by its name, whose
// [jsonval.HashName] the caller has. It is [Rule.Step] and kindOfMember for
// bytes.
func (r *Rule) member(name []byte, hash uint64) (*Rule, memberKind) {
	switch {
	case len(name) > 0 && name[0] == '@':
		return r.Step(string(name)), kindOfMember(string(name))
	case r == nil:
		return nil, kindOfBytes(name)
	}
	if slot := slotOf(r.names, name, hash); slot != nil {
		return slot.rule, slot.kind
	}
	if r.otherSecret != nil && tenant.SaysSecret(string(name)) {
		return r.otherSecret, kindOfBytes(name)
	}
	return r.other, kindOfBytes(name)
}

// typeRule is the rule of an "@odata.type" for which the kind declares nothing.
var typeRule = &Rule{Facts: Facts{form: typeForm, notation: otherNotation}}

// In returns the rule for an object of a type. The type is the "@odata.type" of
// the first value that has one.
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

// ofType returns the rule for objects of an "@odata.type", without "#".
func (r *Rule) ofType(typ string) *Rule {
	if next := r.byType[typ]; next != nil {
		return next
	}
	return r
}

// typeOf returns the "@odata.type" of an object, without "#".
func typeOf(n *jsonval.Node) string { return bareType(jsonval.TextOf(n.Get(typeName))) }

func bareType(s string) string { return strings.TrimPrefix(s, "#") }

// typeName is the name of the annotation with an object's type.
const typeName = "@odata.type"

// Follow returns the rule at a path.
func (r *Rule) Follow(segs []string) *Rule {
	for _, s := range segs {
		r = r.Step(s)
	}
	return r
}

// FollowIn returns the rule at a path in n, and the value there. It uses the
// types of the objects along the path.
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

// setRule is a kind's declaration of a set.
type setRule struct {
	By    [][]string // as in [tenant.Set]
	multi bool
	// member is the rule of the members.
	member *Rule
}
