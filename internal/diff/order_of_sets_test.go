package diff

import (
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
)

// The tenant and people can list the members of a set in any order. The
// proposal is the same, also within whole objects.
func TestOrderInSetsDoesNotCount(t *testing.T) {
	plan := func(inFile, inTenant [2]string) *plan.Plan {
		t.Helper()
		set := func(s string) string {
			return strings.NewReplacer("<1>", inTenant[0], "<2>", inTenant[1], "<f1>", inFile[0], "<f2>", inFile[1]).Replace(s)
		}
		r, err := compareOnce(comparisonCase{
			base: `policies/A=1 {"displayName":"A"}` + "\n" + `policies/B=2 {"displayName":"B","x":1,"conditions":{"groups":["All","well-known-1"]},"o":null}`,
			desired: set(`policies/B {"displayName":"B","x":2,"conditions":{"groups":["All","well-known-1"]},"rules":[{"names":["<f1>","<f2>"]}]}`) + "\n" +
				set(`policies/C {"displayName":"C","members":["<f1>","<f2>"],"tokens":[{"n":1,"secret":"<f1>"},{"n":1,"secret":"<f2>"}]}`) + "\n" +
				set(`policies/D {"displayName":"D","conditions":{"groups":["<f1>","<f2>"]}}`),
			current: set(`policies 1 {"displayName":"A","members":["<1>","<2>"],"assignments":[{"target":"<1>"},{"target":"<2>"}]}`) + "\n" +
				set(`policies 2 {"displayName":"B","x":1,"conditions":{"groups":["All","well-known-1"]},"members":["<1>","<2>"]}`) + "\n" +
				set(`policies 4 {"displayName":"D","conditions":null,"members":["<1>","<2>"]}`),
		}.input(t))
		if err != nil || len(r.Plan.Items) != 4 {
			t.Fatalf("%v\n%s", err, showResult(r))
		}
		return r.Plan
	}
	ab, ba := [2]string{"a", "b"}, [2]string{"b", "a"}
	a, b, c := plan(ab, ab), plan(ab, ba), plan(ba, ab)
	if a.Digest != b.Digest {
		t.Error("the digest depends on the order of a set's members in the tenant")
	}
	if a.ChangeDigest != b.ChangeDigest || a.ChangeDigest != c.ChangeDigest {
		t.Error("the change digest depends on the order of a set's members")
	}
}
