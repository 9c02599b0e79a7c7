package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// What is written is what was approved, whatever the variables have become:
// values from the plan, secrets only if they are still those that it was made
// with.
func TestApprovedIsWritten(t *testing.T) {
	file := `policies/P {"displayName":"P","x":"${var:company}","password":"${var:pw}","settings":[{"n":"${var:company}","secret":"${var:pw}!"}],"assignments":[{"target":"t","secret":"no"}]}`
	variables := map[string]string{"company": "Contoso", "pw": "hunter2"}
	want := `{"assignments":[{"secret":"no","target":"t"}],"displayName":"P","password":"hunter2","settings":[{"n":"Contoso","secret":"hunter2!"}],"x":"Contoso"}`
	for _, tc := range []struct {
		name, base, current string
	}{
		{"create", "", ""},
		{"update", `policies/P=1 {"displayName":"P"}`, `policies 1 {"displayName":"P"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, r := planned(t, comparisonCase{base: tc.base, desired: file, current: tc.current, adjust: func(in *Input) { in.Variables = variables }})
			if raw, err := r.Plan.Encode(); err != nil || strings.Contains(string(raw), "hunter2") {
				t.Fatalf("the plan shows the secret (%v): %s", err, raw)
			}
			var now *tenant.Resource
			if tc.current != "" {
				now = &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(`{"displayName":"P"}`)}
			}
			s.Variables = map[string]string{"company": "Fabrikam", "pw": "hunter2"}
			op, err := apply.Operation(s, now)
			if err != nil || string(op.After) != want {
				t.Errorf("another value of a variable that is no secret:\ngot  %s, %v\nwant %s", op.After, err, want)
			}
			done := &tenant.Resource{Kind: "policies", ID: "1", Body: op.After}
			if reached, err := apply.Reached(s, done); err != nil || !reached {
				t.Errorf("what was written is not recognized: %v, %v", reached, err)
			}
			s.Variables = map[string]string{"company": "Contoso", "pw": "hunter3"}
			_, err = apply.Operation(s, now)
			failed, ok := errors.AsType[*plan.NoteError](err)
			if !ok || failed.Note.Class != plan.Changed || failed.Note.Key != "P" {
				t.Errorf("another secret: got %v, want a note %s", err, plan.Changed)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "sync again")) {
				t.Errorf("got %q, want it to say what to do and no secret", err)
			}
		})
	}
}

// Nothing in a plan that depends on a secret can be worked out by somebody who
// has the plan and a guess, but not the salt; and the same secret is the same
// from run to run, or a decision could never be about a proposal that came
// before.
func TestSumsAreKeyed(t *testing.T) {
	tc := comparisonCase{
		desired: `policies/P {"displayName":"P","password":"guess"}` + "\n" + `policies/Q {"displayName":"Q","password":"guess"}`,
		current: `policies 1 {"displayName":"P","password":"old"}`,
	}
	compare := func(salt string) *Result {
		t.Helper()
		in := tc.input(t)
		in.Salt = salt
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	a, again, b := compare("a"), compare("a"), compare("b")
	if a.Plan.Digest != again.Plan.Digest {
		t.Error("the same input gives another digest")
	}
	if a.Plan.ChangeDigest != b.Plan.ChangeDigest {
		t.Error("the salt is in the change digest, which is to be equal in different tenants")
	}
	if a.Base.Salt != "a" {
		t.Errorf("the base has the salt %q", a.Base.Salt)
	}
	p, q := a.Plan.Item("policies/P"), a.Plan.Item("policies/Q")
	other := b.Plan.Item("policies/P")
	if p.Before == "" || p.Before == other.Before || p.DesiredSum == other.DesiredSum || p.Changes[0].Secrets[""] == "" ||
		p.Changes[0].Secrets[""] == other.Changes[0].Secrets[""] {
		t.Errorf("a sum does not depend on the salt:\n%+v\n%+v", p, other)
	}
	if p.Changes[0].Secrets[""] == q.Changes[0].Secrets["/password"] {
		t.Error("the plan shows that two objects have the same secret")
	}
	in := tc.input(t)
	in.Base, in.Salt = a.Base, "of the next run"
	if r, err := compareOnce(in); err != nil || r.Base.Salt != "a" || r.Plan.Item("policies/P").DesiredSum != p.DesiredSum {
		t.Errorf("the base's salt does not last: %v", err)
	}
}

// What is wrong with a secret is said without showing it.
func TestNotesHideSecrets(t *testing.T) {
	for _, tc := range []struct{ password, want string }{
		{`hunter2${x`, "not shown"},
		{`hunter2${groups/hunter2}`, "not shown"},
		{`${groups/hunter2}`, "not shown"},
		{`${groups/G#hunter2}`, "not shown"},
		{`${hunter2}`, "not shown"},
		{`a${var:hunter2}`, "not shown"},
		{`${var:hunter2}}`, "not shown"},
		{`${var:nope}`, `"nope" has no value`},
	} {
		for _, place := range []string{`"password":%q`, `"key":%q`, `"settings":[{"secret":{"deep":[%q]}}]`, `"assignments":[{"key":%q}]`} {
			tc, place := tc, fmt.Sprintf(place, tc.password)
			r, err := compareOnce(comparisonCase{
				desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P",` + place + `}`,
				current: `groups g1 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P"}`,
			}.input(t))
			if err != nil {
				t.Fatal(err)
			}
			got := messages(r)
			if len(r.Plan.Notes) != 1 || !strings.Contains(got, tc.want) || strings.Contains(got, "hunter2") {
				t.Errorf("%s: got %q, want it to say %q and no secret", place, got, tc.want)
			}
		}
	}
}

// Each item of an object has the secrets of its own piece.
func TestPartsHaveTheirSecrets(t *testing.T) {
	edit := func(k *tenant.Kind) { k.Sensitive = []string{"/password", "/messages/secret", "/rules/secret"} }
	file := `profiles/A {"displayName":"A","password":"p","messages":{"en":"hi","secret":"m"},"rules":{"secret":"r"}}`
	r := compareParts(t, edit, "", file, "")
	var got []string
	for i := range r.Plan.Items {
		s := apply.Step{Item: &r.Plan.Items[i], Kind: kindsOf(partKinds(edit)...).Get(r.Plan.Items[i].Kind), Bindings: r.Bindings, Desired: &parseDesired(t, file)[0]}
		var now *tenant.Resource
		if s.Item.Verb == tenant.Update {
			now = &tenant.Resource{Kind: "profiles", ID: "1", Body: json.RawMessage(`{"displayName":"A"}`)}
		}
		op, err := apply.Operation(s, now)
		if err != nil {
			t.Fatalf("%s: %v", s.Item.ID, err)
		}
		body := op.Patch
		if op.Verb == tenant.Create {
			body = op.After
		}
		got = append(got, s.Item.ID+" "+string(body))
	}
	want := []string{
		`profiles/A {"displayName":"A","password":"p","rules":{"secret":"r"}}`,
		`profiles#messages/A {"messages":{"en":"hi","secret":"m"}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
