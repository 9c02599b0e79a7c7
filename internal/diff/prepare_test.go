package diff

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/tenant"
)

// A comparison with another desired configuration does not change the original:
// both can be compared again, and reading on for one does not reach the other.
func TestWithDesiredLeavesTheOriginal(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/A=1 {"displayName":"A","x":1}`,
		desired: `groups/A {"displayName":"A","x":2}`,
		current: `groups 1 {"displayName":"A","x":1}`,
	}
	in := tc.input(t)
	original, err := Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	show := func(c *Comparison) string {
		t.Helper()
		r, err := c.Compare(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return showResult(r)
	}
	first := show(original)
	other := original.WithDesired(tenant.Desired{Revision: "r2", Resources: parseDesired(t, `groups/A {"displayName":"A","x":3}`+"\n"+`groups/B {"displayName":"B"}`)})
	changed := show(other)
	other.Add(parseCurrent(t, `groups 2 {"displayName":"C"}`)...)
	if diff := cmp.Diff(first, show(original)); diff != "" {
		t.Errorf("the original compares otherwise now (-want +got)\n%s", diff)
	}
	if changed == first || show(other) == changed {
		t.Errorf("the other comparison is the same:\n%s\n%s", changed, show(other))
	}
}
