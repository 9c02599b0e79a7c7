package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// body is a decoded object.
type body = map[string]any

func decode(raw json.RawMessage) body {
	var b body
	_ = json.Unmarshal(raw, &b)
	return b
}

func encode(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // decoded JSON always encodes
	}
	return raw
}

// lineOf returns the present files of a tenant.
func lineOf(repository *tenant.MemoryRepository, name string) tenant.Desired {
	d, err := repository.Desired(context.Background(), tenant.DesiredRequest{Tenant: name})
	if err != nil {
		panic(err) // a memory repository does not fail
	}
	return d
}

// fileOf returns the decoded file of a key, or nil.
func fileOf(d tenant.Desired, kind, key string) body {
	i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == kind && r.Key == key })
	if i < 0 {
		return nil
	}
	return decode(d.Resources[i].Body)
}

// referenceTo returns the text by which a file refers to another object.
func referenceTo(kind, key string) string { return "${" + kind + "/" + key + "}" }

// resolved returns a value with each reference replaced by the result of find,
// if find knows it.
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

// sameValue compares values. It ignores the order of lists.
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

// unmanaged are the properties that the service sets.
var unmanaged = []string{"id", "createdDateTime", "modifiedDateTime"}

// text renders an object for people, with sorted names.
func text(b body) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(b)) {
		if !slices.Contains(unmanaged, name) {
			parts = append(parts, fmt.Sprintf("%s=%v", name, b[name]))
		}
	}
	return strings.Join(parts, " ")
}

// texts renders objects for people.
func texts(list []tenant.Resource) string {
	var all []string
	for _, r := range list {
		all = append(all, "{"+text(decode(r.Body))+"}")
	}
	return strings.Join(all, ", ")
}
