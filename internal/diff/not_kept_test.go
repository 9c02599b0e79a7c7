package diff

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// run is a plan with all its items applied.
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
		t.Fatalf("got no item:\n%s", messages(r))
	}
	return run{in, r}
}

// readBack returns the input of the next run, after the tenant's objects were
// read back. notKept reports the items that were not kept.
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
	if in.Base, err = DecodeBase(data); err != nil { // the records survive the storage
		t.Fatal(err)
	}
	return in
}

func all(*plan.Item) bool { return true }

// marks returns a line for each proposed change: its pointer, with a star if
// the tenant has not kept the change before.
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
		current string          // the tenant's object, read back
		change  func(in *Input) // before the next run
		want    []string
	}{
		{"the old value", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, nil, []string{"*update /x"}},
		{"a third value", update, `policies 1 {"displayName":"P","x":3,"y":2,"members":["b","c"],"tags":["t"]}`, nil, []string{"*update /x"}},
		{"members of a set", update, `policies 1 {"displayName":"P","x":2,"y":2,"members":["a","b"],"tags":["t"]}`, nil, []string{"*update /members/-", "*update /members/-"}},
		{"together with a new edit", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b"],"tags":["t"]}`, func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":2,"y":5,"members":["b","c","d"],"tags":["t"]}`)
		}, []string{"*update /members/-", " update /members/-", "*update /x", " update /y"}},
		{"the file has another value", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":4,"y":2,"members":["b","c"],"tags":["t"]}`)
		}, []string{" update /x"}},
		{"the tenant has it later", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["t"]}`, func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":2,"y":2,"members":["b","c"],"tags":["t"]}`)
		}, nil},
		{"a property that was not written", update, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["u"]}`, nil, []string{"*update /x"}},
		{"a property that was not written, under enforcement", enforced, `policies 1 {"displayName":"P","x":1,"y":2,"members":["b","c"],"tags":["u"]}`, nil, []string{" update /tags", "*update /x"}},
		{"a create", comparisonCase{desired: `policies/P {"displayName":"P","x":{"y":{"on":true,"n":1}},"members":["a"]}`},
			`policies 1 {"displayName":"P","x":{"y":{"on":false,"n":1}},"members":[]}`, nil, []string{"*update /members/-", "*update /x/y/on"}},
		{"a whole object", comparisonCase{
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
			if left := slices.ContainsFunc(r.Base.Objects, func(o *BaseObject) bool { return len(o.NotKept) > 0 }); left != marked {
				t.Errorf("the base has a record: %v, want %v", left, marked)
			}
			in.Base = r.Base
			if diff := cmp.Diff(tc.want, marks(t, in)); diff != "" {
				t.Errorf("the next run (-want +got)\n%s", diff)
			}
		})
	}
}

// An item that could not be read back does not count as not kept.
func TestNotReadBackIsNotNotKept(t *testing.T) {
	r := runOf(t, comparisonCase{
		base: `policies/P=1 {"displayName":"P","x":1}`, desired: `policies/P {"displayName":"P","x":2}`, current: `policies 1 {"displayName":"P","x":1}`,
	})
	in := r.readBack(t, `policies 1 {"displayName":"P","x":1}`, func(*plan.Item) bool { return false })
	if diff := cmp.Diff([]string{" update /x"}, marks(t, in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The base has neither the values nor hashes with which a guess could be
// tested.
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
		t.Error("the hash does not depend on the key")
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
		{"another value next to it", func(in *Input) {
			in.Desired.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":2,"z":9},"members":["b","c"],"tags":["t"]}`)
		}, []string{" update /x/z"}, 0},
		{"the set has another member", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":1,"z":1},"members":["b","e"],"tags":["t"]}`)
		}, []string{"*update /members/-"}, 1},
		{"another object", func(in *Input) { in.Rules.Deviations[1].Key = "Q" }, []string{"*update /x/y"}, 0},
		{"one that has not expired", func(in *Input) { in.Rules.Deviations[1].Expires = now.Add(time.Second) }, nil, 0},
		{"one that has expired", func(in *Input) { in.Rules.Deviations[1].Expires = now }, []string{"*update /x/y"}, 0},
		{"a deviation of the enclosing object", func(in *Input) {
			in.Rules.Deviations[1] = plan.Deviation{Kind: "policies", Key: "P", Pointer: "/x", Accepted: json.RawMessage(`{"z":1,"y":1}`)}
		}, nil, 0},
		{"absent", func(in *Input) {
			in.Current.Resources[0].Body = json.RawMessage(`{"displayName":"P","x":{"z":1},"members":["b"],"tags":["t"]}`)
			in.Rules.Deviations[1].Accepted = nil
		}, nil, 0},
		{"drift", func(in *Input) { // both sides had agreed; the drift is not adopted either
			in.Base.Objects[0].Body = json.RawMessage(`{"displayName":"P","x":{"y":2,"z":1},"members":["b","c"],"tags":["t"]}`)
		}, nil, 0},
		{"a change of the enclosing value", func(in *Input) {
			in.Base.Objects[0].Body = json.RawMessage(`{"displayName":"P","x":"old","members":["b"],"tags":["t"]}`)
			in.Rules.Deviations[1] = plan.Deviation{Kind: "policies", Key: "P", Pointer: "/x/y", Accepted: json.RawMessage(`1`)}
		}, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := notKept
			in.Now = now
			in.Base = &Base{Format: in.Base.Format, Objects: cloned(in.Base.Objects)}
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
				t.Errorf("got adoptions %s, want none", r.Adopt)
			}
			if tc.want == nil && !slices.ContainsFunc(r.Plan.Notes, func(n plan.Note) bool {
				return n.Class == plan.Ignored && strings.Contains(n.Message, "the service does not take it") && strings.Contains(n.Message, "ann")
			}) {
				t.Errorf("got no note with the ignored difference and the reason: %s", messages(r))
			}
		})
	}
}

// An accepted difference loses its record: when the deviation ends, the
// difference is a new one.
func TestDeviationRemovesTheRecord(t *testing.T) {
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

// No deviation is offered for a secret or a whole object.
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
				t.Fatalf("no change is marked: %s", showResult(r))
			}
			if got := r.Plan.Deviations(); len(got) > 0 {
				t.Errorf("got deviations %+v, want none", got)
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

// A part that was not kept gets a record too.
func TestNotKeptPart(t *testing.T) {
	part := func(in *Input) {
		editKinds(in, func(kinds []tenant.Kind) { kinds[0].Parts = []tenant.Part{{Name: "assignments", Path: "/assignments"}} })
	}
	for _, tc := range []struct{ name, base, current string }{
		{"a new object", "", ""},
		{"an existing object", `policies/P=1 {"displayName":"P"}`, `policies 1 {"displayName":"P"}`},
	} {
		r := runOf(t, comparisonCase{base: tc.base, desired: `policies/P {"displayName":"P","assignments":[{"target":"t","intent":"i"}]}`, current: tc.current, adjust: part})
		in := r.readBack(t, `policies 1 {"displayName":"P"}`, func(it *plan.Item) bool { return it.Part != "" })
		got := fmt.Sprint(marks(t, in))
		if want := "[*update /assignments/-]"; got != want {
			t.Errorf("%s: got %s, want %s", tc.name, got, want)
		}
	}
}

// A secret that was replaced since the write is another value, which was not
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

// The record of a difference that was not kept covers the path and the value: a
// new value, or another member of the set, is a new attempt.
func TestNotKeptOf(t *testing.T) {
	ix := &index{key: "k"}
	o := &object{kind: kindsOf(tenant.Kind{Name: "policies", NaturalKey: []string{"/displayName"}, Sets: []tenant.Set{{Path: "/members"}}}).Get("policies")}
	text := func(s string) *jsonval.Node { return jsonval.StringNode(s) }
	rule := o.kind.Root.Step("members")
	differences := []*difference{
		{segs: []string{"x"}, desired: text("a"), rule: o.kind.Root.Step("x")},
		{segs: []string{"x"}, desired: text("b"), rule: o.kind.Root.Step("x")},
		{segs: []string{"x"}, current: text("a"), rule: o.kind.Root.Step("x")},
		{segs: []string{"members"}, member: true, desired: text("a"), rule: rule},
		{segs: []string{"members"}, member: true, current: text("a"), rule: rule},
		{segs: []string{"members"}, member: true, current: text("b"), rule: rule},
	}
	for i, a := range differences {
		for j, b := range differences {
			if equal := notKeptOf(ix, o, a) == notKeptOf(ix, o, b); equal != (i == j) {
				t.Errorf("differences %d and %d have equal records: %v", i, j, equal)
			}
		}
	}
}
