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

// Step is one item of a plan with the inputs that applying it needs.
type Step struct {
	Item *plan.Item
	// Kind is the schema of the item's kind, or nil if the client does not know
	// the kind.
	Kind *schema.Schema
	// Bindings has the ids of all known objects, including those that the run
	// has created so far.
	Bindings reference.Bindings
	// Desired is the repository's resource. Only an item with Sensitive pointers
	// needs it. Its hash must still be Item.DesiredSum.
	Desired *tenant.Resource
	// Variables are the tenant's variables, by name.
	Variables map[string]string
	// Key is the tenant's key for hashes. The plan's hashes of secrets were made
	// with it.
	Key string
}

// Operation returns the operation that applies the item to current, which is
// the object as just read, or nil for a create. Operation replaces references by
// ids and merges sets member by member. For a masked secret that the item does
// not change, it sends the token that was just read. It returns a *[NoteError] if
// the item cannot be applied. The caller sets the idempotency key.
func Operation(s Step, current *tenant.Resource) (tenant.Operation, error) {
	if s.Item.Restored {
		return restore(s, current)
	}
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

// writing prepares the content of the step's write, and reads the file's secrets
// if the item needs them.
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

// approved returns a function that resolves the item's references. The function
// returns the approved value of a reference, and an error if its value in the
// tenant has changed since.
func (s Step) approved() func(reference.Ref) (string, error) {
	values := make(map[string]plan.Resolved, len(s.Item.Resolved))
	for _, r := range s.Item.Resolved {
		values[r.Ref] = r
	}
	return func(ref reference.Ref) (string, error) {
		r, ok := values[ref.String()]
		if !ok {
			return "", noteError(s.Item, Changed, "the plan has no value for the reference %s; sync again for a fresh plan", ref)
		}
		if r.New && ref.Property == "" {
			return s.bound(ref)
		}
		value := cmp.Or(r.ID, r.Value)
		if now := s.Bindings.Of(ref); now != value {
			return "", noteError(s.Item, Changed, "%s no longer has the value that was approved; sync again for a fresh plan", ref)
		}
		return value, nil
	}
}

// bound returns the value that the bindings have for a reference, approved or
// not. It is for the id of an object that this run has created, and for a
// reference within a secret: the hash of the secret covers the approved value.
func (s Step) bound(ref reference.Ref) (string, error) {
	if id := s.Bindings.Of(ref); id != "" {
		return id, nil
	}
	return "", noteError(s.Item, plan.Unresolved, "%s has no value in the tenant: its object is missing, or the item that creates it was not applied", ref)
}

// present returns ref with its former key replaced by the present one.
func (s Step) present(ref reference.Ref) reference.Ref {
	if now := s.Bindings[ref.Kind+reference.Formerly][ref.Key]; now != "" {
		ref.Key = now
	}
	return ref
}

// NaturalMatch returns the values of the natural key that find the item's object
// in the tenant. It reports false if a property of the key is a reference, blank
// or not a string.
func NaturalMatch(k *schema.Schema, it *plan.Item) (tenant.Match, bool) {
	body, err := jsonval.Pick(it.After, k.NaturalKey...)
	if err != nil {
		return nil, false
	}
	return k.MatchOf(body, func(s string) (string, bool) {
		return reference.Literal(s), reference.ReferenceIn(jsonval.StringNode(s)) == nil
	})
}
