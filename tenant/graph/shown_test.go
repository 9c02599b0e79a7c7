package graph_test

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
)

// Verbs that tools show need two tools with their commits, must be the kind's, and
// cannot be unproven.
func TestShownProblems(t *testing.T) {
	two := []string{"a 1", "b 2"}
	for _, tt := range []struct {
		name     string
		shown    []graph.Shown
		unproven []string
		want     string // "" for none
	}{
		{"two tools", []graph.Shown{{Verbs: []string{"create", "update#p"}, By: two}}, nil, ""},
		{"one tool", []graph.Shown{{Verbs: []string{"create"}, By: two}, {Verbs: []string{"update#p"}, By: []string{"a 1"}}}, nil, "fewer than two tools show update#p"},
		{"one tool twice", []graph.Shown{{Verbs: []string{"create"}, By: []string{"a 1", "a 2"}}}, nil, "fewer than two tools show create"},
		{"no commit", []graph.Shown{{Verbs: []string{"create"}, By: []string{"a 1", "b"}}}, nil, `"b" does not say which commit`},
		{"an unproven verb", []graph.Shown{{Verbs: []string{"create"}, By: two}}, []string{"create"}, `the verb "create" is shown and unproven`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entry("k", func(e *graph.Entry) {
				e.Create, e.Update, e.Write = true, true, graph.Scopes{Application: [][]string{{"Write"}}}
				e.Parts, e.PartRequests = []tenant.Part{{Name: "p"}}, map[string]graph.PartRequest{"p": {}}
				e.Shown, e.Unproven = tt.shown, tt.unproven
			})
			err := (&graph.Catalogue{Entries: []graph.Entry{e}}).Validate()
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), "k: "+tt.want) || strings.Count(err.Error(), "\n") > 0) {
				t.Errorf("got %v, want one problem: %q", err, tt.want)
			}
		})
	}
}
