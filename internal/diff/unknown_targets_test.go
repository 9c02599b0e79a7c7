package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A target is unknown if neither base, repository nor tenant has its key, and if that
// is certain.
func TestUnknownTargets(t *testing.T) {
	key := func(kind, key string) plan.Target { return plan.Target{Kind: kind, Key: key} }
	for _, tt := range []struct {
		name                   string
		base, desired, current string
		targets                []plan.Target
		adjust                 func(*Input)
		want                   []UnknownTarget
	}{
		{"no targets", "", `groups/A {"displayName":"A"}`, "", nil, nil, nil},
		{"a whole kind without objects", "", "", "", []plan.Target{key("groups", "")}, nil, nil},
		{"in the repository", "", `groups/A {"displayName":"A"}`, "", []plan.Target{key("groups", "A")}, nil, nil},
		{"in the tenant", "", "", `groups 1 {"displayName":"A"}`, []plan.Target{key("groups", "A")}, nil, nil},
		{"in the base alone", "groups/A=1", "", "", []plan.Target{key("groups", "A")}, nil, nil},
		{"the former key of a renamed object", `groups/A=1 {"displayName":"A"}`, `groups/B {"displayName":"A"}`, `groups 1 {"displayName":"A"}`,
			[]plan.Target{key("groups", "A")}, nil, nil},
		{"misspelt", "", `groups/Marketing {"displayName":"Marketing"}`, "", []plan.Target{key("groups", "Marketting"), key("groups", "Marketing")}, nil,
			[]UnknownTarget{{key("groups", "Marketting"), "Marketing"}}},
		{"in another case", "", `groups/Marketing {"displayName":"Marketing"}`, "", []plan.Target{key("groups", "marketing")}, nil,
			[]UnknownTarget{{key("groups", "marketing"), "Marketing"}}},
		{"a name from before the last sync", `groups/B=1 {"displayName":"A"}`, `groups/B {"displayName":"A","$previousNames":["Former"]}`, `groups 1 {"displayName":"A"}`,
			[]plan.Target{key("groups", "Former")}, nil, []UnknownTarget{{key("groups", "Former"), "B"}}},
		{"like no other", "", `groups/Marketing {"displayName":"Marketing"}`, "", []plan.Target{key("groups", "X"), key("groups", "X")}, nil,
			[]UnknownTarget{{Target: key("groups", "X")}}},
		{"of another kind", "", `groups/A {"displayName":"A"}`, "", []plan.Target{key("policies", "A")}, nil, []UnknownTarget{{Target: key("policies", "A")}}},
		{"two, in order", "", "", "", []plan.Target{key("policies", "A"), key("groups", "B"), key("groups", "A")}, nil,
			[]UnknownTarget{{Target: key("groups", "A")}, {Target: key("groups", "B")}, {Target: key("policies", "A")}}},
		{"of a kind that was partly read", "", "", "", []plan.Target{key("groups", "A")}, func(in *Input) {
			for i := range in.Current.Kinds {
				in.Current.Kinds[i].Completeness = tenant.Partial
			}
		}, nil},
		{"a file that cannot be read has the key", "groups/A=1", "", "", []plan.Target{key("groups", "A")}, func(in *Input) {
			in.Desired.Problems = append(in.Desired.Problems, tenant.FileError{Path: "groups/A.json", Kind: "groups", Key: "A"})
		}, nil},
		{"a file without a known key", "", "", "", []plan.Target{key("groups", "A")}, func(in *Input) {
			in.Desired.Problems = append(in.Desired.Problems, tenant.FileError{Path: "x", Kind: "groups"})
		}, nil},
		{"a file without a known kind", "", "", "", []plan.Target{key("groups", "A")}, func(in *Input) {
			in.Desired.Problems = append(in.Desired.Problems, tenant.FileError{Path: "x"})
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := compareOnce(comparisonCase{base: tt.base, desired: tt.desired, current: tt.current, adjust: func(in *Input) {
				in.Targets = tt.targets
				if tt.adjust != nil {
					tt.adjust(in)
				}
			}}.input(t))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, r.UnknownTargets); diff != "" {
				t.Error(diff)
			}
		})
	}
}
