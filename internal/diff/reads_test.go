package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestReads(t *testing.T) {
	tc := comparisonCase{
		base:    `apps/A=a1 {"displayName":"Alpha"}` + "\n" + `apps/Known=a2` + "\n" + `groups/G=g1 {"displayName":"G"}`,
		desired: `apps/A {"displayName":"Alpha"}` + "\n" + `apps/N {"displayName":"New ${var:company}"}` + "\n" + `apps/Nameless {"x":1}`,
		adjust:  func(in *Input) { in.Bound = reference.Bindings{"apps": {"N": "a9"}} },
	}
	got, err := readsOf(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	want := []tenant.ReadRequest{
		{Kind: "apps", IDs: []string{"a1", "a2", "a9"}, Matches: []tenant.Match{
			{"/displayName": "Alpha"}, {"/displayName": "Nameless"}, {"/displayName": "New Contoso"},
		}},
		{Kind: "groups", All: true},
		{Kind: "policies", All: true},
		{Kind: "settings", All: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}

	tc.adjust = func(in *Input) {
		in.Targets = []plan.Target{{Kind: "groups", Key: "G"}}
		in.Scopes = map[string]tenant.Scope{"groups": tenant.Listed}
	}
	got, err = readsOf(tc.input(t))
	want = []tenant.ReadRequest{{Kind: "groups", IDs: []string{"g1"}, Matches: []tenant.Match{{"/displayName": "G"}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("targets (-want +got)\n%s%v", diff, err)
	}
}

func TestReferenceReads(t *testing.T) {
	listedGroups := func(in *Input) {
		in.Scopes = map[string]tenant.Scope{"groups": tenant.Listed}
	}
	tc := comparisonCase{
		base: `groups/Bound=g7`,
		desired: `policies/P {"displayName":"P","owner":"${groups/ByName}","x":"${groups/Bound}","conditions":{"groups":["All","g8","${roles/R}"]}}` + "\n" +
			`groups/Listed {"displayName":"Listed"}` + "\n" + `policies/Q {"displayName":"Q","owner":"${groups/Listed}"}`,
		current: `policies 1 {"displayName":"P","conditions":{"groups":["All","g1","g2"]},"contact":"m@contoso.com"}` + "\n" + `groups g2 {"displayName":"G2"}`,
		adjust:  listedGroups,
	}
	in := tc.input(t)
	comparison, err := Prepare(in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := comparison.ReferenceReads()
	if err != nil {
		t.Fatal(err)
	}
	want := []tenant.ReadRequest{
		{Kind: "groups", IDs: []string{"g1", "g7", "g8"}, Matches: []tenant.Match{
			{"/displayName": "Bound"}, {"/displayName": "ByName"}, {"/mail": "m@contoso.com"},
		}},
		{Kind: "roles", IDs: []string{"g1", "g8"}, Matches: []tenant.Match{{"/displayName": "R"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if again, err := comparison.ReferenceReads(); err != nil || len(again) != 0 {
		t.Errorf("the second call: got %v, %v, want no requests", again, err)
	}
	comparison.Add(tenant.Resource{Kind: "policies", ID: "2", Body: []byte(`{"displayName":"Q","owner":"g1","conditions":{"groups":["g9"]}}`)})
	got, err = comparison.ReferenceReads()
	want = []tenant.ReadRequest{{Kind: "groups", IDs: []string{"g9"}}, {Kind: "roles", IDs: []string{"g9"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("after an object was added (-want +got)\n%s%v", diff, err)
	}

	in = tc.input(t)
	in.Scopes = nil
	got, err = referenceReadsOf(in)
	want = []tenant.ReadRequest{{Kind: "roles", IDs: []string{"g1", "g8"}, Matches: []tenant.Match{{"/displayName": "R"}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("a completely read kind is not read again (-want +got)\n%s%v", diff, err)
	}

	in.Scopes = map[string]tenant.Scope{"groups": tenant.OutOfScope}
	in.Desired.Resources = append(in.Desired.Resources, parseDesired(t, `policies/S {"displayName":"S","x":"${settings/settings#a}"}`)...)
	got, err = referenceReadsOf(in)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("neither a kind that is out of scope nor the one object of a kind is read (-want +got)\n%s%v", diff, err)
	}
}

// The requests have the references of every object, once each, and the error is the
// first object's that cannot be read, whatever the number of goroutines.
func TestReferenceReadsOfManyObjects(t *testing.T) {
	const n = 5*chunk + 1
	policies := func(unreadable ...int) Input {
		in := comparisonCase{}.input(t)
		in.Scopes = map[string]tenant.Scope{"groups": tenant.Listed}
		for i := range n {
			body := fmt.Sprintf(`{"displayName":"P%d","conditions":{"groups":["id-%02d","shared"]}}`, i, i)
			if slices.Contains(unreadable, i) {
				body = body[:len(body)-3]
			}
			in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: "policies", ID: fmt.Sprint(i), Body: []byte(body)})
			in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: "policies", Key: fmt.Sprintf("P%d", i),
				Body: fmt.Appendf(nil, `{"displayName":"P%d","owner":"${groups/G%02d}"}`, i, i)})
		}
		return in
	}
	var ids []string
	var names []tenant.Match
	for i := range n {
		ids = append(ids, fmt.Sprintf("id-%02d", i))
		names = append(names, tenant.Match{"/displayName": fmt.Sprintf("G%02d", i)})
	}
	ids = append(ids, "shared")
	want := []tenant.ReadRequest{{Kind: "groups", IDs: ids, Matches: names}, {Kind: "roles", IDs: ids}}
	for _, processors := range []int{1, 3} {
		withProcessors(t, processors, func() {
			got, err := referenceReadsOf(policies())
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%d processors (-want +got)\n%s%v", processors, diff, err)
			}
			_, err = referenceReadsOf(policies(chunk+1, chunk+2, n-1))
			if first := fmt.Sprintf("policies/%d:", chunk+1); err == nil || !strings.Contains(err.Error(), first) {
				t.Errorf("%d processors: got %v, want the error of %s", processors, err, first)
			}
		})
	}
}

// A reference can be written with escapes, also in a kind without references.
func TestReferenceReadsSeeEscapes(t *testing.T) {
	tc := comparisonCase{desired: `groups/G {"displayName":"G","note":"\u0024{roles/R}"}` + "\n" + `groups/H {"displayName":"H\n","note":"x"}`}
	got, err := referenceReadsOf(tc.input(t))
	want := []tenant.ReadRequest{{Kind: "roles", Matches: []tenant.Match{{"/displayName": "R"}}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("(-want +got)\n%s%v", diff, err)
	}
}

// The tenant is searched for a file's object by the name in the file, with its
// variables expanded, or by the file's key.
func TestDesiredMatch(t *testing.T) {
	ix := &index{values: map[string]string{"company": "Contoso"}}
	k := kindsOf(testKinds()...).Get("groups")
	for _, tt := range []struct{ name, body, want string }{
		{"a name", `{"displayName":"Staff"}`, "Staff"},
		{"a name with a variable", `{"displayName":"${var:company} staff"}`, "Contoso staff"},
		{"an escaped name", `{"displayName":"$${staff}"}`, "${staff}"},
		{"a reference", `{"displayName":"${groups/Staff}"}`, "key"},
		{"a variable without a value", `{"displayName":"${var:nope}"}`, "key"},
		{"a bad template", `{"displayName":"${nope"}`, "key"},
		{"a number", `{"displayName":1}`, "key"},
		{"an empty name", `{"displayName":""}`, "key"},
		{"no name", `{}`, "key"},
		{"invalid JSON", `{"displayName":"Staff"`, "key"},
	} {
		got, ok := desiredMatch(ix, k, &tenant.Resource{Kind: "groups", Key: "key", Body: json.RawMessage(tt.body)})
		if diff := cmp.Diff(tenant.Match{"/displayName": tt.want}, got); !ok || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", tt.name, ok, diff)
		}
	}
}

func TestMissing(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}` + "\n" + `policies/P=3 {}` + "\n" + `roles/R=4` + "\n" + `settings/settings= {}`,
		current: `groups 1 {"displayName":"A"}`,
		adjust:  func(in *Input) { withState(in, "policies", tenant.Failed) },
	}
	if diff := cmp.Diff([]Object{{"groups", "2"}}, missingIn(tc.input(t))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	tc.adjust = func(in *Input) { in.Targets = []plan.Target{{Kind: "groups", Key: "A"}} }
	if got := missingIn(tc.input(t)); len(got) != 0 {
		t.Errorf("got objects %v that are not targets", got)
	}
}
