package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// notKeptOf is what the base remembers of a difference once a run has written
// the repository's value and the tenant has not kept it. The sum is over the
// value as the repository has it, so that another value is a new attempt.
func notKeptOf(ix *index, o *object, d *difference) NotKept {
	texts := [][]byte{[]byte(o.kind.Name)}
	switch {
	case d.desired != nil:
		texts = append(texts, []byte("set"), d.sorted(d.desired).JSON())
	case d.member:
		texts = append(texts, []byte("remove"), d.sorted(d.current).JSON())
	}
	return NotKept{Pointer: d.pointer(), Sum: schema.KeyedSum(ix.key, "not kept", texts...)}
}

// remembered reports whether the base says of a difference that it was written
// before and not kept.
func remembered(ix *index, o *object, d *difference) bool {
	return o.base != nil && len(o.base.NotKept) > 0 && slices.Contains(o.base.NotKept, notKeptOf(ix, o, d))
}

// notKept returns what the new base remembers: of the differences that are left,
// those that the base remembers already and those that this run has written. An
// accepted deviation ends the memory.
func notKept(ix *index, o *object, t *trees, found []*difference) []NotKept {
	written := ix.notKept[plan.Target{Kind: o.kind.Name, Key: o.key}]
	if len(written) == 0 && (o.base == nil || len(o.base.NotKept) == 0) {
		return nil
	}
	var out []NotKept
	for _, d := range found {
		if o.acceptedAt(d) == nil && (remembered(ix, o, d) || slices.ContainsFunc(written, func(it *plan.Item) bool { return wroteDifference(ix, o, t, it, d) })) {
			out = append(out, notKeptOf(ix, o, d))
		}
	}
	slices.SortFunc(out, func(a, b NotKept) int {
		return cmp.Or(strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Sum, b.Sum))
	})
	return slices.Compact(out)
}

// wroteDifference reports whether an item has written what the repository wants
// at a difference. The item may have written something around it or within it.
func wroteDifference(ix *index, o *object, t *trees, it *plan.Item, d *difference) bool {
	if it.Verb == tenant.Delete || !slices.ContainsFunc(it.Changes, func(c plan.PropertyChange) bool { return overlaps(c.Pointer, d.segs) }) {
		return false
	}
	after, err := jsonval.Parse(it.After)
	if err != nil {
		return false
	}
	written := true
	schema.SecretsIn(d.desired, nil, func(_ []string, n *jsonval.Node) {
		sum, own := t.secrets[n.Text]
		written = written && (!own || ix.written[sum.approved])
	})
	now := after.At(d.segs)
	if !d.member {
		wanted, _ := schema.Redacted(d.desired)
		return written && (wanted.IsNull() && now.IsNull() || schema.Exactly(d.rule, wanted, now))
	}
	member, _ := schema.Redacted(cmp.Or(d.desired, d.current))
	has := now.IsArray() && slices.ContainsFunc(now.Kids, func(m *jsonval.Node) bool { return schema.Exactly(d.rule.Step("*"), m, member) })
	return written && has == (d.desired != nil)
}

// overlaps reports whether one of two paths leads to or into the other. The
// pointer may end in a member of a set.
func overlaps(pointer string, segs []string) bool {
	path, err := jsonval.SplitPointer(strings.TrimSuffix(pointer, "/-"))
	if err != nil {
		return false
	}
	n := min(len(path), len(segs))
	return slices.Equal(path[:n], segs[:n])
}

// byObject sorts items by the objects that they are about.
func byObject(items []*plan.Item) map[plan.Target][]*plan.Item {
	out := make(map[plan.Target][]*plan.Item, len(items))
	for _, it := range items {
		id := plan.Target{Kind: it.Kind, Key: it.Key}
		out[id] = append(out[id], it)
	}
	return out
}
