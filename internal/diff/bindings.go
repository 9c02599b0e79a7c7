package diff

import (
	"maps"
	"slices"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// naming turns ids into names and names into ids, with the bindings of all
// objects that were read.
type naming struct {
	bindings reference.Bindings
	// keys are the keys by kind and id.
	keys map[string]map[string]string
	// byProperty are the keys by kind, property and value, made when needed.
	byProperty map[string]map[string]string
}

// collectBindings notes which id each key has. Objects that are left alone, or
// of which nobody knows whether they are gone, keep the base's.
func (c *comparison) collectBindings() {
	c.bindings = make(reference.Bindings, len(c.kinds))
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
					keys[schema.FoldGUID(id)] = key
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
func (c *comparison) resolve(ref reference.Ref) (string, known) {
	o := c.objects[ref.Kind][ref.Key]
	id := c.bindings[ref.Kind][ref.Key]
	switch {
	case o == nil:
		return "", unknown
	case id == "":
		if o.desired == nil || o.keep || o.current != nil {
			return "", unknown
		}
		if ref.Property != "" {
			// Only what the file itself says is known before it is made.
			v, ok := c.desiredProperty(o, ref.Property)
			c.bindProperty(ref, v, ok)
			if !ok {
				return "", unknown
			}
		}
		return "", pending
	case ref.Property == "":
		return id, bound
	}
	if o.current == nil {
		return "", unknown
	}
	v := c.tenantBody(o.kind, o.current).At(reference.PropertyPath(ref.Property))
	c.bindProperty(ref, jsonval.TextOf(v), v.IsString())
	return jsonval.TextOf(v), map[bool]known{true: bound}[v.IsString()]
}

// bindProperty keeps a property's value for [Operation], beside the ids.
func (c *comparison) bindProperty(ref reference.Ref, value string, ok bool) {
	if !ok {
		return
	}
	c.bindings.Put(ref.Bindings(), ref.Key, value)
}

func (c *comparison) desiredProperty(o *object, property string) (string, bool) {
	body, err := o.file()
	if err != nil {
		return "", false
	}
	v := body.At(reference.PropertyPath(property))
	if !v.IsString() {
		return "", false
	}
	text, ref, bad := reference.Expand(v.Text, c.in.Variables)
	return text, ref == nil && bad == nil
}

// lookup finds what an id, or another property's value, belongs to.
func (c *comparison) lookup(kind, property, value string) (string, bool) {
	if property == "" {
		key, ok := c.keys[kind][schema.FoldGUID(value)]
		return key, ok
	}
	index := c.byProperty[kind+"#"+property]
	if index == nil {
		index = map[string]string{}
		segs := reference.PropertyPath(property)
		for _, key := range slices.Sorted(maps.Keys(c.objects[kind])) {
			o := c.objects[kind][key]
			if o.current == nil || c.unclear[Object{kind, o.current.ID}] {
				continue
			}
			if v := schema.FoldGUID(jsonval.TextOf(c.tenantBody(o.kind, o.current).At(segs))); v != "" {
				if _, twice := index[v]; twice {
					key = "" // two objects have it, so it names neither
				}
				index[v] = key
			}
		}
		c.byProperty[kind+"#"+property] = index
	}
	key := index[schema.FoldGUID(value)]
	return key, key != ""
}
