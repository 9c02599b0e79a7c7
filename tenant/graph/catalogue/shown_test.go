package catalogue_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Verbs that tools show need two tools with their commits, must be the kind's, and
// cannot be unproven.
func TestShownProblems(t *testing.T) {
	two := []string{"a 1", "b 2"}
	for _, tt := range []struct {
		name     string
		shown    []catalogue.Shown
		unproven []string
		want     string // "" for none
	}{
		{"two tools", []catalogue.Shown{{Verbs: []string{"create", "update#p"}, By: two}}, nil, ""},
		{"one tool", []catalogue.Shown{{Verbs: []string{"create"}, By: two}, {Verbs: []string{"update#p"}, By: []string{"a 1"}}}, nil, "fewer than two tools show update#p"},
		{"one tool twice", []catalogue.Shown{{Verbs: []string{"create"}, By: []string{"a 1", "a 2"}}}, nil, "fewer than two tools show create"},
		{"no commit", []catalogue.Shown{{Verbs: []string{"create"}, By: []string{"a 1", "b"}}}, nil, `"b" does not say which commit`},
		{"an unproven verb", []catalogue.Shown{{Verbs: []string{"create"}, By: two}}, []string{"create"}, `the verb "create" is shown and unproven`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entry("k", func(e *catalogue.Entry) {
				e.Create, e.Update, e.Write = true, true, catalogue.Scopes{Application: [][]string{{"Write"}}}
				e.Parts, e.PartRequests = []tenant.Part{{Name: "p"}}, map[string]catalogue.PartRequest{"p": {}}
				e.Shown, e.Unproven = tt.shown, tt.unproven
			})
			err := (&catalogue.Catalogue{Entries: []catalogue.Entry{e}}).Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), "k: "+tt.want) || strings.Count(err.Error(), "\n") > 0) {
				t.Errorf("got %v, want one problem: %q", err, tt.want)
			}
		})
	}
}
