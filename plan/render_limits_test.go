package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/tenant"
)

// A text is shown in full up to its limit. Above the limit, it is truncated, and
// the plan marks that.
func TestLimitsOfTexts(t *testing.T) {
	repeat := func(n int) string { return strings.Repeat("é", n) } // two bytes each: limits count characters
	list := func(n, width int) json.RawMessage {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf("%0*d", width-2, i) // with its quotes
		}
		return encoded(members)
	}
	update := func(pointer string, before, after json.RawMessage) *Plan {
		return &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: pointer, Before: before, After: after}}}}}
	}
	object := func(n int) *Plan {
		members := map[string]int{}
		for i := range n {
			members[fmt.Sprintf("p%03d", i)] = i
		}
		return &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Create, After: encoded(members)}}}
	}
	lines := func(n int, text string) json.RawMessage { return encoded(strings.Repeat(text+"\n", n-1) + text) }
	apart := func(n int, text string) json.RawMessage { // n lines, with others between them
		return encoded(strings.Repeat(text+strings.Repeat("\nsame", 10)+"\n", n))
	}
	for _, tt := range []struct {
		name  string
		limit int
		plan  func(n int) *Plan
		// above is shown above the limit, and not at the limit.
		above string
	}{
		{"a key", nameShown, func(n int) *Plan { p := object(1); p.Items[0].Key = repeat(n); return p }, "(201 characters)"},
		{"a message", messageShown, func(n int) *Plan { return &Plan{Notes: []Note{{Class: Cycle, Message: repeat(n)}}} }, "(1001 characters)"},
		{"a value", valueShown, func(n int) *Plan { return update("/p", nil, encoded(repeat(n-2))) }, "(301 characters)"},
		{"a path", segmentsShown, func(n int) *Plan { return update(strings.Repeat("/a", n), nil, encoded(1)) }, "/…/a"},
		{"the rows of a new object", wholeRows, object, "101 values"},
		{"the lines of a text", linesShown, func(n int) *Plan { return update("/p", nil, lines(n, "line")) }, "(1 more; the JSON form has them)"},
		{"the removed lines of a text", linesShown, func(n int) *Plan { return update("/p", lines(n, "line"), nil) }, "(1 more; the JSON form has them)"},
		{"the differing lines of a text", linesShown / 2, func(n int) *Plan { return update("/p", apart(n, "was"), apart(n, "will")) }, "(1 difference more; the JSON form has them)"},
		{"the short members of a list", membersShown, func(n int) *Plan { return update("/p", nil, list(n, 8)) }, "(1 more; the JSON form has them)"},
		{"the removed short members of a list", membersShown, func(n int) *Plan { return update("/p", list(n, 8), nil) }, "(1 more; the JSON form has them)"},
		{"the long members of a list", linesShown, func(n int) *Plan { return update("/p", nil, list(n, shortMember+1)) }, "(1 more; the JSON form has them)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for n := tt.limit - 1; n <= tt.limit+1; n++ {
				text, markdown := renderedPlan(t, tt.plan(n))
				for _, out := range []string{text, markdown} {
					if cut := n > tt.limit; strings.Contains(out, truncated) != cut || strings.Contains(out, tt.above) != cut {
						t.Errorf("%d: is truncated %v, shows %q %v, want both %v", n, strings.Contains(out, truncated), tt.above, strings.Contains(out, tt.above), cut)
					}
				}
			}
		})
	}
}

// A list names its first entries and counts the others: the IDs of a broken rule,
// an item's dependencies, the values of references.
func TestLimitsOfCountedLists(t *testing.T) {
	ids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("k/%03d", i))
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		limit int
		plan  func(n int) *Plan
		more  string
	}{
		{"items of a broken rule", itemsShown, func(n int) *Plan { return &Plan{Broken: []Violation{{Rule: "r", Items: ids(n)}}} }, "and 1 more"},
		{"dependencies of an item", itemsShown, func(n int) *Plan {
			return &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Delete, DependsOn: ids(n)}}}
		}, "waits for 1 more"},
		{"values of references", valuesShown, func(n int) *Plan {
			it := Item{Kind: "k", Key: "x", Verb: tenant.Update}
			for _, id := range ids(n) {
				it.Resolved = append(it.Resolved, Resolved{Ref: "${" + id + "}", ID: "i-" + id, Undeclared: true})
			}
			return &Plan{Items: []Item{it}}
		}, "and 1 more values"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for n := tt.limit - 1; n <= tt.limit+1; n++ {
				text, markdown := renderedPlan(t, tt.plan(n))
				last := fmt.Sprintf("k/%03d", n-1)
				for _, out := range []string{text, markdown} {
					if above := n > tt.limit; strings.Contains(out, tt.more) != above || strings.Contains(out, last) == above || strings.Contains(out, " 0 more") {
						t.Errorf("%d: counts the rest %v, names the last %v:\n%s", n, strings.Contains(out, tt.more), strings.Contains(out, last), out)
					}
				}
			}
		})
	}
}

// A message about a subset names ten IDs, and counts the others.
func TestLimitsOfSubsetError(t *testing.T) {
	ids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("k/%02d", i))
		}
		return out
	}
	needs := func(n int) map[string][]string {
		out := map[string][]string{}
		for _, id := range ids(n) {
			out[id] = []string{"z"}
		}
		return out
	}
	for _, tt := range []struct {
		name string
		err  *SubsetError
		end  string
	}{
		{"ten unknown", &SubsetError{Unknown: ids(10)}, `the plan has no "k/00", "k/01", "k/02", "k/03", "k/04", "k/05", "k/06", "k/07", "k/08", "k/09"`},
		{"eleven unknown", &SubsetError{Unknown: ids(11)}, `"k/08", "k/09" and 1 more`},
		{"ten needed", &SubsetError{Needs: map[string][]string{"a": ids(10)}}, `"k/08", "k/09", which must be chosen too`},
		{"eleven needed", &SubsetError{Needs: map[string][]string{"a": ids(11)}}, `"k/08", "k/09" and 1 more, which must be chosen too`},
		{"ten that need others", &SubsetError{Needs: needs(10)}, `"k/09" depends on "z", which must be chosen too`},
		{"eleven that need others", &SubsetError{Needs: needs(11)}, `"k/09" depends on "z", which must be chosen too; and 1 more items depend on items that were left out`},
	} {
		if got := tt.err.Error(); !strings.HasSuffix(got, tt.end) {
			t.Errorf("%s: got %s, want it to end in %s", tt.name, got, tt.end)
		}
	}
}

// Two long values are shown only around their differences. Differences that are
// close share one excerpt.
func TestPairOfLongValues(t *testing.T) {
	same := func(n int) string { return strings.Repeat("0", n) }
	for _, tt := range []struct{ name, before, after, was, will string }{
		{"the longest shown values", same(valueShown-1) + "a", same(valueShown-1) + "b", same(valueShown-1) + "a", same(valueShown-1) + "b"},
		{"the longest shown values, of two bytes a character", strings.Repeat("ä", valueShown-1) + "a", strings.Repeat("ä", valueShown-1) + "b",
			strings.Repeat("ä", valueShown-1) + "a", strings.Repeat("ä", valueShown-1) + "b"},
		{"one is longer", same(valueShown) + "a", "b", same(200) + "… 1 characters …" + same(99) + "a", "b"},
		{"a difference at the beginning", "a" + same(400), "b" + same(400), "a" + same(contextShown) + "… (401 characters)", "b" + same(contextShown) + "… (401 characters)"},
		{"a difference at the end", same(400) + "a", same(400) + "b", "…" + same(contextShown) + "a (401 characters)", "…" + same(contextShown) + "b (401 characters)"},
		{"differences as close as their surroundings", same(300) + "a" + same(2*contextShown) + "a", same(300) + "b" + same(2*contextShown) + "b",
			"…" + same(contextShown) + "a" + same(2*contextShown) + "a (362 characters)", "…" + same(contextShown) + "b" + same(2*contextShown) + "b (362 characters)"},
		{"differences one further apart", same(300) + "a" + same(2*contextShown+1) + "a", same(300) + "b" + same(2*contextShown+1) + "b",
			"…" + same(contextShown) + "a" + same(contextShown) + "…" + same(contextShown) + "a (363 characters)", "…" + same(contextShown) + "b" + same(contextShown) + "…" + same(contextShown) + "b (363 characters)"},
		{"many differences as close as their surroundings", same(300) + strings.Repeat("a"+same(60), 12), same(300) + strings.Repeat("b"+same(60), 12),
			"…" + same(30) + strings.Repeat("a"+same(60), 2) + "a" + same(47) + "… 432 characters …" + same(8) + "a" + same(60) + "a" + same(30) + "… (1032 characters)",
			"…" + same(30) + strings.Repeat("b"+same(60), 2) + "b" + same(47) + "… 432 characters …" + same(8) + "b" + same(60) + "b" + same(30) + "… (1032 characters)"},
		{"many close differences", same(300) + strings.Repeat("a"+same(contextShown), 12), same(300) + strings.Repeat("b"+same(contextShown), 12),
			"…" + same(contextShown) + strings.Repeat("a"+same(contextShown), 5) + "a" + same(14) + "… 102 characters …" + same(7) + strings.Repeat("a"+same(contextShown), 3) + " (672 characters)",
			"…" + same(contextShown) + strings.Repeat("b"+same(contextShown), 5) + "b" + same(14) + "… 102 characters …" + same(7) + strings.Repeat("b"+same(contextShown), 3) + " (672 characters)"},
	} {
		var s shortener
		was, will := s.pair(tt.before, tt.after)
		if diff := cmp.Diff([2]string{tt.was, tt.will}, [2]string{was, will}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// Changes of a set share a row if all of them add or remove simple values and have
// the same origin.
func TestSetMembers(t *testing.T) {
	row := func(pointer, before, after string, edit ...func(*PropertyChange)) PropertyChange {
		c := changed(pointer, before, after)
		for _, f := range edit {
			f(&c)
		}
		return c
	}
	enforce := func(c *PropertyChange) { c.Origin = Enforce }
	clash := func(c *PropertyChange) { c.Origin = Clash }
	redacted := func(c *PropertyChange) { c.Redacted = true }
	a, b := row("/p/-", `"a"`, ``), row("/p/-", ``, `"b"`)
	for _, tt := range []struct {
		name       string
		changes    []PropertyChange
		gone, come []string
	}{
		{"both ways", []PropertyChange{a, b, row("/p/-", `1`, ``), row("/p/-", ``, `2`)}, []string{`"a"`, `1`}, []string{`"b"`, `2`}},
		{"empty values", []PropertyChange{row("/p/-", `{}`, ``), row("/p/-", ``, `[]`), row("/p/-", ``, `null`)}, []string{`{}`}, []string{`[]`, `null`}},
		{"another set follows", []PropertyChange{a, row("/q/-", ``, `"b"`)}, []string{`"a"`}, nil},
		{"not a set", []PropertyChange{row("/p", `"a"`, ``)}, nil, nil},
		{"one that changes", []PropertyChange{row("/p/-", `1`, `2`)}, nil, nil},
		{"one that changes follows", []PropertyChange{a, row("/p/-", `1`, `2`), b}, []string{`"a"`}, nil},
		{"an object", []PropertyChange{a, row("/p/-", ``, `{"x":1}`), b}, []string{`"a"`}, nil},
		{"without a value", []PropertyChange{a, row("/p/-", ``, ``), b}, []string{`"a"`}, nil},
		{"another origin", []PropertyChange{a, row("/p/-", ``, `"b"`, enforce)}, []string{`"a"`}, nil},
		{"one origin", []PropertyChange{row("/p/-", `"a"`, ``, enforce), row("/p/-", ``, `"b"`, enforce)}, []string{`"a"`}, []string{`"b"`}},
		{"a conflict", []PropertyChange{row("/p/-", `"a"`, ``, clash), row("/p/-", ``, `"b"`, clash)}, nil, nil},
		{"a hidden value", []PropertyChange{a, row("/p/-", ``, `"b"`, redacted)}, []string{`"a"`}, nil},
	} {
		gone, come := setMembers(tt.changes)
		if diff := cmp.Diff([][]string{tt.gone, tt.come}, [][]string{gone, come}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// Up to a limit, a list is shown on one line, and each change of a set's member
// has its own row.
func TestLimitsOfLayout(t *testing.T) {
	members := func(width int) json.RawMessage { // two members that need so many characters
		return encoded([]string{strings.Repeat("a", width-2*len(`"", `)-1), "b"})
	}
	for width, want := range map[int]string{
		inlineList - 1: `/p: (none) → ["a`, inlineList: `/p: (none) → ["a`, inlineList + 1: "/p: 2 members\n",
	} {
		text, _ := rendered(t, Item{Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", After: members(width)}}})
		if !strings.Contains(text, want) {
			t.Errorf("a list of %d characters lacks %q:\n%s", width, want, text)
		}
	}

	for n, want := range map[int]string{membersJoined - 1: "/p/-: (none) → \"m0\"\n", membersJoined: "/p/-: 0 members removed, 4 added\n", membersJoined + 1: "/p/-: 0 members removed, 5 added\n"} {
		it := Item{Kind: "k", Key: "x", Verb: tenant.Update}
		for i := range n {
			it.Changes = append(it.Changes, PropertyChange{Pointer: "/p/-", After: encoded(fmt.Sprintf("m%d", i))})
		}
		if text, _ := rendered(t, it); !strings.Contains(text, want) {
			t.Errorf("%d members lack %q:\n%s", n, want, text)
		}
	}

	for width, want := range map[int][]string{ // of "aa", "bb", "c"
		3: {"aa,", "bb,", "c"}, 4: {"aa,", "bb,", "c"}, 5: {"aa,", "bb, c"}, 6: {"aa,", "bb, c"}, 7: {"aa, bb,", "c"}, 8: {"aa, bb,", "c"}, 9: {"aa, bb, c"},
	} {
		if got := packed([]string{"aa", "bb", "c"}, width); !slices.Equal(got, want) {
			t.Errorf("width %d: got %q, want %q", width, got, want)
		}
	}
	if got, want := packed([]string{"", "aaaa"}, 3), []string{",", "aaaa"}; !slices.Equal(got, want) {
		t.Errorf("a text that is too long after an empty one: got %q, want %q", got, want)
	}
	if got := packed(nil, 10); got != nil {
		t.Errorf("no texts become the lines %q", got)
	}

	// A row that does not fit the width is shown below its name.
	fits := widthLeast - 8 - utf8.RuneCountInString(`/p: "" → 1`) // beside the indent
	for n, oneLine := range map[int]bool{fits - 1: true, fits: true, fits + 1: false} {
		var b strings.Builder
		p := &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: encoded(strings.Repeat("a", n)), After: encoded(1)}}}}}
		if err := p.TextWidth(&b, widthLeast); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "a\" → 1\n"); got != oneLine {
			t.Errorf("a value of %d characters, where %d fit, is on the line of its name: %v\n%s", n, fits, got, b.String())
		}
	}
}

// A width of 0 or less is 100, and one below 40 is 40.
func TestTextWidth(t *testing.T) {
	var members []string
	for i := range 50 {
		members = append(members, strings.Repeat("a", 1+i%7))
	}
	p := &Plan{Items: []Item{{Kind: "k", Key: "x", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", After: encoded(members)}}}}}
	text := func(width int) string {
		var b strings.Builder
		if err := p.TextWidth(&b, width); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	var standard strings.Builder
	if err := p.Text(&standard); err != nil {
		t.Fatal(err)
	}
	for width, like := range map[int]int{-1: widthDefault, 0: widthDefault, 1: widthLeast, widthLeast - 1: widthLeast} {
		if got, want := text(width), text(like); got != want {
			t.Errorf("width %d:\n%s\nwidth %d:\n%s", width, got, like, want)
		}
	}
	if got := standard.String(); got != text(widthDefault) || got == text(widthDefault-10) {
		t.Errorf("Text is not as wide as %d:\n%s", widthDefault, got)
	}
	for _, width := range []int{widthLeast, widthLeast + 1, 60, widthDefault} {
		longest := 0
		for line := range strings.Lines(text(width)) {
			if strings.Contains(line, `"aaa`) {
				longest = max(longest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
			}
		}
		if longest > width || longest < width-len(`"aaaaaaa", `) {
			t.Errorf("width %d: the longest line of the list has %d characters:\n%s", width, longest, text(width))
		}
	}
}

// Duplicates of a list share a text with their number, at the place of the first.
func TestCounted(t *testing.T) {
	for _, tt := range []struct{ members, want []string }{
		{nil, nil},
		{[]string{"a"}, []string{"a"}},
		{[]string{"b", "a"}, []string{"b", "a"}},
		{[]string{"b", "a", "b"}, []string{"b (2 times)", "a"}},
		{[]string{"a", "a", "b", "c", "c", "c"}, []string{"a (2 times)", "b", "c (3 times)"}},
	} {
		if diff := cmp.Diff(tt.want, counted(tt.members)); diff != "" {
			t.Errorf("%q (-want +got)\n%s", tt.members, diff)
		}
	}
}

// Members of up to 80 characters share lines, and longer ones do not.
func TestShortMembers(t *testing.T) {
	for n, lines := range map[int]int{shortMember - 1: 1, shortMember: 1, shortMember + 1: 2} {
		members := []string{strings.Repeat("é", n), "b"}
		for _, got := range [][]diffLine{(&shortener{}).members(members, nil, 200), (&shortener{}).members(nil, members, 200)} {
			if len(got) != lines {
				t.Errorf("%d characters: got %d lines, want %d: %v", n, len(got), lines, got)
			}
		}
	}
}

// Of many differences the first ones are shown, and the number of the others once.
func TestManyDifferences(t *testing.T) {
	const apart = 100
	text := func(letter string, n int) string { return strings.Repeat(letter+strings.Repeat("x", apart), n) }
	shown := (pairShown-(1+contextShown))/(1+2*contextShown) + 2 // the first has a context on one side only
	for n, more := range map[int]string{shown: "", shown + 1: "… and 1 difference more", shown + 3: "… and 3 differences more"} {
		var s shortener
		was, _ := s.pair(text("a", n), text("b", n))
		if got := strings.Count(was, "a"+strings.Repeat("x", contextShown)); got != shown {
			t.Errorf("%d differences: got %d, want %d", n, got, shown)
		}
		if strings.Count(was, " more") != min(len(more), 1) || !strings.Contains(was, more) || s.cut != (more != "") {
			t.Errorf("%d differences: got %q, want %q", n, was, more)
		}
	}
}

// A path that is none hides nothing, and nothing after it is left out.
func TestSecretTree(t *testing.T) {
	tree := secretTreeOf([]string{"no pointer", "/a/b", "/c"})
	for pointer, want := range map[string]bool{"": false, "/a": false, "/a/b": true, "/a/b/x": true, "/a/x": false, "/c": true, "/d": false, "no pointer": false} {
		if got := tree.at(pointer).here(); got != want {
			t.Errorf("%q: got %v", pointer, got)
		}
	}
}
