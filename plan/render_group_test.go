package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/format"

	"github.com/tenantsync/tenantsync/tenant"
)

// A group shows its verb, its items, their part, changes, values and dependencies
// once, in Markdown and in text.
func TestGroupInMarkdown(t *testing.T) {
	p := &Plan{}
	for _, key := range []string{"AAAA", "BBBB"} {
		p.Items = append(p.Items, Item{Kind: "policies", Key: key, Part: "members", Verb: tenant.Update, Origin: Enforce, DependsOn: []string{"groups/G"},
			Changes:  []PropertyChange{{Pointer: "/p", Before: encoded("x"), After: encoded("x " + key)}, {Pointer: "/q", Before: encoded(1), After: encoded(2)}},
			Resolved: []Resolved{{Ref: "${groups/H#mail}", Value: "h@contoso.com"}},
		})
	}
	text, markdown := renderedPlan(t, p)
	const wantMarkdown = "### `policies`\n\n" +
		"#### `~` update 2, all in the same way, undoes a change made in the tenant\n\n" +
		"Part `\"members\"`\n\n" +
		"- `\"AAAA\"`\n- `\"BBBB\"`\n\n" +
		"| Property | Tenant | Proposed |\n| --- | --- | --- |\n| `/p` | `\"x\"` | `\"x {name}\"` |\n| `/q` | `1` | `2` |\n\n" +
		"{name} is the item's own name\n\n" +
		"- `\"${groups/H#mail}\" = \"h@contoso.com\"`\n\n" +
		"- waits for `\"groups/G\"`\n\n"
	const wantText = "  policies\n" +
		"    ~ update 2, all in the same way, undoes a change made in the tenant, \"members\"\n" +
		"        \"AAAA\", \"BBBB\"\n" +
		"        /p: \"x\" → \"x {name}\"\n        /q: 1 → 2\n" +
		"        {name} is the item's own name\n" +
		"        \"${groups/H#mail}\" = \"h@contoso.com\"\n" +
		"        waits for \"groups/G\"\n"
	if !strings.Contains(markdown, wantMarkdown) {
		t.Errorf("got %s\nwant it to have %s", markdown, wantMarkdown)
	}
	if !strings.Contains(text, wantText) {
		t.Errorf("got %s\nwant it to have %s", text, wantText)
	}
	checkMarkdown(t, markdown)
}

// A group shows the values of references once if they are equal in all items.
// Otherwise it shows each value beside the name of its item.
func TestValuesOfGroup(t *testing.T) {
	group := func(values ...[]string) *itemGroup {
		g := &itemGroup{}
		for i, v := range values {
			g.views = append(g.views, &itemView{key: fmt.Sprintf("%q", string(rune('A'+i))), values: v})
		}
		return g
	}
	for _, tt := range []struct {
		of   *itemGroup
		want []string
	}{
		{group(nil, nil), nil},
		{group([]string{"x", "y"}, []string{"x", "y"}), []string{"x", "y"}},
		{group([]string{"x"}, []string{"x"}, []string{"y"}), []string{`"A": x`, `"B": x`, `"C": y`}},
		{group([]string{"x", "y"}, nil), []string{`"A": x`, `"A": y`}},
		{group(nil, []string{"x"}), []string{`"B": x`}},
	} {
		if got := tt.of.values(); !slices.Equal(got, tt.want) {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// A rename that changes one end of a name is shown as whole words of that end.
func TestRenameOf(t *testing.T) {
	long := strings.Repeat("x", nameShown-2)
	for _, tt := range []struct{ from, to, want string }{
		{"", "A v2", ""},
		{"A v1", "A v2", `at the end "v1" → "v2"`},
		{"A v1", "A v1 b", `at the end "v1" → "v1 b"`},
		{"Old A", "New A", `at the beginning "Old" → "New"`},
		{"Av1", "Av2", ""},
		{"A", "B", ""},
		{" a", " b", `at the end "a" → "b"`},
		{"a ", "b ", `at the beginning "a" → "b"`},
		{"A b", "A c d", `at the end "b" → "c d"`},
		{"A \u0430", "A a", ""}, // the two look alike, and are shown in full
		{long + " 1", long + " 2", `at the end "1" → "2"`},
		{long + " 1", long + " 23", ""}, // together longer than two names are shown
	} {
		if got := renameOf(&Item{RenamedFrom: tt.from, Key: tt.to}); got != tt.want {
			t.Errorf("%q to %q: got %s, want %s", tt.from, tt.to, got, tt.want)
		}
	}
}

// The common beginning and the common end of two names stop at a word's boundary.
func TestCommonEnds(t *testing.T) {
	for _, tt := range []struct {
		a, b           string
		prefix, suffix int
	}{
		{"", "", 0, 0},
		{"a", "a", 0, 0},
		{"a ", "a ", 2, 1},
		{" a", " a", 1, 2},
		{"a b", "a c", 2, 0},
		{"b a", "c a", 0, 2},
		{"ab cd", "ab ce", 3, 0},
		{"abc", "abd", 0, 0},
		{"a b c", "a b d", 4, 0},
		{"a b", "a", 0, 0},
		{"a", "a b", 0, 0},
	} {
		if got := commonPrefix(tt.a, tt.b); got != tt.prefix {
			t.Errorf("%q and %q begin with %d equal bytes, want %d", tt.a, tt.b, got, tt.prefix)
		}
		if got := commonSuffix(tt.a, tt.b); got != tt.suffix {
			t.Errorf("%q and %q end in %d equal bytes, want %d", tt.a, tt.b, got, tt.suffix)
		}
	}
}

// nameReplacer replaces an item's name in rows. It does not replace short names,
// which other words may contain, and long names, which the rows truncate.
func TestNameReplacer(t *testing.T) {
	for _, tt := range []struct{ key, from, text, want string }{
		{"abc", "", "abc", "abc"},
		{"abcd", "", "x abcd y", "x {name} y"},
		{"äöü", "", "äöü", "äöü"},
		{"äöüß", "", "äöüß", "{name}"},
		{"abcd", "abcdef", "abcd abcdef", "{name} {former name}"},
		{"abcdef", "abcd", "abcd abcdef", "{former name} {name}"},
		{`a"bc`, "", `a\"bc`, "{name}"},
		{strings.Repeat("a", 4*nameShown), "", strings.Repeat("a", 4*nameShown), "{name}"},
		{strings.Repeat("a", 4*nameShown+1), "", "aaaa", "aaaa"},
		{strings.Repeat("a", 4*nameShown+1), "", strings.Repeat("a", 4*nameShown+1), strings.Repeat("a", 4*nameShown+1)},
	} {
		if got := nameReplacer(&Item{Key: tt.key, RenamedFrom: tt.from})(tt.text); got != tt.want {
			t.Errorf("%.20q, formerly %q: %.40q becomes %.40q, want %.40q", tt.key, tt.from, tt.text, got, tt.want)
		}
	}
}

// A large group shows its names without their common beginning and end.
func TestShortKeys(t *testing.T) {
	keys := func(n int, format string) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf(format, string(rune('a'+i))))
		}
		return out
	}
	const firstLast = `each "first ", then one of these, then " last":`
	for _, tt := range []struct {
		name, common string // if it is empty, the keys are shown in full
		keys         []string
		first, last  string // of the shown keys
	}{
		{"ten names", firstLast, keys(10, "first %s last"), `"a"`, `"j"`},
		{"eleven names", firstLast, keys(11, "first %s last"), `"a"`, `"k"`},
		{"nine names", "", keys(9, "first %s last"), `"first a last"`, `"first i last"`},
		{"eight bytes in common", `each "abcd ", then one of these, then " xy":`, keys(10, "abcd %s xy"), `"a"`, `"j"`},
		{"seven bytes in common", "", keys(10, "abc %s xy"), `"abc a xy"`, `"abc j xy"`},
		{"a common beginning and end that overlap", "", append(keys(9, "first %s last"), "first last"), `"first a last"`, `"first last"`},
		{"nothing between", firstLast, append(keys(9, "first %s last"), "first  last"), `"a"`, `""`},
		{"one of the longest shown length", firstLast, append(keys(9, "first %s last"), "first "+strings.Repeat("z", nameShown-11)+" last"), `"a"`, `"` + strings.Repeat("z", nameShown-11) + `"`},
		{"one longer than the longest shown length", "", append(keys(9, "first %s last"), "first "+strings.Repeat("z", nameShown-10)+" last"), `"first a last"`, `"first ` + strings.Repeat("z", nameShown-10) + ` last"`},
	} {
		g := &itemGroup{}
		for _, key := range tt.keys {
			g.views = append(g.views, &itemView{item: &Item{Key: key}, key: quoted(key)})
		}
		common, got := g.shortKeys()
		if common != tt.common || len(got) != len(tt.keys) || got[0] != tt.first || got[len(got)-1] != tt.last {
			t.Errorf("%s: got %s %q, want %s from %s to %s", tt.name, common, got, tt.common, tt.first, tt.last)
		}
	}
}

// A legend explains only the placeholders that the rows have.
func TestLegend(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"x", ""},
		{ownName, "{name} is the item's own name"},
		{formerName, "{former name} is the item's own name"},
		{formerName + ownName, "{name} and {former name} are the item's own names"},
	} {
		g := &itemGroup{rows: []row{{name: "/p", after: tt.text}}}
		if got := g.legend(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

// Consecutive equal rows become one row with their number. Other rows stay.
func TestFoldedRows(t *testing.T) {
	a, b := row{name: "/a", after: "1"}, row{name: "/b", after: "1"}
	var got []string
	for _, r := range foldedRows([]row{a, b, b, b, a, a, b}) {
		got = append(got, r.title())
	}
	if want := []string{"/a", "/b (3 times)", "/a (2 times)", "/b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The summary has the singular and the plural, and omits counts of zero.
func TestSummaryOfCounts(t *testing.T) {
	for _, tt := range []struct {
		of   Counts
		want string
	}{
		{Counts{}, "no changes"},
		{Counts{Create: 1}, "1 to create"},
		{Counts{Create: 2, Update: 1, Delete: 3}, "2 to create, 1 to update, 3 to delete"},
		{Counts{Conflicts: 1, Problems: 1}, "no changes, 1 conflict, 1 problem"},
		{Counts{Delete: 1, Conflicts: 2, Problems: 2}, "1 to delete, 2 conflicts, 2 problems"},
	} {
		if got := tt.of.summary(); got != tt.want {
			t.Errorf("%+v: got %s, want %s", tt.of, got, tt.want)
		}
	}
}

// The items of one wave and kind are listed together, sorted by key and part.
func TestStepsAreOrdered(t *testing.T) {
	p := &Plan{}
	for _, id := range []string{"1 b y", "0 b y", "1 a x", "0 a z", "0 a x", "0 b x", "1 b x"} {
		var it Item
		if _, err := fmt.Sscan(id, &it.Wave, &it.Kind, &it.Key); err != nil {
			t.Fatal(err)
		}
		it.Verb, it.Origin = tenant.Update, Clash // conflicts are never grouped
		p.Items = append(p.Items, it)
	}
	p.Items[3].Part = "part"
	p.Items[3].Key = "x"
	var got []string
	for _, s := range p.steps(widthDefault) {
		got = append(got, s.title)
		for _, k := range s.kinds {
			for _, g := range k.groups {
				got = append(got, fmt.Sprint(s.wave, " ", k.kind, " ", g.views[0].item.Key, " ", g.views[0].item.Part))
			}
		}
	}
	want := []string{"Step 1 of 2", "0 a x ", "0 a x part", "0 b x ", "0 b y ", "Step 2 of 2", "1 a x ", "1 b x ", "1 b y "}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A broken rule has a list of items only if it names some.
func TestBrokenRulesInMarkdown(t *testing.T) {
	p := &Plan{Format: format.FormatVersion, Tenant: "contoso", Broken: []Violation{
		{Rule: "max-deletes", Message: "too many"}, {Rule: "lockout", Message: "no way in", Items: []string{"policies/A", "policies/B"}}}}
	var b strings.Builder
	if err := p.Markdown(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\n\n\n") || strings.Count(b.String(), "\n- ") != 2 || !strings.Contains(b.String(), "too many\n\n**") {
		t.Errorf("got\n%s", b.String())
	}
}
