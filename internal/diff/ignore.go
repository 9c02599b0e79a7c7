package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// direction is the way that a change would take.
type direction int

const (
	toTenant   direction = iota // it would be written to the tenant
	fromTenant                  // it would be adopted
)

// ignoredBy reports whether a rule leaves alone what goes this way.
func (way direction) ignoredBy(ig plan.Ignore) bool {
	if ig.OnlyToTenant == ig.OnlyFromTenant {
		return true
	}
	return ig.OnlyToTenant == (way == toTenant)
}

// spared is a difference without what rules leave alone within it.
type spared struct {
	*difference
	// whole is the difference as it was found, with the repository's values
	// where the rules leave them alone: for a revert.
	whole *difference
}

// within returns the rest of a pattern that leads into the difference's values.
func (d *difference) within(pattern []string) (rest []string, ok bool) {
	n := len(d.segs)
	if len(pattern) <= n || !jsonval.MatchesBelow(pattern[:n], d.segs) {
		return nil, false
	}
	if !d.member {
		return pattern[n:], true
	}
	if pattern[n] != "*" && pattern[n] != "-" || len(pattern) == n+1 {
		return nil, false
	}
	return pattern[n+1:], true
}

// left are parts of a difference that are left alone, and the note about it.
type left struct {
	pattern []string
	class   plan.NoteClass
	why     string
}

// leftWithin returns what is left alone within a difference in a direction: by
// ignore rules, and, in the tenant, because it can be set only on create.
func leftWithin(ix *index, o *object, d *difference, way direction) []left {
	var out []left
	for _, a := range o.accepted {
		if rest, ok := d.within(a.segs); ok {
			out = append(out, left{rest, plan.Ignored, a.why})
		}
	}
	for _, ig := range ix.rules.Ignore {
		if !way.ignoredBy(ig) || !ig.Selector.Matches(o.kind.Name, o.key) {
			continue
		}
		if segs, err := jsonval.SplitPointer(ig.Pointer); err == nil { // others are refused by newComparison
			if rest, ok := d.within(segs); ok {
				out = append(out, left{rest, plan.Ignored, "a rule leaves a part of this difference alone: " + orNone(ig.Reason)})
			}
		}
	}
	if way == fromTenant {
		return out
	}
	for _, p := range o.kind.CreateOnly {
		if segs, err := jsonval.SplitPointer(p); err == nil {
			if rest, ok := d.within(segs); ok {
				out = append(out, left{rest, plan.Unsupported, "a part of it can be set only when the object is created, and is left as the tenant has it; recreate the object, or take the tenant's value into the repository"})
			}
		}
	}
	return out
}

// spare takes out of a difference what is left alone within it: what would be
// written has there what the tenant has, and what would be adopted what the
// repository has. It returns false if nothing else is left of it, or if the rest
// cannot be changed without that part.
func spare(ix *index, o *object, d *difference, way direction) (spared, bool) {
	out := spared{d, d}
	if d.member && (d.desired == nil || way == fromTenant && d.current == nil) {
		return out, true // the member as a whole comes or goes
	}
	for _, l := range leftWithin(ix, o, d, way) {
		into, from := out.desired, d.current
		if way == fromTenant {
			into, from = out.current, d.desired
		}
		value, ok := graft(l.pattern, into, from)
		if ok && jsonval.Equal(value, into) {
			continue // both sides have the same there
		}
		noteOn(ix, o, l.class, d.pointer(), "%s", l.why)
		if !ok {
			return out, false
		}
		changed, whole := *out.difference, *out.whole
		if way == fromTenant {
			changed.current = value
		} else {
			changed.desired = value
			kept := whole.current
			if kept.IsNull() { // a file may have the part alone
				kept = &jsonval.Node{Kind: '{'}
			}
			if kept, ok = graft(l.pattern, kept, d.desired); ok {
				whole.current = kept
			}
		}
		out = spared{&changed, &whole}
	}
	if out.difference == d {
		return out, true
	}
	r := d.rule
	if d.member {
		r = r.Step("*")
	}
	now, was := out.desired, out.current
	if way == fromTenant {
		now, was = was, now
	}
	nothing := now.IsEmpty() && was.IsNull() // all of it was left alone
	same := schema.Covers
	if d.member {
		same = schema.SameMember
	}
	return out, !nothing && !same(r, now, was)
}

// graft returns into with the parts at the pattern as from has them. It does not
// go into arrays, whose elements nothing tells apart. It returns false if from
// has such a part and into has no place for it.
func graft(pattern []string, into, from *jsonval.Node) (*jsonval.Node, bool) {
	switch {
	case len(pattern) == 0:
		return from, true
	case into.IsArray() || from.IsArray():
		return into, true
	case !into.IsObject():
		return into, !hasAt(pattern, from)
	}
	names := map[string]bool{}
	for _, n := range []*jsonval.Node{into, from} {
		if n.IsObject() {
			for _, name := range n.Names {
				if pattern[0] == "*" || pattern[0] == name {
					names[name] = true
				}
			}
		}
	}
	out := into
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was := into.Get(name)
		if was == nil && len(pattern) > 1 { // only the part is put in, not what is around it
			if hasAt(pattern[1:], from.Get(name)) {
				return into, false
			}
			continue
		}
		v, ok := graft(pattern[1:], was, from.Get(name))
		if !ok {
			return into, false
		}
		if v != was {
			out = out.With([]string{name}, v)
		}
	}
	return out, true
}

// hasAt reports whether there is anything but null at a pattern, arrays apart.
func hasAt(pattern []string, n *jsonval.Node) bool {
	if len(pattern) == 0 {
		return !n.IsNull()
	}
	if !n.IsObject() {
		return false
	}
	for i, name := range n.Names {
		if (pattern[0] == "*" || pattern[0] == name) && hasAt(pattern[1:], n.Kids[i]) {
			return true
		}
	}
	return false
}

// proposal is a difference that the plan proposes to write to the tenant.
type proposal struct {
	spared
	origin plan.Origin
}

// ignored reports whether a rule or a deviation leaves the difference alone in a
// direction, and notes it. A nil difference is the whole object.
func ignored(ix *index, o *object, d *difference, way direction) bool {
	if d != nil {
		if a := o.acceptedAt(d); a != nil {
			noteOn(ix, o, plan.Ignored, d.pointer(), "%s", a.why)
			return true
		}
	}
	for _, ig := range ix.rules.Ignore {
		if !way.ignoredBy(ig) || !ig.Selector.Matches(o.kind.Name, o.key) {
			continue
		}
		pattern, err := jsonval.SplitPointer(ig.Pointer)
		if err != nil {
			continue // refused by newComparison
		}
		pointer := ""
		if d != nil {
			pointer = d.pointer()
		}
		if len(pattern) > 0 && (d == nil || !jsonval.MatchesBelow(pattern, strings.Split(pointer, "/")[1:]) && !jsonval.MatchesBelow(pattern, d.about())) {
			continue
		}
		noteOn(ix, o, plan.Ignored, pointer, "a rule leaves this difference alone: %s", orNone(ig.Reason))
		return true
	}
	return false
}
