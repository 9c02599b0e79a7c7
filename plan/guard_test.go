package plan

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/tenant"
)

// TestBrokenBy checks some items of a plan against each rule, at its limit and one
// above it.
func TestBrokenBy(t *testing.T) {
	item := func(id, key, part string, changes ...PropertyChange) Item {
		return Item{ID: id, Kind: "apps", Key: key, Part: part, Verb: tenant.Update, Changes: changes,
			After: json.RawMessage(`{"assignments":[{"id":"left"}]}`)}
	}
	removed := func(id string) PropertyChange { return changed("/assignments/-", `{"id":"`+id+`"}`, "") }
	items := []Item{
		item("apps/A", "A", ""), item("apps#assignments/A", "A", "assignments", removed("1"), removed("2")),
		item("apps/B", "B", ""), item("apps#assignments/B", "B", "assignments", removed("1")),
		item("apps/C", "C", ""),
	}
	all := []string{"apps/A", "apps#assignments/A", "apps/B", "apps#assignments/B", "apps/C"}
	tests := []struct {
		name   string
		broken Violation
		ids    []string
		want   bool
	}{
		{"the whole plan", Violation{Items: all[:1], Limit: 7}, nil, true},
		{"one of its items", Violation{Items: []string{"apps/A", "apps/C"}}, []string{"apps/C"}, true},
		{"none of its items", Violation{Items: []string{"apps/A", "apps/C"}}, []string{"apps/B"}, false},
		{"about the whole plan", Violation{}, []string{"apps/B"}, true},
		{"about an item that the plan lacks", Violation{Items: []string{"apps/X"}}, []string{"apps/B"}, true},
		{"a chosen item that the plan lacks", Violation{Items: []string{"apps/A"}}, []string{"apps/X"}, false},
		{"a negative limit counts as zero", Violation{Items: []string{"apps/A"}, Limit: -1}, []string{"apps/B"}, false},
		{"as many objects as the limit", Violation{Items: all, Limit: 2}, []string{"apps/A", "apps/B"}, false},
		{"one object more", Violation{Items: all, Limit: 2}, []string{"apps/A", "apps/B", "apps/C"}, true},
		{"an object and its parts count once", Violation{Items: all, Limit: 2}, all[:4], false},
		{"a duplicate ID", Violation{Items: append(all, all...), Limit: 1}, []string{"apps/A", "apps/A"}, false},
		{"as many assignments as the limit", Violation{Rule: "assignments-removed", Items: all, Limit: 2}, all[:3], false},
		{"one assignment more", Violation{Rule: "assignments-removed", Items: all, Limit: 2}, all[:4], true},
		{"duplicate IDs with assignments", Violation{Rule: "assignments-removed", Items: append(all, all...), Limit: 2}, all[:3], false},
		{"a last assignment", Violation{Rule: "assignments-removed", Items: []string{"apps#assignments/B"}}, []string{"apps#assignments/B"}, true},
		{"a last assignment of another object", Violation{Rule: "assignments-removed", Items: []string{"apps#assignments/B"}}, all[:3], false},
	}
	for _, tt := range tests {
		p := &Plan{Items: items, Broken: []Violation{tt.broken}}
		var want []Violation
		if tt.want {
			want = p.Broken
		}
		if diff := cmp.Diff(want, p.BrokenBy(tt.ids)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}
