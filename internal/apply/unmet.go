package apply

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Difference is a property, or a member of a set, whose value in the tenant is
// not the item's.
type Difference struct {
	// Pointer is a JSON pointer. It ends in "/-" for a member of a set. It is
	// empty for the whole object: a missing one, or one that should be deleted.
	Pointer string
	// Wanted is the plan's value and Got the tenant's, both in the form of plans:
	// references replace known ids, and secrets are redacted. nil means absent.
	Wanted, Got json.RawMessage
	// Redacted reports that a secret is hidden in Wanted or Got.
	Redacted bool
}

// Reached reports whether current has the values of the item: [Unmet] finds no
// difference. current is the object as just read, or nil if it is missing.
func Reached(s Step, current *tenant.Resource) (bool, error) {
	unmet, err := Unmet(s, current)
	return err == nil && len(unmet) == 0, err
}

// Unmet returns the differences between the item and current, in the order of
// the item's changes. current is the object as just read, or nil if it is
// missing. Unmet compares only the values that the item changes, by the rules of
// the kind. The tenant shows a masked secret as asterisks, and asterisks count as
// equal to the wanted secret.
func Unmet(s Step, current *tenant.Resource) ([]Difference, error) {
	s.Item = afterRestore(s.Item)
	switch remove := s.Item.Verb == tenant.Delete; {
	case remove && current == nil:
		return nil, nil
	case current == nil:
		return []Difference{{Wanted: s.Item.After, Redacted: len(s.Item.Sensitive) > 0}}, nil
	}
	w, err := s.writing()
	if err != nil {
		return nil, err
	}
	body, err := jsonval.ParseObject(current.Body)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: the tenant's object: %w", s.Item.ID, err)
	}
	u := &unmet{w: w, body: body}
	if s.Item.Verb == tenant.Delete {
		u.add(w.Kind.Root, nil, "", nil, u.shown())
		return u.found, nil
	}
	form := schema.Form{Mask: func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.Asterisks) }}
	u.now = form.Apply(w.Kind, body)
	if s.Item.Verb == tenant.Create {
		planned, after, err := w.newValue(w.created())
		if err != nil {
			return nil, err
		}
		u.below(nil, after, planned)
		return u.found, nil
	}
	for _, change := range s.Item.Changes {
		if err := u.change(change); err != nil {
			return nil, err
		}
	}
	return u.found, nil
}

// unmet collects the differences of one object.
type unmet struct {
	w *Writing
	// body is the object as read. now is body without the properties that are
	// not compared.
	body, now *jsonval.Node
	// names is the result of shown, or nil before the first difference.
	names *jsonval.Node
	// indexed is the index of the last searched set, and at the path of that set.
	indexed *memberIndex
	at      []string
	found   []Difference
}

// index returns the index of a set in now. It caches one index: the changes of
// one set follow each other.
func (u *unmet) index(segs []string, r *schema.Rule, array *jsonval.Node) *memberIndex {
	if !slices.Equal(u.at, segs) { // the path of a set is never empty
		u.indexed, u.at = indexMembers(r, array), slices.Clone(segs)
	}
	return u.indexed
}

// shown returns the tenant's object in name form. The members of its sets are in
// the order of now.
func (u *unmet) shown() *jsonval.Node {
	if u.names == nil {
		form := schema.Form{
			Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
				if refs := schema.Applicable(at); len(refs) > 0 && !schema.IsLiteral(refs, n.Text) {
					if named := u.w.Name(refs, n.Text); named != nil {
						return named
					}
				}
				return n.WithText(reference.Escape(n.Text))
			},
			Secret: func(n *jsonval.Node) *jsonval.Node { return schema.SecretNode(u.w.Key, u.w.Kind, n) },
			Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) },
		}
		u.names = form.Apply(u.w.Kind, u.body)
	}
	return u.names
}

// add adds a difference. wanted is in the plan's form, and got in name form.
func (u *unmet) add(r *schema.Rule, segs []string, suffix string, wanted, got *jsonval.Node) {
	got, hidden := schema.Redacted(got)
	u.found = append(u.found, Difference{
		Pointer: jsonval.JoinPointer(segs) + suffix,
		Wanted:  wanted.JSON(), Got: got.JSON(), Redacted: hidden || hidesSecret(r, wanted),
	})
}

// change compares one change of the item with the tenant.
func (u *unmet) change(c plan.PropertyChange) error {
	segs, member, err := u.w.path(c)
	if err != nil {
		return err
	}
	planned, value, err := u.w.newValue(c)
	switch {
	case err != nil:
		return err
	case !member:
		u.below(segs, value, planned)
	case value != nil:
		u.member(segs, value, planned)
	default:
		return u.removed(segs, c.Before)
	}
	return nil
}

// below compares the value that the item wants at segs with the tenant's value.
// planned is the wanted value in the plan's form.
func (u *unmet) below(segs []string, wanted, planned *jsonval.Node) {
	r, now := u.w.Kind.Root.FollowIn(u.now, segs)
	if n := len(segs) - 1; n >= 0 && schema.IsTypeOf(segs[n]) && now == nil {
		return // a response leaves out the types that the service declares
	}
	u.property(r, segs, schema.WithoutTypesMissingIn(wanted, now), planned, now)
}

// property compares a value with the tenant's, property by property in objects.
func (u *unmet) property(r *schema.Rule, segs []string, wanted, planned, now *jsonval.Node) {
	if wanted.IsObject() && now.IsObject() {
		of := r.In(wanted, now)
		for i, name := range wanted.Names {
			u.property(of.Step(name), append(slices.Clip(segs), name), wanted.Kids[i], planned.Get(name), now.Get(name))
		}
		return
	}
	if schema.Covers(r, filled(r, wanted, now), filled(r, now, wanted)) {
		return
	}
	before, shown := len(u.found), u.shown().At(segs)
	// A set that is a secret is redacted as a whole, and shows no members.
	if planned.IsArray() && shown.IsArray() && r.Fact().Set != nil && r.Set.Merges(wanted, now) {
		u.members(r, segs, wanted, planned, now)
	}
	if len(u.found) == before {
		u.add(r, segs, "", planned, shown)
	}
}

// members compares two sets member by member.
func (u *unmet) members(r *schema.Rule, segs []string, wanted, planned, now *jsonval.Node) {
	next, shown := r.Step("*"), u.shown().At(segs)
	ours, theirs := elements{array: wanted}, elements{array: now}
	for _, m := range r.Set.Members(nil, wanted, now) {
		if !sameMember(next, m.Desired, m.Current) {
			u.add(next, segs, "/-", ours.counterpart(m.Desired, planned), theirs.counterpart(m.Current, shown))
		}
	}
}

// member compares a set's member that the item adds or changes with the
// tenant's.
func (u *unmet) member(segs []string, wanted, planned *jsonval.Node) {
	r, array := u.w.Kind.Root.FollowIn(u.now, segs)
	next, index := r.Step("*"), u.index(segs, r, array)
	wanted = index.types.Without(jsonval.ArrayOf(wanted)).Kids[0]
	m := index.find(wanted)
	if m == nil { // the tenant may mask a secret that the item has written
		m = index.sameHiding(wanted)
	}
	if m == nil || !sameMember(next, wanted, m) {
		u.add(next, segs, "/-", planned, index.counterpart(m, u.shown().At(segs)))
	}
}

// removed adds a difference if the tenant still has a member that the item
// removes from a set.
func (u *unmet) removed(segs []string, before json.RawMessage) error {
	r, array := u.w.Kind.Root.FollowIn(u.now, segs)
	_, old, err := u.w.inTenant(before)
	if err != nil {
		return err
	}
	next, index := r.Step("*"), u.index(segs, r, array)
	m := index.find(old)
	if m != nil && schema.SameMember(next, filled(next, old, m), m) {
		u.add(next, segs, "/-", nil, index.counterpart(m, u.shown().At(segs)))
	}
	return nil
}

// sameMember reports whether two members of a set are equal. A hidden secret is
// equal to any value.
func sameMember(r *schema.Rule, a, b *jsonval.Node) bool {
	return schema.SameMember(r, filled(r, a, b), filled(r, b, a))
}
