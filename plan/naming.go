package plan

import (
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// naming turns ids into names and names into ids, with the bindings of all
// objects that were read.
type naming struct {
	bindings Bindings
	// keys are the keys by kind and id.
	keys map[string]map[string]string
	// moved are the "kind/key" whose binding is not the base's.
	moved map[string]bool
	// byProperty are the keys by kind, property and value, made when needed.
	byProperty map[string]map[string]string
}

// collectBindings notes which id each key has. Objects that are left alone, or
// of which nobody knows whether they are gone, keep the base's.
func (c *comparison) collectBindings() {
	c.bindings = make(Bindings, len(c.kinds))
	c.keys = make(map[string]map[string]string, len(c.kinds))
	c.moved = map[string]bool{}
	c.byProperty = map[string]map[string]string{}
	for name, objects := range c.objects {
		ids, keys := make(map[string]string, len(objects)), make(map[string]string, len(objects))
		for key, o := range objects {
			id := o.currentID()
			if id == "" && o.base != nil && (o.missing || !c.complete(o.kind)) {
				id = o.base.ID
			}
			if id != "" {
				ids[key], keys[id] = id, key
			}
			if o.base == nil || o.base.ID != id || o.renamedFrom != "" {
				c.moved[o.id()] = true
			}
		}
		c.bindings[name], c.keys[name] = ids, keys
		for _, b := range c.sides[name].base {
			if ids[b.Key] != b.ID {
				c.moved[itemID(name, b.Key)] = true
			}
		}
	}
}

// known says what a reference leads to.
type known int

const (
	unknown known = iota
	// bound: its value is known.
	bound
	// pending: the plan may create it.
	pending
)

// resolve returns the value that a reference stands for.
func (c *comparison) resolve(ref reference) (string, known) {
	o := c.objects[ref.kind][ref.key]
	id := c.bindings[ref.kind][ref.key]
	switch {
	case o == nil:
		return "", unknown
	case id == "":
		if o.desired == nil || o.keep || o.current != nil {
			return "", unknown
		}
		if ref.property != "" {
			// Only what the file itself says is known before it is made.
			v, ok := c.desiredProperty(o, ref.property)
			c.bindProperty(ref, v, ok)
			if !ok {
				return "", unknown
			}
		}
		return "", pending
	case ref.property == "":
		return id, bound
	}
	if o.current == nil {
		return "", unknown
	}
	v := c.tenantBody(o.kind, o.current).at(propertyPath(ref.property))
	c.bindProperty(ref, textOf(v), v.isString())
	return textOf(v), map[bool]known{true: bound}[v.isString()]
}

// bindProperty keeps a property's value for [Operation], beside the ids.
func (c *comparison) bindProperty(ref reference, value string, ok bool) {
	if !ok {
		return
	}
	name := ref.kind + "#" + ref.property
	if c.bindings[name] == nil {
		c.bindings[name] = map[string]string{}
	}
	c.bindings[name][ref.key] = value
}

func (c *comparison) desiredProperty(o *object, property string) (string, bool) {
	body, err := o.file()
	if err != nil {
		return "", false
	}
	v := body.at(propertyPath(property))
	if !v.isString() {
		return "", false
	}
	text, ref, bad := expand(v.text, c.in.Variables)
	return text, ref == nil && bad == nil
}

// propertyPath reads a reference's property: a name, or a JSON pointer.
func propertyPath(property string) []string {
	if segs, err := splitPointer(property); err == nil {
		return segs
	}
	return []string{property}
}

func textOf(n *node) string {
	if n.isString() {
		return n.text
	}
	return ""
}

// lookup finds what an id, or another property's value, belongs to.
func (c *comparison) lookup(kind, property, value string) (string, bool) {
	if property == "" {
		key, ok := c.keys[kind][value]
		return key, ok
	}
	index := c.byProperty[kind+"#"+property]
	if index == nil {
		index = map[string]string{}
		segs := propertyPath(property)
		for _, key := range slices.Sorted(maps.Keys(c.objects[kind])) {
			o := c.objects[kind][key]
			if o.current == nil {
				continue
			}
			if v := textOf(c.tenantBody(o.kind, o.current).at(segs)); v != "" {
				if _, twice := index[v]; twice {
					key = "" // two objects have it, so it names neither
				}
				index[v] = key
			}
		}
		c.byProperty[kind+"#"+property] = index
	}
	key := index[value]
	return key, key != ""
}

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

// current returns an object in name form as the tenant has it, and the places
// of ids that lead nowhere.
func (c *comparison) current(k *kindRules, body *node) (out *node, dangling []dangling) {
	s := shape{
		text: func(n *node, at place) *node {
			refs := applicable(at)
			if len(refs) == 0 || isLiteral(refs, n.text) {
				return n.withText(escape(n.text))
			}
			if named := c.name(refs, n.text); named != nil {
				return named
			}
			dangling = append(dangling, danglingAt(at, n.text))
			return n.withText(escape(n.text))
		},
		secret: c.hasher(k),
		mask:   func(*node) *node { return stringNode(maskMark) },
	}
	return s.apply(k, body), dangling
}

type dangling struct{ pointer, value string }

func danglingAt(at place, value string) dangling { return dangling{joinPointer(at.segs), value} }

// problem is why a string of a file cannot be used.
type problem struct {
	templateError
	pointer string
}

// desired returns an object in name form as the repository wants it.
func (c *comparison) desired(k *kindRules, body *node) (out *node, problems []problem) {
	fail := func(at place, err *templateError) *node {
		problems = append(problems, problem{*err, joinPointer(at.segs)})
		return nullNode
	}
	s := shape{
		repository: true,
		text: func(n *node, at place) *node {
			text, ref, err := expand(n.text, c.in.Variables)
			if err != nil {
				return fail(at, err)
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
				return fail(at, c.unresolved(*ref))
			}
			return stringNode(ref.String())
		},
		secret: c.hasher(k),
		mask:   func(*node) *node { return stringNode(maskMark) },
	}
	return s.apply(k, body), problems
}

// normalise follows a rename, and puts in the property that the kind declares.
func (c *comparison) normalise(ref *reference, declared []*tenant.Reference) {
	if key, ok := c.aliases[ref.object()]; ok {
		ref.key = key
	}
	ref.setProperty(declared)
}

// setProperty puts in the property that the kind declares for the place.
func (ref *reference) setProperty(declared []*tenant.Reference) {
	if ref.property != "" {
		return
	}
	for _, d := range declared {
		if slices.Contains(d.Kinds, ref.kind) {
			ref.property = d.Property
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
	case o == nil:
		return badTemplate(Unresolved, "%s is neither in the repository nor in the tenant; add it, or correct the name", ref)
	case c.bindings[ref.kind][ref.key] != "":
		return badTemplate(Unresolved, "%s: the object has no text property %q", ref, ref.property)
	case ref.property != "" && o.desired != nil && !o.keep:
		return badTemplate(Unresolved, "%s is known only once %s exists; sync again then", ref, ref.object())
	}
	return badTemplate(Unresolved, "%s is not in the tenant, and will not be created", ref)
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
		if key, ok := c.aliases[ref.object()]; ok {
			ref.key = key
			return stringNode(ref.String())
		}
	}
	return n.mapKids(func(i int) *node { return c.renameReferences(n.kids[i]) })
}

// guide finds references at places that the kind does not declare, in what the
// repository and the base have, so that the tenant's ids there can be named
// the same way. The result is by place and value.
func (c *comparison) guide(k *kindRules, sides ...*node) map[dangling]*node {
	guide := map[dangling]*node{}
	s := shape{repository: true, text: func(n *node, at place) *node {
		if ref := n.referenceIn(); ref != nil && len(applicable(at)) == 0 {
			if value, state := c.resolve(*ref); state == bound {
				guide[danglingAt(at, escape(value))] = n
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
func guided(k *kindRules, guide map[dangling]*node, n *node) *node {
	if n == nil || len(guide) == 0 {
		return n
	}
	s := shape{repository: true, text: func(n *node, at place) *node {
		if len(applicable(at)) == 0 {
			if ref := guide[danglingAt(at, n.text)]; ref != nil {
				return ref
			}
		}
		return n
	}}
	return s.apply(k, n)
}
