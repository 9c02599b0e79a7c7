package graph_test

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// bodyMaker makes an object of a kind from Microsoft's metadata: every property that
// can be written has a value of its type.
type bodyMaker struct {
	model *graphmeta.Model
	entry catalogue.Entry
	// seed returns the id of an object of another kind.
	seed func(kind string) string
	// variant is another one for other values.
	variant int
}

// madeOf are the types of objects whose own type has no values, although the metadata
// does not call it abstract.
var madeOf = map[string]string{"namedLocations": "ipNamedLocation", "mobileAppPackages": "win32LobApp"}

// needed are navigation properties without which an object is not created.
var needed = map[string]string{"lifecycleWorkflows": "tasks", "configurationMonitors": "baseline"}

// createdWith are properties without which an object is not created, and which an object
// would otherwise not have: parts, links and references. "GROUP" is a group's id.
var createdWith = map[string]map[string]any{
	"authenticationStrengthPolicies": {"allowedCombinations": []any{"password,sms"}},
	"deviceCompliancePolicies":       {"scheduledActionsForRule": []any{map[string]any{"ruleName": "r", "scheduledActionConfigurations": []any{map[string]any{"actionType": "block", "gracePeriodHours": 1}}}}},
	"operationApprovalPolicies":      {"approverGroupIds": []any{"GROUP"}},
}

// setByService are properties that only the service sets, whatever the metadata says.
var setByService = []string{"verifiedPublisher", "certification", "inventorySyncStatus"}

// filtered finds what a list is filtered by.
var filtered = regexp.MustCompile(`(\w+) eq '([^']*)'`)

// depth is how deep complex values go.
const depth = 3

// object returns a whole object but for its parts.
func (m *bodyMaker) object() (map[string]any, error) {
	at, ok := m.model.Endpoint(m.entry.Endpoint)
	if !ok {
		return nil, fmt.Errorf("the metadata of %s does not have %s", m.model.Version, m.entry.Endpoint)
	}
	body := m.complex(cmp.Or(madeOf[m.entry.Name], at.Type), nil, depth)
	for _, found := range filtered.FindAllStringSubmatch(m.entry.List.Query, -1) {
		body[found[1]] = found[2] // others are not listed
	}
	for _, p := range m.entry.Parts {
		delete(body, strings.TrimPrefix(p.Path, "/"))
	}
	for name, value := range createdWith[m.entry.Name] {
		if list, ok := value.([]any); ok && list[0] == "GROUP" {
			value = []any{m.seed("groups")}
		}
		body[name] = value
	}
	for _, path := range m.entry.NaturalKey {
		name, below, nested := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		switch {
		case body[name] != nil || path == "/@odata.type":
		case nested:
			body[name] = map[string]any{below: m.keyed(path)}
		default:
			body[name] = m.keyed(path)
		}
	}
	if len(m.entry.NaturalKey) == 0 && body["displayName"] == nil && !m.entry.Singleton {
		body["displayName"] = "P"
	}
	return body, nil
}

// keyed is the value of a property of the natural key.
func (m *bodyMaker) keyed(path string) any {
	for _, r := range m.entry.References {
		if r.Path == path {
			return m.seed(r.Kinds[0])
		}
	}
	return "p1"
}

// part returns a value of a property that is a part.
func (m *bodyMaker) part(property string) (any, error) {
	at, _ := m.model.Endpoint(m.entry.Endpoint)
	t, ok := m.model.Type(at.Type)
	if !ok {
		return nil, fmt.Errorf("the metadata has no type %q", at.Type)
	}
	declared := t.Declared(property)
	if len(declared) == 0 {
		return nil, fmt.Errorf("the metadata has no %s of %s", property, at.Type)
	}
	m.variant++
	for _, s := range m.entry.Subs {
		if s.Property == property && s.IDs {
			return []any{m.linked([]string{property, "*"})}, nil
		}
	}
	value := m.value(declared[0], []string{property}, depth)
	for _, r := range m.entry.PartRequests {
		if list, ok := value.([]any); ok && r.Each != nil && slices.Contains(r.Each.By, "id") && strings.HasPrefix(r.Each.Collection, "/"+property) {
			list[0].(map[string]any)["id"] = "chosen"
		}
	}
	return value, nil
}

// linked returns the id of an object that a link leads to: of the kind that the
// path refers to, or of none.
func (m *bodyMaker) linked(path []string) string {
	for _, r := range m.entry.References {
		if at(r.Path, path) {
			return m.seed(r.Kinds[0])
		}
	}
	return fmt.Sprintf("linked%d", m.variant)
}

// isLink reports whether a property is written as a link.
func (m *bodyMaker) isLink(path []string) bool {
	for _, b := range m.entry.Requests.Create.Bind {
		if at(b.Path, path) {
			return true
		}
	}
	for _, p := range m.entry.Parts {
		if c := m.entry.PartRequests[p.Name].Changes; c != nil && slices.ContainsFunc(c.Bind, func(b catalogue.Bind) bool { return at(p.Path+"/*"+b.Path, path) }) {
			return true
		}
	}
	return false
}

// complex returns a value of a complex or entity type, or nil.
func (m *bodyMaker) complex(typ string, path []string, deep int) map[string]any {
	t, ok := m.model.Type(typ)
	if !ok || deep == 0 {
		return nil
	}
	out := map[string]any{}
	if t.Base != "" && slices.Contains(slices.Collect(maps.Values(madeOf)), typ) {
		out["@odata.type"] = "#microsoft.graph." + typ
	}
	if below := m.model.Derived(typ); len(below) > 0 {
		i := slices.IndexFunc(below, func(name string) bool {
			d, _ := m.model.Type(name)
			return !d.HasAbstract() && d.Abstract != graphmeta.Probably
		})
		if t.HasAbstract() && i < 0 {
			return nil
		}
		if t.HasAbstract() {
			t, _ = m.model.Type(below[i])
		}
		out["@odata.type"] = "#microsoft.graph." + t.Name
	}
	for _, p := range t.Properties() {
		below := append(slices.Clip(path), p.Name)
		if m.isLink(below) {
			out[p.Name] = map[string]any{"id": m.linked(append(slices.Clip(below), "id"))}
			continue
		}
		if p.Name == needed[m.entry.Name] && len(path) == 0 {
			p.Navigation = false
		}
		if p.Navigation || m.leftOut(p, below) {
			continue
		}
		if v := m.value(p, below, deep); v != nil {
			out[p.Name] = v
		}
	}
	return out
}

// leftOut reports whether a property is not for a file to have, or is no value that
// could be made up: references, secrets, and what limits the verbs of the object.
func (m *bodyMaker) leftOut(p graphmeta.Property, path []string) bool {
	k := declared{m.entry.Kind}
	pointer := "/" + strings.Join(path, "/")
	var conditions []string
	for _, l := range m.entry.Limits {
		conditions = append(conditions, l.When.Path)
	}
	for _, s := range slices.Concat(m.entry.List.Skip, m.entry.List.Only) {
		conditions = append(conditions, s.Path)
	}
	for _, r := range m.entry.References {
		if at(r.Path, path) || at(r.Path, append(slices.Clip(path), "*")) {
			return true
		}
	}
	return p.Marks.ReadOnly() || p.Marks&graphmeta.Key != 0 || atOrBelow(k.ReadOnly, path) || k.secret(path) ||
		slices.Contains(setByService, p.Name) || tenant.SaysSecret(p.Name) || slices.Contains(conditions, pointer) ||
		len(path) == 1 && slices.Contains(m.entry.Apart, p.Name) // read only for hosts that ask
}

// value returns a value of a property, or nil.
func (m *bodyMaker) value(p graphmeta.Property, path []string, deep int) any {
	if !p.Collection {
		return m.one(p, path, deep)
	}
	one := m.one(p, append(slices.Clip(path), "*"), deep)
	if one == nil {
		return nil
	}
	return []any{one}
}

func (m *bodyMaker) one(p graphmeta.Property, path []string, deep int) any {
	if enum, ok := m.model.Enum(p.Type); ok {
		known := slices.DeleteFunc(slices.Clone(enum.Members), func(s string) bool { return s == "unknownFutureValue" || s == "unknown" || s == "none" })
		if len(known) == 0 {
			return nil
		}
		return known[m.variant%len(known)]
	}
	switch p.Type {
	case "Edm.String":
		k := declared{m.entry.Kind}
		if form := k.form(path, ""); form != "" {
			return spellings[form][0][0]
		}
		return fmt.Sprintf("%s %d", p.Name, m.variant)
	case "Edm.Boolean":
		return true
	case "Edm.Int16", "Edm.Int32", "Edm.Int64", "Edm.Byte", "number":
		return 7 + m.variant
	case "Edm.Double", "Edm.Single", "Edm.Decimal":
		return 1.5
	case "Edm.Guid":
		return "0f1e2d3c-0000-4000-8000-abcdefabcdef"
	case "Edm.DateTimeOffset":
		return "2026-03-01T00:00:00Z"
	case "Edm.Date":
		return "2026-03-01"
	case "Edm.TimeOfDay":
		return "08:00:00"
	case "Edm.Duration":
		return "PT1H"
	case "Edm.Binary":
		return "AQID"
	}
	if o := m.complex(p.Type, path, deep-1); len(o) > 0 {
		return o
	}
	return nil
}

// edit is a change of one value.
type edit struct {
	path []string
	make func()
}

// changeable returns a change of a file that an update can make, or nil: of the
// description, of another property of the object itself, or of one deeper down.
func (m *bodyMaker) changeable(file map[string]any) *edit {
	at, _ := m.model.Endpoint(m.entry.Endpoint)
	if found := m.changeableIn(at.Type, file, nil); found != nil {
		return found
	}
	name, ok := file["displayName"].(string)
	if !ok || slices.Contains(m.entry.CreateOnly, "/displayName") {
		return nil
	}
	return &edit{[]string{"displayName"}, func() { file["displayName"] = name + " otherwise" }} // it has nothing else
}

func (m *bodyMaker) changeableIn(typ string, holder map[string]any, above []string) *edit {
	t, ok := m.model.Type(typ)
	if !ok {
		return nil
	}
	k := declared{m.entry.Kind}
	key := m.entry.NaturalKey
	if len(key) == 0 {
		key = []string{"/displayName"}
	}
	var best *edit
	for _, name := range slices.Sorted(maps.Keys(holder)) {
		path := append(slices.Clone(above), name)
		ps := t.Declared(name)
		if len(ps) == 0 || holder[name] == nil || slices.Contains(key, "/"+strings.Join(path, "/")) || atOrBelow(k.CreateOnly, path) || m.leftOut(ps[0], path) ||
			slices.ContainsFunc(m.entry.Parts, func(p tenant.Part) bool { return p.Path == "/"+name }) {
			continue
		}
		inner, deep := holder[name].(map[string]any)
		below := path
		if list, ok := holder[name].([]any); ok && len(list) == 1 {
			inner, deep = list[0].(map[string]any)
			below = append(slices.Clip(path), "*")
		}
		var found *edit
		if deep {
			found = m.changeableIn(ps[0].Type, inner, below)
		} else if now := m.changed(ps[0], path, holder[name]); now != nil {
			found = &edit{path, func() { holder[name] = now }}
		}
		if found != nil && (best == nil || name == "description" || len(found.path) < len(best.path)) {
			best = found
		}
	}
	return best
}

// changed returns another value of a property, or nil.
func (m *bodyMaker) changed(p graphmeta.Property, path []string, v any) any {
	if enum, ok := m.model.Enum(p.Type); ok {
		for _, other := range enum.Members {
			if text, ok := v.(string); ok && other != "unknownFutureValue" && !strings.EqualFold(other, text) {
				return other
			}
		}
		return nil
	}
	plain := declared{m.entry.Kind}.form(path, "") == ""
	switch v := v.(type) {
	case bool:
		return !v
	case float64:
		return v + 1
	case string:
		if plain && p.Type == "Edm.String" {
			return v + " otherwise"
		}
	case []any:
		if plain && p.Type == "Edm.String" {
			return append(slices.Clone(v), "other")
		}
	}
	return nil
}
