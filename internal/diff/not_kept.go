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

// notKeptOf returns the base's record of a difference that a run has written
// and the tenant has not kept. The hash covers the repository's value, so a new
// value is a new attempt.
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

// remembered reports whether the base has a record that the difference was
// written and not kept.
func remembered(ix *index, o *object, d *difference) bool {
	return o.base != nil && len(o.base.NotKept) > 0 && slices.Contains(o.base.NotKept, notKeptOf(ix, o, d))
}

// notKept returns the records for the new base: those of the old base that
// still differ, and those of differences that this run has written. An accepted
// deviation removes a record.
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

// wroteDifference reports whether an item has written the repository's value of
// a difference. The item's change may be at an enclosing value or within the
// value.
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

// overlaps reports whether one of two paths is a prefix of the other. The
// pointer may end with a member of a set.
func overlaps(pointer string, segs []string) bool {
	path, err := jsonval.SplitPointer(strings.TrimSuffix(pointer, "/-"))
	if err != nil {
		return false
	}
	n := min(len(path), len(segs))
	return slices.Equal(path[:n], segs[:n])
}

// byObject groups items by their objects.
func byObject(items []*plan.Item) map[plan.Target][]*plan.Item {
	out := make(map[plan.Target][]*plan.Item, len(items))
	for _, it := range items {
		id := plan.Target{Kind: it.Kind, Key: it.Key}
		out[id] = append(out[id], it)
	}
	return out
}
