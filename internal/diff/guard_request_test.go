package diff

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// All guards get the tenant's objects and the bodies that the deploy will send,
// without secrets.
func TestGuardRequest(t *testing.T) {
	var seen []tenant.GuardRequest
	watch := func(_ context.Context, r tenant.GuardRequest) []tenant.Violation { seen = append(seen, r); return nil }
	r, err := compareOnce(comparisonCase{
		base: `groups/G=g1 {"displayName":"G"}` + "\n" + `groups/Gone=g3 {"displayName":"Gone"}` + "\n" + `policies/P=1 {"displayName":"P"}`,
		desired: `groups/G {"displayName":"G"}` + "\n" + `groups/Made {"displayName":"Made","nick":"m"}` + "\n" +
			`policies/P {"displayName":"P","owner":"${groups/Made}","x":["${groups/G#description}","$${literal}","${new:groups/Fake}","${groups/Made#nick}"],"password":"hunter2"}`,
		current: `groups g1 {"displayName":"G","description":"All"}` + "\n" + `groups g3 {"displayName":"Gone","id":"g3"}` + "\n" +
			`policies 1 {"displayName":"P","owner":"g1","conditions":{"groups":["g1","All"]},"password":"hunter3","key":"****"}`,
		adjust: func(in *Input) {
			in.Rules.Guards = []plan.Guard{watch}
			for i := range in.Desired.Resources {
				in.Desired.Resources[i].Body = []byte(escapeFake(string(in.Desired.Resources[i].Body)))
			}
		},
	}.input(t))
	if err != nil {
		t.Fatal(err)
	}
	asked, err := r.GuardRequest()
	if err != nil || len(seen) != 1 {
		t.Fatalf("the host's guard was called %d times, %v", len(seen), err)
	}
	if diff := cmp.Diff(seen[0], asked); diff != "" {
		t.Errorf("the host's guard gets another request (-host +client)\n%s", diff)
	}
	maps.DeleteFunc(asked.IDs, func(_ string, ids map[string]string) bool { return len(ids) == 0 })
	ids := map[string]map[string]string{"groups": {"G": "g1", "Gone": "g3"}, "policies": {"P": "1"}}
	want := tenant.GuardRequest{Tenant: "contoso", IDs: ids, Changes: []tenant.GuardChange{
		{Item: "groups/Made", Kind: "groups", Key: "Made", Verb: tenant.Create, After: []byte(`{"displayName":"Made","nick":"m"}`)},
		{Item: "groups/Gone", Kind: "groups", Key: "Gone", Verb: tenant.Delete, ID: "g3", Before: []byte(`{"displayName":"Gone"}`)},
		{Item: "policies/P", Kind: "policies", Key: "P", Verb: tenant.Update, ID: "1",
			Before: []byte(`{"conditions":{"groups":["g1","All"]},"displayName":"P","key":"****","owner":"g1","password":"[redacted]"}`),
			After:  []byte(`{"conditions":{"groups":["g1","All"]},"displayName":"P","key":"****","owner":"${new:groups/Made}","password":"[redacted]","x":["All","${literal}","${new:groups/Fake}","m"]}`),
			Names:  map[string]string{"g1": "groups/G", "${new:groups/Made}": "groups/Made"}},
	}}
	byItem := cmpopts.SortSlices(func(a, b tenant.GuardChange) bool { return a.Item < b.Item })
	if diff := cmp.Diff(want, asked, cmpopts.EquateEmpty(), byItem); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// escapeFake escapes a text of the file that looks like a new object.
func escapeFake(body string) string {
	return strings.ReplaceAll(body, `"${new:`, `"$${new:`)
}
