package diff

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// name returns the reference for an id: to the first known object, in the order
// of the declared kinds. It returns nil for an unknown id.
func (ns *names) name(refs []*tenant.Reference, value string) *jsonval.Node {
	if named := ns.named(refs, value); named != nil {
		return named.node
	}
	return nil
}

// named is name with the object that the reference is to.
func (ns *names) named(refs []*tenant.Reference, value string) *namedRef {
	for _, r := range refs {
		if named := ns.found[declaredID{r, value}]; named != nil {
			return named
		}
		for _, kind := range r.Kinds {
			if key, ok := ns.lookup(kind, r.Property, value); ok {
				ref := reference.Ref{Kind: kind, Key: key, Property: r.Property}
				if r.Property != "" {
					ns.bindProperty(ref, value) // the deploy must resolve it
				}
				node := ns.node(ref)
				named := &namedRef{node, ns.readReference(node.Text)}
				ns.found[declaredID{r, strings.Clone(value)}] = named // the id shares the memory of its object
				return named
			}
		}
	}
	return nil
}

// inTenant is a tenant's object in name form.
type inTenant struct {
	body *jsonval.Node
	// dangling are the ids that cannot be resolved.
	dangling []danglingID
	// refs and byProperty are those of [names.refsOf].
	refs       []string
	byProperty bool
}

// current returns a tenant's object in name form. The object's nodes are in the
// slab.
func (ns *names) current(k *schema.Schema, body *jsonval.Node, slab *jsonval.Slab) (out inTenant) {
	s := schema.Form{
		Slab: slab, OnlyTemplates: true,
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			refs := schema.Applicable(at)
			if len(refs) == 0 || schema.IsLiteral(refs, n.Text) {
				return n.WithText(reference.Escape(n.Text))
			}
			if at.Secret { // notes must not show it
				return cmp.Or(ns.name(refs, n.Text), n.WithText(reference.Escape(n.Text)))
			}
			if named := ns.named(refs, n.Text); named != nil {
				if named.object != "" {
					out.refs, out.byProperty = append(out.refs, named.object), out.byProperty || named.byProperty
				}
				return named.node
			}
			out.dangling = append(out.dangling, ns.danglingAt(at, refs, n.Text))
			return n.WithText(reference.Escape(n.Text))
		},
		Secret: hasher(ns.ix, k),
		Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) },
	}
	out.body = s.Apply(k, body)
	out.refs = unique(out.refs)
	return out
}

func newTextAt(at schema.Place, value string) textAt {
	return textAt{jsonval.JoinPointer(at.Segs), schema.FoldGUID(value)}
}

// problem is the reason why a string of a file cannot be used.
type problem struct {
	reference.Error
	pointer string
}

// inFile is a file's object in name form, with the problems of the file.
type inFile struct {
	body     *jsonval.Node
	secrets  map[string]secretSum
	problems []problem
	// undeclared is true if it has a reference where the kind declares none.
	undeclared bool
}

// desired returns a file's object in name form, and the hashes of its secrets
// for the plan. The object's nodes are in the slab.
func (ns *names) desired(o *object, body *jsonval.Node, slab *jsonval.Slab) (out inFile) {
	k := o.kind
	s := ns.desiredForm(k, func(at schema.Place, err *reference.Error) *jsonval.Node {
		out.problems = append(out.problems, problem{*err, jsonval.JoinPointer(at.Segs)})
		return jsonval.NullNode
	})
	s.Slab = slab
	hash, text := s.Secret, s.Text
	s.Secret = func(n *jsonval.Node) *jsonval.Node {
		mark := hash(n)
		if out.secrets == nil {
			out.secrets = map[string]secretSum{}
		}
		out.secrets[mark.Text] = ns.sumOf(o, n, mark)
		return mark
	}
	s.Text = func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		named := text(n, at)
		isReference := strings.HasPrefix(named.Text, "${")
		out.undeclared = out.undeclared || isReference && len(schema.Applicable(at)) == 0
		return named
	}
	out.body = s.Apply(k, body)
	return out
}

// desiredForm returns the form for desired. fail returns the value for a string
// that cannot be used.
func (ns *names) desiredForm(k *schema.Schema, fail func(schema.Place, *reference.Error) *jsonval.Node) schema.Form {
	failAt := func(at schema.Place, n *jsonval.Node, err *reference.Error) *jsonval.Node {
		if at.Secret {
			err = err.Redact(n.Text)
		}
		return fail(at, err)
	}
	return schema.Form{
		Repository: true, OnlyTemplates: true,
		Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
			if ref := ns.expanded[n.Text]; ref != nil && !declaresProperty(schema.Applicable(at)) {
				return ref
			}
			text, ref, err := reference.Expand(n.Text, ns.ix.values)
			if err != nil {
				return failAt(at, n, err)
			}
			refs := schema.Applicable(at)
			if ref == nil {
				if len(refs) > 0 && !schema.IsLiteral(refs, text) {
					if named := ns.name(refs, text); named != nil {
						return named
					}
				}
				return n.WithText(reference.Escape(text))
			}
			ns.ix.normalise(ref, refs)
			if ns.secretProperty(*ref) {
				return failAt(at, n, reference.UnresolvedError("%s is a secret of %s, and a plan cannot show its value; write the value itself, preferably as a variable", ref, ref.Object()))
			}
			_, state := ns.resolve(*ref)
			if state == unknown {
				return failAt(at, n, ns.unresolved(*ref))
			}
			named := ns.node(*ref)
			if state == bound && ref.Property == "" {
				ns.expanded[strings.Clone(n.Text)] = named // the text shares the memory of its file
			}
			return named
		},
		Secret: hasher(ns.ix, k),
		Mask:   func(*jsonval.Node) *jsonval.Node { return jsonval.StringNode(reference.MaskMark) },
	}
}

// declaresProperty reports whether one of the references is to a property.
func declaresProperty(refs []*tenant.Reference) bool {
	return slices.ContainsFunc(refs, func(r *tenant.Reference) bool { return r.Property != "" })
}

// unresolved returns the error for a reference that cannot be resolved.
func (ns *names) unresolved(ref reference.Ref) *reference.Error {
	k, o := ns.ix.kinds[ref.Kind], ns.ms.objects[ref.Kind][ref.Key]
	if o != nil && o.desired == nil && o.current == nil && !o.missing {
		o = nil // only the base has it
	}
	switch {
	case k == nil:
		return reference.UnresolvedError("%s refers to an unknown kind", ref)
	case o == nil && ns.ms.renamed[ref.Object()] != "":
		now := ns.ms.renamed[ref.Object()]
		return reference.UnresolvedError("%s: the object's key is now %q; use it in the reference, or write %s into %s", ref, now, previousNamesLine(ref.Key), schema.FileOf(ns.ms.objects[ref.Kind][now].desired))
	case o == nil && !ns.ix.complete(k):
		return reference.UnresolvedError("%s is unknown, and %s were not completely read", ref, ref.Kind)
	case o == nil && sharedName(ns.ms, ref.Kind, ref.Key):
		return reference.UnresolvedError("%s: several objects in the tenant have this name; refer to one of them by its key, or rename the others", ref)
	case o == nil:
		return reference.UnresolvedError("%s is neither in the repository nor in the tenant; add it, or correct the name", ref)
	case o.missing:
		return reference.UnresolvedError("%s: %s was not found in the tenant, and two reads by id have not confirmed that it is deleted", ref, ref.Object())
	case ns.id(ref.Kind, ref.Key) != "":
		return reference.UnresolvedError("%s: the object has no string property %q", ref, ref.Property)
	case ref.Property != "" && o.desired != nil && !o.keep:
		return reference.UnresolvedError("%s is known only after %s is created; sync again after that", ref, ref.Object())
	}
	return reference.UnresolvedError("%s is not in the tenant, and will not be created", ref)
}

// sharedName reports whether several objects in the tenant have the name, so
// that none of them has it as its key.
func sharedName(ms *matches, kind, key string) bool {
	for other := range ms.objects[kind] {
		if name, _, found := strings.Cut(other, " ~"); found && name == key {
			return true
		}
	}
	return false
}

// guide returns the references at places that the kind does not declare, in the
// desired object and the base. guided uses them to replace the tenant's ids.
// The result is by place and value.
func (ns *names) guide(k *schema.Schema, sides ...*jsonval.Node) map[textAt]*jsonval.Node {
	guide := map[textAt]*jsonval.Node{}
	s := schema.Form{Repository: true, Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		if ref := reference.ReferenceIn(n); ref != nil && len(schema.Applicable(at)) == 0 {
			if value, state := ns.resolve(*ref); state == bound {
				guide[newTextAt(at, reference.Escape(value))] = n
			}
		}
		return n
	}}
	for _, side := range sides {
		if side != nil {
			s.Apply(k, side)
		}
	}
	return guide
}

// refers reports whether a tree in name form has a reference.
func refers(n *jsonval.Node) bool {
	return n != nil && (reference.ReferenceIn(n) != nil || slices.ContainsFunc(n.Kids, refers))
}

// guided replaces ids by the references of the guide.
func guided(k *schema.Schema, guide map[textAt]*jsonval.Node, n *jsonval.Node, unsorted bool) *jsonval.Node {
	if n == nil || len(guide) == 0 {
		return n
	}
	s := schema.Form{Repository: true, Unsorted: unsorted, Text: func(n *jsonval.Node, at schema.Place) *jsonval.Node {
		if len(schema.Applicable(at)) == 0 {
			if ref := guide[newTextAt(at, n.Text)]; ref != nil {
				return ref
			}
		}
		return n
	}}
	return s.Apply(k, n)
}

// sumOf returns the hashes of a secret in name form for the plan.
func (ns *names) sumOf(o *object, secret, mark *jsonval.Node) secretSum {
	var values []string
	for _, ref := range reference.PropertiesIn(secret) {
		value, _ := ns.resolve(ref)
		values = append(values, cmp.Or(value, ns.valueOf(ref)))
	}
	return secretSum{
		approved: schema.ApprovedSum(ns.ix.key, o.id(), mark, values...),
		fleet:    schema.ApprovedSum(ns.ix.in.Keys.Fleet, o.id(), secret, values...),
	}
}

// secretProperty reports whether a reference is to a secret property of the
// other object's kind.
func (ns *names) secretProperty(ref reference.Ref) bool {
	k := ns.ix.kinds[ref.Kind]
	if k == nil || ref.Property == "" {
		return false
	}
	return k.MayBeSecret(reference.PropertyPath(ref.Property))
}
