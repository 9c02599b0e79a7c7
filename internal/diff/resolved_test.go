package diff

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A plan has the values of its references: at declared and other places, to
// created objects, with former names, and within parts of an object.
func TestResolved(t *testing.T) {
	const decoy = `groups/Decoy=g1 {"displayName":"Decoy"}` + "\n"
	const decoyFile = `groups/Decoy {"displayName":"Decoy"}` + "\n"
	const decoyNow = `groups g1 {"displayName":"Decoy","description":"All","mail":"all@contoso.com","code":"11111111-2222-3333-4444-555555555555"}` + "\n"
	const policy = `policies/P=1 {"displayName":"P"}`
	const policyNow = `policies 1 {"displayName":"P"}`
	for _, tc := range []struct {
		name, file string
		want       []plan.Resolved
	}{
		{"no reference", `{"displayName":"P","x":1}`, nil},
		{"a declared id", `{"displayName":"P","owner":"${groups/Decoy}"}`, []plan.Resolved{{Ref: "${groups/Decoy}", ID: "g1"}}},
		{"a declared property", `{"displayName":"P","contact":"${groups/Decoy}"}`, []plan.Resolved{{Ref: "${groups/Decoy#mail}", Value: "all@contoso.com"}}},
		{"a property where an id is declared", `{"displayName":"P","conditions":{"groups":["${groups/Decoy#description}"]}}`,
			[]plan.Resolved{{Ref: "${groups/Decoy#description}", Value: "All"}}},
		{"a property where nothing is declared", `{"displayName":"P","x":"${groups/Decoy#description}"}`,
			[]plan.Resolved{{Ref: "${groups/Decoy#description}", Value: "All", Undeclared: true}}},
		{"a GUID where nothing is declared", `{"displayName":"P","x":"${groups/Decoy#code}"}`,
			[]plan.Resolved{{Ref: "${groups/Decoy#code}", Value: "11111111-2222-3333-4444-555555555555", Undeclared: true}}},
		{"an id where nothing is declared", `{"displayName":"P","x":["${groups/Decoy}"]}`, []plan.Resolved{{Ref: "${groups/Decoy}", ID: "g1", Undeclared: true}}},
		{"a former name", `{"displayName":"P","owner":"${groups/Old}"}`, []plan.Resolved{{Ref: "${groups/New}", ID: "g2"}}},
		{"an object that the plan creates", `{"displayName":"P","owner":"${groups/Made}"}`, []plan.Resolved{{Ref: "${groups/Made}", New: true}}},
		{"a property of an object that the plan creates", `{"displayName":"P","x":"${groups/Made#nick}"}`,
			[]plan.Resolved{{Ref: "${groups/Made#nick}", Value: "m", New: true, Undeclared: true}}},
		{"a duplicate reference, and two in order", `{"displayName":"P","owner":"${groups/New}","x":"${groups/Decoy#mail}","y":"${groups/Decoy#mail}"}`,
			[]plan.Resolved{{Ref: "${groups/Decoy#mail}", Value: "all@contoso.com", Undeclared: true}, {Ref: "${groups/New}", ID: "g2"}}},
	} {
		for _, before := range []bool{true, false} { // update, create
			side := comparisonCase{
				base:    decoy,
				desired: decoyFile + `groups/New {"displayName":"New","$previousNames":["Old"]}` + "\n" + `groups/Made {"displayName":"Made","nick":"m"}` + "\n" + `policies/P ` + tc.file,
				current: decoyNow + `groups g2 {"displayName":"New"}` + "\n",
			}
			if before {
				side.base, side.current = side.base+policy, side.current+policyNow
			}
			r, err := compareOnce(side.input(t))
			if err != nil {
				t.Fatal(err)
			}
			it := r.Plan.Item("policies/P")
			if it == nil {
				t.Fatalf("%s: no item; %s", tc.name, messages(r))
			}
			if diff := cmp.Diff(tc.want, it.Resolved); diff != "" {
				t.Errorf("%s, update %v (-want +got)\n%s", tc.name, before, diff)
			}
		}
	}
}

// An item of a create resolves the references that it sends. The item of a part
// resolves the references in the part.
func TestResolvedOfParts(t *testing.T) {
	const groups = `groups/A {"displayName":"A"}` + "\n" + `groups/B {"displayName":"B"}` + "\n" + `groups/C {"displayName":"C"}` + "\n"
	const there = `groups a {"displayName":"A"}` + "\n" + `groups b {"displayName":"B"}` + "\n" + `groups c {"displayName":"C"}` + "\n"
	r := compareParts(t, nil, "", groups+`profiles/P {"displayName":"P","owner":"${groups/A}","rules":["${groups/B}"],"assignments":[{"group":"${groups/C}"}]}`, there)
	a, b, c := plan.Resolved{Ref: "${groups/A}", ID: "a"}, plan.Resolved{Ref: "${groups/B}", ID: "b", Undeclared: true}, plan.Resolved{Ref: "${groups/C}", ID: "c"}
	for id, want := range map[string][]plan.Resolved{"profiles/P": {a, b}, "profiles#assignments/P": {a, b, c}} {
		it := r.Plan.Item(id)
		if it == nil {
			t.Fatalf("no item %s: %s", id, messages(r))
		}
		if diff := cmp.Diff(want, it.Resolved); diff != "" {
			t.Errorf("%s (-want +got)\n%s", id, diff)
		}
	}
}

// A reference to a secret property of another kind is refused, because the plan
// cannot show its value.
func TestResolvedSecret(t *testing.T) {
	for _, property := range []string{"password", "/settings/0/secret", "key"} {
		r, err := compareOnce(comparisonCase{
			desired: `policies/S {"displayName":"S"}` + "\n" + `groups/G {"displayName":"G","x":"${policies/S#` + property + `}"}`,
			current: `policies 1 {"displayName":"S","password":"hunter2","settings":[{"secret":"hunter2"}],"key":"hunter2"}`,
		}.input(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := messages(r); r.Plan.Item("groups/G") != nil || !strings.Contains(got, "is a secret of policies/S") || strings.Contains(got, "hunter2") {
			t.Errorf("%s: got items %v and %q, want no item and a note", property, r.Plan.Items, got)
		}
	}
}

// The digests cover all values that a deploy resolves: properties in both
// digests, and ids only in the plan's.
func TestDigestsHaveResolvedValues(t *testing.T) {
	compare := func(edit func(tc *comparisonCase)) *plan.Plan {
		t.Helper()
		tc := comparisonCase{
			base:    `groups/G=g1 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired: `groups/G {"displayName":"G"}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}","x":"REF"}`,
			current: `groups g1 {"displayName":"G","description":"None","mail":"g@contoso.com"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}`,
		}
		edit(&tc)
		r, err := compareOnce(tc.input(t))
		if err != nil || r.Plan.Item("policies/P") == nil {
			t.Fatalf("%v, %s", err, messages(r))
		}
		return r.Plan
	}
	replace := func(tc *comparisonCase, pairs ...string) {
		with := strings.NewReplacer(pairs...)
		tc.base, tc.desired, tc.current = with.Replace(tc.base), with.Replace(tc.desired), with.Replace(tc.current)
	}
	for _, c := range []struct {
		name, ref       string
		edit            func(tc *comparisonCase)
		digest, changes bool // differ
	}{
		{"a property's value", "${groups/G#description}", func(tc *comparisonCase) { replace(tc, `"None"`, `"All"`) }, true, true},
		{"a property without a reference", "${groups/G#description}", func(tc *comparisonCase) { replace(tc, "g@contoso.com", "h@contoso.com") }, false, false},
		{"a variable's value", "${var:company}", func(tc *comparisonCase) {
			tc.adjust = func(in *Input) { in.Variables = map[string]string{"company": "All"} }
		}, true, true},
		{"the id of the object", "${groups/G}", func(tc *comparisonCase) { replace(tc, "g1", "g2") }, true, false},
	} {
		was := compare(func(tc *comparisonCase) { replace(tc, "REF", c.ref) })
		now := compare(func(tc *comparisonCase) { replace(tc, "REF", c.ref); c.edit(tc) })
		if got := was.Digest != now.Digest; got != c.digest {
			t.Errorf("%s: the plan's digest differs: %v, want %v", c.name, got, c.digest)
		}
		if got := was.ChangeDigest != now.ChangeDigest; got != c.changes {
			t.Errorf("%s: the changes' digest differs: %v, want %v", c.name, got, c.changes)
		}
	}
}

// An item writes the values of references in its plan. If the stored bindings
// have other values, it writes nothing.
func TestOperationWritesApprovedValues(t *testing.T) {
	const file = `policies/P {"displayName":"P","owner":"${groups/G}","x":"${groups/G#description}"}`
	now := &tenant.Resource{Kind: "policies", ID: "1", Body: []byte(`{"displayName":"P"}`)}
	fresh := func(t *testing.T) apply.Step {
		s, _ := planned(t, comparisonCase{
			base:    `groups/G=g1 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P"}`,
			desired: `groups/G {"displayName":"G"}` + "\n" + file,
			current: `groups g1 {"displayName":"G","description":""}` + "\n" + `policies 1 {"displayName":"P"}`,
		})
		return s
	}
	op, err := apply.Operation(fresh(t), now)
	if want := `{"owner":"g1","x":""}`; err != nil || string(op.Patch) != want {
		t.Errorf("got %s, %v, want %s", op.Patch, err, want)
	}
	for name, change := range map[string]func(*apply.Step){
		"another value":            func(s *apply.Step) { s.Bindings["groups#description"]["G"] = "All" },
		"another id":               func(s *apply.Step) { s.Bindings["groups"]["G"] = "g2" },
		"no id":                    func(s *apply.Step) { s.Bindings["groups"]["G"] = "" },
		"a plan without the value": func(s *apply.Step) { s.Item.Resolved = s.Item.Resolved[:1] },
	} {
		s := fresh(t)
		change(&s)
		op, err := apply.Operation(s, now)
		if failed, ok := errors.AsType[*apply.NoteError](err); !ok || failed.Note.Class != apply.Changed {
			t.Errorf("%s: got %s, %v, want a note %s", name, op.Patch, err, apply.Changed)
		}
	}
}
