package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// applicable returns the declared references that hold at a place.
func applicable(at place) []*tenant.Reference {
	if len(at.refs) == 0 {
		return nil
	}
	typ := textOf(at.holder.get("@odata.type"))
	for _, r := range at.refs {
		if r.Type != "" && r.Type != typ {
			return slices.DeleteFunc(slices.Clone(at.refs), func(r *tenant.Reference) bool { return r.Type != "" && r.Type != typ })
		}
	}
	return at.refs
}

// isLiteral reports whether a value at declared references stays as it is.
func isLiteral(refs []*tenant.Reference, value string) bool {
	for _, r := range refs {
		for _, l := range r.Literals {
			prefix, isPrefix := strings.CutSuffix(l, "*")
			if l == value || isPrefix && strings.HasPrefix(value, prefix) {
				return true
			}
		}
	}
	return value == ""
}

// name returns the reference that an id stands for: the first that is known,
// in the order of the declared kinds.
func (c *comparison) name(refs []*tenant.Reference, value string) *node {
	for _, r := range refs {
		for _, kind := range r.Kinds {
			if key, ok := c.lookup(kind, r.Property, value); ok {
				ref := reference{kind, key, r.Property}
				c.bindProperty(ref, value, r.Property != "") // what is named now must be resolved at deploy
				return stringNode(ref.String())
			}
		}
	}
	return nil
}

// current returns an object in name form as the tenant has it, and the ids that
// cannot be named.
func (c *comparison) current(k *kindRules, body *node) (out *node, strays []stray) {
	s := shape{
		text: func(n *node, at place) *node {
			refs := applicable(at)
			if len(refs) == 0 || isLiteral(refs, n.text) {
				return n.withText(escape(n.text))
			}
			if at.secret { // not named in notes
				return cmp.Or(c.name(refs, n.text), n.withText(escape(n.text)))
			}
			if named := c.name(refs, n.text); named != nil {
				return named
			}
			strays = append(strays, c.strayAt(at, refs, n.text))
			return n.withText(escape(n.text))
		},
		secret: c.hasher(k),
		mask:   func(*node) *node { return stringNode(maskMark) },
	}
	return s.apply(k, body), strays
}

// textAt is a text at a place.
type textAt struct{ pointer, value string }

func newTextAt(at place, value string) textAt { return textAt{joinPointer(at.segs), value} }

// problem is why a string of a file cannot be used.
type problem struct {
	templateError
	pointer string
}

// desired returns an object in name form as the repository wants it.
func (c *comparison) desired(k *kindRules, body *node) (out *node, problems []problem) {
	s := c.desiredShape(k, func(at place, err *templateError) *node {
		problems = append(problems, problem{*err, joinPointer(at.segs)})
		return nullNode
	})
	return s.apply(k, body), problems
}

// desiredShape is the form of desired; fail says what becomes of a string that
// cannot be used.
func (c *comparison) desiredShape(k *kindRules, fail func(place, *templateError) *node) shape {
	failAt := func(at place, n *node, err *templateError) *node {
		if at.secret {
			err = err.inSecret(n.text)
		}
		return fail(at, err)
	}
	return shape{
		repository: true,
		text: func(n *node, at place) *node {
			text, ref, err := expand(n.text, c.in.Variables)
			if err != nil {
				return failAt(at, n, err)
			}
			refs := applicable(at)
			if ref == nil {
				if len(refs) > 0 && !isLiteral(refs, text) {
					if named := c.name(refs, text); named != nil {
						return named
					}
				}
				return n.withText(escape(text))
			}
			c.normalise(ref, refs)
			if _, state := c.resolve(*ref); state == unknown {
				return failAt(at, n, c.unresolved(*ref))
			}
			return stringNode(ref.String())
		},
		secret: c.hasher(k),
		mask:   func(*node) *node { return stringNode(maskMark) },
	}
}

// normalise follows a former name, and puts in the property that the kind declares.
func (c *comparison) normalise(ref *reference, declared []*tenant.Reference) {
	if key, ok := c.aliases[ref.object()]; ok {
		ref.key = key
	}
	ref.setProperty(declared)
}

// setProperty puts in the property that the kind declares for the place.
func (r *reference) setProperty(declared []*tenant.Reference) {
	if r.property != "" {
		return
	}
	for _, d := range declared {
		if slices.Contains(d.Kinds, r.kind) {
			r.property = d.Property
			return
		}
	}
}

// unresolved says why a reference leads nowhere.
func (c *comparison) unresolved(ref reference) *templateError {
	k, o := c.kinds[ref.kind], c.objects[ref.kind][ref.key]
	if o != nil && o.desired == nil && o.current == nil && !o.missing {
		o = nil // nothing but the base has it
	}
	switch {
	case k == nil:
		return badTemplate(Unresolved, "%s refers to a kind that is not known", ref)
	case o == nil && !c.complete(k):
		return badTemplate(Unresolved, "%s is not known, and %s were not completely read", ref, ref.kind)
	case o == nil && c.sharedName(ref.kind, ref.key):
		return badTemplate(Unresolved, "%s: several objects in the tenant have this name; refer to one of them by its key, or rename the others", ref)
	case o == nil:
		return badTemplate(Unresolved, "%s is neither in the repository nor in the tenant; add it, or correct the name", ref)
	case c.bindings[ref.kind][ref.key] != "":
		return badTemplate(Unresolved, "%s: the object has no text property %q", ref, ref.property)
	case ref.property != "" && o.desired != nil && !o.keep:
		return badTemplate(Unresolved, "%s is known only once %s exists; sync again then", ref, ref.object())
	}
	return badTemplate(Unresolved, "%s is not in the tenant, and will not be created", ref)
}

// sharedName reports whether the key is a name that several objects have, so
// that none of them is called by it.
func (c *comparison) sharedName(kind, key string) bool {
	for other := range c.objects[kind] {
		if name, _, found := strings.Cut(other, " ~"); found && name == key {
			return true
		}
	}
	return false
}

// roughNames is desired before names are known: references stay as written.
func (c *comparison) roughNames(o *object) *node {
	body, err := o.file()
	if err != nil {
		return nil
	}
	s := shape{
		repository: true,
		text: func(n *node, at place) *node {
			text, ref, err := expand(n.text, c.in.Variables)
			switch {
			case err != nil:
				return nullNode
			case ref != nil:
				c.normalise(ref, applicable(at))
				return stringNode(ref.String())
			}
			return n.withText(escape(text))
		},
		secret: c.hasher(o.kind),
		mask:   func(*node) *node { return stringNode(maskMark) },
	}
	return s.apply(o.kind, body)
}

// renameReferences puts new keys into a tree in name form.
func (c *comparison) renameReferences(n *node) *node {
	if n == nil {
		return nil
	}
	if ref := n.referenceIn(); ref != nil {
		if key := cmp.Or(c.renamed[ref.object()], c.aliases[ref.object()]); key != "" {
			ref.key = key
			return stringNode(ref.String())
		}
	}
	return n.mapKids(func(i int) *node { return c.renameReferences(n.kids[i]) })
}

// guide finds references at places that the kind does not declare, in what the
// repository and the base have, so that the tenant's ids there can be named
// the same way. The result is by place and value.
func (c *comparison) guide(k *kindRules, sides ...*node) map[textAt]*node {
	guide := map[textAt]*node{}
	s := shape{repository: true, text: func(n *node, at place) *node {
		if ref := n.referenceIn(); ref != nil && len(applicable(at)) == 0 {
			if value, state := c.resolve(*ref); state == bound {
				guide[newTextAt(at, escape(value))] = n
			}
		}
		return n
	}}
	for _, side := range sides {
		if side != nil {
			s.apply(k, side)
		}
	}
	return guide
}

// guided names values as the guide has them.
func guided(k *kindRules, guide map[textAt]*node, n *node, unsorted bool) *node {
	if n == nil || len(guide) == 0 {
		return n
	}
	s := shape{repository: true, unsorted: unsorted, text: func(n *node, at place) *node {
		if len(applicable(at)) == 0 {
			if ref := guide[newTextAt(at, n.text)]; ref != nil {
				return ref
			}
		}
		return n
	}}
	return s.apply(k, n)
}
