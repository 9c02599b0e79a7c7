package apply

import (
	"cmp"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Step is what is needed to carry out an item.
type Step struct {
	Item *plan.Item
	// Kind is the item's; nil if the client does not know it.
	Kind *schema.Schema
	// Bindings has the ids of all known objects, those created so far included.
	Bindings reference.Bindings
	// Desired is the repository's resource; only needed when the item has
	// Sensitive pointers. Its sum must still be Item.DesiredSum.
	Desired *tenant.Resource
	// Variables are the tenant's.
	Variables map[string]string
	// Key is the tenant's, with which the plan's hashes of secrets were made.
	Key string
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
		op.After, err = w.createText()
		return op, err
	case current == nil:
		return op, fmt.Errorf("plan: %s %s: the object is not in the tenant", s.Item.Verb, s.Item.ID)
	case s.Item.Verb == tenant.Update:
		body, err := jsonval.ParseObject(current.Body)
		if err != nil {
			return op, fmt.Errorf("plan: %s: the tenant's object: %w", s.Item.ID, err)
		}
		after, patch, err := w.Update(body)
		op.After, op.Patch = after.JSON(), patch.JSON()
		return op, err
	}
	return op, nil
}

// writing prepares to carry out the step.
func (s Step) writing() (*Writing, error) {
	if s.Kind == nil {
		return nil, fmt.Errorf("plan: %s: the client does not know this kind", s.Item.ID)
	}
	w := &Writing{Kind: s.Kind, Item: s.Item, Variables: s.Variables, Key: s.Key, Value: s.approved(), Hidden: s.bound, Name: (&idNames{bindings: s.Bindings}).name, Present: s.present}
	if len(s.Item.Sensitive) == 0 || s.Item.Verb == tenant.Delete {
		return w, nil
	}
	return w, w.ReadSecrets(s.Desired)
}

// approved returns what tells the text that stands in the tenant where a
// reference stands in the plan: the one that was approved, and no other.
func (s Step) approved() func(reference.Ref) (string, error) {
	values := make(map[string]plan.Resolved, len(s.Item.Resolved))
	for _, r := range s.Item.Resolved {
		values[r.Ref] = r
	}
	return func(ref reference.Ref) (string, error) {
		r, ok := values[ref.String()]
		if !ok {
			return "", noteError(s.Item, Changed, "the plan does not say what %s stands for; sync again for a fresh plan", ref)
		}
		if r.New && ref.Property == "" {
			return s.bound(ref)
		}
		value := cmp.Or(r.ID, r.Value)
		if now := s.Bindings.Of(ref); now != value {
			return "", noteError(s.Item, Changed, "%s does not stand for what was approved any more; sync again for a fresh plan", ref)
		}
		return value, nil
	}
}

// bound returns what the bindings have for a reference: for the id of an object
// that this run has created, and within secrets, whose sums tell whether the
// value is the approved one.
func (s Step) bound(ref reference.Ref) (string, error) {
	if id := s.Bindings.Of(ref); id != "" {
		return id, nil
	}
	return "", noteError(s.Item, plan.Unresolved, "%s has no value in the tenant; what creates it was not applied", ref)
}

// present returns a reference with the present key in place of a former one.
func (s Step) present(ref reference.Ref) reference.Ref {
	if now := s.Bindings[ref.Kind+reference.Formerly][ref.Key]; now != "" {
		ref.Key = now
	}
	return ref
}

// NaturalMatch returns the match by which an object like the item's can be
// found in the tenant: its natural key's properties. It is false if one of
// them is not a plain text.
func NaturalMatch(k *schema.Schema, it *plan.Item) (tenant.Match, bool) {
	body, err := jsonval.Pick(it.After, k.NaturalKey...)
	if err != nil {
		return nil, false
	}
	return k.MatchOf(body, func(s string) (string, bool) {
		return reference.Literal(s), reference.ReferenceIn(jsonval.StringNode(s)) == nil
	})
}
