package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
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

// secretOf is the secret that an item's file had when the plan was made.
func (s *subject) secretOf(r *oracle.Run, it *plan.Item) any {
	line, err := s.w.repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: s.name, Revision: r.Plan.Revision})
	if err != nil {
		return err
	}
	return fileOf(line, it.Kind, it.Key)["secret"]
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
