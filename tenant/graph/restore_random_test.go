package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// features are the rules that a random kind may have, each for a property of
// its own.
type features struct {
	singleton            bool
	set, members, nested bool
	part, partWithRef    bool
	whole, put           bool
	createOnly           bool
	emptyIsAbsent        bool
	sensitive            bool
	readOnly             bool
	listSingle           bool
	keyOfTwo             bool
	ref, refs, earlier   []string // kinds that it refers to, and may refer to
}

var scopesOfAll = catalogue.Scopes{Delegated: [][]string{{"All"}}}

// drawCatalogue makes up kinds. A kind refers to those before it only.
func drawCatalogue(t *rapid.T) (*catalogue.Catalogue, map[string]features) {
	all := map[string]features{}
	out := &catalogue.Catalogue{}
	flip := func(what string) bool { return rapid.Bool().Draw(t, what) }
	var targets []string
	for i := range rapid.IntRange(1, 4).Draw(t, "kinds") {
		name := fmt.Sprintf("kind%d", i)
		f := features{singleton: i > 0 && rapid.IntRange(0, 4).Draw(t, name+" singleton") == 0,
			set: flip("set"), members: flip("members"), nested: flip("nested"), part: flip("part"), whole: flip("whole"), put: flip("put"),
			createOnly: flip("create only"), emptyIsAbsent: flip("empty is absent"), sensitive: flip("sensitive"), readOnly: flip("read-only"),
			listSingle: flip("single reads"), keyOfTwo: flip("key of two")}
		f.earlier = slices.Clone(targets)
		if len(targets) > 0 {
			f.partWithRef = f.part && flip("part refers")
			if flip("ref") {
				f.ref = []string{rapid.SampledFrom(targets).Draw(t, "ref kind")}
			}
			if flip("refs") {
				f.refs = slices.Clone(targets) // several kinds at one place
			}
		}
		if !f.singleton {
			targets = append(targets, name)
		}
		all[name] = f
		out.Entries = append(out.Entries, f.entry(name))
	}
	return out, all
}

func (f features) entry(name string) catalogue.Entry {
	e := catalogue.Entry{Endpoint: "/made/" + name, Version: "v1.0", Read: scopesOfAll, Write: scopesOfAll,
		Kind: tenant.Kind{Name: name, Singleton: f.singleton, Create: !f.singleton, Delete: !f.singleton, Update: true, ReadOnly: []string{"/id"}}}
	when := func(is bool, paths *[]string, path string) {
		if is {
			*paths = append(*paths, path)
		}
	}
	when(f.readOnly, &e.ReadOnly, "/createdDateTime")
	when(f.readOnly, &e.ReadOnly, "/inner/version")
	when(f.createOnly, &e.CreateOnly, "/type")
	when(f.emptyIsAbsent, &e.EmptyIsAbsent, "/note")
	when(f.emptyIsAbsent, &e.EmptyIsAbsent, "/inner/*")
	when(f.sensitive, &e.Sensitive, "/password")
	when(f.whole, &e.Whole, "/inner")
	if f.keyOfTwo {
		e.NaturalKey = []string{"/displayName", "/variant"}
	}
	if f.set {
		e.Sets = append(e.Sets, tenant.Set{Path: "/tags"})
	}
	if f.members {
		e.Sets = append(e.Sets, tenant.Set{Path: "/members", By: []string{"/name"}})
	}
	if f.ref != nil {
		e.References = append(e.References, tenant.Reference{Path: "/owner", Kinds: f.ref})
	}
	if f.refs != nil {
		e.References = append(e.References, tenant.Reference{Path: "/related/*", Kinds: f.refs, Literals: []string{"All"}})
		e.Sets = append(e.Sets, tenant.Set{Path: "/related"})
	}
	if f.part {
		e.Parts = []tenant.Part{{Name: "assignments", Path: "/assignments"}}
		e.PartRequests = map[string]catalogue.PartRequest{"assignments": {Action: "/assign", Wrap: "assignments"}}
		e.Subs = []catalogue.Sub{{Path: "/assignments", Property: "assignments"}}
		e.EmptyIsAbsent = append(e.EmptyIsAbsent, "/assignments")
		e.Sets = append(e.Sets, tenant.Set{Path: "/assignments", By: []string{"/target"}})
		if f.partWithRef {
			e.References = append(e.References, tenant.Reference{Path: "/assignments/*/target", Kinds: f.earlier, Literals: []string{"All"}})
		}
	}
	if f.put {
		e.Requests.Update = catalogue.Request{Method: "PUT", Whole: true}
	}
	e.List.Single = f.listSingle && !f.singleton
	return e
}

// drawBody makes up an object. ids are those of objects that are there.
func (f features) drawBody(t *rapid.T, n int, ids map[string][]string) string {
	words := rapid.SampledFrom([]string{"a", "B c", "${var:x}", "$5", "Grüße", "x/y#z", "[0]", "", "null", "%41", "\"quoted\"", "a\nb", "${kind0/O0}"})
	key := rapid.SampledFrom([]string{"O%d", "Name of %d", "%d: a/b", "${%d}", "ü %d #1", "a%%41 %d", "..%d", "CON%d.json"})
	body := map[string]any{"displayName": fmt.Sprintf(key.Draw(t, "key"), n), "text": words.Draw(t, "text"),
		"number": rapid.SampledFrom([]any{0, -1.5, 1e21, int64(12345678901234567), nil}).Draw(t, "number"), "list": rapid.SliceOfN(words, 0, 3).Draw(t, "list")}
	if f.keyOfTwo {
		body["variant"] = rapid.SampledFrom([]string{"x", "y - z"}).Draw(t, "variant")
	}
	if f.set {
		body["tags"] = rapid.SliceOfNDistinct(words, 0, 4, rapid.ID[string]).Draw(t, "tags")
	}
	if f.members {
		var members []any
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"n1", "n2", "N 3"}), 0, 3, rapid.ID[string]).Draw(t, "members") {
			members = append(members, map[string]any{"name": name, "value": words.Draw(t, "value"), "deep": map[string]any{"on": rapid.Bool().Draw(t, "on")}})
		}
		body["members"] = append([]any{}, members...)
	}
	if f.nested || f.whole {
		body["inner"] = map[string]any{"a": words.Draw(t, "a"), "b": map[string]any{"c": rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(t, "c")}, "version": n}
		if rapid.Bool().Draw(t, "inner empty") {
			body["inner"] = map[string]any{"a": nil, "b": map[string]any{}}
		}
	}
	if f.emptyIsAbsent {
		body["note"] = rapid.SampledFrom([]any{nil, "", "note"}).Draw(t, "note")
	}
	if f.createOnly {
		body["type"] = rapid.SampledFrom([]string{"T1", "T2"}).Draw(t, "type")
	}
	if f.sensitive {
		body["password"] = fmt.Sprintf("secret-%d-%s", n, rapid.SampledFrom([]string{"x", "${y}"}).Draw(t, "password"))
	}
	pick := func(kinds []string, what string) (string, bool) {
		var all []string
		for _, k := range kinds {
			all = append(all, ids[k]...)
		}
		if len(all) == 0 {
			return "", false
		}
		return rapid.SampledFrom(all).Draw(t, what), true
	}
	if id, ok := pick(f.ref, "owner"); ok {
		body["owner"] = id
	}
	if f.refs != nil {
		related := map[string]bool{}
		for i := range rapid.IntRange(0, 3).Draw(t, "related") {
			if id, ok := pick(f.refs, fmt.Sprint("related ", i)); ok {
				related[id] = true
			}
		}
		if rapid.Bool().Draw(t, "all") {
			related["All"] = true
		}
		body["related"] = slices.Sorted(maps.Keys(related))
	}
	if f.part {
		targets := map[string]bool{"All": rapid.Bool().Draw(t, "assigned to all")}
		if f.partWithRef {
			if id, ok := pick(f.earlier, "assigned"); ok {
				targets[id] = true
			}
		}
		assignments := []any{}
		for _, target := range slices.Sorted(maps.Keys(targets)) {
			if targets[target] {
				assignments = append(assignments, map[string]any{"target": target, "intent": words.Draw(t, "intent")})
			}
		}
		body["assignments"] = assignments
	}
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// upToIDs is a tenant's content in a form that compares: without what the
// service sets and what means nothing, sets in order, and references by name.
func upToIDs(c *catalogue.Catalogue, objects map[string][]tenant.Resource) (string, error) {
	names := map[string]string{}
	bodies := map[string][]map[string]any{}
	for _, e := range c.Entries {
		for _, r := range objects[e.Name] {
			var body map[string]any
			if err := json.Unmarshal(r.Body, &body); err != nil {
				return "", err
			}
			names[r.ID] = fmt.Sprintf("%s/%v/%v", e.Name, body["displayName"], body["variant"])
			bodies[e.Name] = append(bodies[e.Name], body)
		}
	}
	var lines []string
	for _, e := range c.Entries {
		for _, body := range bodies[e.Name] {
			named := replaceStrings(body, names).(map[string]any)
			for _, p := range e.ReadOnly {
				deleteAt(named, segmentsOf(p))
			}
			for _, p := range e.EmptyIsAbsent {
				dropEmpty(named, segmentsOf(p))
			}
			for _, s := range e.Sets { // one that is missing has no members either
				dropEmpty(named, segmentsOf(s.Path))
				if list, ok := named[strings.TrimPrefix(s.Path, "/")].([]any); ok {
					slices.SortFunc(list, func(a, b any) int { return strings.Compare(mustJSON(a), mustJSON(b)) })
				}
			}
			lines = append(lines, e.Name+" "+mustJSON(named))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), nil
}

func segmentsOf(p string) []string { return strings.Split(p, "/")[1:] }

func mustJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return string(raw)
}

func replaceStrings(v any, names map[string]string) any {
	switch v := v.(type) {
	case string:
		if name, ok := names[v]; ok {
			return "-> " + name
		}
	case map[string]any:
		for k, member := range v {
			if v[k] = replaceStrings(member, names); member == nil {
				delete(v, k) // a patch to null takes the property away
			}
		}
	case []any:
		for i, member := range v {
			v[i] = replaceStrings(member, names)
		}
	}
	return v
}

func deleteAt(o map[string]any, segs []string) {
	if len(segs) == 1 {
		delete(o, segs[0])
	} else if inner, ok := o[segs[0]].(map[string]any); ok {
		deleteAt(inner, segs[1:])
	}
}

// dropEmpty removes empty values at a path of one or two segments, and those in
// objects there.
func dropEmpty(o map[string]any, segs []string) {
	for name, v := range o {
		switch {
		case segs[0] != "*" && segs[0] != name:
		case len(segs) > 1:
			if inner, ok := v.(map[string]any); ok {
				dropEmpty(inner, segs[1:])
			}
		default:
			if o[name] = withoutEmpty(v); isEmpty(o[name]) {
				delete(o, name)
			}
		}
	}
}

func withoutEmpty(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if v[name] = withoutEmpty(member); isEmpty(v[name]) {
				delete(v, name)
			}
		}
	case []any:
		for i := range v { // elements stay
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}

func isEmpty(v any) bool { return slices.Contains([]string{"null", `""`, "[]", "{}"}, mustJSON(v)) }

func decodeFields(raw json.RawMessage) (fields map[string]any, err error) {
	return fields, json.Unmarshal(raw, &fields)
}

// keyOf is an object's natural key.
func keyOf(e catalogue.Entry, fields map[string]any) string {
	key, _ := fields["displayName"].(string)
	if len(e.NaturalKey) > 1 {
		key += fmt.Sprintf(" - %v", fields["variant"])
	}
	return key
}
