package diff

import "testing"

// A name that leads to another object is noticed although no byte has changed.
func TestShortcutFollowsNames(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}` + "\n" + `policies/Q {"displayName":"Q","custom":"${groups/G}"}` + "\n" + `policies/R {"displayName":"R"}`,
		current: `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}` + "\n" + `policies 2 {"displayName":"Q","custom":"g1"}` + "\n" + `policies 3 {"displayName":"R"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil || r.Unchanged != 4 {
		t.Fatalf("%d unchanged, %v\n%s", r.Unchanged, err, showResult(r))
	}
	tc.gone = `groups g1`
	in := tc.input(t)
	in.Base = r.Base
	in.Current.Resources[0].ID = "g2"
	in.Rules.Enforce = true
	if r, err = compareOnce(in); err != nil {
		t.Fatal(err)
	}
	if r.Unchanged != 2 || r.Plan.Item("policies/P") == nil || r.Plan.Item("policies/Q") == nil {
		t.Errorf("the policies still hold the old group's id:\n%s", showResult(r))
	}
}
