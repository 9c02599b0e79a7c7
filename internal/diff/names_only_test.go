package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A kind that is read for its names only is listed whole, so absence counts. The
// plan proposes updates, but neither creates nor deletes. It leaves a property that no
// read shows alone on both sides.
func TestNamesOnly(t *testing.T) {
	namesOnly := func(in *Input) { withState(in, "policies", tenant.NamesOnly) }
	enforced := func(in *Input) { namesOnly(in); in.Rules.Enforce = true }
	owned := func(path string) func(in *Input) {
		return func(in *Input) {
			namesOnly(in)
			editKinds(in, func(kinds []tenant.Kind) {
				for i := range kinds {
					if kinds[i].Name == "policies" {
						kinds[i].References = []tenant.Reference{{Path: path, Kinds: []string{"groups"}}}
					}
				}
			})
		}
	}
	runComparisons(t, []comparisonCase{
		{
			name:    "an update of what was read",
			base:    `policies/P=1 {"displayName":"P","n":1}`,
			desired: `policies/P {"displayName":"P","n":2}`,
			current: `policies 1 {"displayName":"P","n":1}`,
			want: `update policies/P deploy /n: 1 | 1 -> 2
				base policies/P=1 {"displayName":"P","n":1}`,
		},
		{
			name:    "drift of what was read",
			base:    `policies/P=1 {"displayName":"P","n":1}`,
			desired: `policies/P {"displayName":"P","n":1}`,
			current: `policies 1 {"displayName":"P","n":3}`,
			want: `adopt policies/P {"displayName":"P","n":3}
				base policies/P=1 {"displayName":"P","n":1}`,
		},
		{
			name:        "an update of an object that is sent whole",
			explanation: "It would replace what was not read.",
			base:        `policies/P=1 {"displayName":"P","n":1}`,
			desired:     `policies/P {"displayName":"P","n":2}`,
			current:     `policies 1 {"displayName":"P","n":1}`,
			adjust: func(in *Input) {
				namesOnly(in)
				editKinds(in, func(kinds []tenant.Kind) { kinds[0].Whole = []string{""} })
			},
			want: `note unsupported policies/P
				base policies/P=1 {"displayName":"P","n":1}`,
		},
		{
			name:        "properties that no read shows",
			explanation: "The kind was whole once, or a person has written them. The tenant may have any value.",
			base:        `policies/P=1 {"displayName":"P","rules":[1],"deep":{"a":1,"b":1}}`,
			desired:     `policies/P {"displayName":"P","rules":[1],"new":2,"deep":{"a":1,"b":2,"c":3}}`,
			current:     `policies 1 {"displayName":"P","deep":{"a":1,"b":1}}`,
			want: `update policies/P deploy /deep/b: 1 | 1 -> 2
				update policies/P deploy /deep/c: - | - -> 3
				note not_read policies/P /new
				note not_read policies/P /rules
				base policies/P=1 {"deep":{"a":1,"b":1},"displayName":"P","rules":[1]}`,
		},
		{
			name:        "a property that reads show as null",
			explanation: "It is read, and has no value.",
			base:        `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","rules":[1]}`,
			current:     `policies 1 {"displayName":"P","rules":null}`,
			want: `update policies/P deploy /rules: - | null -> [1]
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:    "a new file",
			desired: `policies/P {"displayName":"P"}`,
			want:    `note unsupported policies/P`,
		},
		{
			name:    "a file that is gone",
			base:    `policies/P=1 {"displayName":"P"}`,
			current: `policies 1 {"displayName":"P"}`,
			want: `note unsupported policies/P
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:    "an object that is gone",
			base:    `policies/P=1 {"displayName":"P"}`,
			desired: `policies/P {"displayName":"P"}`,
			gone:    `policies 1`,
			want: `adopt policies/P -
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:    "an object that is gone from a tenant that is enforced",
			base:    `policies/P=1 {"displayName":"P"}`,
			desired: `policies/P {"displayName":"P"}`,
			gone:    `policies 1`,
			adjust:  enforced,
			want: `note unsupported policies/P
				base policies/P=1 {"displayName":"P"}`,
		},
		{
			name:    "a new object",
			current: `policies 1 {"displayName":"P","n":1}`,
			want: `adopt policies/P {"displayName":"P","n":1}
				base policies/P=1`,
		},
		{
			name:        "a file with the same content and another name",
			explanation: "Objects may differ in what is not read, so it is no evidence of a rename.",
			base:        `policies/P=1 {"displayName":"P","n":1,"m":2}`,
			desired:     `policies/Q {"displayName":"Q","n":1,"m":2}`,
			current:     `policies 1 {"displayName":"P","n":1,"m":2}`,
			want: `note unsupported policies/P
				note unsupported policies/Q
				base policies/P=1 {"displayName":"P","n":1,"m":2}`,
		},
		{
			name:    "a file that tells its former name",
			base:    `policies/P=1 {"displayName":"P","n":1,"m":2}`,
			desired: `policies/Q {"$previousNames":["P"],"displayName":"Q","n":1,"m":2}`,
			current: `policies 1 {"displayName":"P","n":1,"m":2}`,
			want: `update policies/Q from P deploy /displayName: "P" | "P" -> "Q"
				base policies/Q=1 {"displayName":"P","m":2,"n":1}`,
		},
		{
			name:        "a delete of an object that they may refer to",
			explanation: "A reference may be in what is not read.",
			base:        `groups/G=2 {"displayName":"G"}`,
			current:     "groups 2 {\"displayName\":\"G\"}\npolicies 1 {\"displayName\":\"P\"}",
			adjust:      owned("/owner"),
			want: `adopt policies/P {"displayName":"P"}
				note not_read groups/G
				base groups/G=2 {"displayName":"G"}
				base policies/P=1`,
		},
		{
			name:        "a delete of an object that they do not refer to",
			explanation: "Each object shows the property that could have the reference.",
			base:        `groups/G=2 {"displayName":"G"}`,
			current:     "groups 2 {\"displayName\":\"G\"}\npolicies 1 {\"displayName\":\"P\",\"owner\":null}",
			adjust:      owned("/owner"),
			want: `delete groups/G deploy : {"displayName":"G"} | {"displayName":"G"} -> -
				adopt policies/P {"displayName":"P","owner":null}
				base groups/G=2 {"displayName":"G"}
				base policies/P=1`,
		},
		{
			name:        "a delete of an object, and references may be anywhere",
			explanation: "Any member may have the reference.",
			base:        `groups/G=2 {"displayName":"G"}`,
			current:     "groups 2 {\"displayName\":\"G\"}\npolicies 1 {\"displayName\":\"P\",\"owner\":null}",
			adjust:      owned("/*/owner"),
			want: `adopt policies/P {"displayName":"P","owner":null}
				note not_read groups/G
				base groups/G=2 {"displayName":"G"}
				base policies/P=1`,
		},
		{
			name:    "a delete where there is nothing that could refer to it",
			base:    `groups/G=2 {"displayName":"G"}`,
			current: `groups 2 {"displayName":"G"}`,
			want: `delete groups/G deploy : {"displayName":"G"} | {"displayName":"G"} -> -
				base groups/G=2 {"displayName":"G"}`,
		},
	}, namesOnly)
}

// A kind that is read only for references to it withholds no delete of others, and the
// backup keeps its objects of that kind. A kind whose objects are all listed is in the
// backup.
func TestNamesOnlyInBackup(t *testing.T) {
	for _, tt := range []struct {
		scope   tenant.Scope
		deletes int
		kept    int // objects in the backup
	}{{tenant.All, 0, 1}, {tenant.Referenced, 1, 0}} {
		tc := comparisonCase{
			base:    `groups/G=2 {"displayName":"G"}`,
			current: "groups 2 {\"displayName\":\"G\"}\npolicies 1 {\"displayName\":\"P\"}",
			adjust: func(in *Input) {
				in.Scopes = map[string]tenant.Scope{"policies": tt.scope}
				for i := range in.Current.Kinds {
					if in.Current.Kinds[i].Kind == "policies" {
						in.Current.Kinds[i].Completeness, in.Current.Kinds[i].Scope = tenant.NamesOnly, tt.scope
					}
				}
			},
		}
		r, err := compareOnce(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(r.Plan.Items); n != tt.deletes {
			t.Errorf("%s: %d items, want %d", tt.scope, n, tt.deletes)
		}
		if n := r.Backup.Counts["policies"]; n != tt.kept {
			t.Errorf("%s: %d policies in the backup, want %d", tt.scope, n, tt.kept)
		}
		base := *r.Base
		r.Backup.MarkIn(&base, "r1")
		unknown := false
		for _, u := range base.Unbound {
			unknown = unknown || u == plan.Target{Kind: "policies"}
		}
		if unknown != (tt.scope == tenant.Referenced) {
			t.Errorf("%s: the revision may have other policies: %t", tt.scope, unknown)
		}
	}
}
