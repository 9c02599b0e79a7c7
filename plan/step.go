package plan

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// Step is what is needed to carry out an item.
type Step struct {
	Item *Item
	// Kinds that the client knows.
	Kinds []tenant.Kind
	// Bindings with the ids of what was created so far.
	Bindings Bindings
	// Desired is the repository's resource; only needed when the item has
	// Sensitive pointers. Its sum must still be Item.DesiredSum.
	Desired *tenant.Resource
	// Variables are the tenant's.
	Variables map[string]string
	// Salt is that of the base with which the plan was made ([Base.Salt]).
	Salt string
}

// Operation makes the operation that carries the item out on current, the
// object as it was just read (nil for a create): names become ids, sets are
// merged member by member, untouched masked secrets carry the token just read.
// It returns a *[NoteError] when that cannot be done. The caller sets the
// idempotency key.
func Operation(s Step, current *tenant.Resource) (tenant.Operation, error) {
	op := tenant.Operation{Verb: s.Item.Verb, Kind: s.Item.Kind, Part: s.Item.Part}
	if current != nil {
		op.ID, op.Before = current.ID, current.Body
	}
	w, err := s.writing()
	if err != nil {
		return op, err
	}
	switch {
	case s.Item.Verb == tenant.Create:
		after, err := w.create()
		op.After = after.json()
		return op, err
	case current == nil:
		return op, fmt.Errorf("plan: %s %s: the object is not in the tenant", s.Item.Verb, s.Item.ID)
	case s.Item.Verb == tenant.Update:
		body, err := parseObject(current.Body)
		if err != nil {
			return op, fmt.Errorf("plan: %s: the tenant's object: %w", s.Item.ID, err)
		}
		after, patch, err := w.update(body)
		op.After, op.Patch = after.json(), patch.json()
		return op, err
	}
	return op, nil
}

// Reached reports whether current, the object as it was just read (nil: it is
// not there), is as the item wants it: every property that the item changes
// has its new value; for a delete, it is not there. Masked secrets cannot be
// seen, so they count as reached.
func Reached(s Step, current *tenant.Resource) (bool, error) {
	if s.Item.Verb == tenant.Delete || current == nil {
		return (s.Item.Verb == tenant.Delete) == (current == nil), nil
	}
	w, err := s.writing()
	if err != nil {
		return false, err
	}
	body, err := parseObject(current.Body)
	if err != nil {
		return false, fmt.Errorf("plan: %s: the tenant's object: %w", s.Item.ID, err)
	}
	var form shape
	now := form.apply(w.kind, body)
	if s.Item.Verb == tenant.Create {
		after, err := w.create()
		return err == nil && covers(w.kind.root, filled(w.kind.root, after, now), filled(w.kind.root, now, after)), err
	}
	for _, change := range s.Item.Changes {
		if reached, err := w.reached(change, now); err != nil || !reached {
			return false, err
		}
	}
	return true, nil
}

// writing prepares to carry out the step.
func (s Step) writing() (*writing, error) {
	w := &writing{item: s.Item, variables: s.Variables, salt: s.Salt, value: s.idOf, name: s.nameOf, present: s.present}
	for _, k := range s.Kinds {
		if k.Name != s.Item.Kind {
			continue
		}
		var err error
		if w.kind, err = compileKind(k); err != nil {
			return nil, err
		}
	}
	if w.kind == nil {
		return nil, fmt.Errorf("plan: %s: the client does not know this kind", s.Item.ID)
	}
	if len(s.Item.Sensitive) == 0 || s.Item.Verb == tenant.Delete {
		return w, nil
	}
	return w, w.readSecrets(s.Desired)
}

// idOf returns what stands in the tenant where a reference stands in a plan.
func (s Step) idOf(ref reference) (string, error) {
	if id := s.Bindings.of(ref); id != "" {
		return id, nil
	}
	return "", noteError(s.Item, Unresolved, "%s has no value in the tenant; what creates it was not applied", ref)
}

// nameOf is the reverse of idOf, for what a file writes as an id.
func (s Step) nameOf(refs []*tenant.Reference, value string) *node {
	for _, r := range refs {
		for _, kind := range r.Kinds {
			ref := reference{kind: kind, property: r.Property}
			for key, bound := range s.Bindings[ref.bindings()] {
				if bound == value {
					ref.key = key
					return stringNode(ref.String())
				}
			}
		}
	}
	return nil
}

// present returns a reference with the present key in place of a former one.
func (s Step) present(ref reference) reference {
	if now := s.Bindings[ref.kind+formerly][ref.key]; now != "" {
		ref.key = now
	}
	return ref
}

func noteError(it *Item, class NoteClass, format string, args ...any) error {
	return &NoteError{Note{Class: class, Kind: it.Kind, Key: it.Key, Message: fmt.Sprintf(format, args...)}}
}

// NaturalMatch returns the match by which an object like the item's can be
// found in the tenant: its natural key's properties. It is false if one of
// them is not a plain text.
func NaturalMatch(k tenant.Kind, it *Item) (tenant.Match, bool) {
	rules, err := compileKind(k)
	if err != nil {
		return nil, false
	}
	body, err := parseObject(it.After)
	if err != nil {
		return nil, false
	}
	return rules.matchOf(body, func(s string) (string, bool) {
		return literal(s), stringNode(s).referenceIn() == nil
	})
}

// matchOf returns the natural key's properties; text reads the body's strings.
func (k *kindRules) matchOf(body *node, text func(string) (string, bool)) (tenant.Match, bool) {
	match := tenant.Match{}
	for _, segs := range k.naturalKey {
		v := body.at(segs)
		if !v.isString() {
			return nil, false
		}
		s, ok := text(v.text)
		if !ok || strings.TrimSpace(s) == "" {
			return nil, false
		}
		match[joinPointer(segs)] = s
	}
	return match, true
}

// inTenant parses a value of the plan and turns names into ids.
func (w *writing) inTenant(raw json.RawMessage) (*node, error) {
	if raw == nil {
		return nil, nil
	}
	n, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", w.item.ID, err)
	}
	return w.resolve(n)
}

func (w *writing) resolve(n *node) (*node, error) {
	if n.isString() {
		if ref := n.referenceIn(); ref != nil {
			id, err := w.value(*ref)
			return stringNode(id), err
		}
		return n.withText(literal(n.text)), nil
	}
	var failed error
	out := n.mapKids(func(i int) *node {
		kid, err := w.resolve(n.kids[i])
		failed = cmp.Or(failed, err)
		return kid
	})
	return out, failed
}
