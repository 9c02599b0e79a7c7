package importer

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The documentation has the same layouts and exclusions as the tables.
func TestDocumentation(t *testing.T) {
	const page, mark = "../../../docs/import.md", " -update. -->\n"
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	written, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatalf("%s has no mark %q", page, mark)
	}
	compareGolden(t, page, written+mark+documentedTables())
}

func documentedTables() string {
	var b strings.Builder
	b.WriteString("\n## Layouts\n\n| layout | what it holds | where the facts are from |\n| --- | --- | --- |\n")
	for _, l := range layouts {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.name, l.holds, l.source)
	}
	b.WriteString("\n## What is left out\n\n| layout | what | why |\n| --- | --- | --- |\n")
	for _, e := range exclusions {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", e.layout, e.what(), e.why)
	}
	for _, r := range refusals {
		fmt.Fprintf(&b, "| every | %s | %s |\n", r.what, r.why)
	}
	b.WriteString("\n## Folders\n\nNames count without case, spaces and punctuation. The names of the kinds are known as well.\n\n| layout | folder | endpoint |\n| --- | --- | --- |\n")
	for _, l := range layouts {
		for _, f := range l.folders {
			fmt.Fprintf(&b, "| %s | `%s` | `%s` |\n", l.name, f.path, f.endpoint)
		}
	}
	return b.String()
}
