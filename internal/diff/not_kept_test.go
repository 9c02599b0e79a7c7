package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// run is a plan, all of whose items were applied.
type run struct {
	in Input
	*Result
}

func runOf(t *testing.T, tc comparisonCase) run {
	t.Helper()
	in := tc.input(t)
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Items) == 0 {
		t.Fatalf("nothing is proposed:\n%s", messages(r))
	}
	return run{in, r}
}

// readBack returns the input of the next run, after reading back what the
// tenant has. items names those that were not kept.
func (r run) readBack(t *testing.T, current string, notKept func(*plan.Item) bool) Input {
	t.Helper()
	in := r.in
	in.Current.Resources, in.Base = parseCurrent(t, current), r.Base
	in.Bound = reference.Bindings{}
	for i := range r.Plan.Items {
		it := &r.Plan.Items[i]
		in.Written = append(in.Written, it)
		if notKept(it) {
			in.NotKept = append(in.NotKept, it)
		}
		if it.Verb == tenant.Create {
			in.Bound[it.Kind] = map[string]string{it.Key: in.Current.Resources[0].ID}
		}
	}
	next, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Base, in.Bound, in.Written, in.NotKept = next.Base, nil, nil, nil
	data, err := in.Base.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if in.Base, err = DecodeBase(data); err != nil { // what is remembered survives the storage
		t.Fatal(err)
	}
	return in
}

func all(*plan.Item) bool { return true }

// marks returns a line per proposed change: its pointer, marked with a star if
// it was not kept before.
func marks(t *testing.T, in Input) []string {
	t.Helper()
	r, err := compareOnce(in)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, it := range r.Plan.Items {
		for _, c := range it.Changes {
			mark := " "
			if c.NotKept {
				mark = "*"
			}
			out = append(out, mark+string(it.Verb)+" "+c.Pointer)
		}
	}
	return out
}

func TestNotKept(t *testing.T) {
	update := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","x":1,"y":1,"members":["a","b"],"tags":["t"]}`,
		desired: `policies/P {"displayName":"P","x":2,"y":2,"members":["b","c"],"tags":["t"]}`,
		current: `policies 1 {"displayName":"P","x":1,"y":1,"members":["a","b"],"tags":["t"]}`,
	}
	enforced := update
	enforced.adjust = func(in *Input) { in.Rules.EnforceByKind = map[string]bool{"policies": true} }
	for _, tc := range []struct {
		name    string
		of      comparisonCase
		current string          // what is read back
		change  func(in *Input) // before the next run
		want    []string
	}{
		{"the value from before", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, nil, []string{"*update /x"}},
		{"a third value", update, `policies 1 {"displayName":"P","x":3,"y":2,"members":["b","c"],"tags":["t"]}`, nil, []string{"*update /x"}},
		{"members of a set", update, `policies 1 {"displayName":"P","x":2,"y":2,"members":["a","b"],"tags":["t"]}`, nil, []string{"*update /members/-", "*update /members/-"}},
		{"beside a new edit", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b"],"tags":["t"]}`, func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":2,"y":5,"members":["b","c","d"],"tags":["t"]}`)
		}, []string{"*update /members/-", " update /members/-", "*update /x", " update /y"}},
		{"the file has another value", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":4,"y":2,"members":["b","c"],"tags":["t"]}`)
		}, []string{" update /x"}},
		{"the tenant shows it after all", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":2,"y":2,"members":["b","c"],"tags":["t"]}`)
		}, nil},
		{"what was not written", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["u"]}`, nil, []string{"*update /x"}},
		{"what was not written, under enforcement", enforced, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["u"]}`, nil, []string{" update /tags", "*update /x"}},
		{"a create", comparisonCase{desired: `policies/P {"displayName":"P","x":{"y":{"on":true,"n":1}},"members":["a"]}`},
			`policies 1 {"displayName":"P","x":{"y":{"on":false,"n":1}},"members":[]}`, nil, []string{"*update /members/-", "*update /x/y/on"}},
		{"an object in place of the whole", comparisonCase{
			base: `policies/P=1 {"displayName":"P","x":{"a":1,"b":1}}`, desired: `policies/P {"displayName":"P","x":{"a":2,"b":2}}`, current: `policies 1 {"displayName":"P","x":{"a":1,"b":1}}`,
		}, `policies 1 {"displayName":"P","x":null}`, nil, []string{"*update /x"}},
		{"a delete", comparisonCase{base: `policies/P=1 {"displayName":"P"}`, current: `policies 1 {"displayName":"P"}`},
			`policies 1 {"displayName":"P"}`, nil, []string{"*delete "}},
		{"a secret", comparisonCase{
			base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P","password":"s"}`, current: `policies 1 {"displayName":"P"}`,
		}, `policies 1 {"displayName":"P","password":"other"}`, nil, []string{"*update /password"}},
		{"another secret", comparisonCase{
			base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P","password":"s"}`, current: `policies 1 {"displayName":"P"}`,
		}, `policies 1 {"displayName":"P","password":"other"}`, func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","password":"s2"}`)
		}, []string{" update /password"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := runOf(t, tc.of).readBack(t, tc.current, all)
			if tc.change != nil {
				tc.change(&in)
			}
			if diff := cmp.Diff(tc.want, marks(t, in)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			marked := slices.ContainsFunc(tc.want, func(s string) bool { return s[0] == '*' })
			if left := slices.ContainsFunc(r.Base.Objects, func(o BaseObject) bool { return len(o.NotKept) > 0 }); left != marked {
				t.Errorf("the base remembers: %v, want %v", left, marked)
			}
			in.Base = r.Base
			if diff := cmp.Diff(tc.want, marks(t, in)); diff != "" {
				t.Errorf("the run after that (-want +got)\n%s", diff)
			}
		})
	}
}

// An item that could not be read back tells nothing about the service.
func TestNotReadBackIsNotNotKept(t *testing.T) {
	r := runOf(t, comparisonCase{
		base: `policies/P=1 {"displayName":"P","x":1}`, desired: `policies/P {"displayName":"P","x":2}`, current: `policies 1 {"displayName":"P","x":1}`,
	})
	in := r.readBack(t, `policies 1 {"displayName":"P","x":1}`, func(*plan.Item) bool { return false })
	if diff := cmp.Diff([]string{" update /x"}, marks(t, in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The base holds neither the values nor hashes that a guess could be tried on.
func TestNotKeptHoldsNoValue(t *testing.T) {
	tc := comparisonCase{
		base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P","password":"s3cret"}`, current: `policies 1 {"displayName":"P"}`,
	}
	sum := func(salt string) string {
		tc.adjust = func(in *Input) { in.Keys.Tenant = salt }
		in := runOf(t, tc).readBack(t, `policies 1 {"displayName":"P","password":"other"}`, all)
		data, err := in.Base.Encode()
		if err != nil || strings.Contains(string(data), "s3cret") {
			t.Errorf("the base has the secret: %s, %v", data, err)
		}
		return in.Base.Objects[0].NotKept[0].Sum
	}
	if sum("a") == sum("b") {
		t.Error("the sum depends on no key")
	}
}

func TestDeviations(t *testing.T) {
	const file = `policies/P {"displayName":"P","x":{"y":2,"z":1},"members":["b","c"],"tags":["t"]}`
	notKept := runOf(t, comparisonCase{desired: file}).readBack(t, `policies 1 {"displayName":"P","x":{"y":1,"z":1},"members":["b"],"tags":["t"]}`, all)
	r, err := compareOnce(notKept)
	if err != nil {
		t.Fatal(err)
	}
	offered := r.Plan.Deviations()
	if diff := cmp.Diff([]plan.Deviation{
		{Kind: "policies", Key: "P", Pointer: "/members", Accepted: json.RawMessage(`["b"]`)},
		{Kind: "policies", Key: "P", Pointer: "/x/y", Accepted: json.RawMessage(`1`)},
	}, offered); diff != "" {
		t.Fatalf("offered (-want +got)\n%s", diff)
	}
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name    string
		change  func(in *Input)
		want    []string
		adopted int
	}{
		{"all accepted", func(*Input) {}, nil, 0},
		{"one accepted", func(in *Input) { in.Rules.Deviations = in.Rules.Deviations[:1] }, []string{"*update /x/y"}, 0},
		{"another value in the tenant", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":7,"z":1},"members":["b"],"tags":["t"]}`)
		}, []string{"*update /x/y"}, 0},
		{"an equal value in the tenant", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":1.0,"z":1},"members":["b","b"],"tags":["t"]}`)
		}, nil, 0},
		{"another value beside it", func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":2,"z":9},"members":["b","c"],"tags":["t"]}`)
		}, []string{" update /x/z"}, 0},
		{"the set has another member", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":1,"z":1},"members":["b","e"],"tags":["t"]}`)
		}, []string{"*update /members/-"}, 1},
		{"another object", func(in *Input) { in.Rules.Deviations[1].Key = "Q" }, []string{"*update /x/y"}, 0},
		{"one that has not expired", func(in *Input) { in.Rules.Deviations[1].Expires = now.Add(time.Second) }, nil, 0},
		{"one that has expired", func(in *Input) { in.Rules.Deviations[1].Expires = now }, []string{"*update /x/y"}, 0},
		{"of the object around it", func(in *Input) {
			in.Rules.Deviations[1] = plan.Deviation{Kind: "policies", Key: "P", Pointer: "/x", Accepted: json.RawMessage(`{"z":1,"y":1}`)}
		}, nil, 0},
		{"absent", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"z":1},"members":["b"],"tags":["t"]}`)
			in.Rules.Deviations[1].Accepted = nil
		}, nil, 0},
		{"drift", func(in *Input) { // both sides had agreed; it is not adopted either
			in.Base.Objects[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":2,"z":1},"members":["b","c"],"tags":["t"]}`)
		}, nil, 0},
		{"a change around it", func(in *Input) {
			in.Base.Objects[0].Body = json.RawMessage(`{"displayName":"P","x":"old","members":["b"],"tags":["t"]}`)
			in.Rules.Deviations[1] = plan.Deviation{Kind: "policies", Key: "P", Pointer: "/x/y", Accepted: json.RawMessage(`1`)}
		}, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := notKept
			in.Now = now
			in.Base = &Base{Format: in.Base.Format, Objects: slices.Clone(in.Base.Objects)}
			in.Current.Resources, in.Desired.Resources = slices.Clone(in.Current.Resources), slices.Clone(in.Desired.Resources)
			in.Rules.Deviations = slices.Clone(offered)
			for i := range in.Rules.Deviations {
				in.Rules.Deviations[i].Owner, in.Rules.Deviations[i].Reason = "ann", "the service does not take it"
			}
			tc.change(&in)
			if diff := cmp.Diff(tc.want, marks(t, in)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Adopt) != tc.adopted {
				t.Errorf("adopted: %s", r.Adopt)
			}
			if tc.want == nil && !slices.ContainsFunc(r.Plan.Notes, func(n plan.Note) bool {
				return n.Class == plan.Ignored && strings.Contains(n.Message, "the service does not take it") && strings.Contains(n.Message, "ann")
			}) {
				t.Errorf("no note says what is left alone, and why: %s", messages(r))
			}
		})
	}
}

// An accepted difference is forgotten: when the deviation ends, it is a new one.
func TestDeviationEndsTheMemory(t *testing.T) {
	in := runOf(t, comparisonCase{desired: `policies/P {"displayName":"P","x":2}`}).readBack(t, `policies 1 {"displayName":"P","x":1}`, all)
	in.Now = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	in.Rules.Deviations = []plan.Deviation{{Kind: "policies", Key: "P", Pointer: "/x", Accepted: json.RawMessage(`1`), Expires: in.Now.Add(time.Hour)}}
	r, err := compareOnce(in)
	if err != nil || len(r.Plan.Items) > 0 {
		t.Fatalf("%v, %v", r.Plan.Items, err)
	}
	in.Base, in.Now = r.Base, in.Now.Add(time.Hour)
	if diff := cmp.Diff([]string{" update /x"}, marks(t, in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A secret is in no deviation, and neither is a whole object.
func TestNoDeviationIsOffered(t *testing.T) {
	for name, tc := range map[string]struct {
		of      comparisonCase
		current string
	}{
		"a secret":               {comparisonCase{desired: `policies/P {"displayName":"P","password":"s"}`}, `policies 1 {"displayName":"P","password":"other"}`},
		"a value with a secret":  {comparisonCase{desired: `policies/P {"displayName":"P","settings":[{"n":1,"secret":"s"}]}`}, `policies 1 {"displayName":"P","settings":[{"n":2,"secret":"s"}]}`},
		"a member with a secret": {comparisonCase{desired: `policies/P {"displayName":"P","tokens":[{"n":1,"secret":"s"}]}`}, `policies 1 {"displayName":"P","tokens":[{"n":2,"secret":"s"}]}`},
		"a secret of the tenant": {comparisonCase{desired: `policies/P {"displayName":"P","settings":[]}`}, `policies 1 {"displayName":"P","settings":[{"n":2,"secret":"s"}]}`},
		"a whole object":         {comparisonCase{base: `policies/P=1 {"displayName":"P"}`, current: `policies 1 {"displayName":"P"}`}, `policies 1 {"displayName":"P"}`},
	} {
		t.Run(name, func(t *testing.T) {
			in := runOf(t, tc.of).readBack(t, tc.current, all)
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Plan.Items) == 0 || !r.Plan.Items[0].Changes[0].NotKept {
				t.Fatalf("nothing is marked: %s", showResult(r))
			}
			if got := r.Plan.Deviations(); len(got) > 0 {
				t.Errorf("offered: %+v", got)
			}
		})
	}
}

func TestBadDeviations(t *testing.T) {
	for name, d := range map[string]plan.Deviation{
		"the whole object":  {Kind: "policies", Key: "P"},
		"a member of a set": {Kind: "policies", Key: "P", Pointer: "/members/-"},
		"no pointer":        {Kind: "policies", Key: "P", Pointer: "x"},
		"no JSON":           {Kind: "policies", Key: "P", Pointer: "/x", Accepted: json.RawMessage(`{`)},
	} {
		_, err := Prepare(Input{Kinds: kindsOf(testKinds()...), Keys: schema.Keys{Tenant: "t", Fleet: "f"}, Rules: plan.Rules{Deviations: []plan.Deviation{d}}})
		if err == nil || !strings.Contains(err.Error(), "policies/P") {
			t.Errorf("%s: got %v, want an error that names the object", name, err)
		}
	}
}

// What the service keeps apart from an object is remembered like the rest.
func TestNotKeptPart(t *testing.T) {
	part := func(in *Input) {
		editKinds(in, func(kinds []tenant.Kind) { kinds[0].Parts = []tenant.Part{{Name: "assignments", Path: "/assignments"}} })
	}
	for _, tc := range []struct{ name, base, current string }{
		{"of a new object", "", ""},
		{"of an object that is there", `policies/P=1 {"displayName":"P"}`, `policies 1 {"displayName":"P"}`},
	} {
		r := runOf(t, comparisonCase{base: tc.base, desired: `policies/P {"displayName":"P","assignments":[{"target":"t","intent":"i"}]}`, current: tc.current, adjust: part})
		in := r.readBack(t, `policies 1 {"displayName":"P"}`, func(it *plan.Item) bool { return it.Part != "" })
		got := fmt.Sprint(marks(t, in))
		if want := "[*update /assignments/-]"; got != want {
			t.Errorf("%s: got %s, want %s", tc.name, got, want)
		}
	}
}

// A secret that has been replaced since the write is another value: it was not
// written yet.
func TestNotKeptIsOfTheSecretThatWasWritten(t *testing.T) {
	for _, tc := range []struct{ later, want string }{{"s", "*update /password"}, {"s2", " update /password"}} {
		r := runOf(t, comparisonCase{
			base: `policies/P=1 {"displayName":"P"}`, desired: `policies/P {"displayName":"P","password":"${var:pw}"}`, current: `policies 1 {"displayName":"P"}`,
			adjust: func(in *Input) { in.Variables = map[string]string{"pw": "s"} },
		})
		r.in.Variables = map[string]string{"pw": tc.later}
		in := r.readBack(t, `policies 1 {"displayName":"P","password":"other"}`, all)
		if diff := cmp.Diff([]string{tc.want}, marks(t, in)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tc.later, diff)
		}
	}
}
