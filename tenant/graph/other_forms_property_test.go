package graph_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// spellings are values of each form, each with spellings that mean the same. No
// two rows mean the same. They are written by hand, so that the engine is not
// held against itself.
var spellings = map[tenant.ValueForm][][]string{
	"": {
		{"62e90394-69f5-4237-9190-012177145e10", "62E90394-69F5-4237-9190-012177145E10", "62E90394-69f5-4237-9190-012177145e10"},
		{"plain"}, {"Plain"}, {"com.Contoso.App"}, {"./Device/Vendor/MSFT"}, {"2026-03-01T00:00:00Z"}, {"b,a"},
	},
	tenant.Text:        {{"Text"}, {"text"}},
	tenant.Enumeration: {{"enabled", "Enabled", "ENABLED"}, {"all", "All"}, {"low", "LOW"}},
	tenant.Flags:       {{"minor,moderate", "moderate,minor", "Moderate, minor", "minor,minor,moderate"}, {"minor", "Minor", "minor,"}, {"elevated"}},
	tenant.ID: {
		{"ann@contoso.com", "Ann@Contoso.com"}, {"c1"}, {"C1"},
		{"0f1e2d3c-0000-4000-8000-abcdefabcdef", "0F1E2D3C-0000-4000-8000-ABCDEFABCDEF"},
	},
	tenant.Time: {
		{"2026-03-01", "2026-03-01T00:00:00Z", "2026-03-01T00:00:00.0000000Z", "2026-03-01T02:00:00+02:00"},
		{"2026-03-01T00:00:00", "2026-03-01T00:00:00.000"},
		{"08:00:00", "08:00:00.0000000"}, {"08:00:00.5", "08:00:00.50"},
	},
	tenant.Duration: {{"P1D", "PT24H", "PT86400S"}, {"P1M"}, {"P30D", "PT720H"}},
	tenant.IPRange: {
		{"192.0.2.0/24", "192.0.2.17/24", "192.0.2.0-192.0.2.255"}, {"192.0.2.0/25"}, {"::ffff:192.0.2.0/120"},
		{"2001:db8::/32", "2001:DB8:0::/32", "2001:0db8:0000:0000:0000:0000:0000:0000/32"},
	},
}

// drawObject makes up an object that uses the kind's declarations.
func (k declared) drawObject(t *rapid.T) map[string]any {
	body := map[string]any{}
	for _, s := range k.Sets {
		if rapid.Bool().Draw(t, s.Path) {
			k.put(t, body, s.Path, func() any { return k.drawMembers(t, s) })
		}
	}
	for _, f := range k.Forms {
		if rapid.Bool().Draw(t, f.Path) {
			k.put(t, body, f.Path, func() any {
				return rapid.SampledFrom(rapid.SampledFrom(spellings[f.As]).Draw(t, "value")).Draw(t, "spelling")
			})
			if f.Type != "" {
				k.put(t, body, f.Path[:strings.LastIndexByte(f.Path, '/')]+"/@odata.type", func() any { return f.Type })
			}
		}
	}
	for _, r := range k.References {
		if rapid.Bool().Draw(t, r.Path) {
			values := append([]string{"62e90394-69f5-4237-9190-012177145e10"}, k.literals(strings.Split(r.Path, "/")[1:])...)
			k.put(t, body, r.Path, func() any { return rapid.SampledFrom(values).Draw(t, "reference") })
		}
	}
	for _, d := range k.Defaults {
		if rapid.Bool().Draw(t, d.Path) {
			k.put(t, body, d.Path, func() any {
				var v any
				if err := json.Unmarshal(d.Value, &v); err != nil {
					t.Fatal(err)
				}
				return rapid.SampledFrom([]any{v, nil, ""}).Draw(t, "default")
			})
		}
	}
	for _, p := range k.EmptyIsAbsent {
		if !strings.HasSuffix(p, "*") && rapid.Bool().Draw(t, p) {
			k.put(t, body, p, func() any {
				return rapid.SampledFrom([]any{nil, "", "words", []any{}, map[string]any{}}).Draw(t, "empty")
			})
		}
	}
	if rapid.Bool().Draw(t, "more") {
		body["undeclaredList"] = []any{k.drawValue(t, 2), map[string]any{"a": k.drawValue(t, 2), "b": nil, "c": k.drawValue(t, 1)}}
		body["undeclared"] = k.drawValue(t, 2)
	}
	for _, p := range k.ReadOnly {
		if name := strings.TrimPrefix(p, "/"); !strings.Contains(name, "/") {
			delete(body, name)
		}
	}
	return body
}

func (k declared) drawValue(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 6).Draw(t, "what"); {
	case n == 0:
		return rapid.IntRange(1, 9).Draw(t, "number")
	case n == 1:
		return rapid.Bool().Draw(t, "bool")
	case n == 2 && depth > 0:
		return []any{k.drawValue(t, depth-1), k.drawValue(t, depth-1)}
	case n <= 4 && depth > 0:
		return map[string]any{"x": k.drawValue(t, depth-1), "y": k.drawValue(t, depth-1)}
	}
	return rapid.SampledFrom(rapid.SampledFrom(spellings[""]).Draw(t, "value")).Draw(t, "spelling")
}

func (k declared) drawMembers(t *rapid.T, s tenant.Set) any {
	var members []any
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		if len(s.By) == 0 && !s.Multi {
			members = append(members, fmt.Sprintf("member %d", i))
			continue
		}
		m := map[string]any{"value": k.drawValue(t, 1)}
		for _, by := range s.By {
			n := i
			if s.Multi && rapid.IntRange(0, 3).Draw(t, "repeated") == 0 {
				n = 0
			}
			put(m, strings.Split(by, "/")[1:], func() any { return fmt.Sprintf("identity %d", n) })
		}
		members = append(members, m)
	}
	return members
}

// put sets the values at a path with the names of a tree that "**" passes.
func (k declared) put(t *rapid.T, body map[string]any, path string, value func() any) {
	var segs []string
	for _, s := range strings.Split(path, "/")[1:] {
		switch {
		case s != "**":
			segs = append(segs, s)
			continue
		case segs[len(segs)-1] == "settings":
			segs = append(segs, "*", "settingInstance")
		}
		ways := [][]string{{"choiceSettingValue"}, {"groupSettingValue", "children", "*", "choiceSettingValue"}}
		if !strings.HasSuffix(path, "/groupSettingCollectionValue") {
			ways = append(ways, []string{"groupSettingCollectionValue", "*"})
		}
		segs = append(segs, rapid.SampledFrom(ways).Draw(t, "tree")...)
	}
	put(body, segs, value)
}

// put sets the values at a path where that is possible. Objects and arrays on
// the way are made.
func put(v any, segs []string, value func() any) any {
	switch {
	case len(segs) == 0:
		return value()
	case segs[0] == "*":
		array, ok := v.([]any)
		if v != nil && !ok {
			return v
		}
		if len(array) == 0 {
			array = []any{nil}
		}
		for i := range array {
			array[i] = put(array[i], segs[1:], value)
		}
		return array
	}
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		return v
	}
	if object == nil {
		object = map[string]any{}
	}
	object[segs[0]] = put(object[segs[0]], segs[1:], value)
	return object
}

// respelled returns what a service answers that stores values in a form of its
// own: equal to v, and no more is promised.
func (k declared) respelled(t *rapid.T, v any, path []string, typ string, inArray bool) any {
	rarely := func(what string) bool { return rapid.IntRange(0, 2).Draw(t, what) == 0 }
	if k.secret(path) {
		return v
	}
	switch v := v.(type) {
	case string:
		if v == "" {
			return v
		}
		if path[len(path)-1] == "@odata.type" {
			return rapid.SampledFrom([]string{v, strings.TrimPrefix(v, "#"), "#" + strings.TrimPrefix(v, "#")}).Draw(t, "type")
		}
		for _, same := range spellings[k.form(path, typ)] {
			if slices.Contains(same, v) {
				return rapid.SampledFrom(same).Draw(t, "spelling")
			}
		}
		if slices.Contains(k.literals(path), v) {
			return rapid.SampledFrom([]string{v, strings.ToLower(v), strings.ToUpper(v)}).Draw(t, "literal")
		}
		return v
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = k.respelled(t, v[i], append(slices.Clip(path), "*"), typ, true)
		}
		if set := k.set(path); set != nil {
			if len(out) > 1 {
				out = rapid.Permutation(out).Draw(t, "order")
			}
			if len(out) > 0 && len(set.By) == 0 && !set.Multi && rarely("repeat") {
				out = append(out, out[0])
			}
		}
		return out
	case map[string]any:
		typ, _ = v["@odata.type"].(string)
		out := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			out[name] = k.respelled(t, v[name], append(slices.Clip(path), name), typ, inArray)
		}
		for _, name := range slices.Sorted(maps.Keys(out)) {
			below := append(slices.Clip(path), name)
			empties := []any{nil}
			if inArray || atOrBelow(k.EmptyIsAbsent, below) || k.set(below) != nil && !isObject(out[name]) {
				empties = append(empties, "", []any{}, map[string]any{})
			}
			anyEmpty := isEmptyJSON(out[name]) && (len(empties) > 1 || out[name] == nil)
			defaults := k.defaultsAt(below, typ)
			isDefault := slices.ContainsFunc(defaults, func(def any) bool { return strings.EqualFold(fmt.Sprint(def), fmt.Sprint(out[name])) })
			if len(defaults) > 0 && (anyEmpty || isDefault) {
				anyEmpty, empties = true, append(empties, defaults...)
			}
			if !anyEmpty || !rarely("empty") {
				continue
			}
			if delete(out, name); rarely("as") {
				out[name] = rapid.SampledFrom(empties).Draw(t, "empty")
			}
		}
		if rarely("added") {
			added := []any{nil}
			if inArray {
				added = append(added, "", []any{}, map[string]any{}, map[string]any{"a": nil, "b": []any{}})
			}
			out["addedByTheService"] = rapid.SampledFrom(added).Draw(t, "added value")
		}
		for _, d := range k.Defaults {
			name := d.Path[strings.LastIndexByte(d.Path, '/')+1:]
			if _, has := out[name]; has {
				continue
			}
			if defaults := k.defaultsAt(append(slices.Clip(path), name), typ); len(defaults) > 0 && rarely("default") {
				out[name] = rapid.SampledFrom(defaults).Draw(t, "default value")
			}
		}
		return out
	}
	return v
}

func isObject(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

// defaultsAt returns the defaults of the value at a path, in an object of a type.
func (k declared) defaultsAt(path []string, typ string) (out []any) {
	for _, d := range k.Defaults {
		if !at(d.Path, path) || d.Type != "" && strings.TrimPrefix(d.Type, "#") != strings.TrimPrefix(typ, "#") {
			continue
		}
		var v any
		if json.Unmarshal(d.Value, &v) == nil {
			out = append(out, v)
		}
	}
	return out
}

// leaves calls yield for each value that a control can change, with what
// changes it.
func (k declared) leaves(v any, path []string, set func(any), yield func(path []string, v any, set func(any))) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := append(slices.Clip(path), name)
			if name != "@odata.type" && !k.secret(below) && !atOrBelow(k.ReadOnly, below) {
				k.leaves(v[name], below, func(now any) { v[name] = now }, yield)
			}
		}
	case []any:
		for i := range v {
			below := append(slices.Clip(path), "*")
			if !atOrBelow(k.ReadOnly, below) {
				k.leaves(v[i], below, func(now any) { v[i] = now }, yield)
			}
		}
	case nil:
	default:
		if v != "" {
			yield(path, v, set)
		}
	}
}

// compareOne compares one file with the tenant's object, which are known to be
// the same object. It returns the result and the base for the next comparison.
func (k declared) compareOne(t interface{ Fatal(...any) }, base *diff.Base, file, current map[string]any) *diff.Result {
	key := "P"
	if k.Singleton {
		key = k.Name
	}
	if base == nil {
		base = &diff.Base{Objects: []*diff.BaseObject{{Kind: k.Name, Key: key, ID: "id1"}}}
	}
	encode := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	current = maps.Clone(current)
	current["id"] = "id1"
	kinds, err := schema.CompileAll([]tenant.Kind{k.Kind})
	if err != nil {
		t.Fatal(err)
	}
	r, err := diff.Compare(context.Background(), diff.Input{Tenant: "contoso", Kinds: kinds, Base: base, Keys: schema.Keys{Tenant: "t", Fleet: "f"},
		Desired: tenant.Desired{Resources: []tenant.Resource{{Kind: k.Name, Key: key, Body: encode(file)}}},
		Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: k.Name, Completeness: tenant.Complete}},
			Resources: []tenant.Resource{{Kind: k.Name, ID: "id1", Body: encode(current)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func cloneJSON(t *rapid.T, v map[string]any) map[string]any {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// For every kind: whatever equal form the service answers in, the next plan is
// empty and the file stays as it is, whether both sides have agreed before or
// are compared for the first time. With one value changed, the object differs.
func TestEveryKindRestsInOtherForms(t *testing.T) {
	kinds := map[string]tenant.Kind{}
	for _, k := range allOn() {
		kinds[k.Name] = k
	}
	names := slices.Sorted(maps.Keys(kinds))
	rapid.Check(t, func(t *rapid.T) {
		k := declared{kinds[rapid.SampledFrom(names).Draw(t, "kind")]}
		file := cloneJSON(t, k.drawObject(t))
		answer := func(v map[string]any) map[string]any { return k.respelled(t, v, nil, "", false).(map[string]any) }
		show := func(v any) string {
			raw, _ := json.Marshal(v)
			return string(raw)
		}

		agreed := k.compareOne(t, nil, file, file).Base
		for i, base := range []*diff.Base{nil, agreed} {
			name, now := []string{"first", "next"}[i], answer(file)
			r := k.compareOne(t, base, file, now)
			found := differences(r)
			for _, n := range r.Plan.Notes {
				if n.Class == "widening" { // an equal form has nothing to offer
					found = append(found, n.Message)
				}
			}
			if len(found) > 0 {
				t.Errorf("%s, the %s comparison finds %s\nthe file is    %s\nthe tenant has %s", k.Name, name, strings.Join(found, "\n"), show(file), show(now))
			}
		}

		changed, what := cloneJSON(t, file), "nothing"
		var changes []func()
		var places []string
		k.leaves(changed, nil, nil, func(path []string, v any, set func(any)) {
			now := any(fmt.Sprint(v, " otherwise"))
			switch v := v.(type) {
			case bool:
				now = !v
			case float64:
				now = v + 1
			}
			changes, places = append(changes, func() { set(now) }), append(places, strings.Join(path, "/"))
		})
		if len(changes) == 0 {
			return
		}
		i := rapid.IntRange(0, len(changes)-1).Draw(t, "change")
		changes[i]()
		what = places[i]
		if k.compareOne(t, agreed, file, answer(changed)).Unchanged > 0 {
			t.Errorf("%s: a change of %s is not seen\nthe file is    %s\nthe tenant has %s", k.Name, what, show(file), show(changed))
		}
	})
}
