package plan

import (
	"maps"
	"slices"
)

// naming turns ids into names and names into ids, with the bindings of all
// objects that were read.
type naming struct {
	bindings Bindings
	// keys are the keys by kind and id.
	keys map[string]map[string]string
	// byProperty are the keys by kind, property and value, made when needed.
	byProperty map[string]map[string]string
}

// collectBindings notes which id each key has. Objects that are left alone, or
// of which nobody knows whether they are gone, keep the base's.
func (c *comparison) collectBindings() {
	c.bindings = make(Bindings, len(c.kinds))
	c.keys = make(map[string]map[string]string, len(c.kinds))
	c.byProperty = map[string]map[string]string{}
	for name, objects := range c.objects {
		ids, keys := make(map[string]string, len(objects)), make(map[string]string, len(objects))
		for key, o := range objects {
			id := o.currentID()
			if id == "" && o.base != nil && (o.missing || !c.complete(o.kind)) {
				id = o.base.ID
			}
			if id != "" {
				ids[key] = id
				if !c.unclear[Object{name, id}] { // its key is not to last
					keys[id] = key
				}
			}
		}
		c.bindings[name], c.keys[name] = ids, keys
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
	c.bindings.put(ref.bindings(), ref.key, value)
}

// formerly is added to a kind's name where former keys have the present ones.
const formerly = "@formerly"

func (b Bindings) put(kind, key, value string) {
	if b[kind] == nil {
		b[kind] = map[string]string{}
	}
	b[kind][key] = value
}

// of returns what a reference stands for, or an empty string.
func (b Bindings) of(ref reference) string {
	if value := b[ref.bindings()][ref.key]; value != "" {
		return value
	}
	if now := b[ref.kind+formerly][ref.key]; now != "" {
		return b[ref.bindings()][now]
	}
	return ""
}

// bindings is where the values of such references are.
func (r reference) bindings() string {
	if r.property == "" {
		return r.kind
	}
	return r.kind + "#" + r.property
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
			if o.current == nil || c.unclear[Object{kind, o.current.ID}] {
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
