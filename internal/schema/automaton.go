package schema

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// pattern is one declaration: facts about the values at a path.
type pattern struct {
	segs  []string
	typ   string // the type of the object with the last segment; empty for any type
	apply func(*Facts)
}

// Segments of patterns that no path of a kind has, because they are not UTF-8.
const (
	// secretName matches the names for which [tenant.SaysSecret] reports true.
	secretName = "\xffsecret"
	// anyElement matches the elements of an array, and no members of an object.
	anyElement = "\xffelement"
)

// position is a position in a pattern that a path has reached.
type position struct {
	pattern, at int
	// typed is true if the nearest enclosing object has the pattern's type. It
	// is always false for a pattern without a type, so that equal sets of
	// positions compare equal.
	typed bool
}

// number numbers the positions in one pattern.
func (p position) number() int {
	if p.typed {
		return 2*p.at + 1
	}
	return 2 * p.at
}

// maxRules limits the rules of one kind. Paths with both "**" and "*" can need
// exponentially many. The largest kinds need a few hundred.
const maxRules = 20_000

// buildRules builds the rules of all patterns by the subset construction. A
// rule is the set of positions that a path can reach, and equal sets share a
// rule. The number of sets is finite. So the construction ends, although "**"
// matches paths of any length.
func buildRules(patterns []pattern) (*Rule, error) {
	b := &ruleBuilder{patterns: patterns, rules: map[string]*Rule{}}
	start := make([]position, len(patterns))
	for i := range patterns {
		start[i] = position{pattern: i}
	}
	b.hasSecretNames = slices.ContainsFunc(patterns, func(p pattern) bool { return slices.Contains(p.segs, secretName) })
	root := b.build(start)
	if b.failed != nil {
		return nil, b.failed
	}
	// A default is compared in its canonical form, which needs the whole graph.
	for _, r := range b.withDefaults {
		for i, value := range r.defaults {
			r.defaults[i] = canonicalValue(r, value, true)
			r.defaultTexts = append(r.defaultTexts, string(r.defaults[i].JSON()))
		}
	}
	return root, nil
}

type ruleBuilder struct {
	patterns     []pattern
	rules        map[string]*Rule
	withDefaults []*Rule
	failed       error
	// hasSecretNames is true if a pattern has a segment secretName.
	hasSecretNames bool
	key            []byte
	scratch        []position // the last result of step
}

// build returns the rule for a set of positions. It copies the set, so a caller
// may pass the result of step.
func (b *ruleBuilder) build(set []position) *Rule {
	set = b.closed(set)
	if len(set) == 0 || b.failed != nil {
		return nil
	}
	b.key = b.key[:0]
	for _, p := range set {
		b.key = binary.AppendUvarint(b.key, uint64(p.pattern))
		b.key = binary.AppendUvarint(b.key, uint64(p.number()))
	}
	if r, ok := b.rules[string(b.key)]; ok {
		return r
	}
	if len(b.rules) >= maxRules {
		b.failed = fmt.Errorf("its paths need more than %d rules; use fewer \"**\" and \"*\"", maxRules)
		return nil
	}
	r := &Rule{}
	b.rules[string(b.key)] = r
	set = slices.Clone(set)
	b.state(r, set)
	r.element = b.build(b.step(set, "", stepElement, ""))
	b.steps(r, set, "")
	for _, typ := range b.types(set) {
		if r.byType == nil {
			r.byType = map[string]*Rule{}
		}
		of := &Rule{Facts: r.Facts, element: r.element}
		b.steps(of, set, typ)
		r.byType[typ] = of
	}
	if r.Set != nil {
		r.Set.member = r.element
	}
	return r
}

// closed adds the position after each "**", because "**" also matches no
// segment, and sorts the positions. It may change set.
func (b *ruleBuilder) closed(set []position) []position {
	for i := 0; i < len(set); i++ {
		p := set[i]
		if segs := b.patterns[p.pattern].segs; p.at < len(segs) && segs[p.at] == "**" {
			set = append(set, position{p.pattern, p.at + 1, p.typed})
		}
	}
	slices.SortFunc(set, func(x, y position) int {
		return cmp.Or(cmp.Compare(x.pattern, y.pattern), cmp.Compare(x.number(), y.number()))
	})
	return slices.Compact(set)
}

// state applies the patterns that end here, in their order and each once.
func (b *ruleBuilder) state(r *Rule, set []position) {
	last := -1
	for _, p := range set {
		of := &b.patterns[p.pattern]
		if p.at == len(of.segs) && p.pattern != last && (of.typ == "" || p.typed) {
			of.apply(&r.Facts)
			last = p.pattern
		}
	}
	r.notation = notationOf(&r.Facts)
	if len(r.defaults) > 0 {
		b.withDefaults = append(b.withDefaults, r)
	}
}

// steps builds the rules for the members of an object of a type.
func (b *ruleBuilder) steps(r *Rule, set []position, typ string) {
	names := map[string]*Rule{}
	for _, p := range set {
		segs := b.patterns[p.pattern].segs
		if p.at == len(segs) || segs[p.at] == "*" || segs[p.at] == "**" || segs[p.at] == secretName || segs[p.at] == anyElement {
			continue
		}
		if name := segs[p.at]; names[name] == nil {
			names[name] = b.build(b.step(set, name, stepName, typ))
		}
	}
	r.names = newNameTable(names)
	r.other = b.build(b.step(set, "", stepOther, typ))
	if b.hasSecretNames {
		r.otherSecret = b.build(b.step(set, "", stepSecret, typ))
	}
	// A type with and without "#" is the same type, whatever else the kind
	// declares.
	of, ok := names[typeName]
	if !ok {
		of = r.other
	}
	if of != nil {
		r.typ = &Rule{Facts: of.Facts}
		r.typ.form = typeForm
		r.typ.notation = notationOf(&r.typ.Facts)
	}
}

// types returns the types of the patterns that do not end here.
func (b *ruleBuilder) types(set []position) []string {
	var out []string
	for _, p := range set {
		if of := &b.patterns[p.pattern]; of.typ != "" && p.at < len(of.segs) && !slices.Contains(out, of.typ) {
			out = append(out, of.typ)
		}
	}
	return out
}

// The kinds of steps.
const (
	stepName    = iota // to the member with this name
	stepOther          // to a member whose name is in no pattern
	stepSecret         // to one of those whose name says that it is a secret
	stepElement        // to an element of an array
)

// step returns the positions one segment further. typ is the type of the object
// whose member the segment is. A step to an element keeps the object around the
// array.
func (b *ruleBuilder) step(set []position, name string, how int, typ string) []position {
	b.scratch = b.scratch[:0]
	for _, p := range set {
		of := &b.patterns[p.pattern]
		if p.at == len(of.segs) {
			continue
		}
		typed := p.typed
		if how != stepElement {
			typed = of.typ != "" && of.typ == typ
		}
		switch seg := of.segs[p.at]; {
		case seg == "**":
			b.scratch = append(b.scratch, position{p.pattern, p.at, typed})
		case seg == "*", how == stepName && seg == name, how == stepElement && seg == anyElement,
			seg == secretName && (how == stepSecret || how == stepName && tenant.SaysSecret(name)):
			b.scratch = append(b.scratch, position{p.pattern, p.at + 1, typed})
		}
	}
	return b.scratch
}
