package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// direction is the direction of a change.
type direction int

const (
	toTenant   direction = iota // from the repository to the tenant
	fromTenant                  // from the tenant to the repository
)

// ignoredBy reports whether a rule ignores changes in this direction.
func (way direction) ignoredBy(ig plan.Ignore) bool {
	if ig.OnlyToTenant == ig.OnlyFromTenant {
		return true
	}
	return ig.OnlyToTenant == (way == toTenant)
}

// reduced is a difference without its ignored parts.
type reduced struct {
	*difference
	// whole is the found difference, with the repository's values in the
	// ignored parts. A revert uses it.
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

// ignoredPart is a part of a difference that is left alone. why is the text of
// its note.
type ignoredPart struct {
	pattern []string
	class   plan.NoteClass
	why     string
}

// ignoredParts returns the parts of a difference that are left alone in a
// direction, because of deviations and ignore rules. In the direction to the
// tenant, it also returns the parts that can be set only on create.
func ignoredParts(ix *index, o *object, d *difference, way direction) []ignoredPart {
	var out []ignoredPart
	for _, a := range o.accepted {
		if rest, ok := d.within(a.segs); ok {
			out = append(out, ignoredPart{rest, plan.Ignored, a.why})
		}
	}
	for _, ig := range ix.rules.Ignore {
		if !way.ignoredBy(ig) || !ig.Selector.Matches(o.kind.Name, o.key) {
			continue
		}
		if segs, err := jsonval.SplitPointer(ig.Pointer); err == nil { // newIndex refuses other pointers
			if rest, ok := d.within(segs); ok {
				out = append(out, ignoredPart{rest, plan.Ignored, "an ignore rule leaves part of this difference alone: " + orNone(ig.Reason)})
			}
		}
	}
	if way == fromTenant {
		return out
	}
	for _, p := range o.kind.CreateOnly {
		if segs, err := jsonval.SplitPointer(p); err == nil {
			if rest, ok := d.within(segs); ok {
				out = append(out, ignoredPart{rest, plan.Unsupported, "part of it can be set only when the object is created, and keeps the tenant's value; recreate the object, or copy the tenant's value into the repository"})
			}
		}
	}
	return out
}

// withoutIgnored removes the ignored parts from a difference. In these parts, a
// value to write has the tenant's values, and a value to adopt has the
// repository's. withoutIgnored returns false if no difference is left, or if
// the rest cannot be changed without an ignored part.
func withoutIgnored(ix *index, o *object, d *difference, way direction) (reduced, bool) {
	out := reduced{d, d}
	if d.member && (d.desired == nil || way == fromTenant && d.current == nil) {
		return out, true // the whole member is added or removed
	}
	for _, l := range ignoredParts(ix, o, d, way) {
		into, from := out.desired, d.current
		if way == fromTenant {
			into, from = out.current, d.desired
		}
		value, ok := graft(l.pattern, into, from)
		if ok && jsonval.Equal(value, into) {
			continue // both sides have the same value
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
			if kept.IsNull() { // the file may have only this part
				kept = &jsonval.Node{Kind: '{'}
			}
			if kept, ok = graft(l.pattern, kept, d.desired); ok {
				whole.current = kept
			}
		}
		out = reduced{&changed, &whole}
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
	nothing := now.IsEmpty() && was.IsNull() // all of it is ignored
	same := schema.Covers
	if d.member {
		same = schema.SameMember
	}
	return out, !nothing && !same(r, now, was)
}

// graft returns into with from's values at the pattern. It leaves arrays
// unchanged, because it cannot pair their elements. It returns false if from
// has a value at the pattern and into has no object for it.
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
		if was == nil && len(pattern) > 1 { // graft adds only the part, and not its parents
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

// hasAt reports whether a value has something other than null at a pattern,
// outside arrays.
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
	reduced
	origin plan.Origin
}

// ignored reports whether a rule or a deviation ignores the difference in a
// direction, and notes it. A nil difference means the whole object.
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
			continue // newIndex refuses it
		}
		pointer := ""
		if d != nil {
			pointer = d.pointer()
		}
		if len(pattern) > 0 && (d == nil || !jsonval.MatchesBelow(pattern, strings.Split(pointer, "/")[1:]) && !jsonval.MatchesBelow(pattern, d.about())) {
			continue
		}
		noteOn(ix, o, plan.Ignored, pointer, "an ignore rule leaves this difference alone: %s", orNone(ig.Reason))
		return true
	}
	return false
}
