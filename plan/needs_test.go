package plan

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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
	desired.Resources = append(desired.Resources, tenant.Resource{Kind: "groups", Key: "Broken", Body: []byte("{")})
	desired.Problems = []tenant.FileError{{Kind: "groups", Key: "Spoilt"}}
	base := parseBase(t, `groups/Bound=1 {"displayName":"Bound"}`+"\n"+`groups/New= {"displayName":"New"}`)
	for _, tc := range []struct {
		name          string
		base          *Base
		targets, want []Target
	}{
		{"an object", base, []Target{{"policies", "P"}}, []Target{{"policies", "P"}, {"groups", "New"}, {"groups", "Circle"}}},
		{"no base", nil, []Target{{"policies", "P"}}, []Target{{"policies", "P"}, {"groups", "New"}, {"groups", "Bound"}, {"groups", "Circle"}, {"groups", "Other"}}},
		{"a kind", base, []Target{{Kind: "policies"}}, []Target{{Kind: "policies"}, {"groups", "New"}, {"groups", "Other"}, {"groups", "Circle"}}},
		{"what is there already", base, []Target{{"policies", "P"}, {"groups", "New"}, {"groups", "Circle"}}, []Target{{"policies", "P"}, {"groups", "New"}, {"groups", "Circle"}}},
		{"by a name that a spoilt file has", base, []Target{{"policies", "R"}}, []Target{{"policies", "R"}}},
		{"without a file", base, []Target{{"policies", "Z"}}, []Target{{"policies", "Z"}}},
		{"nothing", base, nil, nil},
	} {
		if diff := cmp.Diff(tc.want, Needs(desired, tc.base, tc.targets)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.name, diff)
		}
	}
}
