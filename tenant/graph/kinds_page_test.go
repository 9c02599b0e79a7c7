package graph_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/script"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// root is the folder of the repository.
var root = filepath.Join("..", "..")

// docs/kinds.md is the page of the default catalogue's kinds; -update writes it.
func TestKindsPage(t *testing.T) {
	holdPage(t, filepath.Join(root, "docs", "kinds.md"), kindsPage(catalogue.Default()))
}

// holdPage is script.Golden, and shows only the lines that are stale.
func holdPage(t *testing.T, path, want string) {
	t.Helper()
	if *script.Update {
		script.Golden(t, path, []byte(want))
		return
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(want, "\n")); diff != "" {
		t.Errorf("%s is stale: run with -update (-is +made from the catalogue)\n%s", path, diff)
	}
}

// The page tells each thing that it is for, and marks what a reader could miss.
func TestKindsPageTells(t *testing.T) {
	scopes := func(words ...string) catalogue.Scopes {
		var s catalogue.Scopes
		for _, w := range words {
			s.Delegated = append(s.Delegated, strings.Split(w, "/"))
		}
		return s
	}
	all := func(e *catalogue.Entry) {
		e.Create, e.Update, e.Delete, e.Write = true, true, true, scopes("Write/WriteMore", "Other")
	}
	for _, tt := range []struct {
		name string
		edit func(*catalogue.Entry)
		want string // within the kind's rows
	}{
		{"read only", nil, "| `b` | b | whole | – | – | – | – | v1.0 |"},
		{"a title", func(e *catalogue.Entry) { e.Title = "The B|s" }, `| The B\|s |`},
		{"all verbs", all, "| yes | yes | yes | – |"},
		{"a verb without an example", func(e *catalogue.Entry) { all(e); e.Unproven = []string{"update"} }, "| yes | if named | yes | – |"},
		{"parts", func(e *catalogue.Entry) {
			all(e)
			e.Parts, e.Unproven = []tenant.Part{{Name: "p"}, {Name: "q"}}, []string{"update#q"}
			e.PartRequests = map[string]catalogue.PartRequest{"p": {}, "q": {}}
		}, "| yes | yes | yes | p, q (if named) |"},
		{"beta", func(e *catalogue.Entry) { e.Version = "beta" }, "| **beta** |"},
		{"one object", func(e *catalogue.Entry) { all(e); e.Singleton = true }, "| whole | one object | yes | one object |"},
		{"names only", func(e *catalogue.Entry) { all(e); e.NamesOnly = "its settings" }, "| names only: not its settings | – | yes | – |"},
		{"permissions", all, "| Read | as delegated | Write, Other | as delegated |"},
		{"an application's permissions", func(e *catalogue.Entry) {
			e.Read.Application = [][]string{{"App.Read"}}
		}, "| Read | App.Read | – | – |"},
		{"a person's", func(e *catalogue.Entry) { e.Read.DelegatedOnly = true }, "| Read | a person only | – | – |"},
		{"optional ones", func(e *catalogue.Entry) { e.Read.Optional = true }, "| Read (optional) | as delegated |"},
		{"a source", func(e *catalogue.Entry) { e.Source = "docs:b.md" }, "| docs:b.md |"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := &catalogue.Catalogue{Entries: []catalogue.Entry{entry("b", tt.edit), entry("a", nil)}}
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			page := kindsPage(c)
			if !strings.Contains(page, tt.want) {
				t.Errorf("the page lacks %q:\n%s", tt.want, page)
			}
			if strings.Index(page, "| `a` |") > strings.Index(page, "| `b` |") {
				t.Error("the kinds are not sorted")
			}
		})
	}
}

// The figures about the catalogue are right wherever they stand; -update writes them.
func TestFigures(t *testing.T) {
	kinds, written := figures(catalogue.Default())
	for path, stand := range map[string]int{
		filepath.Join(root, "README.md"):    3,
		filepath.Join(root, "CHANGELOG.md"): 1,
		"doc.go":                            1,
	} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text, found := withFigures(string(raw), kinds, written)
		if found != stand {
			t.Errorf("%s: %d figures were found, want %d", path, found, stand)
		}
		holdPage(t, path, text)
	}
}

// Whatever figure stands there is replaced, and other numbers stay.
func TestWithFigures(t *testing.T) {
	const before = "a catalogue of 7 kinds as data, [catalogue.Default] has 8 kinds. Of 9 kinds, 5 are written by default. 14 kinds of Intune"
	const after = "a catalogue of 110 kinds as data, [catalogue.Default] has 110 kinds. Of 110 kinds, 65 are written by default. 14 kinds of Intune"
	if got, n := withFigures(before, 110, 65); got != after || n != 4 {
		t.Errorf("got %d figures: %s", n, got)
	}
	c := &catalogue.Catalogue{Entries: []catalogue.Entry{
		entry("read", nil),
		entry("off", func(e *catalogue.Entry) { e.Create, e.Unproven = true, []string{"create"} }),
		entry("partly", func(e *catalogue.Entry) { e.Create, e.Delete, e.Unproven = true, true, []string{"create"} }),
		entry("on", func(e *catalogue.Entry) { e.Update = true }),
	}}
	if kinds, written := figures(c); kinds != 4 || written != 2 {
		t.Errorf("got %d kinds, %d of them written", kinds, written)
	}
}

// figures counts the kinds, and the kinds with a verb that is on by default.
func figures(c *catalogue.Catalogue) (kinds, written int) {
	for _, e := range c.Entries {
		if slices.ContainsFunc(allVerbs, func(v tenant.Verb) bool { return verbWord(e, v) == "yes" }) {
			written++
		}
	}
	return len(c.Entries), written
}

var (
	allVerbs     = []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}
	kindsFigure  = regexp.MustCompile(`(a catalogue of |\[catalogue\.Default\] has |Of )\d+ kinds`)
	writtenWords = regexp.MustCompile(`(kinds, )\d+( are written by default)`)
)

// withFigures returns the text with its figures about the catalogue set right,
// and how many sentences of the kind it has.
func withFigures(text string, kinds, written int) (string, int) {
	found := len(kindsFigure.FindAllString(text, -1)) + len(writtenWords.FindAllString(text, -1))
	text = kindsFigure.ReplaceAllString(text, fmt.Sprintf("${1}%d kinds", kinds))
	return writtenWords.ReplaceAllString(text, fmt.Sprintf("${1}%d${2}", written)), found
}

// kindsPage makes the page of a catalogue's kinds.
func kindsPage(c *catalogue.Catalogue) string {
	kinds, written := figures(c)
	beta, names := 0, 0
	entries := slices.SortedFunc(slices.Values(c.Entries), func(a, b catalogue.Entry) int { return strings.Compare(a.Name, b.Name) })
	for _, e := range entries {
		if e.Version == "beta" {
			beta++
		}
		if e.NamesOnly != "" {
			names++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, `# The kinds of configuration

Made from the catalogue of `+"`tenant/graph`"+`; do not edit. After a change of the catalogue:

    go test ./tenant/graph -run 'KindsPage|Figures' -update

The catalogue has %d kinds, %d of them written by default. A host that wants others, or other facts, puts a catalogue of its own in the place of this one (`+"`Catalogue.With` of `tenant/graph/catalogue`"+`).

* **Read**: "whole", or "names only" with what the read does not show. %s
* **Created, updated, deleted**: "yes" is on by default: Microsoft's documentation or two public tools show it. "if named" is off until the host names the kind in `+"`graph.Config.Unproven`"+`. "–" does not exist, or the client does not do it. The service refuses some verbs for some objects, such as built-in ones; a plan says so.
* **Parts** are pieces of an object that are written by requests of their own, and are items of their own in a plan. One that is there "if asked for" is neither read nor written before the host asks for it; such a kind counts as whole without it.
* **Version**: %d kinds are read and written at **beta**, which Microsoft may change at any time and does not support in production. `+"`graph.Config.PinV1`"+` keeps a kind at v1.0, where v1.0 has it; its reads then lack what only beta shows.
* **Permissions** are the least powerful ones that are enough; others that are enough too are in the catalogue. "optional" ones leave the kind out where they are not granted. "a person only" cannot be had by an application.

## What is read and written

| kind | title | read | created | updated | deleted | parts | version |
|---|---|---|---|---|---|---|---|
`, kinds, written, namesOnlyText(names), beta)
	for _, e := range entries {
		read := "whole"
		if e.NamesOnly != "" {
			read = "names only: not " + e.NamesOnly
		}
		version := e.Version
		if version == "beta" {
			version = "**beta**"
		}
		row(&b, "`"+e.Name+"`", orElse(e.Title, e.Name), read, verbWord(e, tenant.Create), verbWord(e, tenant.Update), verbWord(e, tenant.Delete), partWords(e), version)
	}
	b.WriteString(`
## Permissions and sources

| kind | to read, delegated | to read, application | to write, delegated | to write, application | licence | source |
|---|---|---|---|---|---|---|
`)
	for _, e := range entries {
		readPerson, readApp := scopeWords(e.Read)
		writePerson, writeApp := "–", "–"
		if e.Create || e.Update || e.Delete {
			writePerson, writeApp = scopeWords(e.Write)
		}
		row(&b, "`"+e.Name+"`", readPerson, readApp, writePerson, writeApp, orElse(e.Licence, "–"), orElse(e.Source, "–"))
	}
	return b.String()
}

// namesOnlyText says what a kind that is not read whole means for a host.
func namesOnlyText(kinds int) string {
	text := "No kind is names only now. One that is would be backed up without what is missing there"
	switch {
	case kinds == 1:
		text = "1 kind is names only: it is backed up without what is missing there"
	case kinds > 1:
		text = fmt.Sprintf("%d kinds are names only: they are backed up without what is missing there", kinds)
	}
	return text + "; the snapshot, the plan and the report say `names_only`, and no object of it is created, deleted or replaced as a whole, since no backup could bring back what was not read."
}

func row(b *strings.Builder, cells ...string) {
	for _, c := range cells {
		b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
	}
	b.WriteString("|\n")
}

// verbWord says whether a verb is on by default.
func verbWord(e catalogue.Entry, v tenant.Verb) string {
	switch {
	case e.Singleton && v != tenant.Update:
		return "one object"
	case !e.Allows(v), e.NamesOnly != "" && v != tenant.Update:
		return "–"
	case !e.Proven(v, ""):
		return "if named"
	}
	return "yes"
}

func partWords(e catalogue.Entry) string {
	var parts []string
	for _, p := range e.Parts {
		name := p.Name
		if !e.Proven(tenant.Update, p.Name) {
			name += " (if named)"
		}
		parts = append(parts, name)
	}
	for _, name := range optIns(e) {
		parts = append(parts, name+" (if asked for)")
	}
	return orElse(strings.Join(parts, ", "), "–")
}

// optIns are the names of the pieces that are read and written for hosts that ask.
func optIns(e catalogue.Entry) []string {
	var file struct {
		OptIns map[string]json.RawMessage `json:"optIns"`
	}
	if err := json.Unmarshal([]byte(mustJSON(e)), &file); err != nil {
		panic(err) // it was encoded here
	}
	return slices.Sorted(maps.Keys(file.OptIns))
}

// scopeWords returns the least powerful permissions of a person and of an
// application.
func scopeWords(s catalogue.Scopes) (person, application string) {
	least := func(choices [][]string) string {
		var words []string
		for _, anyOf := range choices {
			words = append(words, anyOf[0])
		}
		return strings.Join(words, ", ")
	}
	person, application = orElse(least(s.Delegated), "–"), orElse(least(s.Application), "as delegated")
	if s.DelegatedOnly {
		application = "a person only"
	}
	if s.Optional {
		person += " (optional)"
	}
	return person, application
}

// orElse returns s, or other if s is empty.
func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
