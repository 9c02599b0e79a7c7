package simulation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// body is a decoded object.
type body = map[string]any

var loadNothing = state.LoadRequest{Tenant: "nobody"}

func decode(raw json.RawMessage) body {
	var b body
	_ = json.Unmarshal(raw, &b)
	return b
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // made of decoded JSON
	}
	return raw
}

func sameBody(a, b json.RawMessage) bool {
	return bytes.Equal(a, b) || reflect.DeepEqual(decode(a), decode(b))
}

// unmanaged are the properties that the service sets.
var unmanaged = []string{"id", "createdDateTime", "modifiedDateTime"}

// reference is how a file names another object.
func referenceTo(kind, key string) string { return "${" + kind + "/" + key + "}" }

// resolved is a value with what find knows in place of references.
func resolved(v any, find func(kind, key string) (string, bool)) any {
	switch v := v.(type) {
	case string:
		inner, ok := strings.CutPrefix(v, "${")
		kind, key, two := strings.Cut(strings.TrimSuffix(inner, "}"), "/")
		if id, known := find(kind, key); ok && two && known {
			return id
		}
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = resolved(v[i], find)
		}
		return out
	}
	return v
}

// idOf finds the id of the object of that key: what the run has created, or
// what was bound to the key when the plan was made. The caller holds the lock.
func (s *subject) idOf(kind, key string) (string, bool) {
	if id := s.run.created[kind+"/"+key]; id != "" {
		return id, true
	}
	id, ok := s.run.bindings[kind][key]
	return id, ok
}

// sameValue compares values. The order does not matter in a list.
func sameValue(a, b any) bool {
	list, ok := a.([]any)
	if !ok {
		return reflect.DeepEqual(a, b)
	}
	rest, ok := b.([]any)
	if !ok || len(list) != len(rest) {
		return false
	}
	rest = slices.Clone(rest)
	for _, v := range list {
		i := slices.IndexFunc(rest, func(o any) bool { return sameValue(v, o) })
		if i < 0 {
			return false
		}
		rest = slices.Delete(rest, i, i+1)
	}
	return true
}

// checkOperation holds what is sent against the item that was approved: it is
// about the same object, changes what the plan shows, to what the plan shows,
// and nothing else. The caller holds the lock.
func (s *subject) checkOperation(it *plan.Item, op tenant.Operation) {
	violate := func(format string, args ...any) { s.w.violateLocked(s, "approval", format, args...) }
	if op.Verb != it.Verb || op.Kind != it.Kind || op.ID != it.TenantID {
		violate("approved is %s %s/%s, sent is %s %s/%s", it.Verb, it.Kind, it.TenantID, op.Verb, op.Kind, op.ID)
		return
	}
	s.checkShown(it, op)
	var sent body
	switch op.Verb {
	case tenant.Delete:
		return
	case tenant.Create:
		sent = decode(op.After)
		for name := range decode(it.After) {
			if _, ok := sent[name]; !ok && !strings.HasPrefix(name, "$") {
				violate("%s: approved is %s, and what is sent has no %s: %s", it.ID, it.After, name, op.After)
			}
		}
	case tenant.Update:
		sent = decode(op.Patch)
		for name := range sent {
			if !slices.ContainsFunc(it.Changes, func(c plan.PropertyChange) bool {
				return c.Pointer == "" || c.Pointer == "/"+name || strings.HasPrefix(c.Pointer, "/"+name+"/")
			}) {
				violate("%s: %s is sent, and the plan does not show that it changes", it.ID, name)
			}
		}
	}
	want := decode(it.After)
	for name, v := range sent {
		if want[name] == plan.Redacted {
			want[name] = s.secretOf(it)
		}
		if !sameValue(v, resolved(want[name], s.idOf)) {
			if _, isSet := v.([]any); isSet && s.mergedSet(it, op, name, v.([]any)) {
				continue
			}
			violate("%s: %s is sent as %v, and %v was approved, which is %v", it.ID, name, v, want[name], resolved(want[name], s.idOf))
		}
	}
}

// checkShown: what is written over, or deleted, is what the plan showed to the
// people who approved it.
func (s *subject) checkShown(it *plan.Item, op tenant.Operation) {
	has := decode(op.Before)
	same := func(name string, shown any) {
		if shown != plan.Redacted && (shown != nil || has[name] != nil) && !sameValue(has[name], resolved(shown, s.idOf)) {
			s.w.violateLocked(s, "nothing lost", "%s: %s=%v is written over, and the plan showed %v", it.ID, name, has[name], shown)
		}
	}
	for _, c := range it.Changes {
		var shown any
		if c.Before != nil {
			_ = json.Unmarshal(c.Before, &shown)
		}
		name := strings.TrimPrefix(c.Pointer, "/")
		whole, _ := shown.(map[string]any)
		switch {
		case c.Redacted || op.Verb == tenant.Create || strings.Contains(name, "/"):
		case name != "":
			same(name, shown)
		case whole != nil:
			for _, m := range made {
				same(m, whole[m])
			}
		}
	}
}

// secretOf is the secret that an item's file had when the plan was made.
func (s *subject) secretOf(it *plan.Item) any {
	line, err := s.w.repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: s.name, Revision: s.run.plan.Revision})
	if err != nil {
		return err
	}
	return fileOf(line, it.Kind, it.Key)["secret"]
}

// mergedSet reports whether a set is what was read, with the members that the
// plan adds and without those that it removes.
func (s *subject) mergedSet(it *plan.Item, op tenant.Operation, name string, sent []any) bool {
	was, _ := decode(op.Before)[name].([]any)
	want := slices.Clone(was)
	for _, c := range it.Changes {
		if c.Pointer != "/"+name+"/-" {
			continue
		}
		var member any
		if c.After != nil {
			_ = json.Unmarshal(c.After, &member)
			member = resolved(member, s.idOf)
			if !slices.ContainsFunc(want, func(o any) bool { return sameValue(o, member) }) {
				want = append(want, member)
			}
			continue
		}
		_ = json.Unmarshal(c.Before, &member)
		member = resolved(member, s.idOf)
		want = slices.DeleteFunc(want, func(o any) bool { return sameValue(o, member) })
	}
	return sameValue(sent, want)
}

// asApproved reports whether the tenant has what an item was to bring, without
// that the item was written. The caller holds the lock.
func (s *subject) asApproved(res *syncer.ItemResult) bool {
	it := s.run.plan.Item(res.Item)
	if it == nil {
		return false
	}
	raw := s.fake.Object(it.Kind, res.TenantID)
	if it.Verb == tenant.Delete {
		return raw == nil
	}
	has := decode(raw)
	for name, v := range decode(it.After) {
		if !strings.HasPrefix(name, "$") && raw != nil && (v != nil || has[name] != nil) && v != plan.Redacted && !sameValue(has[name], resolved(v, s.idOf)) {
			return false
		}
	}
	return raw != nil
}

// text is an object for people, names in order.
func text(b body) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if !slices.Contains(unmanaged, name) {
			parts = append(parts, fmt.Sprintf("%s=%v", name, b[name]))
		}
	}
	return strings.Join(parts, " ")
}
