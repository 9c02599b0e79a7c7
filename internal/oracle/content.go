package oracle

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// content compares an operation with the approved item: it must write the same
// object, the values that the plan shows, and nothing else.
type content struct {
	*book
	reveal func(*Run, *plan.Item) any // nil if secrets are unknown
	r      *Run
	it     *plan.Item
}

type body = map[string]any

func decode(raw json.RawMessage) (b body) {
	_ = json.Unmarshal(raw, &b)
	return b
}

func sameBody(a, b json.RawMessage) bool {
	return bytes.Equal(a, b) || reflect.DeepEqual(decode(a), decode(b))
}

// check compares an operation with the item.
func (c content) check(op tenant.Operation) {
	it, id := c.it, c.it.TenantID
	if id == "" && it.Verb == tenant.Update { // the item is a part of an object that the plan creates
		id = c.r.created[it.Kind+"/"+it.Key]
	}
	if op.Verb != it.Verb || op.Kind != it.Kind || op.ID != id || op.Part != it.Part {
		c.violate(Approval, "approved is %s %s/%s#%s, sent is %s %s/%s#%s", it.Verb, it.Kind, id, it.Part, op.Verb, op.Kind, op.ID, op.Part)
		return
	}
	if it.Part == "" {
		c.shown(op)
	}
	want, sent := decode(it.After), body{}
	switch op.Verb {
	case tenant.Create:
		sent = decode(op.After)
		for name := range want {
			if _, ok := sent[name]; !ok && name[0] != '$' && !c.isPart(name) {
				c.violate(Approval, "%s: approved is %s, and what is sent has no %s: %s", it.ID, it.After, name, op.After)
			}
		}
	case tenant.Update:
		sent = decode(op.Patch)
		for name := range sent {
			if !slices.ContainsFunc(it.Changes, func(ch plan.PropertyChange) bool { return ch.Pointer == "" || topLevel(ch.Pointer) == name }) {
				c.violate(Approval, "%s: %s is sent, and the plan does not show that it changes", it.ID, name)
			}
		}
	}
	for name, v := range sent {
		if c.same(v, want[name]) {
			continue
		}
		if list, ok := v.([]any); ok && c.merged(op, name, list) {
			continue
		}
		c.violate(Approval, "%s: %s is sent as %v, and %v was approved", it.ID, name, v, c.resolve(want[name]))
	}
}

// topLevel returns the property that a pointer begins with.
func topLevel(pointer string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/"), "/")
	return name
}

// isPart reports whether another item of the plan writes the property as a part
// of the object.
func (c content) isPart(name string) bool {
	return slices.ContainsFunc(c.r.Plan.Items, func(it plan.Item) bool {
		return it.Part != "" && it.Kind == c.it.Kind && it.Key == c.it.Key &&
			slices.ContainsFunc(it.Changes, func(ch plan.PropertyChange) bool { return topLevel(ch.Pointer) == name })
	})
}

// shown checks that the operation replaces or deletes the values that the plan
// showed.
func (c content) shown(op tenant.Operation) {
	has := decode(op.Before)
	same := func(name string, shown any) {
		if (shown != nil || has[name] != nil) && !c.same(has[name], shown) && !c.unresolved(shown) {
			c.violate(LostUpdate, "%s: %s is written over, which is %v, and the plan showed %v", c.it.ID, name, has[name], shown)
		}
	}
	for _, ch := range c.it.Changes {
		var shown any
		_ = json.Unmarshal(ch.Before, &shown)
		name := strings.TrimPrefix(ch.Pointer, "/")
		switch {
		case op.Verb == tenant.Create || ch.Redacted || strings.Contains(name, "/"):
		case name != "":
			same(name, shown)
		default:
			whole, _ := shown.(body)
			for name, v := range whole {
				same(name, v)
			}
		}
	}
}

// unresolved reports whether a value has a reference without an approved value.
// A delete lists no references.
func (c content) unresolved(v any) bool {
	raw, _ := json.Marshal(c.resolve(v))
	return bytes.Contains(raw, []byte("${"))
}

// same compares a sent value with the approved one. It ignores the order of a
// list, and a null equals a missing value.
func (c content) same(sent, want any) bool {
	switch want := want.(type) {
	case string:
		if strings.Contains(want, plan.Redacted) {
			return c.reveal == nil || sent == c.reveal(c.r, c.it)
		}
		return sent == c.resolve(want)
	case []any:
		list, ok := sent.([]any)
		return ok && sameList(list, want, c.same)
	case body:
		object, ok := sent.(body)
		if !ok {
			return false
		}
		for name, v := range object {
			if !c.same(v, want[name]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(sent, want)
}

func sameList(a, b []any, same func(a, b any) bool) bool {
	if len(a) != len(b) {
		return false
	}
	rest := slices.Clone(b)
	for _, v := range a {
		i := slices.IndexFunc(rest, func(o any) bool { return same(v, o) })
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return true
}

// resolve replaces references by the approved values, and by the ids of the
// objects that the run has created.
func (c content) resolve(v any) any {
	switch v := v.(type) {
	case string:
		for _, ref := range c.it.Resolved {
			value := ref.ID
			if value == "" {
				value = ref.Value
			}
			if value != "" {
				v = strings.ReplaceAll(v, ref.Ref, value)
			}
		}
		for item, id := range c.r.created {
			v = strings.ReplaceAll(v, "${"+item+"}", id)
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = c.resolve(v[i])
		}
		return out
	}
	return v
}

// merged reports whether a set is correct: the set that was read, with the
// members that the plan adds, and without the members that it removes.
func (c content) merged(op tenant.Operation, name string, sent []any) bool {
	was, _ := decode(op.Before)[name].([]any)
	want := slices.Clone(was)
	for _, ch := range c.it.Changes {
		if ch.Pointer != "/"+name+"/-" {
			continue
		}
		var before, after any
		_ = json.Unmarshal(ch.Before, &before)
		_ = json.Unmarshal(ch.After, &after)
		if after == nil {
			want = slices.DeleteFunc(want, func(v any) bool { return c.same(v, before) })
		} else if !slices.ContainsFunc(want, func(v any) bool { return c.same(v, after) }) {
			want = append(want, c.resolve(after))
		}
	}
	return sameList(sent, want, reflect.DeepEqual)
}

// reached reports whether an object has the values that the item wants. An update
// wants only what its changes show: of a set, the members that it adds and removes.
func (c content) reached(object json.RawMessage) bool {
	has, want := decode(object), decode(c.it.After)
	reached := func(name string) bool {
		v := want[name]
		return (v == nil && has[name] == nil) || v == plan.Redacted || c.same(has[name], v)
	}
	for _, ch := range c.it.Changes {
		name := topLevel(ch.Pointer)
		switch {
		case ch.Pointer == "":
			for name := range want {
				if name[0] != '$' && !reached(name) {
					return false
				}
			}
		case ch.Pointer == "/"+name+"/-":
			set, _ := has[name].([]any)
			if !c.member(set, ch.After, true) || !c.member(set, ch.Before, false) {
				return false
			}
		case !reached(name):
			return false
		}
	}
	return true
}

// member reports whether it is true, or false, that a set has a value. No value is
// as wanted.
func (c content) member(set []any, value json.RawMessage, want bool) bool {
	var v any
	_ = json.Unmarshal(value, &v)
	return v == nil || want == slices.ContainsFunc(set, func(has any) bool { return c.same(has, v) })
}
