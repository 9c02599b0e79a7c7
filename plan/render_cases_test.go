package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/tenant"
)

// rendered returns a plan of the items as text and as Markdown.
func rendered(t testing.TB, items ...Item) (text, markdown string) {
	t.Helper()
	return renderedPlan(t, &Plan{Tenant: "contoso", Items: items})
}

func renderedPlan(t testing.TB, p *Plan) (text, markdown string) {
	t.Helper()
	var a, b bytes.Buffer
	if err := errors.Join(p.Text(&a), p.Markdown(&b)); err != nil {
		t.Fatal(err)
	}
	return a.String(), b.String()
}

func encoded(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// choice returns a setting of a settings catalog policy with one of its choices,
// and the child settings of that choice.
func choice(definition, value string, children ...any) any {
	if children == nil {
		children = []any{}
	}
	return map[string]any{"@odata.type": catalogType + "Setting", "settingInstance": choiceInstance(definition, value, children)}
}

func choiceInstance(definition, value string, children []any) map[string]any {
	return map[string]any{
		"@odata.type": catalogType + "ChoiceSettingInstance", "settingDefinitionId": definition, "settingInstanceTemplateReference": nil,
		"choiceSettingValue": map[string]any{"@odata.type": catalogType + "ChoiceSettingValue", "value": definition + "_" + value, "children": children, "settingValueTemplateReference": nil},
	}
}

func simpleInstance(definition string, value any) map[string]any {
	typ := "IntegerSettingValue"
	if _, ok := value.(string); ok {
		typ = "StringSettingValue"
	}
	return map[string]any{
		"@odata.type": catalogType + "SimpleSettingInstance", "settingDefinitionId": definition,
		"simpleSettingValue": map[string]any{"@odata.type": catalogType + typ, "value": value},
	}
}

func simple(definition string, value any) any {
	return map[string]any{"@odata.type": catalogType + "Setting", "settingInstance": simpleInstance(definition, value)}
}

// TestMembersAreNamed renders changes of lists of objects. The rows name the
// member and show its changed properties.
func TestMembersAreNamed(t *testing.T) {
	assignment := func(group, intent string) any {
		return map[string]any{"intent": intent, "target": map[string]any{"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}
	}
	everybody := map[string]any{"intent": "required", "target": map[string]any{"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
	type list = []any
	tests := []struct {
		name          string
		pointer       string
		before, after any // nil for an absent member
		want          []string
	}{
		{"a setting's value", "/settings", list{simple("device_a", 1), simple("device_b", 1)}, list{simple("device_a", 1), simple("device_b", 0)},
			[]string{"/settings[device_b]: 1 → 0"}},
		{"a setting's choice", "/settings", list{choice("device_a", "1"), choice("device_b", "1")}, list{choice("device_a", "0"), choice("device_b", "1")},
			[]string{"/settings[device_a]: …_1 → …_0"}},
		{"a nested setting", "/settings", list{choice("a", "1", simpleInstance("b", 5), simpleInstance("c", "x"))}, list{choice("a", "1", simpleInstance("b", 6), simpleInstance("c", "x"))},
			[]string{"/settings[a]/children[b]: 5 → 6"}},
		{"added and removed settings", "/settings", list{choice("a", "1"), simple("b", 7)}, list{choice("a", "1"), simple("c", "text"), choice("d", "0", simpleInstance("e", 3))},
			[]string{"/settings[b]: 7 → (none)", `/settings[c]: (none) → "text"`, "/settings[d]: (none) → …_0", "/settings[d]/children[e]: (none) → 3"}},
		{"all settings", "/settings", list{choice("a", "1")}, nil, []string{"/settings[a]: …_1 → (none)"}},
		{"one setting in place of another", "/settings", list{simple("a", 1)}, list{simple("b", 2)},
			[]string{"/settings[a]: 1 → (none)", "/settings[b]: (none) → 2"}},
		{"one nested setting in place of another", "/settings", list{choice("a", "1", simpleInstance("b", 5))}, list{choice("a", "1", simpleInstance("c", 6))},
			[]string{"/settings[a]/children[b]: 5 → (none)", "/settings[a]/children[c]: (none) → 6"}},
		{"settings in another order", "/settings", list{choice("a", "1"), choice("b", "1")}, list{choice("b", "1"), choice("a", "1")},
			[]string{"/settings: in another order"}},
		{"a type that is not implied", "/settings/-", nil, map[string]any{"settingInstance": map[string]any{"@odata.type": "#microsoft.graph.other", "settingDefinitionId": "a",
			"simpleSettingValue": map[string]any{"value": 1}}}, []string{`/settings[a]/@odata.type: (none) → "#microsoft.graph.other"`, "/settings[a]: (none) → 1"}},
		{"a choice of another setting", "/settings/-", choice("a", "1"), map[string]any{"@odata.type": catalogType + "Setting",
			"settingInstance": map[string]any{"@odata.type": catalogType + "ChoiceSettingInstance", "settingDefinitionId": "a", "settingInstanceTemplateReference": nil,
				"choiceSettingValue": map[string]any{"@odata.type": catalogType + "ChoiceSettingValue", "value": "b_1", "children": list{}, "settingValueTemplateReference": nil}}},
			[]string{`/settings[a]: …_1 → "b_1"`}},
		{"a member of a set", "/settings/-", choice("a", "1"), choice("a", "2"), []string{"/settings[a]: …_1 → …_2"}},
		{"an added member of a set", "/settings/-", nil, simple("a", 1), []string{"/settings[a]: (none) → 1"}},
		{"a removed member of a set", "/settings/-", simple("a", 1), nil, []string{"/settings[a]: 1 → (none)"}},
		{"an added setting without a value", "/settings/-", nil, map[string]any{"settingInstance": map[string]any{"settingDefinitionId": "a"}},
			[]string{`/settings[a]: (none) → {"settingInstance": {"settingDefinitionId": "a"}}`}},
		{"a member of a set at the top", "/-", nil, map[string]any{"id": "x", "on": true}, []string{"[x]: (none) → "}},
		{"repeated definitions", "/settings", list{simple("a", 1), simple("a", 2)}, list{simple("a", 1), simple("a", 3)},
			[]string{"/settings[a]: 2 → 3"}},
		{"repeated definitions, added and removed", "/settings", list{simple("a", 1), simple("a", 2), simple("b", 1), simple("b", 1)}, list{simple("b", 1), simple("a", 1), simple("b", 5), simple("b", 1)},
			[]string{"/settings[a]: 2 → (none)", "/settings[b]: (none) → 5"}},
		{"an assignment's intent", "/assignments", list{assignment("g1", "available"), everybody}, list{assignment("g1", "required"), everybody},
			[]string{`/assignments["group g1"]/intent: "available" → "required"`}},
		{"an assignment of two intents", "/assignments", list{assignment("g1", "available"), assignment("g1", "required")},
			list{assignment("g1", "available"), assignment("g1", "required"), everybody}, []string{`/assignments["allDevices required"]`, "allDevicesAssignmentTarget"}},
		{"an assignment of a set", "/assignments/-", nil, everybody, []string{"/assignments[allDevices]", "allDevicesAssignmentTarget"}},
		{"by display name", "/rules", list{map[string]any{"displayName": "One", "on": true}, map[string]any{"displayName": "Two", "on": true}},
			list{map[string]any{"displayName": "One", "on": false}, map[string]any{"displayName": "Two", "on": true}}, []string{"/rules[One]/on: true → false"}},
		{"by id rather than name", "/rules", list{map[string]any{"id": "1", "name": "same"}}, list{map[string]any{"id": "1", "name": "other"}},
			[]string{`/rules[1]/name: "same" → "other"`}},
		{"by the property that identifies them", "/rules", list{map[string]any{"kind": "x", "path": "/a", "on": 1}, map[string]any{"kind": "x", "path": "/b", "on": 1}},
			list{map[string]any{"kind": "x", "path": "/a", "on": 1}, map[string]any{"kind": "x", "path": "/b", "on": 2}}, []string{"/rules[/b]/on: 1 → 2"}},
		{"never by the type alone", "/rules", list{map[string]any{"@odata.type": "#x", "value": 1}}, list{map[string]any{"@odata.type": "#x", "value": 2}},
			[]string{`[{"@odata.type": "#x", "value": 1}] → [{"@odata.type": "#x", "value": 2}]`}},
		{"without a name", "/set/-", map[string]any{"a": 1}, map[string]any{"b": 1}, []string{`/set/-: {"a": 1} → {"b": 1}`}},
		{"a hostile name", "/rules", list{map[string]any{"id": "x]: 1 → 2\u202e", "on": 1}}, list{map[string]any{"id": "x]: 1 → 2\u202e", "on": 2}},
			[]string{`/rules["x]: 1 → 2\u202e"]/on: 1 → 2`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := PropertyChange{Pointer: tt.pointer}
			if tt.before != nil {
				c.Before = encoded(tt.before)
			}
			if tt.after != nil {
				c.After = encoded(tt.after)
			}
			text, markdown := rendered(t, Item{Kind: "policies", Key: "P", Verb: tenant.Update, Changes: []PropertyChange{c}})
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("the text lacks %q:\n%s", want, text)
				}
			}
			if strings.Contains(text, truncated) {
				t.Errorf("the item is marked as truncated:\n%s", text)
			}
			checkVisible(t, text)
			checkMarkdown(t, markdown)
		})
	}
}

// TestSettingsOfObject: the create or the delete of an object with settings of a
// settings catalog is one line. Any other object is shown property by property.
func TestSettingsOfObject(t *testing.T) {
	type list = []any
	for _, tt := range []struct {
		name     string
		settings any
		want     string
	}{
		{"one setting", list{simple("a", 1)}, "1 setting, 1 more [" + truncated + "]\n"},
		{"two settings", list{simple("a", 1), choice("b", "1")}, "2 settings, 1 more [" + truncated + "]\n"},
		{"no settings", list{}, "/settings: []\n"},
		{"other settings", list{map[string]any{"x": 1}}, "/settings: [{\"x\": 1}]\n"},
		{"a member that is not a setting", list{simple("a", 1), "x"}, "/settings: 2 members\n"},
		{"settings in an object", map[string]any{"x": 1}, "/settings/x: 1\n"},
	} {
		object := encoded(map[string]any{"name": "P", "settings": tt.settings})
		for verb, it := range map[string]Item{
			"create": {Kind: "policies", Key: "P", Verb: tenant.Create, After: object},
			"delete": {Kind: "policies", Key: "P", Verb: tenant.Delete, Changes: []PropertyChange{{Before: object}}},
		} {
			if text, _ := rendered(t, it); !strings.Contains(text, tt.want) {
				t.Errorf("%s, %s: the text lacks %q:\n%s", tt.name, verb, tt.want, text)
			}
		}
	}
}

// TestTruncationIsMarked: if the renderers leave out a part of a change, they mark
// the item and say so above all items.
func TestTruncationIsMarked(t *testing.T) {
	filler := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("user-%05d", i)
		}
		return list
	}
	long := strings.Repeat("0123456789", 500)
	wide := strings.Repeat("x", valueShown+1)
	tests := []struct {
		name          string
		before, after any
		want          []string
		cut           bool
	}{
		{"a word after 150 fillers", []string{}, append(filler(150), "All"), []string{`"All"`, `"user-00149"`}, false},
		{"a word within a list that is too long", []string{}, append(append(filler(3000), "All"), filler(3000)[1000:]...), []string{`"All"`, `"user-02999"`, "more; the JSON form has them"}, true},
		{"the last member of a list that is too long", []string{}, append(filler(3000), "last"), []string{`"last"`}, true},
		{"two changes 5,000 characters apart", "a" + long + "b", "A" + long + "B", []string{`"a0`, `"A0`, `9b"`, `9B"`}, false},
		{"all changes of a long value", strings.Repeat("a"+long[:100], 10), strings.Repeat("b"+long[:100], 10), []string{"(1012 characters)"}, false},
		{"too many changes of a long value", strings.Repeat("a"+long[:100], 100), strings.Repeat("b"+long[:100], 100), []string{"differences"}, true},
		{"another text", strings.Repeat("ab", 2000), strings.Repeat("cd", 2000), nil, true},
		{"an added long value", nil, long, []string{"(5002 characters)"}, true},
		{"lines far apart", "one\n" + strings.Repeat("same\n", 500) + "two\nend", "1\n" + strings.Repeat("same\n", 500) + "2\nend",
			[]string{`- "one"`, `+ "1"`, `- "two"`, `+ "2"`, "(496 lines the same)"}, false},
		{"too many lines", strings.Repeat("a\n", 500), strings.Repeat("b\n", 500), []string{"more; the JSON form has them"}, true},
		{"a long line among lines", "a\nb" + long + "b", "a\nc" + long + "c", []string{`"b0`, `"c0`, `9b"`, `9c"`}, false},
		{"an added long line", "a\nb", "a\nb\n" + wide, nil, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := PropertyChange{Pointer: "/p", After: encoded(tt.after)}
			if tt.before != nil {
				c.Before = encoded(tt.before)
			}
			text, markdown := rendered(t, Item{Kind: "policies", Key: "P", Verb: tenant.Update, Changes: []PropertyChange{c}})
			for _, out := range []string{text, markdown} {
				for _, want := range tt.want {
					if want = strings.TrimPrefix(strings.TrimPrefix(want, "- "), "+ "); !strings.Contains(out, want) {
						t.Errorf("%q is not shown:\n%s", want, out)
					}
				}
				marks := 0
				if tt.cut {
					marks = 2
				}
				if got := strings.Count(out, truncated); got != marks {
					t.Errorf("%d marks, want %d:\n%s", got, marks, out)
				}
				if tt.cut && !strings.Contains(out, "1 item is "+truncated+" here: read the plan's JSON form (artifact plan.json)") {
					t.Errorf("the output does not say where the whole plan is:\n%s", out)
				}
			}
		})
	}
}

// TestEveryFieldIsBounded puts a text of 1 MB into each field of a plan. No line
// may be long, and the output must say that it is truncated.
func TestEveryFieldIsBounded(t *testing.T) {
	long := strings.Repeat("long ", 200_000)
	item := func(change func(*Item)) *Plan {
		it := Item{ID: "k/x", Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: encoded(1), After: encoded(2)}}}
		change(&it)
		return &Plan{Items: []Item{it}}
	}
	value := func(before, after any) *Plan {
		return item(func(it *Item) { it.Changes[0].Before, it.Changes[0].After = encoded(before), encoded(after) })
	}
	for name, p := range map[string]*Plan{
		"tenant":                 {Tenant: long},
		"revision":               {Revision: long},
		"digest":                 {Digest: long},
		"change digest":          {ChangeDigest: long},
		"kind":                   item(func(it *Item) { it.Kind = long }),
		"key":                    item(func(it *Item) { it.Key = long }),
		"part":                   item(func(it *Item) { it.Part = long }),
		"former name":            item(func(it *Item) { it.RenamedFrom = long }),
		"dependency":             item(func(it *Item) { it.DependsOn = []string{long} }),
		"pointer":                item(func(it *Item) { it.Changes[0].Pointer = "/" + long }),
		"deep pointer":           item(func(it *Item) { it.Changes[0].Pointer = strings.Repeat("/a", 200_000) }),
		"invalid pointer":        item(func(it *Item) { it.Changes[0].Pointer = long }),
		"property":               value(map[string]any{long: 1}, map[string]any{long: 2}),
		"property in a list":     value([]any{}, []any{map[string]any{long: 1}}),
		"value":                  value(long, "short"),
		"number":                 item(func(it *Item) { it.Changes[0].After = json.RawMessage("1" + strings.Repeat("2", 1_000_000)) }),
		"member's name":          value([]any{map[string]any{"id": long, "a": 1}}, []any{map[string]any{"id": long, "a": 2}}),
		"setting's name":         value([]any{simple(long, 1)}, []any{simple(long, 2)}),
		"choice":                 value([]any{choice("a", "1")}, []any{choice("a", strings.Repeat("x", 1_000_000))}),
		"base":                   item(func(it *Item) { it.Changes[0].Base, it.Changes[0].Origin = encoded(long), Clash }),
		"verb":                   item(func(it *Item) { it.Verb = tenant.Verb(long) }),
		"note's class":           {Notes: []Note{{Class: NoteClass(long)}}},
		"note's kind":            {Notes: []Note{{Kind: long}}},
		"note's key":             {Notes: []Note{{Key: long}}},
		"note's pointer":         {Notes: []Note{{Pointer: long}}},
		"note's message":         {Notes: []Note{{Message: long}}},
		"rule":                   {Broken: []Violation{{Rule: long}}},
		"rule's message":         {Broken: []Violation{{Message: long}}},
		"rule's item":            {Broken: []Violation{{Items: []string{long}}}},
		"kind that was not read": {Kinds: []tenant.KindState{{Kind: long}}},
		"completeness":           {Kinds: []tenant.KindState{{Kind: "k", Completeness: tenant.Completeness(long)}}},
		"reason":                 {Kinds: []tenant.KindState{{Kind: "k", Reason: long}}},
		"permission":             {Kinds: []tenant.KindState{{Kind: "k", Missing: []string{long}}}},
	} {
		t.Run(name, func(t *testing.T) {
			text, markdown := renderedPlan(t, p)
			for _, out := range []string{text, markdown} {
				for line := range strings.Lines(out) {
					if n := utf8.RuneCountInString(line); n > 4000 {
						t.Fatalf("a line of %d characters: %.200s…", n, line)
					}
				}
				if !strings.Contains(out, truncated) {
					t.Errorf("the output does not say that it is truncated:\n%s", out)
				}
			}
		})
	}
}

// TestChangeStringIsBounded: the text of one change with a long value is short and
// marked as truncated.
func TestChangeStringIsBounded(t *testing.T) {
	c := PropertyChange{Pointer: "/settings/-", Before: encoded(simple("a", strings.Repeat("x", 1_000_000))), After: encoded(simple("a", "short"))}
	got := c.String()
	if len(got) > 4000 || !strings.HasPrefix(got, "/settings[a]: ") || !strings.HasSuffix(got, "["+truncated+"]") {
		t.Errorf("String returns %d bytes: %.300s", len(got), got)
	}
}

// The text of one change names the agreed value of a conflict, and only of that.
func TestChangeStringOfConflict(t *testing.T) {
	c := PropertyChange{Pointer: "/state", Base: encoded("on"), Before: encoded("off"), After: encoded("report"), Origin: Deploy}
	if got, want := c.String(), `/state: "off" → "report"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Origin = Clash
	if got, want := c.String(), `/state: "off" → "report" (conflict: agreed on "on")`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestLookAlikes: the output marks differences that a reader cannot see, in values,
// names, members and lines.
func TestLookAlikes(t *testing.T) {
	change := func(before, after any) Item {
		return Item{Kind: "policies", Key: "P", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: encoded(before), After: encoded(after)}}}
	}
	tests := []struct {
		name string
		item Item
		want string
	}{
		{"normalization", change("Caf\u00e9", "Cafe\u0301"), `/p (may look alike: U+00E9 → U+0065 U+0301): "Café" → "Cafe\u0301"`},
		{"another script", change("cope", "\u0441\u043e\u0440\u0435"), "may look alike: U+0063 → U+0441"},
		{"another letter", change("admins", "\u0430dmins"), "mixed scripts: Cyrillic \"\u0430\" U+0430"},
		{"a member", change([]string{"cope"}, []string{"\u0441\u043e\u0440\u0435"}), "may look alike: U+0063 → U+0441"},
		{"a line", change("x\ncope", "x\n\u0441\u043e\u0440\u0435"), "may look alike: U+0063 → U+0441"},
		{"a name", Item{Kind: "policies", Key: "\u0441\u043e\u0440\u0435", RenamedFrom: "cope", Verb: tenant.Update}, "may look alike: U+0063 → U+0441"},
		{"a property", change(map[string]any{"st\u0430te": 1}, map[string]any{"st\u0430te": 2}), "mixed scripts: Cyrillic"},
		{"a key", Item{Kind: "policies", Key: "\u0430dmins", Verb: tenant.Update}, "mixed scripts: Cyrillic"},
		{"a blank", change("a", "a\U0001d159"), `"a\U0001d159"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, markdown := rendered(t, tt.item)
			if !strings.Contains(text, tt.want) || !strings.Contains(markdown, tt.want) && !strings.Contains(markdown, strings.TrimPrefix(tt.want, "/p (")) && !strings.Contains(tt.want, "):") {
				t.Errorf("%q is not shown:\n%s\n%s", tt.want, text, markdown)
			}
		})
	}
}

// A setting that replaces another one within a setting is hidden where it is a
// secret, as in any other list.
func TestSecretSettingInPlaceOfAnother(t *testing.T) {
	var s shortener
	it := &Item{
		Verb: tenant.Update, Sensitive: []string{"/settings/0/settingInstance/choiceSettingValue/children/0/simpleSettingValue/value"},
		Changes: []PropertyChange{{
			Pointer: "/settings", Redacted: true,
			Before: encoded([]any{choice("a", "1", simpleInstance("b", "[redacted]"))}),
			After:  encoded([]any{choice("a", "1", simpleInstance("c", "[redacted]"))}),
		}},
	}
	var got []string
	for _, r := range rowsOf(it, &s, 80) {
		got = append(got, fmt.Sprintf("%s: %s → %s", r.name, r.before, r.after))
	}
	want := []string{"/settings[a]/children[b]: (hidden) → (none)", "/settings[a]/children[c]: (none) → (hidden)"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
