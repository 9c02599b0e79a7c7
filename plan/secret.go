package plan

import (
	"errors"
	"slices"
)

// hasher returns what stands for a secret in name form and in the base: a keyed
// hash that is bound to the kind. The plan has not even that.
func (c *comparison) hasher(k *kindRules) func(*node) *node {
	return func(n *node) *node { return secretNode(c.salt, k, n) }
}

func secretNode(salt string, k *kindRules, n *node) *node {
	return stringNode(secretMark + keyedSum(salt, "secret", []byte(k.Name), n.json()) + "}")
}

// ownSecrets are the secrets of a tree in name form, without their places; nil
// if there are none.
func ownSecrets(n *node) map[string]bool {
	var own map[string]bool
	var look func(n *node)
	look = func(n *node) {
		if n.isSecret() {
			if own == nil {
				own = map[string]bool{}
			}
			own[n.text] = true
		}
		if n != nil {
			for _, kid := range n.kids {
				look(kid)
			}
		}
	}
	look(n)
	return own
}

// approvedSum is what a plan has of a secret: it is bound to the object, so that
// nobody sees which objects have the same.
func approvedSum(salt, object string, secret *node) string {
	return keyedSum(salt, "approved", []byte(object), []byte(secret.text))
}

// secretSums returns the [PropertyChange].Secrets of what is proposed: of the
// file's own secrets. Others stay in the tenant as they are.
func (c *comparison) secretSums(o *object, t *trees, after *node) map[string]string {
	if len(t.secrets) == 0 {
		return nil
	}
	sums := map[string]string{}
	secretsIn(after, nil, func(segs []string, n *node) {
		if t.secrets[n.text] {
			sums[joinPointer(segs)] = approvedSum(c.salt, o.id(), n)
		}
	})
	if len(sums) == 0 {
		return nil
	}
	return sums
}

// redacted returns a tree in name form with secrets and masks as people see
// them, and whether there were any.
func redacted(n *node) (*node, bool) {
	switch {
	case n == nil:
		return nil, false
	case n.isSecret():
		return stringNode(Redacted), true
	case n.isMask():
		return stringNode(asterisks), true
	}
	found := false
	out := n.mapKids(func(i int) *node {
		kid, here := redacted(n.kids[i])
		found = found || here
		return kid
	})
	return out, found
}

const asterisks = "****"

// secretsIn calls yield for the place of each secret in a tree in name form.
func secretsIn(n *node, segs []string, yield func(segs []string, n *node)) {
	if n == nil {
		return
	}
	if n.isSecret() || n.isMask() {
		yield(segs, n)
	}
	for i, kid := range n.kids {
		secretsIn(kid, append(segs, n.segment(i)), yield)
	}
}

// unmask decides what the masks mean, which tell nothing by themselves:
// a mask in the tenant is the secret that was last deployed, if one was; a mask
// in the repository is whatever the tenant has.
// wrote reports whether a secret was written in this run; nil: none was.
func unmask(r *rule, base, desired, current *node, wrote func(*node) bool) (d, c *node) {
	switch {
	case desired == nil || current == nil:
		if desired.isMask() {
			return nil, current
		}
		return desired, current
	case current.isMask():
		switch {
		case desired.isSecret() && wrote != nil && wrote(desired):
			return desired, desired
		case desired.isSecret() && base.isSecret():
			return desired, base
		}
		return desired, current
	case desired.isMask():
		return current, current
	case desired.isObject() && current.isObject():
		d, c = desired, current
		for i, name := range desired.names {
			was := desired.kids[i]
			dv, cv := unmask(r.step(name), base.get(name), was, current.get(name), wrote)
			if dv != was {
				d = d.with([]string{name}, dv)
			}
			if cv != current.get(name) {
				c = c.with([]string{name}, cv)
			}
		}
		return d, c
	case desired.isArray() && current.isArray() && (hasMask(desired) || hasMask(current)):
		return unmaskArray(r, base, desired, current, wrote)
	}
	return desired, current
}

func unmaskArray(r *rule, base, desired, current *node, wrote func(*node) bool) (d, c *node) {
	d = &node{kind: '[', kids: append([]*node(nil), desired.kids...)}
	c = &node{kind: '[', kids: append([]*node(nil), current.kids...)}
	toCurrent, toBase := align(r, desired, current), align(r, desired, base)
	for i := range d.kids {
		j := toCurrent[i]
		if j < 0 {
			continue
		}
		var b *node
		if toBase[i] >= 0 {
			b = base.kids[toBase[i]]
		}
		d.kids[i], c.kids[j] = unmask(r.step("*"), b, d.kids[i], c.kids[j], wrote)
	}
	return d, c
}

// align finds for each element of from the one of to that is the same but for
// secrets, or -1: by a set's identity, else by everything that can be seen.
// Guessing by position would attach one setting's secret to another.
func align(r *rule, from, to *node) []int {
	if set := r.fact().set; set != nil && len(set.by) > 0 {
		identity := set.identity(from, to)
		return alignBy(from, to, func(a, b *node) bool { return identity(a) == identity(b) })
	}
	return alignBy(from, to, equalButSecrets)
}

// alignBy pairs equal elements one to one, the same place first. Where more
// elements are equal on one side than on the other, nothing tells which of them
// are pairs, and none of them is paired.
func alignBy(from, to *node, same func(a, b *node) bool) []int {
	out := make([]int, len(from.kids))
	used := map[int]bool{}
	for i, kid := range from.kids {
		out[i] = -1
		if !to.isArray() {
			continue
		}
		if i < len(to.kids) && !used[i] && same(kid, to.kids[i]) {
			out[i], used[i] = i, true
			continue
		}
		for j, other := range to.kids {
			if !used[j] && same(kid, other) {
				out[i], used[j] = j, true
				break
			}
		}
	}
	if to.isArray() {
		unpair(from, to, out, used, same)
	}
	return out
}

// unpair takes back the pairs of which one element could be paired otherwise
// with one that has been left over.
func unpair(from, to *node, out []int, used map[int]bool, same func(a, b *node) bool) {
	pairs := slices.Clone(out)
	for i, j := range pairs {
		for k := range from.kids {
			if j < 0 && pairs[k] >= 0 && same(from.kids[i], to.kids[pairs[k]]) {
				out[k] = -1
			}
		}
	}
	for j, other := range to.kids {
		for i := range from.kids {
			if !used[j] && pairs[i] >= 0 && same(from.kids[i], other) {
				out[i] = -1
			}
		}
	}
}

// twins reports whether a set in the tenant has members that only secrets tell
// from those of the difference: a write could hit the wrong one, and nobody
// could see that afterwards.
func (d *difference) twins(array *node) bool {
	if !d.member || !array.isArray() {
		return false
	}
	found := 0
	for _, kid := range array.kids {
		switch {
		case d.current != nil && equalButSecrets(kid, d.current):
			// What is there twice is one member, if its secret can be seen.
			if !equal(kid, d.current) || hasMask(kid) {
				found++
			} else {
				found = max(found, 1)
			}
		case d.current == nil && hasMask(kid) && equalButSecrets(kid, d.desired):
			return true
		}
	}
	return found > 1
}

func hasMask(n *node) bool {
	return n != nil && (n.isMask() || slices.ContainsFunc(n.kids, hasMask))
}

// equalButSecrets compares what can be seen.
func equalButSecrets(a, b *node) bool {
	hiddenFrom := func(n *node) bool { return n.isMask() || n.isSecret() }
	switch {
	case hiddenFrom(a) || hiddenFrom(b):
		return true
	case a.isObject() && b.isObject():
		return coversButSecrets(a, b) && coversButSecrets(b, a)
	case a.isArray() && b.isArray():
		if len(a.kids) != len(b.kids) {
			return false
		}
		for i := range a.kids {
			if !equalButSecrets(a.kids[i], b.kids[i]) {
				return false
			}
		}
		return true
	}
	return equal(a, b)
}

func coversButSecrets(a, b *node) bool {
	for i, name := range a.names {
		other := b.get(name)
		if other == nil && (a.kids[i].isMask() || a.kids[i].isSecret()) {
			continue
		}
		if other == nil || !equalButSecrets(a.kids[i], other) {
			return false
		}
	}
	return true
}

// secretsMissing tries whether an update could be written: it returns why not
// if a secret that nobody can read would have to be sent along.
func (c *comparison) secretsMissing(o *object, it *Item, raw *node) *Note {
	w := &writing{kind: o.kind, item: it, variables: c.in.Variables, salt: c.salt, name: c.name, value: func(ref reference) (string, error) {
		// What is still to be created has no id yet, and needs none here.
		id, _ := c.resolve(ref)
		return id, nil
	}, present: func(ref reference) reference { c.normalise(&ref, nil); return ref }}
	if len(it.Sensitive) > 0 {
		if err := w.readSecrets(o.desired); err != nil {
			c.fail(err)
			return nil
		}
	}
	_, _, err := w.update(raw)
	if failed, ok := errors.AsType[*NoteError](err); ok {
		return &failed.Note
	}
	if err != nil {
		c.fail(err)
	}
	return nil
}
