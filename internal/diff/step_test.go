package diff

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// planned compares the case and returns the step of its only item.
func planned(t *testing.T, tc comparisonCase) (apply.Step, *Result) {
	t.Helper()
	in := tc.input(t)
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Items) != 1 {
		t.Fatalf("want one item, got\n%s%s", showResult(r), messages(r))
	}
	it := &r.Plan.Items[0]
	s := apply.Step{Item: it, Kind: in.Kinds.Get(it.Kind), Bindings: r.Bindings(), Variables: in.Variables, Key: testKeys.Tenant}
	for _, d := range in.Desired.Resources {
		if d.Kind == it.Kind && d.Key == it.Key {
			s.Desired = &d
		}
	}
	return s, r
}

func TestOperation(t *testing.T) {
	const group = "\n" + `groups g1 {"displayName":"G"}`
	const groupFile = "\n" + `groups/G {"displayName":"G"}`
	tests := []struct {
		name, explanation      string
		base, desired, current string
		// now is the object that was just read; empty for a create.
		now   string
		patch string
		after string
		note  plan.NoteClass
	}{
		{
			name:        "update",
			explanation: "the patch has the changes, and After the whole object without read-only properties",
			base:        `policies/P=1 {"displayName":"P","x":1,"o":{"a":1}}`,
			desired:     `policies/P {"displayName":"P","x":null,"o":{"a":2},"owner":"${groups/G}"}` + groupFile,
			current:     `policies 1 {"displayName":"P","x":1,"o":{"a":1,"b":1}}` + group,
			now:         `{"id":"1","displayName":"P","x":1,"o":{"a":1,"b":1},"tags":[],"@odata.etag":"e"}`,
			patch:       `{"o":{"a":2},"owner":"g1","x":null}`,
			after:       `{"displayName":"P","o":{"a":2,"b":1},"owner":"g1","tags":[],"x":null}`,
		},
		{
			name:        "set",
			explanation: "a set is merged with the members that the tenant has now",
			base:        `policies/P=1 {"displayName":"P","members":["a","b"]}`,
			desired:     `policies/P {"displayName":"P","members":["a","c"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			now:         `{"displayName":"P","members":["z","b","a"]}`,
			patch:       `{"members":["z","a","c"]}`,
			after:       `{"displayName":"P","members":["z","a","c"]}`,
		},
		{
			name:        "set by identity",
			explanation: "a changed member keeps its position",
			base:        `policies/P=1 {"displayName":"P","assignments":[{"target":1,"v":1},{"target":2,"v":1}]}`,
			desired:     `policies/P {"displayName":"P","assignments":[{"target":2,"v":2},{"target":1,"v":1}]}`,
			current:     `policies 1 {"displayName":"P","assignments":[{"target":1,"v":1},{"target":2,"v":1}]}`,
			now:         `{"displayName":"P","assignments":[{"target":1,"v":1},{"target":2,"v":9},{"target":3,"v":1}]}`,
			patch:       `{"assignments":[{"target":1,"v":1},{"target":2,"v":2},{"target":3,"v":1}]}`,
			after:       `{"assignments":[{"target":1,"v":1},{"target":2,"v":2},{"target":3,"v":1}],"displayName":"P"}`,
		},
		{
			name:        "create",
			explanation: "references become ids, escapes are removed, secrets are inserted",
			desired:     `policies/P {"displayName":"P","owner":"${groups/G}","x":"$${y}","password":"${var:company}!"}` + groupFile,
			current:     group,
			after:       `{"displayName":"P","owner":"g1","password":"Contoso!","x":"${y}"}`,
		},
		{
			name:        "sensitive update",
			explanation: "the secret is taken from the file",
			base:        `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","password":"new"}`,
			current:     `policies 1 {"displayName":"P","password":"old"}`,
			now:         `{"displayName":"P","password":"old"}`,
			patch:       `{"password":"new"}`,
			after:       `{"displayName":"P","password":"new"}`,
		},
		{
			name:        "array with a redacted part",
			explanation: "a redacted secret is copied from the tenant, and another one is written",
			base:        `policies/P=1 {"displayName":"P"}`,
			desired:     `policies/P {"displayName":"P","settings":[{"n":1,"secret":"[redacted]"},{"n":2,"secret":"mine"}]}`,
			current:     `policies 1 {"displayName":"P","settings":[{"n":1,"secret":"theirs"}]}`,
			now:         `{"displayName":"P","settings":[{"n":1,"secret":"theirs"}]}`,
			patch:       `{"settings":[{"n":1,"secret":"theirs"},{"n":2,"secret":"mine"}]}`,
			after:       `{"displayName":"P","settings":[{"n":1,"secret":"theirs"},{"n":2,"secret":"mine"}]}`,
		},
		{
			name:        "masked parts",
			explanation: "unchanged masked secrets get the token that was just read, new ones are written, and asterisks never are",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"b","value":"open"},{"uri":"a","value":"****"}]}`,
			current:     `policies 1 {"displayName":"P","key":"****","oma":[{"uri":"a","value":"****","valueId":"old"}]}`,
			now:         `{"displayName":"P","key":"****","oma":[{"uri":"a","value":"****","valueId":"fresh"}]}`,
			patch:       `{"oma":[{"uri":"b","value":"open"},{"uri":"a","valueId":"fresh"}]}`,
			after:       `{"displayName":"P","oma":[{"uri":"b","value":"open"},{"uri":"a","valueId":"fresh"}]}`,
		},
		{
			name:        "masked part without its token",
			explanation: "a masked secret without a token cannot be written",
			base:        `policies/P=1 {"displayName":"P","oma":[{"uri":"a","value":"${masked}"}]}`,
			desired:     `policies/P {"displayName":"P","oma":[{"uri":"a","value":"****"},{"uri":"b"}]}`,
			current:     `policies 1 {"displayName":"P","oma":[{"uri":"a","value":"****","valueId":"old"}]}`,
			now:         `{"displayName":"P","oma":[{"uri":"a","value":"****","valueId":null}]}`,
			note:        plan.SecretNeeded,
		},
		{
			name:        "asterisks that are a value",
			explanation: "at a place without a secret, asterisks are an ordinary value",
			base:        `policies/P=1 {"displayName":"P","members":["a","*","[redacted]"],"x":"a"}`,
			desired:     `policies/P {"displayName":"P","members":["a"],"x":"*"}`,
			current:     `policies 1 {"displayName":"P","members":["a","*","[redacted]"],"x":"a"}`,
			now:         `{"displayName":"P","members":["a","*","[redacted]"],"x":"a"}`,
			patch:       `{"members":["a"],"x":"*"}`,
			after:       `{"displayName":"P","members":["a"],"x":"*"}`,
		},
		{
			name:        "asterisks added",
			explanation: "a member of asterisks matches no other member",
			base:        `policies/P=1 {"displayName":"P","members":["a","b"]}`,
			desired:     `policies/P {"displayName":"P","members":["a","b","*"]}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"]}`,
			now:         `{"displayName":"P","members":["a","b"]}`,
			patch:       `{"members":["a","b","*"]}`,
			after:       `{"displayName":"P","members":["a","b","*"]}`,
		},
		{
			name:        "member with another secret",
			explanation: "the approved secret is written, and not the secret of a member that looks the same",
			base:        `policies/P=1 {"displayName":"P","tokens":[{"n":1,"secret":"` + hashed("a") + `"}]}`,
			desired:     `policies/P {"displayName":"P","tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}]}`,
			current:     `policies 1 {"displayName":"P","tokens":[{"n":1,"secret":"a"}]}`,
			now:         `{"displayName":"P","tokens":[{"n":1,"secret":"a"}]}`,
			patch:       `{"tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}]}`,
			after:       `{"displayName":"P","tokens":[{"n":1,"secret":"a"},{"n":1,"secret":"b"}]}`,
		},
		{
			name:        "delete",
			explanation: "a delete needs only the id",
			base:        `policies/P=1 {"displayName":"P"}`,
			current:     `policies 1 {"displayName":"P"}`,
			now:         `{"displayName":"P"}`,
		},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := planned(t, comparisonCase{base: tc.base, desired: tc.desired, current: tc.current, adjust: func(in *Input) { in.Rules.EnforceByKind = map[string]bool{"groups": true} }})
			var current *tenant.Resource
			want := tenant.Operation{Verb: s.Item.Verb, Kind: "policies"}
			if tc.now != "" {
				current = &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(tc.now)}
				want.ID, want.Before = "1", current.Body
			}
			got, err := apply.Operation(s, current)
			if tc.note != "" {
				failed, ok := errors.AsType[*apply.NoteError](err)
				if !ok || failed.Note.Class != tc.note {
					t.Fatalf("%s: got %v, want a note %s", tc.explanation, err, tc.note)
				}
				return
			}
			if err != nil {
				t.Fatalf("%s: %v", tc.explanation, err)
			}
			if tc.patch != "" {
				want.Patch = json.RawMessage(tc.patch)
			}
			if tc.after != "" {
				want.After = json.RawMessage(tc.after)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got)\n%s", tc.explanation, diff)
			}
		})
	}
}

func TestOperationWhole(t *testing.T) {
	s, _ := planned(t, comparisonCase{
		base:    `groups/A=1 {"displayName":"A","x":1}`,
		desired: `groups/A {"displayName":"A","x":2}`,
		current: `groups 1 {"displayName":"A","x":1,"y":1,"id":"1"}`,
		adjust:  func(in *Input) { editKinds(in, func(kinds []tenant.Kind) { kinds[1].Whole = []string{""} }) },
	})
	got, err := apply.Operation(s, &tenant.Resource{Kind: "groups", ID: "1", Body: json.RawMessage(`{"displayName":"A","x":1,"y":5,"id":"1"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"displayName":"A","x":2,"y":5}`; string(got.Patch) != want || string(got.After) != want {
		t.Errorf("a kind that is only sent whole: got patch %s, after %s, want both %s", got.Patch, got.After, want)
	}
}

func TestOperationRefuses(t *testing.T) {
	now := &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(`{"displayName":"P"}`)}
	tc := comparisonCase{
		base:    `policies/P=1 {"displayName":"P"}`,
		desired: `policies/P {"displayName":"P","password":"${var:company}","owner":"${groups/N}"}` + "\n" + `groups/N {"displayName":"N"}`,
		current: `policies 1 {"displayName":"P"}`,
	}
	fresh := func(t *testing.T) apply.Step {
		in := tc.input(t)
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		r.Bindings()["groups"]["N"] = "n1"
		return apply.Step{Item: r.Plan.Item("policies/P"), Kind: in.Kinds.Get("policies"), Bindings: r.Bindings(), Desired: &in.Desired.Resources[0], Variables: in.Variables, Key: testKeys.Tenant}
	}
	if _, err := apply.Operation(fresh(t), now); err != nil {
		t.Fatalf("an unchanged step: %v", err)
	}
	for name, c := range map[string]struct {
		breakIt func(*apply.Step)
		class   plan.NoteClass
	}{
		"the file is missing":       {func(s *apply.Step) { s.Desired = nil }, plan.SecretNeeded},
		"the file was edited":       {func(s *apply.Step) { s.Desired = &tenant.Resource{Body: json.RawMessage(`{"password":"x"}`)} }, apply.Changed},
		"a variable was changed":    {func(s *apply.Step) { s.Variables = map[string]string{"company": "Fabrikam"} }, apply.Changed},
		"another key":               {func(s *apply.Step) { s.Key = "" }, apply.Changed},
		"a variable is missing":     {func(s *apply.Step) { s.Variables = nil }, plan.Unresolved},
		"the group was not created": {func(s *apply.Step) { s.Bindings = nil }, plan.Unresolved},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			c.breakIt(&s)
			_, err := apply.Operation(s, now)
			failed, ok := errors.AsType[*apply.NoteError](err)
			if !ok || failed.Note.Class != c.class || failed.Note.Key != "P" {
				t.Errorf("got %v, want a note %s", err, c.class)
			}
			if err != nil && strings.Contains(err.Error(), "Contoso") {
				t.Errorf("the error shows the secret: %v", err)
			}
		})
	}
	for name, c := range map[string]struct {
		breakIt func(*apply.Step)
		now     *tenant.Resource
	}{
		"the object is missing":     {func(*apply.Step) {}, nil},
		"the kind is unknown":       {func(s *apply.Step) { s.Kind = nil }, now},
		"the body is not an object": {func(*apply.Step) {}, &tenant.Resource{Body: json.RawMessage(`[]`)}},
	} {
		t.Run(name, func(t *testing.T) {
			s := fresh(t)
			c.breakIt(&s)
			if _, err := apply.Operation(s, c.now); err == nil {
				t.Error("got no error")
			}
		})
	}
}

func TestReached(t *testing.T) {
	update := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","x":1,"members":["a","b"],"tags":["t"]}`,
		desired: `policies/P {"displayName":"P","x":2,"members":["b","c"],"tags":[],"password":"s"}`,
		current: `policies 1 {"displayName":"P","x":1,"members":["a","b"],"tags":["t"]}`,
	}
	create := comparisonCase{desired: `policies/P {"displayName":"P","x":2,"password":"s"}`}
	star := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","x":"a"}`,
		desired: `policies/P {"displayName":"P","x":"*"}`,
		current: `policies 1 {"displayName":"P","x":"a"}`,
	}
	remove := comparisonCase{base: `policies/P=1 {"displayName":"P"}`, current: `policies 1 {"displayName":"P"}`}
	for _, tc := range []struct {
		name string
		of   comparisonCase
		now  string
		want bool
	}{
		{"update done", update, `{"displayName":"other","x":2.0,"members":["c","z","b"],"password":"s"}`, true},
		{"value missing", update, `{"x":1,"members":["c","b"],"password":"s"}`, false},
		{"secret missing", update, `{"x":2,"members":["c","b"],"password":"t"}`, false},
		{"member not removed", update, `{"x":2,"members":["a","c","b"],"password":"s"}`, false},
		{"member not added", update, `{"x":2,"members":["b"],"password":"s"}`, false},
		{"not cleared", update, `{"x":2,"members":["b","c"],"tags":["t"],"password":"s"}`, false},
		{"updated object missing", update, "", false},
		{"asterisks missing", star, `{"displayName":"P","x":"a"}`, false},
		{"asterisks written", star, `{"displayName":"P","x":"*"}`, true},
		{"create done", create, `{"id":"7","displayName":"P","x":2,"password":"s","default":true}`, true},
		{"created with another value", create, `{"id":"7","displayName":"P","x":3,"password":"s"}`, false},
		{"not created", create, "", false},
		{"deleted", remove, "", true},
		{"not deleted", remove, `{"displayName":"P"}`, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, _ := planned(t, tc.of)
			var now *tenant.Resource
			if tc.now != "" {
				now = &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(tc.now)}
			}
			got, err := apply.Reached(s, now)
			if err != nil || got != tc.want {
				t.Errorf("got %v, %v, want %v", got, err, tc.want)
			}
		})
	}
}

func TestReachedMasked(t *testing.T) {
	s, _ := planned(t, comparisonCase{desired: `policies/P {"displayName":"P","oma":[{"uri":"a","value":"s"}]}`})
	now := &tenant.Resource{Kind: "policies", ID: "1", Body: json.RawMessage(`{"displayName":"P","oma":[{"uri":"a","value":"****","valueId":"x"}]}`)}
	if got, err := apply.Reached(s, now); err != nil || !got {
		t.Errorf("a masked secret cannot be read, so it counts as reached: got %v, %v", got, err)
	}
}

func TestNaturalMatch(t *testing.T) {
	k := tenant.Kind{Name: "policies", NaturalKey: []string{"/displayName", "/platform/name"}}
	for _, tc := range []struct {
		name, after string
		want        tenant.Match
	}{
		{"all values", `{"displayName":"$${P}","platform":{"name":"ios"}}`, tenant.Match{"/displayName": "${P}", "/platform/name": "ios"}},
		{"one missing", `{"displayName":"P"}`, nil},
		{"a reference", `{"displayName":"P","platform":{"name":"${groups/G}"}}`, nil},
		{"blank", `{"displayName":" ","platform":{"name":"ios"}}`, nil},
		{"nothing", ``, nil},
	} {
		got, ok := apply.NaturalMatch(kindsOf(k).Get(k.Name), &plan.Item{After: json.RawMessage(tc.after)})
		if ok != (tc.want != nil) || !cmp.Equal(got, tc.want) {
			t.Errorf("%s: got %v, %v, want %v", tc.name, got, ok, tc.want)
		}
	}
}
