package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// writing makes the content of one write.
type writing struct {
	kind      *kindRules
	item      *Item
	variables map[string]string
	salt      string
	// value returns what stands for a reference, name what refers to an id, and
	// present a reference without a former key.
	value   func(reference) (string, error)
	name    func(refs []*tenant.Reference, value string) *node
	present func(reference) reference
	// secrets are the repository's, as the tenant gets them, by what the plan
	// has of them ([PropertyChange].Secrets); unread says why some are missing.
	secrets map[string]*node
	unread  error
}

// readSecrets reads the secrets of the repository's resource.
func (w *writing) readSecrets(r *tenant.Resource) error {
	if r == nil {
		return noteError(w.item, SecretNeeded, "it has secrets that only the repository's file holds, and the file is not there; sync again")
	}
	if sum, err := Sum(r.Body, w.salt); err != nil || sum != w.item.DesiredSum {
		return noteError(w.item, Changed, "%s was edited since the plan was made; sync again", fileOf(r))
	}
	body, err := parseObject(r.Body)
	if err != nil {
		return fmt.Errorf("plan: %s: %w", w.item.ID, err)
	}
	w.secrets = map[string]*node{}
	fail := func(err error) { w.unread = cmp.Or(w.unread, err) }
	form := shape{
		repository: true,
		text: func(n *node, at place) *node {
			text, ref, bad := expand(n.text, w.variables)
			if bad != nil {
				if at.secret {
					fail(noteError(w.item, bad.class, "%s", bad.inSecret(n.text).message))
				}
				return nullNode
			}
			if ref != nil {
				now := w.present(*ref)
				now.setProperty(applicable(at))
				return stringNode(now.String())
			}
			if refs := applicable(at); len(refs) > 0 && !isLiteral(refs, text) {
				if named := w.name(refs, text); named != nil {
					return named
				}
			}
			return n.withText(escape(text))
		},
		secret: func(n *node) *node {
			mark := secretNode(w.salt, w.kind, n)
			value, err := w.resolve(n)
			fail(err)
			w.secrets[approvedSum(w.salt, itemID(w.item.Kind, w.item.Key), mark)] = value
			return mark
		},
		mask: func(n *node) *node { return n },
	}
	form.apply(w.kind, body)
	return nil
}

// create returns the whole new object.
func (w *writing) create() (*node, error) {
	if len(w.item.Changes) == 1 && w.item.Changes[0].Pointer == "" {
		return w.newValue(w.item.Changes[0])
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
	value, err := w.newValue(change)
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

// newValue returns what a change wants, secrets included: those that were
// approved, whatever the file and its variables say now.
func (w *writing) newValue(change PropertyChange) (*node, error) {
	value, err := w.inTenant(change.After)
	if err != nil {
		return nil, err
	}
	for pointer, sum := range change.Secrets {
		secret, ok := w.secrets[sum]
		if !ok {
			return nil, cmp.Or(w.unread, noteError(w.item, Changed, "the secret at %q is not the one that was approved: a variable was changed since the plan was made; sync again for a fresh plan", change.Pointer+pointer))
		}
		segs, err := splitPointer(pointer)
		if err != nil {
			return nil, fmt.Errorf("plan: %s: %w", w.item.ID, err)
		}
		value = value.with(segs, secret)
	}
	return value, nil
}

// reached reports whether a change has come true.
func (w *writing) reached(change PropertyChange, now *node) (bool, error) {
	segs, member, err := w.path(change)
	if err != nil {
		return false, err
	}
	value, err := w.newValue(change)
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
		if m == nil && found.isArray() { // perhaps the tenant hides what it was given
			if i := slices.IndexFunc(found.kids, func(kid *node) bool { return equal(filled(next, value, kid), filled(next, kid, value)) }); i >= 0 {
				m = found.kids[i]
			}
		}
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
