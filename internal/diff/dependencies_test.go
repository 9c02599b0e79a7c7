package diff

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestNeeds(t *testing.T) {
	desired := tenant.Desired{Resources: parseDesired(t, `policies/P {"displayName":"P","owner":"${groups/Old}","x":["${groups/Bound}","${groups/None}","$${groups/Other}","${var:v}"]}
		policies/Q {"displayName":"Q","owner":"${groups/Other}"}
		groups/New {"displayName":"New","$previousNames":["Old"],"sub":{"of":"${groups/Circle#mail}"}}
		policies/R {"displayName":"R","owner":"${groups/Spoilt}"}
		groups/Told {"displayName":"Told","$previousNames":["Spoilt"]}
		groups/Circle {"displayName":"Circle","of":"${groups/New}"}
		groups/Bound {"displayName":"Bound","of":"${groups/Other}"}
		groups/Other {"displayName":"Other"}`)}
	broken := tenant.Resource{Kind: "groups", Key: "Broken", Body: []byte("{")}
	desired.Resources = slices.Concat([]tenant.Resource{broken}, desired.Resources, []tenant.Resource{broken})
	desired.Problems = []tenant.FileError{{Kind: "groups", Key: "Spoilt"}}
	base := parseBase(t, `groups/Bound=1 {"displayName":"Bound"}`+"\n"+`groups/New= {"displayName":"New"}`)
	for _, tc := range []struct {
		name          string
		base          *Base
		targets, want []plan.Target
	}{
		{"an object", base, []plan.Target{{Kind: "policies", Key: "P"}}, []plan.Target{{Kind: "policies", Key: "P"}, {Kind: "groups", Key: "New"}, {Kind: "groups", Key: "Circle"}}},
		{"no base", nil, []plan.Target{{Kind: "policies", Key: "P"}}, []plan.Target{{Kind: "policies", Key: "P"}, {Kind: "groups", Key: "New"}, {Kind: "groups", Key: "Bound"}, {Kind: "groups", Key: "Circle"}, {Kind: "groups", Key: "Other"}}},
		{"a kind", base, []plan.Target{{Kind: "policies"}}, []plan.Target{{Kind: "policies"}, {Kind: "groups", Key: "New"}, {Kind: "groups", Key: "Other"}, {Kind: "groups", Key: "Circle"}}},
		{"targets that include their references", base, []plan.Target{{Kind: "policies", Key: "P"}, {Kind: "groups", Key: "New"}, {Kind: "groups", Key: "Circle"}}, []plan.Target{{Kind: "policies", Key: "P"}, {Kind: "groups", Key: "New"}, {Kind: "groups", Key: "Circle"}}},
		{"by the name of an unusable file", base, []plan.Target{{Kind: "policies", Key: "R"}}, []plan.Target{{Kind: "policies", Key: "R"}}},
		{"without a file", base, []plan.Target{{Kind: "policies", Key: "Z"}}, []plan.Target{{Kind: "policies", Key: "Z"}}},
		{"no targets", base, nil, nil},
	} {
		if diff := cmp.Diff(tc.want, Needs(desired, tc.base, tc.targets)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}
