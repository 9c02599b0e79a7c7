package diff

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
)

// widened compares, takes the base through the storage, and returns the message of
// the widening, or "".
func widened(t *testing.T, in *Input) string {
	t.Helper()
	r, err := compareOnce(*in)
	if err != nil {
		t.Fatal(err)
	}
	if in.Base, err = DecodeBase(must(r.Base.Encode())); err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Items)+len(r.Adopt) > 0 {
		t.Errorf("a widening changes something:\n%s", showResult(r))
	}
	var out []string
	for _, n := range r.Plan.Notes {
		if n.Class == wideningNote {
			out = append(out, n.Message)
		}
	}
	if len(out) > 1 {
		t.Errorf("one object has several notes: %q", out)
	}
	return strings.Join(out, "\n")
}

func must(data []byte, err error) []byte {
	if err != nil {
		panic(err) // a base can be encoded
	}
	return data
}

// What the tenant has beside the file is offered once, and again with another value
// only. It is never offered when both sides meet for the first time, or after the
// file had it.
func TestWidening(t *testing.T) {
	const (
		file    = `policies/P {"displayName":"P","conditions":{"a":1}}`
		agreed  = `policies/P=1 {"displayName":"P","conditions":{"a":1}}`
		current = `policies 1 {"displayName":"P","conditions":{"a":1%s}%s}`
	)
	type step struct {
		current string // "" is the former one
		file    string
		want    string // part of the message; "" for none
	}
	has := func(inner, outer string) string { return fmt.Sprintf(current, inner, outer) }
	for _, tt := range []struct {
		name, base string
		adjust     func(*Input)
		steps      []step
	}{
		{"nothing beside", agreed, nil, []step{{has("", ""), file, ""}}},
		{"a property", agreed, nil, []step{
			{has("", `,"mode":"on"`), file, `the tenant also has properties that policies/P.json does not have: "/mode". The sync leaves them alone. To manage them, add them to the file: {"mode":"on"}. They are`},
			{"", file, ""}, {"", file, ""},
		}},
		{"another value", agreed, nil, []step{
			{has("", `,"mode":"on","owner2":"x"`), file, `{"mode":"on","owner2":"x"}`},
			{has("", `,"mode":"off","owner2":"x"`), file, `: {"mode":"off"}.`},
			{"", file, ""},
		}},
		{"a value that goes and comes back", agreed, nil, []step{
			{has("", `,"mode":"on"`), file, `/mode`}, {has("", ``), file, ``}, {has("", `,"mode":"on"`), file, `/mode`},
		}},
		{"a property in an object", agreed, nil, []step{
			{has(`,"b":{"c":[1,2]}`, ``), file, `: "/conditions/b". The sync leaves them alone. To manage them, add them to the file: {"conditions":{"b":{"c":[1,2]}}}.`},
			{"", file, ""},
		}},
		{"the first comparison", "", nil, []step{
			{has("", `,"mode":"on"`), file, ""}, {"", file, ""}, {has("", `,"mode":"off"`), file, `{"mode":"off"}`},
		}},
		{"a property that the file had", `policies/P=1 {"displayName":"P","conditions":{"a":1},"mode":"on"}`, nil, []step{
			{has("", `,"mode":"on"`), file, ""}, {"", file, ""},
		}},
		{"a property that the file takes in", agreed, nil, []step{
			{has("", `,"mode":"on"`), file, "/mode"},
			{"", strings.Replace(file, `"conditions"`, `"mode":"on","conditions"`, 1), ""},
			{"", file, ""},
		}},
		{"values that mean the same as none", agreed, nil, []step{
			{has(`,"labels":[],"null":null`, `,"tags":[],"empty":"","list":[],"object":{"a":null},"nested":{"a":{"b":{}}},"mode@odata.type":"x","@odata.type":"#t"`), file, ""},
		}},
		{"values that say no", agreed, nil, []step{{has("", `,"flag":false,"n":0`), file, `{"flag":false,"n":0}`}}},
		{"what the service sets", agreed, nil, []step{{has("", `,"createdDateTime":"2026-01-01T00:00:00Z"`), file, ""}}},
		{"a secret", agreed, nil, []step{
			{has("", `,"password":"correct horse"`), file, `{"password":"[redacted]"}`},
			{has("", `,"password":"battery staple"`), file, ``},
		}},
		{"a reference", agreed, nil, []step{
			{has("", `,"owner":"7"`) + "\n" + `groups 7 {"displayName":"G"}`, file + "\n" + `groups/G {"displayName":"G"}`, `{"owner":"${groups/G}"}`},
		}},
		{"an ignored one", agreed, func(in *Input) {
			in.Rules.Ignore = []plan.Ignore{{Selector: plan.Selector{Kind: "policies"}, Pointer: "/mode"}}
		}, []step{{has("", `,"mode":"on"`), file, ""}}},
		{"one that is ignored on the way to the tenant only", agreed, func(in *Input) {
			in.Rules.Ignore = []plan.Ignore{{Selector: plan.Selector{Kind: "policies"}, Pointer: "/mode", OnlyToTenant: true}}
		}, []step{{has("", `,"mode":"on"`), file, "/mode"}}},
		{"a tenant that is enforced", agreed, func(in *Input) { in.Rules.Enforce = true }, []step{{has("", `,"mode":"on"`), file, "/mode"}, {"", file, ""}}},
		{"a long value", agreed, nil, []step{
			{has("", `,"mode":"`+strings.Repeat("x", 1001)+`"`), file, `add them to the file; the backup has their values, in policies/P. They`},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := comparisonCase{base: tt.base, adjust: tt.adjust}.input(t)
			if tt.name == "a reference" {
				in.Base.Objects = append(parseBase(t, `groups/G=7 {"displayName":"G"}`).Objects, in.Base.Objects...)
			}
			for i, s := range tt.steps {
				in.Desired.Resources = parseDesired(t, s.file)
				if s.current != "" {
					in.Current.Resources = parseCurrent(t, s.current)
				}
				if got := widened(t, &in); (got == "") != (s.want == "") || !strings.Contains(got, s.want) {
					t.Errorf("step %d: got %q, want %q", i+1, got, s.want)
				}
			}
		})
	}
}

// A note names some of many properties and counts the others.
func TestWideningOfManyProperties(t *testing.T) {
	var more strings.Builder
	for i := range 25 {
		fmt.Fprintf(&more, `,"p%02d":%d`, i, i)
	}
	in := comparisonCase{base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P"}`, current: `policies 1 {"displayName":"P"` + more.String() + `}`}.input(t)
	got := widened(t, &in)
	if !strings.Contains(got, `"/p19" and 5 more. The sync`) || strings.Contains(got, `"/p20"`) || !strings.Contains(got, `"p24":24`) {
		t.Errorf("got %q", got)
	}
}

// A file whose other properties differ is offered the rest too, and the decision about
// the difference does not matter.
func TestWideningBesideAChange(t *testing.T) {
	in := comparisonCase{base: `policies/P=1 {"displayName":"P","n":1}`, desired: `policies/P {"displayName":"P","n":2}`,
		current: `policies 1 {"displayName":"P","n":1,"mode":"on"}`}.input(t)
	var classes []string
	for range 2 {
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Plan.Items) != 1 || strings.Contains(string(r.Plan.Items[0].After), `"n":1`) {
			t.Errorf("got %s", showResult(r))
		}
		for _, c := range r.Plan.Items[0].Changes {
			if c.Pointer != "/n" {
				t.Errorf("the widening is written: %+v", c)
			}
		}
		for _, n := range r.Plan.Notes {
			classes = append(classes, string(n.Class))
		}
		in.Base = r.Base
	}
	if diff := cmp.Diff([]string{"widening"}, classes); diff != "" {
		t.Errorf("the notes of two runs (-want +got)\n%s", diff)
	}
}

// What was offered stays offered while the object is gone: it comes back with the same
// values, and nothing is said again.
func TestWideningOutlivesTheObject(t *testing.T) {
	const current = `policies 1 {"displayName":"P","mode":"on"}`
	in := comparisonCase{base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P"}`, current: current,
		adjust: func(in *Input) { in.Rules.Enforce = true }}.input(t)
	if got := widened(t, &in); got == "" {
		t.Fatal("nothing is offered")
	}
	here := in.Current.Resources
	in.Current.Resources, in.Gone = nil, []Object{{Kind: "policies", ID: "1"}}
	r, err := compareOnce(in)
	if err != nil || len(r.Plan.Items) != 1 {
		t.Fatalf("got %s, %v, want the object to be made again", showResult(r), err)
	}
	in.Base, in.Current.Resources, in.Gone = r.Base, here, nil
	if got := widened(t, &in); got != "" {
		t.Errorf("offered again: %s", got)
	}
}
