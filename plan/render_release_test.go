package plan

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/tenant"
)

// baselineAreas are the areas in the names of an Intune baseline's policies.
var baselineAreas = []string{
	"ES - Defender Antivirus - D - AV Configuration", "ES - Attack Surface Reduction - D - ASR Rules", "ES - Encryption - D - BitLocker OS Disk",
	"ES - Windows Firewall - D - Firewall Configuration", "SC - Device Security - D - Local Security Policies", "SC - Device Security - D - Login and Lock Screen",
	"SC - Microsoft Edge - U - Security", "SC - Microsoft Office - U - Config and Experience", "SC - Microsoft OneDrive - D - Configuration",
	"SC - Windows Update for Business - D - Reports and Telemetry", "SC - Google Chrome - U - Profiles and Sign-In", "CP - Compliance - U - Device Health",
}

// releasePlan returns a plan like that of a release of an Intune baseline: 51
// policies with a new version in the name, 24 with a new version in the
// description, 31 with changed settings, and 20 new policies.
func releasePlan() *Plan {
	p := &Plan{Tenant: "contoso", Revision: "3f9c2d1"}
	add := func(it Item) {
		it.Kind, it.Origin = "configurationPolicies", Deploy
		it.ID = it.Kind + "/" + it.Key
		p.Items = append(p.Items, it)
	}
	name := func(i int, version string) string {
		return fmt.Sprintf("Win - OIB - %s %d - v3.%s", baselineAreas[i%len(baselineAreas)], i/len(baselineAreas)+1, version)
	}
	for i := range 51 {
		add(Item{Key: name(i, "4"), RenamedFrom: name(i, "3"), Verb: tenant.Update, Changes: []PropertyChange{
			{Pointer: "/name", Base: encoded(name(i, "3")), Before: encoded(name(i, "3")), After: encoded(name(i, "4")), Origin: Deploy},
		}})
	}
	for i := 51; i < 75; i++ {
		key := name(i, "2")
		add(Item{Key: key, Verb: tenant.Update, Changes: []PropertyChange{
			{Pointer: "/description", Before: encoded(key + ", part of release 3.3"), After: encoded(key + ", part of release 3.4"), Origin: Deploy},
		}})
	}
	for i := 75; i < 106; i++ {
		definition := fmt.Sprintf("device_vendor_msft_policy_config_area%d_setting%d", i%7, i)
		changes := []PropertyChange{{Pointer: "/settings/-", Before: encoded(choice(definition, "1")), After: encoded(choice(definition, "0")), Origin: Deploy}}
		if i%5 == 0 {
			changes = append(changes, PropertyChange{Pointer: "/settings/-", After: encoded(simple(definition+"_days", i)), Origin: Deploy})
		}
		add(Item{Key: name(i, "1"), Verb: tenant.Update, Changes: changes})
	}
	for i := 106; i < 126; i++ {
		var settings []any
		for j := range 10 + i%30 {
			settings = append(settings, choice(fmt.Sprintf("device_vendor_msft_policy_config_new%d_%d", i, j), "1"))
		}
		add(Item{Key: name(i, "4"), Verb: tenant.Create, After: encoded(map[string]any{
			"name": name(i, "4"), "description": "", "platforms": "windows10", "technologies": "mdm", "settings": settings})})
	}
	return p
}

// TestReleaseReadsInThreeScreens counts the lines that a terminal of 120
// characters needs, at 50 lines a screen.
func TestReleaseReadsInThreeScreens(t *testing.T) {
	const width, screens, lines = 120, 3, 50
	p := releasePlan()
	var b bytes.Buffer
	if err := p.TextWidth(&b, width); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	used := 0
	for line := range strings.Lines(text) {
		used += max(1, (utf8.RuneCountInString(strings.TrimSuffix(line, "\n"))+width-1)/width)
	}
	if used > screens*lines {
		t.Errorf("the release takes %d lines:\n%s", used, text)
	}
	for _, want := range []string{
		"20 to create, 106 to update", "20 items are " + truncated,
		`~ update 51, all in the same way, renamed: at the end "v3.3" → "v3.4"`,
		`each "Win - OIB - ", then one of these, then " - v3.4":`, "~ update 24, all in the same way\n", `/description: "{name}, part of release 3.3" → "{name}, part of release 3.4"`,
		"/settings[device_vendor_msft_policy_config_area4_setting81]: …_1 → …_0",
		"/settings[device_vendor_msft_policy_config_area5_setting75_days]: (none) → 75",
		" - v3.4\": 28 settings, 4 more [" + truncated + "]",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	for i := range p.Items {
		middle := strings.TrimSuffix(strings.TrimPrefix(p.Items[i].Key, "Win - OIB - "), " - v3.4")
		middle = strings.TrimSuffix(middle, " - v3.2")
		if !strings.Contains(text, quoted(p.Items[i].Key)) && !strings.Contains(text, quoted(middle)) {
			t.Errorf("%q is not shown", p.Items[i].Key)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	t.Logf("%d lines", used)
}

// TestGroups: the renderers group items with the same change, and no others.
func TestGroups(t *testing.T) {
	item := func(key string, before, after any) Item {
		return Item{Kind: "policies", Key: key, Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: encoded(before), After: encoded(after)}}}
	}
	renamed := func(key, from string) Item {
		it := item(key, from, key)
		it.RenamedFrom, it.Changes[0].Pointer = from, "/displayName"
		return it
	}
	with := func(it Item, change func(*Item)) Item {
		change(&it)
		return it
	}
	tests := []struct {
		name  string
		items []Item
		want  []string
		not   []string
	}{
		{"equal changes", []Item{item("AAAA", 1, 2), item("BBBB", 1, 2)}, []string{"~ update 2, all in the same way\n", "        \"AAAA\", \"BBBB\"\n        /p: 1 → 2\n"}, nil},
		{"changes that name their item", []Item{item("AAAA", "x", "x AAAA"), item("BBBB", "x", "x BBBB")},
			[]string{`/p: "x" → "x {name}"`, "{name} is the item's own name"}, nil},
		{"lists with the name of their item", []Item{item("AAAA", []string{strings.Repeat("x", inlineList)}, []string{strings.Repeat("x", inlineList), "AAAA"}), item("BBBB", []string{strings.Repeat("x", inlineList)}, []string{strings.Repeat("x", inlineList), "BBBB"})},
			[]string{"/p: 1 member → 2 members\n", "+ \"{name}\"\n", "{name} is the item's own name"}, nil},
		{"lists with other names", []Item{item("AAAA", []string{strings.Repeat("x", inlineList)}, []string{strings.Repeat("x", inlineList), "one"}), item("BBBB", []string{strings.Repeat("x", inlineList)}, []string{strings.Repeat("x", inlineList), "two"})},
			[]string{`+ "one"`, `+ "two"`}, []string{"in the same way"}},
		{"a value that is a placeholder", []Item{item("AAAA", "x", "{name}"), item("BBBB", "x", "{name}")}, []string{`~ update "AAAA"`, `~ update "BBBB"`}, []string{"in the same way"}},
		{"other values", []Item{item("AAAA", 1, 2), item("BBBB", 1, 3)}, []string{`~ update "AAAA"`}, []string{"in the same way"}},
		{"one renames to the other's name", []Item{item("AAAA", 1, "BBBB"), item("BBBB", 1, "AAAA")}, []string{`1 → "BBBB"`, `1 → "AAAA"`}, []string{"in the same way"}},
		{"other origins", []Item{item("AAAA", 1, 2), with(item("BBBB", 1, 2), func(it *Item) { it.Origin = Enforce })}, []string{undoes}, []string{"in the same way"}},
		{"other dependencies", []Item{item("AAAA", 1, 2), with(item("BBBB", 1, 2), func(it *Item) { it.DependsOn = []string{"x/y"} })}, []string{"waits for"}, []string{"in the same way"}},
		{"conflicts", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.Origin = Clash }), with(item("BBBB", 1, 2), func(it *Item) { it.Origin = Clash })}, []string{`! update "AAAA"`}, []string{"in the same way"}},
		{"equal renames", []Item{renamed("A v2", "A v1"), renamed("B v2", "B v1")}, []string{`~ update 2, all in the same way, renamed: at the end "v1" → "v2"`, `"A v2", "B v2"`}, []string{"/displayName"}},
		{"renames at the beginning", []Item{renamed("New A", "Old A"), renamed("New B", "Old B")}, []string{`renamed: at the beginning "Old" → "New"`}, []string{"/displayName"}},
		{"reverted changes of the tenant", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.Origin = Enforce }), with(item("BBBB", 1, 2), func(it *Item) { it.Origin = Enforce })},
			[]string{"~ update 2, all in the same way, undoes a change made in the tenant\n"}, nil},
		{"changes that the service did not keep", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.Changes[0].NotKept = true }), with(item("BBBB", 1, 2), func(it *Item) { it.Changes[0].NotKept = true })},
			[]string{"~ update 2, all in the same way, written before, not kept by the service\n"}, nil},
		{"reverted, renamed and not kept", []Item{
			with(renamed("A v2", "A v1"), func(it *Item) { it.Origin, it.Changes[0].NotKept = Enforce, true }), with(renamed("B v2", "B v1"), func(it *Item) { it.Origin, it.Changes[0].NotKept = Enforce, true })},
			[]string{`~ update 2, all in the same way, renamed: at the end "v1" → "v2", undoes a change made in the tenant, written before, not kept by the service`}, nil},
		{"only one change was not kept", []Item{item("AAAA", 1, 2), with(item("BBBB", 1, 2), func(it *Item) { it.Changes[0].NotKept = true })}, []string{notKept}, []string{"in the same way"}},
		{"parts", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.Part = "members" }), with(item("BBBB", 1, 2), func(it *Item) { it.Part = "members" })},
			[]string{"~ update 2, all in the same way, \"members\"\n"}, nil},
		{"other parts", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.Part = "members" }), item("BBBB", 1, 2)}, []string{`~ update "AAAA" "members"`}, []string{"in the same way"}},
		{"different verbs", []Item{item("AAAA", nil, 2), with(item("BBBB", nil, 2), func(it *Item) { it.Verb = tenant.Create })}, []string{`+ create "BBBB"`}, []string{"in the same way"}},
		{"equal dependencies", []Item{with(item("AAAA", 1, 2), func(it *Item) { it.DependsOn = []string{"x/y"} }), with(item("BBBB", 1, 2), func(it *Item) { it.DependsOn = []string{"x/y"} })},
			[]string{"in the same way\n", `waits for "x/y"`}, nil},
		{"a rename", []Item{renamed("B", "A")}, []string{"~ update \"B\", renamed from \"A\"\n\n"}, []string{"/displayName"}},
		{"different renames", []Item{renamed("A v2", "A v1"), renamed("B v2", "B v0")}, []string{`"A v2", renamed from "A v1"`, `"B v2", renamed from "B v0"`}, []string{"in the same way"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, markdown := rendered(t, tt.items...)
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("the text lacks %q", want)
				}
			}
			for _, not := range tt.not {
				if strings.Contains(text, not) || strings.Contains(markdown, not) {
					t.Errorf("the text or Markdown has %q", not)
				}
			}
			if len(tt.not) == 0 && !strings.Contains(markdown, "in the same way") {
				t.Errorf("the Markdown has no group:\n%s", markdown)
			}
			checkMarkdown(t, markdown)
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// TestNotesAreGrouped: equal notes about several objects are one note, which names
// every object.
func TestNotesAreGrouped(t *testing.T) {
	p := new(Plan)
	for i := range 30 {
		p.Notes = append(p.Notes, Note{Class: Ignored, Kind: "policies", Key: fmt.Sprintf("Policy %d", i), Pointer: "/state", Message: fmt.Sprintf("Policy %d is left alone", i)})
	}
	p.Notes = append(p.Notes, Note{Class: Ignored, Kind: "groups", Key: "All", Message: "another"}, Note{Class: Ignored, Message: "no subject"})
	text, markdown := renderedPlan(t, p)
	for _, want := range []string{"policies 30 objects /state: {name} is left alone\n", `groups "All": another`, "    no subject\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q:\n%s", want, text)
		}
	}
	for i := range 30 {
		if key := fmt.Sprintf("%q", fmt.Sprintf("Policy %d", i)); strings.Count(text, key) != 1 || strings.Count(markdown, key) != 1 {
			t.Errorf("the output does not name %s exactly once", key)
		}
	}
}

// TestWidth: lists are wrapped at the width of the terminal.
func TestWidth(t *testing.T) {
	var list []string
	for i := range 40 {
		list = append(list, fmt.Sprintf("user-%02d", i))
	}
	p := &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{
		{Pointer: "/list", Before: encoded([]string{}), After: encoded(list)},
		{Pointer: "/long", Before: encoded(strings.Repeat("a", 40)), After: encoded(strings.Repeat("b", 40))},
	}}}}
	lines := make(map[int]int)
	for _, width := range []int{-1, 0, 1, 40, 100, 200} {
		var b bytes.Buffer
		if err := p.TextWidth(&b, width); err != nil {
			t.Fatal(err)
		}
		lines[width] = strings.Count(b.String(), "\n")
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(line) - 1; strings.Contains(line, "user-") && n > max(width, widthLeast) && width > 0 {
				t.Errorf("width %d: %d characters in %q", width, n, line)
			}
		}
	}
	if lines[0] != lines[100] || lines[-1] != lines[100] || lines[1] != lines[40] || lines[40] <= lines[100] || lines[100] <= lines[200] {
		t.Errorf("lines by width: %v", lines)
	}
}

func TestPacked(t *testing.T) {
	for _, tt := range []struct {
		name  string
		texts []string
		want  []string
	}{
		{"none", nil, nil},
		{"one line", []string{"aaa", "bbb"}, []string{"aaa, bbb"}},
		{"full lines", []string{"aaa", "bbb", "cc", "d"}, []string{"aaa, bbb,", "cc, d"}},
		{"a text wider than a line", []string{"a", "bbbbbbbbbbbb", "c"}, []string{"a,", "bbbbbbbbbbbb,", "c"}},
		{"from right to left", []string{"a", "אב", "b", "c"}, []string{"a,", "אב,", "b, c"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := packed(tt.texts, 9); !slices.Equal(got, tt.want) {
				t.Errorf("packed = %q, want %q", got, tt.want)
			}
		})
	}
}
