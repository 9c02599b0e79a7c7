package diff

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
)

// renames finds objects whose file was given another name: a key that vanished
// from the repository and a new one that lists it in $previousNames, or has
// the same body. The new key takes over the base and the binding.
func (m *matching) renames() {
	vanished, fresh := map[string]*object{}, []*object{}
	for key, o := range m.objects {
		switch {
		case o.base != nil && o.desired == nil && !m.ix.files.hasKey(m.kind.Name, key):
			vanished[key] = o
		case o.base == nil && o.current == nil && o.desired != nil:
			fresh = append(fresh, o)
		}
	}
	if len(vanished) == 0 || len(fresh) == 0 {
		return
	}
	slices.SortFunc(fresh, func(a, b *object) int { return strings.Compare(a.key, b.key) })
	m.pair(fresh, func(o *object) []string { return m.previousNames(o, vanished) })
	fresh = slices.DeleteFunc(fresh, func(o *object) bool { return o.base != nil || o.keep })
	maps.DeleteFunc(vanished, func(key string, old *object) bool { return m.objects[key] != old || old.keep })
	bodies := m.bodies(vanished)
	m.pair(fresh, func(o *object) []string { return bodies[m.bodyText(roughNames(m.ix, o))] })
}

// pair renames where exactly one new key claims exactly one vanished one, and
// leaves alone all others that are claimed.
func (m *matching) pair(fresh []*object, claims func(o *object) []string) {
	claimants := map[string]int{}
	claimed := make([][]string, len(fresh))
	for i, o := range fresh {
		claimed[i] = claims(o)
		for _, key := range claimed[i] {
			claimants[key]++
		}
	}
	for i, o := range fresh {
		keys := claimed[i]
		switch {
		case len(keys) == 0:
		case len(keys) == 1 && claimants[keys[0]] == 1:
			m.rename(o, m.objects[keys[0]])
		default:
			leave(m.ix, o, plan.Ambiguous, "it may be the new name of %s, and nothing tells which file replaces which; name one former key in $previousNames", strings.Join(keys, ", "))
			for _, key := range keys {
				m.objects[key].keep = true
			}
		}
	}
}

func (m *matching) rename(o, old *object) {
	o.base, o.current, o.gone, o.missing = old.base, old.current, old.gone, old.missing
	if old.held() { // where only a key was bound, no file had it
		o.renamedFrom = old.key
	}
	delete(m.objects, old.key)
	m.all.renamed[old.id()] = o.key
}

// previousNames returns the vanished keys that o's file names as former ones.
func (m *matching) previousNames(o *object, vanished map[string]*object) []string {
	body, err := o.file()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(formerKeys(body), func(key string) bool { return vanished[key] == nil })
}

// bodies returns the vanished keys by what the base held of them.
func (m *matching) bodies(vanished map[string]*object) map[string][]string {
	bodies := map[string][]string{}
	for _, key := range slices.Sorted(maps.Keys(vanished)) {
		body, err := jsonval.ParseObject(vanished[key].base.Body)
		if err != nil {
			continue
		}
		text := m.bodyText(body)
		bodies[text] = append(bodies[text], key)
	}
	delete(bodies, "")
	return bodies
}

// bodyText returns a text that is equal for equal bodies in name form; empty
// for one without properties, which says nothing. Secrets count as equal: a
// file may hide what the base has the hash of.
func (m *matching) bodyText(n *jsonval.Node) string {
	if n == nil || len(n.Kids) == 0 {
		return ""
	}
	hide := func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) }
	s := schema.Form{SortSets: true, Secret: hide, Mask: hide, Text: func(n *jsonval.Node, _ schema.Place) *jsonval.Node {
		if reference.IsSecret(n) || reference.IsMask(n) {
			return jsonval.StringNode(reference.MaskMark)
		}
		return n
	}}
	return string(s.Apply(m.kind, n).JSON())
}

// roughNames is desired before names are known: references stay as written.
func roughNames(ix *index, o *object) *jsonval.Node {
	body, err := o.file()
	if err != nil {
		return nil
	}
	s := schema.Form{
		Repository: true,
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			text, ref, err := reference.Expand(n.Text, ix.in.Variables)
			switch {
			case err != nil:
				return jsonval.NullNode
			case ref != nil:
				ix.normalise(ref, schema.Applicable(at))
				return jsonval.StringNode(ref.String())
			}
			return n.WithText(reference.Escape(text))
		},
		Secret: hasher(ix, o.kind),
		Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) },
	}
	return s.Apply(o.kind, body)
}
