package plan

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// TestShowsResolvedValues: the output shows the values of properties, and ids at
// undeclared places. It does not show ids at declared places.
func TestShowsResolvedValues(t *testing.T) {
	p := &Plan{Format: 1, Tenant: "contoso", Items: []Item{{
		ID: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Update,
		Changes: []PropertyChange{{Pointer: "/includeUsers/-", After: []byte(`"${groups/Decoy#description}"`)}},
		Resolved: []Resolved{
			{Ref: "${groups/Decoy#description}", Value: "All\u202e"},
			{Ref: "${apps/A#appId}", ID: "11111111-2222-3333-4444-555555555555"},
			{Ref: "${groups/Made}", New: true, Undeclared: true},
			{Ref: "${groups/Staff}", ID: "51af"},
			{Ref: "${groups/There}", ID: "7he4e", Undeclared: true},
		},
	}}}
	var text, markdown strings.Builder
	if err := p.Text(&text); err != nil {
		t.Fatal(err)
	}
	if err := p.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"${groups/Decoy#description}" = "All\u202e"`, `"${groups/Made}" = the id of the new object`, `"${groups/There}" = the id "7he4e"`} {
		if !strings.Contains(text.String(), "        "+want+"\n") {
			t.Errorf("the text lacks %s:\n%s", want, &text)
		}
		if !strings.Contains(markdown.String(), "- `"+want+"`\n") {
			t.Errorf("the Markdown lacks %s:\n%s", want, &markdown)
		}
	}
	for _, not := range []string{"51af", "11111111"} {
		if strings.Contains(text.String(), not) {
			t.Errorf("the text shows the id %s of a declared place", not)
		}
	}
}
