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
	if err != nil || schema.Sum(body, w.Key) != w.Item.DesiredSum {
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

// create returns the whole new object.
func (w *Writing) create() (*jsonval.Node, error) {
	if len(w.Item.Changes) == 1 && w.Item.Changes[0].Pointer == "" {
		return w.newValue(w.Item.Changes[0])
	}
	return w.inTenant(w.Item.After)
}

// Update returns the whole object after the item's changes, and the merge patch
// that makes them. body is the object as just read.
func (w *Writing) Update(body *jsonval.Node) (after, patch *jsonval.Node, err error) {
	// The repository's form keeps empty values, which the comparing form drops.
	plain, withTokens := schema.Form{Repository: true}, schema.Form{Repository: true, KeepTokens: true}
	before := plain.Apply(w.Kind, body)
	now := before
	var paths [][]string
	for rest := w.Item.Changes; len(rest) > 0; {
		segs, member, err := w.path(rest[0])
		if err != nil {
			return nil, nil, err
		}
		n := 1
		for member && n < len(rest) && rest[n].Pointer == rest[0].Pointer {
			n++
		}
		if member {
			now, err = w.members(now, segs, rest[:n])
		} else {
			now, err = w.change(now, segs, rest[0])
		}
		if err != nil {
			return nil, nil, err
		}
		paths, rest = append(paths, w.sentWith(segs)), rest[n:]
	}
	if schema.HasTypes(now) { // drop the type of a value that is now null
		now = plain.Apply(w.Kind, now)
	}
	paths = w.typed(now, paths)
	now = carry(w.Kind.Root, now, before, withTokens.Apply(w.Kind, body))
	patch = &jsonval.Node{Kind: '{'}
	for _, segs := range paths {
		rule, v := w.Kind.Root.FollowIn(now, segs)
		if len(segs) == 0 {
			v = w.Kind.Piece(v, "")
		}
		if hidesSecret(rule, v) {
			return nil, nil, noteError(w.Item, plan.SecretNeeded,
				"%q must be sent whole and contains a secret that cannot be read; put the secret into the file, best as a variable", jsonval.JoinPointer(segs))
		}
		patch = patch.With(segs, v)
	}
	return withoutMasks(w.Kind.Root, now), patch, nil
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

// change applies one change that is not about a set's member.
func (w *Writing) change(now *jsonval.Node, segs []string, change plan.PropertyChange) (*jsonval.Node, error) {
	value, err := w.newValue(change)
	return now.With(segs, value), err
}

// members applies all changes to the members of one set at once. Applying them
// one by one would take quadratic time.
func (w *Writing) members(now *jsonval.Node, segs []string, changes []plan.PropertyChange) (*jsonval.Node, error) {
	r, array := w.Kind.Root.FollowIn(now, segs)
	index := indexMembers(r, array)
	replace := make([]schema.MemberChange, len(changes))
	for i, change := range changes {
		value, err := w.newValue(change)
		if err != nil {
			return nil, err
		}
		old, err := w.inTenant(change.Before)
		if err != nil {
			return nil, err
		}
		found := index.find(old)
		if old == nil {
			found = index.same(value)
		}
		replace[i] = schema.MemberChange{Old: found, Now: value}
	}
	return now.With(segs, schema.ReplaceMembers(r.Step("*"), array, replace)), nil
}

// newValue returns the value that a change writes, with the secrets that were
// approved. It returns a *[NoteError] if the file's secret is now another one.
func (w *Writing) newValue(change plan.PropertyChange) (*jsonval.Node, error) {
	value, err := w.inTenant(change.After)
	if err != nil {
		return nil, err
	}
	for pointer, sum := range change.Secrets {
		secret, ok := w.secrets[sum]
		if !ok {
			return nil, cmp.Or(w.unread, noteError(w.Item, Changed, "the secret at %q is not the approved one: a variable or a property that it refers to was changed since the plan was made; sync again for a fresh plan", change.Pointer+pointer))
		}
		segs, err := jsonval.SplitPointer(pointer)
		if err != nil {
			return nil, fmt.Errorf("plan: %s: %w", w.Item.ID, err)
		}
		value = value.With(segs, secret)
	}
	return value, nil
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
	case n.Kind != other.Kind || len(n.Kids) == 0 || n.IsArray() && len(n.Kids) != len(other.Kids):
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
		out, of := n, r.In(n, before)
		for i, name := range n.Names {
			f := of.Step(name).Fact()
			was, kid := before.Get(name), n.Kids[i]
			switch {
			case !hides(f, kid):
				kid = carry(of.Step(name), kid, was, tokens.Get(name))
			case f.Masked && f.Token != "" && !tokens.Get(f.Token).IsNull():
				out = out.With([]string{f.Token}, tokens.Get(f.Token))
				kid = nil
			case f.Sensitive && was != nil:
				kid = was
				if state := f.TokenState(before); state != "" { // the text alone would be a new secret
					out = out.With([]string{state}, before.Get(state))
				}
			}
			if kid != n.Kids[i] {
				out = out.With([]string{name}, kid)
			}
		}
		return out
	case n.IsArray():
		kids := make([]*jsonval.Node, len(n.Kids))
		var to []int
		switch set := r.Fact().Set; {
		case !hidesSecret(r, n):
			return n
		case set != nil && len(set.By) > 0 && set.TellsApart(n) && set.TellsApart(before):
			to = schema.AlignByText(n, before, set.Declared)
		default:
			to = schema.AlignBy(n, before, func(a, b *jsonval.Node) bool { return schema.SameMember(r.Step("*"), filled(r.Step("*"), a, b), b) })
		}
		for i, kid := range n.Kids {
			if kids[i] = kid; to[i] >= 0 {
				kids[i] = carry(r.Step("*"), kid, before.Kids[to[i]], tokens.Kids[to[i]])
			}
		}
		return &jsonval.Node{Kind: '[', Kids: kids}
	}
	return n
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
		if hidesSecret(r.Step(n.Segment(i)), kid) {
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
