package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/tenant"
)

// drawValue draws a JSON value with short scalars, none of which is truncated on
// its own.
func drawValue(t *rapid.T, depth int) any {
	kinds := 6
	if depth == 0 {
		kinds = 3
	}
	name := rapid.SampledFrom([]string{"id", "name", "state", "value", "settings", "target", "a/b", "~", "\u202e", "st\u0430te", "settingDefinitionId"})
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return rapid.IntRange(1000, 9999).Draw(t, "number")
	case 1:
		return rapid.StringN(1, 12, 40).Draw(t, "text")
	case 2:
		return rapid.SampledFrom([]any{"one\ntwo", "one\n2\nthree", "All", "a_1", true, "e\u0301", "\u00e9"}).Draw(t, "sample")
	case 3:
		return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) any { return drawValue(t, depth-1) }), 0, 4).Draw(t, "list")
	case 4:
		settings := make([]any, rapid.IntRange(1, 4).Draw(t, "settings"))
		for i := range settings {
			definition := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "definition")
			if rapid.Bool().Draw(t, "choice") {
				settings[i] = choice(definition, rapid.StringMatching(`[a-z0-9 ]{1,8}`).Draw(t, "choice"), simpleInstance("d", rapid.IntRange(1000, 9999).Draw(t, "child")))
			} else {
				settings[i] = simple(definition, drawValue(t, 0))
			}
		}
		return settings
	default:
		return rapid.MapOfN(name, rapid.Custom(func(t *rapid.T) any { return drawValue(t, depth-1) }), 0, 4).Draw(t, "object")
	}
}

// TestEveryChangeIsShown renders random changes. The output must contain each text
// and number that only one side has, unless the item is marked as truncated. It
// must not contain control or format characters.
func TestEveryChangeIsShown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := PropertyChange{Pointer: rapid.SampledFrom([]string{"", "/p", "/p/-", "/settings", "/settings/-", "/a~1b/\u200b"}).Draw(t, "pointer"),
			Origin: rapid.SampledFrom([]Origin{Deploy, Enforce, Clash}).Draw(t, "origin")}
		it := Item{Kind: "policies", Key: "some key", Verb: rapid.SampledFrom([]tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}).Draw(t, "verb")}
		if it.Verb != tenant.Create {
			c.Before = encoded(drawValue(t, 4))
		}
		if it.Verb != tenant.Delete && rapid.IntRange(0, 5).Draw(t, "removed") > 0 {
			c.After = encoded(drawValue(t, 4))
		}
		if it.Verb == tenant.Create {
			it.After = c.After
		}
		it.Changes = []PropertyChange{c}
		var text, markdown bytes.Buffer
		p := &Plan{Items: []Item{it}}
		if err := errors.Join(p.Text(&text), p.Markdown(&markdown)); err != nil {
			t.Fatal(err)
		}
		was, will := leavesOf(readValue(c.Before)), leavesOf(readValue(c.After))
		for name, out := range map[string]string{"text": text.String(), "markdown": strings.ReplaceAll(markdown.String(), `\|`, "|")} {
			for _, r := range out {
				if r != '\n' && r >= utf8.RuneSelf && !shows(r) || r < ' ' && r != '\n' {
					t.Fatalf("%s: %U is not escaped in:\n%q", name, r, out)
				}
			}
			if strings.Contains(out, truncated) {
				continue
			}
			for _, leaf := range slices.Concat(onlyIn(was, will), onlyIn(will, was)) {
				if choice := leaf[strings.LastIndexByte(leaf, '_')+1:]; !strings.Contains(out, leaf) && !strings.Contains(out, "…_"+choice) {
					t.Fatalf("%s: %s is not shown:\n%s\nbefore: %s\nafter: %s", name, leaf, out, c.Before, c.After)
				}
			}
		}
	})
}

// leavesOf returns the texts, line by line, and the numbers in a value, in the form
// that the renderers show. It leaves out the types and definitions of settings,
// which the renderers show in another form.
func leavesOf(n *jsonval.Node) []string {
	switch {
	case n == nil || n.Kind == 'n' || n.Kind == 't' || n.Kind == 'f':
		return nil
	case n.IsString():
		if strings.HasPrefix(n.Text, catalogType) {
			return nil
		}
		var lines []string
		for _, line := range linesOf(n) {
			var b strings.Builder
			escape(&b, line, true)
			lines = append(lines, b.String())
		}
		return lines
	case n.IsObject() || n.IsArray():
		var leaves []string
		for i, kid := range n.Kids {
			if !n.IsObject() || n.Names[i] != "settingDefinitionId" {
				leaves = append(leaves, leavesOf(kid)...)
			}
		}
		return leaves
	}
	return []string{string(n.JSON())}
}

// TestRenderIsLinear renders values of a size and of twice that size. Twice the
// size must take at most about twice the memory, which stands for the time.
func TestRenderIsLinear(t *testing.T) {
	if underRace {
		t.Skip("a sync.Pool drops values under the race detector: run without -race")
	}
	nested := func(n int, leaf string) json.RawMessage {
		return json.RawMessage(strings.Repeat(`{"a":`, n) + leaf + strings.Repeat(`}`, n))
	}
	listOf := func(n int, member func(i int) any) json.RawMessage {
		list := make([]any, n)
		for i := range list {
			list[i] = member(i)
		}
		return encoded(list)
	}
	one := func(before, after json.RawMessage) *Plan {
		return &Plan{Items: []Item{{Kind: "k", Key: "key", Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: before, After: after}}}}}
	}
	for name, build := range map[string]func(n int) *Plan{
		"depth": func(n int) *Plan { return one(nested(n/4, "1"), nested(n/4, "2")) },
		"nested lists": func(n int) *Plan {
			return one(json.RawMessage(strings.Repeat("[", n/4)+strings.Repeat("]", n/4)), json.RawMessage(strings.Repeat("[", n/4)+"1"+strings.Repeat("]", n/4)))
		},
		"members": func(n int) *Plan {
			return one(listOf(n, func(i int) any { return i }), listOf(n, func(i int) any { return i + n/2 }))
		},
		"settings": func(n int) *Plan {
			return one(listOf(n, func(i int) any { return simple(fmt.Sprint("s", i), i) }), listOf(n, func(i int) any { return simple(fmt.Sprint("s", i), i+1) }))
		},
		"repeated settings": func(n int) *Plan {
			return one(listOf(n, func(i int) any { return simple("s", i) }), listOf(n, func(i int) any { return simple("s", i+n) }))
		},
		"lines": func(n int) *Plan {
			return one(encoded(strings.Repeat("a\nb\n", n)), encoded(strings.Repeat("b\nb\na\n", n)))
		},
		"one line": func(n int) *Plan {
			return one(encoded(strings.Repeat("abc", n)), encoded(strings.Repeat("acb", n)))
		},
		"sensitive values": func(n int) *Plan {
			p := one(listOf(n, func(i int) any { return simple(fmt.Sprint("s", i), i) }), listOf(n, func(i int) any { return simple(fmt.Sprint("s", i), i+1) }))
			for i := range n {
				p.Items[0].Sensitive = append(p.Items[0].Sensitive, fmt.Sprintf("/q/%d", i))
			}
			return p
		},
		"items": func(n int) *Plan {
			p := new(Plan)
			for i := range n {
				p.Items = append(p.Items, Item{Kind: "k", Key: fmt.Sprint("key ", i), Verb: tenant.Update, Changes: []PropertyChange{{Pointer: "/p", Before: encoded(1), After: encoded(i % 7)}}})
			}
			return p
		},
		"changes of a set": func(n int) *Plan {
			p := new(Plan)
			p.Items = []Item{{Kind: "k", Key: "key", Verb: tenant.Update}}
			for i := range n {
				p.Items[0].Changes = append(p.Items[0].Changes, PropertyChange{Pointer: "/p/-", After: encoded(fmt.Sprint(i))})
			}
			return p
		},
		"notes": func(n int) *Plan {
			p := new(Plan)
			for i := range n {
				p.Notes = append(p.Notes, Note{Class: NotRead, Kind: "k", Key: fmt.Sprint("key ", i), Message: fmt.Sprintf("key %d is missing", i)})
			}
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			cost := func(n int) float64 {
				p := build(n)
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				var out bytes.Buffer
				if err := p.Text(&out); err != nil {
					t.Fatal(err)
				}
				runtime.ReadMemStats(&after)
				return float64(after.TotalAlloc - before.TotalAlloc)
			}
			// Take the least of several runs: a run allocates more if the
			// garbage collector has emptied a sync.Pool.
			least := func(n int) float64 { return min(cost(n), cost(n), cost(n)) }
			const n = 2000
			if once, twice := least(n), least(2*n); twice > 3*once {
				t.Errorf("twice the size takes %.1f times the memory (%.0f and %.0f bytes)", twice/once, once, twice)
			}
		})
	}
}

// FuzzRender renders plans of any content, valid or not.
func FuzzRender(f *testing.F) {
	for _, p := range []*Plan{displayPlan(f), hostilePlan(), samplePlan()} {
		data, err := json.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := new(Plan)
		if json.Unmarshal(data, p) != nil {
			return
		}
		text, markdown := renderedPlan(t, p)
		checkVisible(t, text)
		checkVisible(t, markdown)
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(line); n > 6000 {
				t.Fatalf("a line of %d characters: %.200s…", n, line)
			}
		}
	})
}
