package plan

import (
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
)

// writing makes the content of one write.
type writing struct {
	kind      *kindRules
	item      *Item
	variables map[string]string
	// value returns what stands for a reference.
	value func(reference) (string, error)
	// desired has the true values of the repository; nil if none are needed.
	desired *node
}

// readSecrets reads the repository's resource with its true values.
func (w *writing) readSecrets(r *tenant.Resource) error {
	if r == nil {
		return noteError(w.item, SecretNeeded, "it has secrets that only the repository's file holds, and the file is not there; sync again")
	}
	if sum, err := Sum(r.Body); err != nil || sum != w.item.DesiredSum {
		return noteError(w.item, BadFile, "%s was edited since the plan was made; sync again", fileOf(r))
	}
	body, err := parseObject(r.Body)
	if err != nil {
		return fmt.Errorf("plan: %s: %w", w.item.ID, err)
	}
	var failed error
	form := shape{repository: true, text: func(n *node, at place) *node {
		text, ref, bad := expand(n.text, w.variables)
		if bad != nil {
			failed = errors.Join(failed, noteError(w.item, bad.class, "%s", bad.message))
			return nullNode
		}
		if ref == nil {
			return n.withText(text)
		}
		ref.setProperty(applicable(at))
		id, err := w.value(*ref)
		failed = errors.Join(failed, err)
		return stringNode(id)
	}}
	w.desired = form.apply(w.kind, body)
	return failed
}

// create returns the whole new object.
func (w *writing) create() (*node, error) {
	if w.desired != nil {
		return w.kind.created(w.desired), nil
	}
	return w.inTenant(w.item.After)
}

// update returns the whole object as it should be, and the merge patch.
func (w *writing) update(body *node) (after, patch *node, err error) {
	// Empty values stay as the tenant has them.
	plain, withTokens := shape{repository: true}, shape{repository: true, keepTokens: true}
	before := plain.apply(w.kind, body)
	now := before
	var paths [][]string
	for _, change := range w.item.Changes {
		segs, member, err := w.path(change)
		if err != nil {
			return nil, nil, err
		}
		if now, err = w.change(now, segs, member, change); err != nil {
			return nil, nil, err
		}
		paths = append(paths, w.sentWith(segs))
	}
	now = carry(w.kind.root, now, before, withTokens.apply(w.kind, body))
	patch = &node{kind: '{'}
	for _, segs := range paths {
		v := now.at(segs)
		if len(segs) == 0 {
			v = w.kind.piece(v, "")
		}
		if hidesSecret(w.kind.root.follow(segs), v) {
			return nil, nil, noteError(w.item, SecretNeeded,
				"%q must be sent whole, with a secret that cannot be read; put the secret into the file, best as a variable", joinPointer(segs))
		}
		patch = patch.with(segs, v)
	}
	return withoutMasks(w.kind.root, now), patch, nil
}

// path reads a change's pointer; member: the change is about a set's member.
func (w *writing) path(change PropertyChange) (segs []string, member bool, err error) {
	segs, err = splitPointer(change.Pointer)
	if err != nil {
		return nil, false, fmt.Errorf("plan: %s: %w", w.item.ID, err)
	}
	if n := len(segs) - 1; n >= 0 && segs[n] == "-" && w.kind.root.follow(segs[:n]).fact().set != nil {
		return segs[:n], true, nil
	}
	return segs, false, nil
}

// sentWith returns the path that must be sent when the value at segs changes:
// the outermost one that is only sent whole, else the value itself.
func (w *writing) sentWith(segs []string) []string {
	r := w.kind.root
	from := len(w.kind.partPath(w.item.Part)) // a part's request has nothing else
	for i, s := range segs {
		if r.fact().whole && i >= from {
			return segs[:i]
		}
		r = r.step(s)
	}
	return segs
}

// change carries out one row of the plan.
func (w *writing) change(now *node, segs []string, member bool, change PropertyChange) (*node, error) {
	value, err := w.newValue(segs, member, change)
	if err != nil || !member {
		return now.with(segs, value), err
	}
	old, err := w.inTenant(change.Before)
	if err != nil {
		return nil, err
	}
	r, array := w.kind.root.follow(segs), now.at(segs)
	found := r.find(array, old)
	if old == nil {
		found = r.same(array, value)
	}
	return now.with(segs, replaceMember(array, found, value)), nil
}

// newValue returns what a change wants, secrets included.
func (w *writing) newValue(segs []string, member bool, change PropertyChange) (*node, error) {
	value, err := w.inTenant(change.After)
	if err != nil || value == nil || !change.Redacted || w.desired == nil {
		return value, err
	}
	desired := w.desired.at(segs)
	if member {
		desired = w.kind.root.follow(segs).find(desired, value)
	}
	if desired == nil {
		return value, nil
	}
	return desired, nil
}

// reached reports whether a change has come true.
func (w *writing) reached(change PropertyChange, now *node) (bool, error) {
	segs, member, err := w.path(change)
	if err != nil {
		return false, err
	}
	value, err := w.newValue(segs, member, change)
	if err != nil {
		return false, err
	}
	r, found := w.kind.root.follow(segs), now.at(segs)
	if !member {
		return covers(r, filled(r, value, found), filled(r, found, value)), nil
	}
	if value != nil {
		m := r.find(found, value)
		next := r.step("*")
		return m != nil && sameMember(next, filled(next, value, m), filled(next, m, value)), nil
	}
	old, err := w.inTenant(change.Before)
	gone := r.find(found, old)
	return gone == nil || !equal(filled(r.step("*"), old, gone), gone), err
}

// find returns the member of a set that m stands for, or nil: the one that is
// the same in all that can be seen, or else as the kind tells members apart.
func (r *rule) find(array, m *node) *node {
	set := r.fact().set
	if m == nil || !array.isArray() || set == nil {
		return nil
	}
	if found := r.same(array, m); found != nil || len(set.by) == 0 || !set.tellsApart(array) {
		return found
	}
	for _, kid := range array.kids {
		if set.declared(kid) == set.declared(m) {
			return kid
		}
	}
	return nil
}

// same returns the array's member that is m in all that can be seen, or nil.
func (r *rule) same(array, m *node) *node {
	if !array.isArray() {
		return nil
	}
	for _, kid := range array.kids {
		if equal(filled(r.step("*"), m, kid), kid) {
			return kid
		}
	}
	return nil
}

// hides reports whether n stands for a secret that is not shown. Elsewhere the
// same texts are values like any other.
func (f *facts) hides(n *node) bool {
	return (f.masked || f.sensitive) && n.isString() && (n.text == Redacted || isAsterisks(n.text))
}

// filled returns n with hidden values taken from other, where it has them.
func filled(r *rule, n, other *node) *node {
	switch {
	case n == nil || other == nil:
		return n
	case r.fact().hides(n):
		return other
	case n.kind != other.kind || len(n.kids) == 0 || n.isArray() && len(n.kids) != len(other.kids):
		return n
	}
	return n.mapKids(func(i int) *node {
		if n.isObject() {
			return filled(r.step(n.names[i]), n.kids[i], other.get(n.names[i]))
		}
		return filled(r.step("*"), n.kids[i], other.kids[i])
	})
}

// carry puts in what stands for secrets that the item does not touch: the
// tokens just read for masked ones, the values just read for others. before is
// the tenant's object, tokens the same with tokens.
func carry(r *rule, n, before, tokens *node) *node {
	switch {
	case n.isObject():
		out := n
		for i, name := range n.names {
			f := r.step(name).fact()
			was, kid := before.get(name), n.kids[i]
			switch {
			case !f.hides(kid):
				kid = carry(r.step(name), kid, was, tokens.get(name))
			case f.masked && f.token != "" && !tokens.get(f.token).isNull():
				out = out.with([]string{f.token}, tokens.get(f.token))
				kid = nil
			case f.sensitive && was != nil:
				kid = was
			}
			if kid != n.kids[i] {
				out = out.with([]string{name}, kid)
			}
		}
		return out
	case n.isArray():
		kids := make([]*node, len(n.kids))
		pairs := func(a, b *node) bool { return equal(filled(r.step("*"), a, b), b) }
		if set := r.fact().set; set != nil && len(set.by) > 0 && set.tellsApart(n) && set.tellsApart(before) {
			pairs = func(a, b *node) bool { return set.declared(a) == set.declared(b) }
		}
		to := alignBy(n, before, pairs)
		for i, kid := range n.kids {
			if kids[i] = kid; to[i] >= 0 {
				kids[i] = carry(r.step("*"), kid, before.kids[to[i]], tokens.kids[to[i]])
			}
		}
		return &node{kind: '[', kids: kids}
	}
	return n
}

// hidesSecret reports whether a value to be sent has a secret that is not known.
func hidesSecret(r *rule, n *node) bool {
	if n == nil {
		return false
	}
	if r.fact().hides(n) {
		return true
	}
	for i, kid := range n.kids {
		if hidesSecret(r.step(n.segment(i)), kid) {
			return true
		}
	}
	return false
}

// withoutMasks drops masked properties, of which nothing but asterisks is known.
func withoutMasks(r *rule, n *node) *node {
	switch {
	case n.isObject():
		return n.mapKids(func(i int) *node {
			next := r.step(n.names[i])
			if f := next.fact(); f.masked && f.hides(n.kids[i]) {
				return nil
			}
			return withoutMasks(next, n.kids[i])
		})
	case n.isArray():
		return n.mapKids(func(i int) *node { return withoutMasks(r.step("*"), n.kids[i]) })
	}
	return n
}
