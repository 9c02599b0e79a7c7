package diff

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// An item writes what was approved, even if the variables have changed since:
// values come from the plan, and secrets must be those with which the plan was
// made.
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
				t.Errorf("after a variable has changed that is not secret:\ngot  %s, %v\nwant %s", op.After, err, want)
			}
			done := &tenant.Resource{Kind: "policies", ID: "1", Body: op.After}
			if reached, err := apply.Reached(s, done); err != nil || !reached {
				t.Errorf("after the write: Reached() = %v, %v, want true", reached, err)
			}
			s.Variables = map[string]string{"company": "Contoso", "pw": "hunter3"}
			_, err = apply.Operation(s, now)
			failed, ok := errors.AsType[*apply.NoteError](err)
			if !ok || failed.Note.Class != apply.Changed || failed.Note.Key != "P" {
				t.Errorf("another secret: got %v, want a note %s", err, apply.Changed)
			}
			if err != nil && (strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "sync again")) {
				t.Errorf("got %q, want an error that says what to do and quotes no secret", err)
			}
		})
	}
}

// Somebody with the plan, the base and a guess, but without the keys, cannot
// test the guess. The hash of a secret is the same in each run. Otherwise a
// decision about an earlier proposal would never apply.
func TestSumsAreKeyed(t *testing.T) {
	compare := func(secret string, keys schema.Keys) *Result {
		t.Helper()
		in := comparisonCase{
			desired: strings.ReplaceAll(`policies/P {"displayName":"P","password":"SECRET"}`+"\n"+`policies/Q {"displayName":"Q","password":"SECRET"}`, "SECRET", secret),
			current: `policies 1 {"displayName":"P","password":"old"}`,
		}.input(t)
		in.Keys = keys
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	own := schema.Keys{Tenant: "a", Fleet: "f"}
	a, again := compare("guess", own), compare("guess", own)
	elsewhere := compare("guess", schema.Keys{Tenant: "b", Fleet: "f"})
	otherFleet := compare("guess", schema.Keys{Tenant: "a", Fleet: "g"})
	otherSecret := compare("guess2", own)
	if a.Plan.Digest != again.Plan.Digest {
		t.Error("the same input has different digests")
	}
	if a.Plan.Digest == elsewhere.Plan.Digest || a.Plan.KeyID == elsewhere.Plan.KeyID || a.Plan.KeyID == "" {
		t.Error("a different tenant key gives the same digest, or the plan does not have the key's id")
	}
	if a.Plan.ChangeDigest != elsewhere.Plan.ChangeDigest {
		t.Error("the same secrets in two tenants have different digests of changes")
	}
	if a.Plan.ChangeDigest == otherSecret.Plan.ChangeDigest {
		t.Error("different secrets have the same digest of changes")
	}
	if a.Plan.ChangeDigest == otherFleet.Plan.ChangeDigest {
		t.Error("the digest of changes does not depend on the fleet's key")
	}
	p, q := a.Plan.Item("policies/P"), a.Plan.Item("policies/Q")
	other := elsewhere.Plan.Item("policies/P")
	if p.Before == "" || p.Before == other.Before || p.DesiredSum == other.DesiredSum || p.Changes[0].Secrets[""] == "" ||
		p.Changes[0].Secrets[""] == other.Changes[0].Secrets[""] {
		t.Errorf("a hash does not depend on the key:\n%+v\n%+v", p, other)
	}
	if p.Changes[0].Secrets[""] == q.Changes[0].Secrets["/password"] || p.Changes[0].FleetSecrets[""] == q.Changes[0].FleetSecrets["/password"] {
		t.Error("the plan shows that two objects have the same secret")
	}
	plain, err := compareOnce(comparisonCase{desired: `groups/G {"displayName":"G"}`}.input(t))
	if err != nil || plain.Plan.KeyID != "" {
		t.Errorf("a plan without secrets has the key id %q (%v)", plain.Plan.KeyID, err)
	}
}

// After a change of the key, unchanged values do not look changed. A note
// reports secrets whose change cannot be detected.
func TestKeyChanged(t *testing.T) {
	const file = `policies/P {"displayName":"P","password":"pw","key":"k","oma":[{"uri":"a","value":"s"}],"tokens":[{"n":1,"secret":"t"}]}`
	const masked = `policies 1 {"displayName":"P","password":"pw","key":"****","oma":[{"uri":"a","value":"****"}],"tokens":[{"n":1,"secret":"t"}]}`
	const shown = `policies 1 {"displayName":"P","password":"pw","tokens":[{"n":1,"secret":"t"}]}`
	for _, tc := range []struct {
		name, file, current string
		gone                string
		items, notes        int
	}{
		{"nothing changed", file, masked, "", 0, 1},
		{"no secret is masked", strings.Replace(file, `"key":"k","oma":[{"uri":"a","value":"s"}],`, "", 1), shown, "", 0, 0},
		{"another property changed in the file", strings.Replace(file, `{"displayName"`, `{"x":1,"displayName"`, 1), masked, "", 1, 1},
		{"a secret changed in the file, and can be read", strings.Replace(file, `"pw"`, `"new"`, 1), masked, "", 1, 1},
		{"the file is gone", "", masked, "", 1, 0},
		{"the object is gone", file, "", "policies 1", 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			first := comparisonCase{desired: file, current: masked}
			if tc.current == shown {
				first = comparisonCase{desired: tc.file, current: shown}
			}
			in := first.input(t)
			in.Written = []*plan.Item{}
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if tc.current != shown { // the masked secrets were written, and so are agreed
				in.Base, in.Written = r.Base, []*plan.Item{r.Plan.Item("policies/P")}
				if r, err = compareOnce(in); err != nil || len(r.Plan.Items) > 0 {
					t.Fatalf("the sides do not agree: %v, %s", err, showResult(r))
				}
			}
			then := comparisonCase{desired: tc.file, current: tc.current, gone: tc.gone}.input(t)
			then.Base = r.Base
			same, err := compareOnce(then)
			if err != nil {
				t.Fatal(err)
			}
			then.Keys = schema.Keys{Tenant: "another", Fleet: "another"}
			now, err := compareOnce(then)
			if err != nil {
				t.Fatal(err)
			}
			notes := slices.DeleteFunc(slices.Clone(now.Plan.Notes), func(n plan.Note) bool { return n.Class != plan.KeyChanged })
			if len(now.Plan.Items) != tc.items || len(notes) != tc.notes {
				t.Errorf("got %d items and %d notes, want %d and %d:\n%s", len(now.Plan.Items), len(notes), tc.items, tc.notes, showResult(now))
			}
			for i, it := range now.Plan.Items {
				was := same.Plan.Items[i]
				if strings.HasPrefix(tc.name, "a secret") { // it is unknown which side has changed it
					was.Origin, was.Changes[0].Origin = plan.Clash, plan.Clash
				}
				if it.Verb != was.Verb || it.Origin != was.Origin || !slices.EqualFunc(it.Changes, was.Changes, samePlace) {
					t.Errorf("got %s %s %+v, and with the old key %s %s %+v", it.Verb, it.Origin, it.Changes, was.Verb, was.Origin, was.Changes)
				}
			}
			if len(now.Adopt) != len(same.Adopt) {
				t.Errorf("got %d adoptions, and with the old key %d", len(now.Adopt), len(same.Adopt))
			}
			then.Base = now.Base
			if again, err := compareOnce(then); err != nil || strings.Contains(messages(again), "key of the hashes") {
				t.Errorf("the base does not have hashes with the new key: %v, %s", err, messages(again))
			}
		})
	}
}

func samePlace(a, b plan.PropertyChange) bool { return a.Pointer == b.Pointer && a.Origin == b.Origin }

// An approval covers the values that a secret refers to.
func TestSecretRefersToProperty(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/G=g1 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P"}`,
		desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","password":"${groups/G#mail}"}`,
		current: `groups g1 {"displayName":"G","mail":"one"}` + "\n" + `policies 1 {"displayName":"P"}`,
	}
	s, first := planned(t, tc)
	now := &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(`{"displayName":"P"}`)}
	if op, err := apply.Operation(s, now); err != nil || string(op.Patch) != `{"password":"one"}` {
		t.Errorf("got %s, %v", op.Patch, err)
	}
	tc.current = strings.Replace(tc.current, "one", "two", 1)
	_, second := planned(t, tc)
	if first.Plan.Digest == second.Plan.Digest || first.Plan.ChangeDigest == second.Plan.ChangeDigest {
		t.Error("the digests do not depend on the value that the secret refers to")
	}
	s.Bindings = second.Bindings()
	op, err := apply.Operation(s, now)
	if failed, ok := errors.AsType[*apply.NoteError](err); !ok || failed.Note.Class != apply.Changed {
		t.Errorf("another value: got %s, %v, want a note %s", op.Patch, err, apply.Changed)
	}
}

// A note about a problem with a secret does not show the secret.
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
				t.Errorf("%s: got %q, want a note with %q and without the secret", place, got, tc.want)
			}
		}
	}
}

// Each item of an object has the secrets of its own part.
func TestPartsHaveTheirSecrets(t *testing.T) {
	edit := func(k *tenant.Kind) { k.Sensitive = []string{"/password", "/messages/secret", "/rules/secret"} }
	file := `profiles/A {"displayName":"A","password":"p","messages":{"en":"hi","secret":"m"},"rules":{"secret":"r"}}`
	r := compareParts(t, edit, "", file, "")
	var got []string
	for i := range r.Plan.Items {
		s := apply.Step{Item: &r.Plan.Items[i], Key: testKeys.Tenant, Kind: kindsOf(partKinds(edit)...).Get(r.Plan.Items[i].Kind), Bindings: r.Bindings(), Desired: &parseDesired(t, file)[0]}
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

// secretsOfPart returns only the part's secrets, by their paths in the part.
func TestSecretsOfPart(t *testing.T) {
	k := kindsOf(partKinds(nil)...).Get("profiles")
	secrets := map[string]string{"/password": "p", "/messages2/a": "x"}
	want := map[string]string{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		secrets["/messages/"+name] = "m" + name
		secrets["/rules/"+name] = "r" + name
		want["/"+name] = "m" + name
	}
	if diff := cmp.Diff(want, secretsOfPart(k, secrets, k.PartOf("/messages"))); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"": "m"}, secretsOfPart(k, map[string]string{"/messages": "m", "/rules": "r"}, k.PartOf("/messages"))); diff != "" {
		t.Errorf("the whole part (-want +got)\n%s", diff)
	}
	if got := secretsOfPart(k, secrets, k.PartOf("/assignments")); got != nil {
		t.Errorf("a part without secrets has %v", got)
	}
}
