package diff

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The base drops an object that neither side has any more, unless something
// prevents that the comparison can tell.
func TestCompareAbsentObjects(t *testing.T) {
	const base, kept = `groups/A=1 {"displayName":"A"}`, `base groups/A=1 {"displayName":"A"}`
	runComparisons(t, []comparisonCase{
		{name: "gone on both sides", explanation: "the base drops it", base: base, gone: "groups 1"},
		{name: "not among the targets", explanation: "the run does not look at it", base: base, gone: "groups 1",
			adjust: func(in *Input) { in.Targets = []plan.Target{{Kind: "groups", Key: "B"}} }, want: kept},
		{name: "a file of the kind cannot be read", explanation: "the file may be for this object", base: base, gone: "groups 1",
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/x.json", Kind: "groups", Offset: -1, Message: "bad"}}
			}, want: "note bad_file groups/\n" + kept},
		{name: "beside a new file that is not JSON", explanation: "the file may be the successor, and is no reason to fail", base: base, current: `groups 1 {"displayName":"A"}`,
			adjust: func(in *Input) {
				in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: "groups", Key: "B", Body: json.RawMessage(`{"displayName":`)})
			}, want: "delete groups/A deploy : {\"displayName\":\"A\"} | {\"displayName\":\"A\"} -> -\nnote bad_file groups/B\n" + kept},
		{name: "an object that refers to itself", explanation: "its own reference does not prevent its deletion",
			base: `policies/P=1 {"displayName":"P","custom":"${policies/P}"}`, current: `policies 1 {"displayName":"P","custom":"1"}`,
			want: `delete policies/P deploy : {"custom":"${policies/P}","displayName":"P"} | {"custom":"${policies/P}","displayName":"P"} -> -
				base policies/P=1 {"displayName":"P","custom":"${policies/P}"}`},
	})
}
