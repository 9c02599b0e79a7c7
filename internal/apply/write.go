package apply

import (
	"cmp"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Writing builds the content of one write.
type Writing struct {
	Kind      *schema.Schema
	Item      *plan.Item
	Variables map[string]string
	// Key is the tenant's key for hashes.
	Key string
	// Value resolves a reference in the plan, Hidden one within a secret.
	Value  func(reference.Ref) (string, error)
	Hidden func(reference.Ref) (string, error)
	// Name returns the reference for an id, or nil.
	Name func(refs []*tenant.Reference, value string) *jsonval.Node
	// Present replaces a former key in a reference by the present one.
	Present func(reference.Ref) reference.Ref
	// secrets has the file's secrets in the form that a write sends, by the hash
	// that the plan has of them ([plan.PropertyChange].Secrets).
	secrets map[string]*jsonval.Node
	// unread is the first error about a secret that is missing in secrets.
	unread error
}

// ReadSecrets reads the secrets of the repository's resource. It returns a
// *[NoteError] if the resource is missing or was edited since the plan was made.
func (w *Writing) ReadSecrets(r *tenant.Resource) error {
	if r == nil {
		return noteError(w.Item, plan.SecretNeeded, "the item needs secrets from the repository's file, and the file is missing; sync again")
	}
	body, err := jsonval.ParseObject(r.Body)
	if err != nil || schema.Sum(body, w.Kind.Key(w.Key, body)) != w.Item.DesiredSum {
		return noteError(w.Item, Changed, "%s was edited since the plan was made; sync again", schema.FileOf(r))
	}
	w.secrets = map[string]*jsonval.Node{}
	fail := func(err error) { w.unread = cmp.Or(w.unread, err) }
	form := schema.Form{
		Repository: true,
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			text, ref, bad := reference.Expand(n.Text, w.Variables)
			if bad != nil {
				if at.Secret {
					fail(noteError(w.Item, ClassOf(bad), "%s", bad.Redact(n.Text).Message))
				}
				return jsonval.NullNode
			}
			if ref != nil {
				now := w.Present(*ref)
				schema.SetProperty(&now, schema.Applicable(at))
				return jsonval.StringNode(now.String())
			}
			if refs := schema.Applicable(at); len(refs) > 0 && !schema.IsLiteral(refs, text) {
				if named := w.Name(refs, text); named != nil {
					return named
				}
			}
			return n.WithText(reference.Escape(text))
		},
		Secret: func(n *jsonval.Node) *jsonval.Node {
			mark := schema.SecretNode(w.Key, w.Kind, n)
			value, err := Resolve(n, w.Hidden)
			fail(err)
			var values []string
			for _, ref := range reference.PropertiesIn(n) {
				v, err := w.Hidden(ref)
				fail(err)
				values = append(values, v)
			}
			w.secrets[schema.ApprovedSum(w.Key, reference.ItemID(w.Item.Kind, w.Item.Key), mark, values...)] = value
			return mark
		},
		Mask: func(n *jsonval.Node) *jsonval.Node { return n },
	}
	form.Apply(w.Kind, body)
	return nil
}

// created returns the plan's change with the whole new object.
func (w *Writing) created() plan.PropertyChange {
	if len(w.Item.Changes) == 1 && w.Item.Changes[0].Pointer == "" {
		return w.Item.Changes[0]
	}
	return plan.PropertyChange{After: w.Item.After}
}

// createText returns the text of the whole new object. It makes no tree: only
// the references and the redacted secrets in the plan's text must be replaced.
func (w *Writing) createText() (json.RawMessage, error) {
	change := w.created()
	if change.After == nil {
		return nil, nil
	}
	text, err := jsonval.CanonicalJSON(change.After)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
	}
	secrets, err := w.secretsOf(change)
	if err != nil {
		return nil, err
	}
	var put *textsAt
	for _, s := range secrets {
		if put == nil {
			put = &textsAt{}
		}
		put.put(s.segs, s.value.JSON())
	}
	out, err := resolveText(text, w.Value, put)
	if err != nil {
		return nil, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
	}
	return out, nil
}

// Update returns the whole object after the item's changes, and the merge patch
// that makes them. body is the object as just read.
func (w *Writing) Update(body *jsonval.Node) (after, patch *jsonval.Node, err error) {
	// The repository's form keeps empty values, which the comparing form drops.
	plain, withTokens := schema.Form{Repository: true}, schema.Form{Repository: true, KeepTokens: true}
	before := plain.Apply(w.Kind, body)
	now, paths, err := w.changed(before)
	if err != nil {
		return nil, nil, err
	}
	if schema.HasTypes(now) { // drop the type of a value that is now null
		now = plain.Apply(w.Kind, now)
	}
	paths = w.typed(now, paths)
	now = carry(w.Kind.Root, now, before, withTokens.Apply(w.Kind, body))
	var sent jsonval.Assignments
	for _, segs := range paths {
		rule, v := w.Kind.Root.FollowIn(now, segs)
		if len(segs) == 0 {
			v = w.Kind.Piece(v, "")
		}
		if hidesSecret(rule, v) {
			return nil, nil, noteError(w.Item, plan.SecretNeeded,
				"%q must be sent whole and contains a secret that cannot be read; put the secret into the file, best as a variable", jsonval.JoinPointer(segs))
		}
		sent.Put(segs, v)
	}
	return withoutMasks(w.Kind.Root, now), sent.Apply(jsonval.EmptyObject), nil
}

// changed returns the object with the item's changes, and the paths that are to
// be sent. All changes are made at once: one by one takes time in the square of
// their number. No change lies within another.
func (w *Writing) changed(before *jsonval.Node) (now *jsonval.Node, paths [][]string, err error) {
	var values, sets jsonval.Assignments
	changes := make([]pathChange, len(w.Item.Changes))
	for i, change := range w.Item.Changes {
		c := pathChange{PropertyChange: change}
		if c.segs, c.member, err = w.path(change); err != nil {
			return nil, nil, err
		}
		if !c.member {
			_, value, err := w.newValue(change)
			if err != nil {
				return nil, nil, err
			}
			values.Put(c.segs, value)
		}
		changes[i] = c
	}
	now = values.Apply(before) // with the types by which the rules of sets are found
	for rest := changes; len(rest) > 0; {
		n := 1
		if rest[0].member {
			for n < len(rest) && rest[n].Pointer == rest[0].Pointer {
				n++
			}
			array, err := w.members(now, rest[:n])
			if err != nil {
				return nil, nil, err
			}
			sets.Put(rest[0].segs, array)
		}
		paths, rest = append(paths, w.sentWith(rest[0].segs)), rest[n:]
	}
	return sets.Apply(now), paths, nil
}

// pathChange is a row of the plan, with its path; member: it is about a set's
// member.
type pathChange struct {
	plan.PropertyChange
	segs   []string
	member bool
}

// path parses a change's pointer. member reports that the change is about one
// member of the set at segs.
func (w *Writing) path(change plan.PropertyChange) (segs []string, member bool, err error) {
	segs, err = jsonval.SplitPointer(change.Pointer)
	if err != nil {
		return nil, false, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
	}
	if n := len(segs) - 1; n >= 0 && segs[n] == "-" && w.Kind.Root.Follow(segs[:n]).Fact().Set != nil {
		return segs[:n], true, nil
	}
	return segs, false, nil
}

// sentWith returns the path that a patch must send when the value at segs
// changes: the outermost path above it that must be sent whole, or else segs.
func (w *Writing) sentWith(segs []string) []string {
	r := w.Kind.Root
	from := len(w.Kind.PartPath(w.Item.Part)) // a part's request has nothing else
	for i, s := range segs {
		if r.Fact().Whole && i >= from {
			return segs[:i]
		}
		r = r.Step(s)
	}
	return segs
}

// members returns a set with all changes to its members.
func (w *Writing) members(now *jsonval.Node, changes []pathChange) (*jsonval.Node, error) {
	r, array := w.Kind.Root.FollowIn(now, changes[0].segs)
	index := indexMembers(r, array)
	replace := make([]schema.MemberChange, len(changes))
	for i, change := range changes {
		_, value, err := w.newValue(change.PropertyChange)
		if err != nil {
			return nil, err
		}
		_, old, err := w.inTenant(change.Before)
		if err != nil {
			return nil, err
		}
		found := index.same(value)
		if old != nil {
			found = index.find(old)
		}
		replace[i] = schema.MemberChange{Old: found, Now: value}
	}
	return schema.ReplaceMembers(r.Step("*"), array, replace), nil
}

// newValue returns the value of a change as planned, and as the write sends it:
// with the secrets that were approved. It returns a *[NoteError] if the file's
// secret is now another one.
func (w *Writing) newValue(change plan.PropertyChange) (planned, value *jsonval.Node, err error) {
	planned, value, err = w.inTenant(change.After)
	if err != nil {
		return nil, nil, err
	}
	secrets, err := w.secretsOf(change)
	if err != nil {
		return nil, nil, err
	}
	var put jsonval.Assignments
	for _, s := range secrets {
		put.Put(s.segs, s.value)
	}
	return planned, put.Apply(value), nil
}

// secretAt is a secret in the form that is sent, and its place in a change.
type secretAt struct {
	segs  []string
	value *jsonval.Node
}

// secretsOf returns the secrets that a change writes.
func (w *Writing) secretsOf(change plan.PropertyChange) ([]secretAt, error) {
	var secrets []secretAt
	for pointer, sum := range change.Secrets {
		secret, ok := w.secrets[sum]
		if !ok {
			return nil, cmp.Or(w.unread, noteError(w.Item, Changed, "the secret at %q is not the approved one: a variable or a property that it refers to was changed since the plan was made; sync again for a fresh plan", change.Pointer+pointer))
		}
		segs, err := jsonval.SplitPointer(pointer)
		if err != nil {
			return nil, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
		}
		secrets = append(secrets, secretAt{segs, secret})
	}
	return secrets, nil
}

// hides reports whether n is the placeholder of a hidden secret: [redacted] or
// asterisks at a place that the kind declares masked or sensitive. Elsewhere
// these texts are ordinary values.
func hides(f *schema.Facts, n *jsonval.Node) bool {
	return (f.Masked || f.Sensitive) && n.IsString() && (n.Text == reference.Redacted || reference.IsAsterisks(n.Text))
}

// filled returns n with each hidden secret replaced by other's value, if other
// has one at the same place.
func filled(r *schema.Rule, n, other *jsonval.Node) *jsonval.Node {
	switch {
	case n == nil || other == nil:
		return n
	case hides(r.Fact(), n):
		return other
	case n.Kind != other.Kind || n.IsArray() && len(n.Kids) != len(other.Kids):
		return n
	}
	of := r.In(n, other)
	return n.MapKids(func(i int) *jsonval.Node {
		if n.IsObject() {
			return filled(of.Step(n.Names[i]), n.Kids[i], other.Get(n.Names[i]))
		}
		return filled(r.Step("*"), n.Kids[i], other.Kids[i])
	})
}

// carry fills in the secrets that the item does not change. It adds the token
// just read for a masked secret, and the value just read for another one. before
// is the tenant's object without tokens, and tokens is the object with them.
func carry(r *schema.Rule, n, before, tokens *jsonval.Node) *jsonval.Node {
	switch {
	case n.IsObject():
		of := r.In(n, before)
		var values jsonval.Assignments
		for i, name := range n.Names {
			f := of.Step(name).Fact()
			was, kid := before.Get(name), n.Kids[i]
			switch {
			case !hides(f, kid):
				kid = carry(of.Step(name), kid, was, tokens.Get(name))
			case f.Masked && f.Token != "" && !tokens.Get(f.Token).IsNull():
				values.Put([]string{f.Token}, tokens.Get(f.Token))
				kid = nil
			case f.Sensitive && was != nil:
				kid = was
				if state := f.TokenState(before); state != "" { // the text alone would be a new secret
					values.Put([]string{state}, before.Get(state))
				}
			}
			if kid != n.Kids[i] {
				values.Put([]string{name}, kid)
			}
		}
		return values.Apply(n)
	case n.IsArray():
		kids := make([]*jsonval.Node, len(n.Kids))
		var to []int
		switch set := r.Fact().Set; {
		case !hidesSecret(r, n):
			return n
		case set != nil && len(set.By) > 0 && set.HasUniqueIdentities(n) && set.HasUniqueIdentities(before):
			to = schema.AlignByText(n, before, set.DeclaredIdentity)
		default:
			to = alignHiding(r.Step("*"), n, before)
		}
		for i, kid := range n.Kids {
			kids[i] = kid
			switch next := r.Step("*"); {
			case to[i] < 0:
			case hides(next.Fact(), kid) && next.Fact().Sensitive: // the element itself is the secret
				kids[i] = before.Kids[to[i]]
			default:
				kids[i] = carry(next, kid, before.Kids[to[i]], tokens.Kids[to[i]])
			}
		}
		return &jsonval.Node{Kind: '[', Kids: kids}
	}
	return n
}

// alignHiding pairs the elements of an array that hides values with those of
// another one that are the same apart from them. r is the elements' rule.
func alignHiding(r *schema.Rule, n, other *jsonval.Node) []int {
	var places schema.HiddenPlaces
	for _, kid := range n.Kids {
		places.Add(r, kid, hides)
	}
	seen := func(n *jsonval.Node) string { return places.VisibleText(r, n) }
	return schema.AlignWithin(n, other, seen, func(a, b *jsonval.Node) bool { return sameShown(r, a, b) })
}

// sameShown reports whether b is a in all that a shows.
func sameShown(r *schema.Rule, a, b *jsonval.Node) bool {
	return schema.SameMember(r, filled(r, a, b), b)
}

// hidesSecret reports whether n contains the placeholder of a hidden secret.
func hidesSecret(r *schema.Rule, n *jsonval.Node) bool {
	if n == nil {
		return false
	}
	if hides(r.Fact(), n) {
		return true
	}
	r = r.In(n)
	for i, kid := range n.Kids {
		if hidesSecret(r.Kid(n, i), kid) {
			return true
		}
	}
	return false
}

// withoutMasks drops masked properties whose value is only a placeholder.
func withoutMasks(r *schema.Rule, n *jsonval.Node) *jsonval.Node {
	switch {
	case n.IsObject():
		of := r.In(n)
		return n.MapKids(func(i int) *jsonval.Node {
			next := of.Step(n.Names[i])
			if f := next.Fact(); f.Masked && hides(f, n.Kids[i]) {
				return nil
			}
			return withoutMasks(next, n.Kids[i])
		})
	case n.IsArray():
		return n.MapKids(func(i int) *jsonval.Node { return withoutMasks(r.Step("*"), n.Kids[i]) })
	}
	return n
}
