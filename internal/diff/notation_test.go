package diff

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

var testKeys = schema.Keys{Tenant: "key of the tests", Fleet: "key of all tenants"}

// sideLines parses the objects of one side.
func sideLines(t *testing.T, text string) [][3]string {
	t.Helper()
	var out [][3]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		head, body := line, ""
		if i := strings.Index(line, "{"); i >= 0 && !strings.Contains(line[:i], "$") {
			head, body = strings.TrimSpace(line[:i]), line[i:]
		}
		if body != "" && !json.Valid([]byte(body)) {
			t.Fatalf("bad body in %q", line)
		}
		sep := "/"
		if !strings.Contains(head, "/") {
			sep = " "
		}
		kind, name, _ := strings.Cut(head, sep)
		out = append(out, [3]string{kind, name, body})
	}
	return out
}

func parseBase(t *testing.T, text string) *Base {
	t.Helper()
	if text == "" {
		return nil
	}
	b := &Base{Format: format.FormatVersion}
	for _, l := range sideLines(t, text) {
		key, id, _ := strings.Cut(l[1], "=")
		o := &BaseObject{Kind: l[0], Key: key, ID: id}
		if l[2] != "" {
			o.Body = json.RawMessage(l[2])
		}
		b.Objects = append(b.Objects, o)
	}
	return b
}

func parseDesired(t *testing.T, text string) []tenant.Resource {
	t.Helper()
	var out []tenant.Resource
	for _, l := range sideLines(t, text) {
		out = append(out, tenant.Resource{Kind: l[0], Key: l[1], Body: json.RawMessage(l[2]), Source: l[0] + "/" + l[1] + ".json"})
	}
	return out
}

func parseCurrent(t *testing.T, text string) []tenant.Resource {
	t.Helper()
	var out []tenant.Resource
	for _, l := range sideLines(t, text) {
		out = append(out, tenant.Resource{Kind: l[0], ID: l[1], Body: json.RawMessage(l[2])})
	}
	return out
}

func parseGone(t *testing.T, text string) []Object {
	t.Helper()
	var out []Object
	for _, l := range sideLines(t, text) {
		out = append(out, Object{Kind: l[0], ID: l[1]})
	}
	return out
}

// showResult writes a result in the tables' notation, without widenings.
func showResult(r *Result) string {
	var b strings.Builder
	for _, it := range r.Plan.Items {
		from := ""
		if it.RenamedFrom != "" {
			from = " from " + it.RenamedFrom
		}
		for _, c := range it.Changes {
			fmt.Fprintf(&b, "%s %s%s %s %s: %s | %s -> %s\n", it.Verb, it.ID, from, c.Origin, c.Pointer, show(c.Base), show(c.Before), show(c.After))
		}
	}
	for _, c := range r.Adopt {
		fmt.Fprintf(&b, "adopt %s/%s %s\n", c.Kind, c.Key, show(c.Body))
	}
	for _, n := range r.Plan.Notes {
		if n.Class == wideningNote {
			continue // TestWidening is about them, and most files of the tables lack something
		}
		fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("note %s %s/%s %s", n.Class, n.Kind, n.Key, n.Pointer)))
	}
	for _, o := range r.Base.Objects {
		fmt.Fprintln(&b, strings.TrimSpace(fmt.Sprintf("base %s/%s=%s %s", o.Kind, o.Key, o.ID, o.Body)))
	}
	return b.String()
}

func show(raw json.RawMessage) string {
	if raw == nil {
		return "-"
	}
	return string(raw)
}

// trimLines removes the indentation of a table's text.
func trimLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// testKinds are the kinds of the tables.
func testKinds() []tenant.Kind {
	return []tenant.Kind{
		{
			Name: "policies", Create: true, Update: true, Delete: true,
			ReadOnly:      []string{"/id", "/createdDateTime"},
			CreateOnly:    []string{"/platform"},
			EmptyIsAbsent: []string{"/tags", "/conditions/labels"},
			Sets: []tenant.Set{
				{Path: "/members"},
				{Path: "/assignments", By: []string{"/target", "/intent"}},
				{Path: "/conditions/groups"},
				{Path: "/tokens"},
				{Path: "/rules/*/names"},
			},
			References: []tenant.Reference{
				{Path: "/conditions/groups", Kinds: []string{"groups", "roles"}, Literals: []string{"All", "well-known-*"}},
				{Path: "/owner", Kinds: []string{"groups"}},
				{Path: "/contact", Kinds: []string{"groups"}, Property: "mail"},
				{Path: "/assignments/*/group", Type: "#group", Kinds: []string{"groups"}},
			},
			Sensitive: []string{"/password", "/settings/*/secret", "/tokens/*/secret"},
			Masked:    []tenant.Masked{{Path: "/key"}, {Path: "/oma/*/value", Token: "valueId"}, {Path: "/assignments/*/key"}, {Path: "/tokens/*/key"}},
			Whole:     []string{"/oma"},
			Limits: []tenant.Limit{
				{When: tenant.Condition{Path: "/builtIn", Equals: json.RawMessage("true")}, Verbs: []tenant.Verb{tenant.Update, tenant.Delete}, Reason: "built-in policies cannot be changed"},
				{When: tenant.Condition{Path: "/managedBy", Prefix: "Microsoft"}, Verbs: []tenant.Verb{tenant.Update, tenant.Delete}, Reason: "Microsoft manages it", ServiceMade: true},
			},
		},
		{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}},
		{Name: "roles", Scope: tenant.Referenced},
		{Name: "apps", Scope: tenant.Listed, Create: true, Update: true, Delete: true},
		{Name: "settings", Singleton: true, Update: true},
		{Name: "audits", Scope: tenant.OutOfScope},
	}
}

// completeStates returns the states of completely read kinds.
func completeStates() []tenant.KindState {
	var out []tenant.KindState
	for _, k := range testKinds() {
		out = append(out, tenant.KindState{Kind: k.Name, Completeness: tenant.Complete})
	}
	return out
}

// comparisonCase is one row of a table.
type comparisonCase struct {
	name, explanation            string
	base, desired, current, gone string
	// adjust changes the rest of the input.
	adjust func(*Input)
	want   string
}

func (tc comparisonCase) input(t *testing.T) Input {
	t.Helper()
	in := Input{
		Revert:    true,
		Tenant:    "contoso",
		Kinds:     kindsOf(testKinds()...),
		Base:      parseBase(t, tc.base),
		Desired:   tenant.Desired{Revision: "r1", Resources: parseDesired(t, tc.desired)},
		Current:   tenant.Snapshot{Kinds: completeStates(), Resources: parseCurrent(t, tc.current)},
		Gone:      parseGone(t, tc.gone),
		Variables: map[string]string{"company": "Contoso", "breakGlass": "11111111-2222-3333-4444-555555555555"},
		Keys:      testKeys,
	}
	if tc.adjust != nil {
		tc.adjust(&in)
	}
	return in
}

func runComparisons(t *testing.T, cases []comparisonCase, adjust ...func(*Input)) {
	t.Helper()
	for _, tc := range cases {
		if tc.adjust == nil && len(adjust) > 0 {
			tc.adjust = adjust[0]
		}
		t.Run(tc.name, func(t *testing.T) {
			r, err := compareOnce(tc.input(t))
			if err != nil {
				t.Fatalf("%s\nCompare: %v", tc.explanation, err)
			}
			if diff := cmp.Diff(trimLines(tc.want), showResult(r)); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s\nmessages:\n%s", tc.explanation, diff, messages(r))
			}
			for _, it := range r.Plan.Items {
				checkRevert(t, &it, r.Revert[it.ID])
			}
		})
	}
}

// checkRevert checks that the revert of an item changes only files of the
// item's object, with the object's present or former key, and each file once.
func checkRevert(t *testing.T, it *plan.Item, changes []tenant.Change) {
	t.Helper()
	if it.Part != "" {
		return // the object's item has the revert
	}
	keys := []string{it.Key}
	if it.RenamedFrom != "" {
		keys = []string{it.RenamedFrom, it.Key}
	}
	var got []string
	for _, c := range changes {
		if c.Kind != it.Kind {
			t.Errorf("the revert of %s has a change of the kind %q", it.ID, c.Kind)
		}
		got = append(got, c.Key)
	}
	if !slices.Equal(got, keys) {
		t.Errorf("the revert of %s changes %q, want %q", it.ID, got, keys)
	}
}

func messages(r *Result) string {
	var lines []string
	for _, n := range r.Plan.Notes {
		lines = append(lines, n.Message)
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// withState changes how completely one kind was read.
func withState(in *Input, kind string, c tenant.Completeness) {
	for i := range in.Current.Kinds {
		if in.Current.Kinds[i].Kind == kind {
			in.Current.Kinds[i].Completeness = c
		}
	}
}

// withoutPermission leaves a kind out as a sync does without an optional permission.
func withoutPermission(in *Input, kind string) {
	withState(in, kind, tenant.NotInScope)
	for i := range in.Current.Kinds {
		if in.Current.Kinds[i].Kind == kind {
			in.Current.Kinds[i].Reason = "an optional permission is not granted"
		}
	}
}

// kindsOf compiles kinds of a test.
func kindsOf(kinds ...tenant.Kind) *schema.Kinds {
	compiled, err := schema.CompileAll(kinds)
	if err != nil {
		panic(err)
	}
	return compiled
}

// editKinds compiles the input's kinds again, after a change.
func editKinds(in *Input, edit func(kinds []tenant.Kind)) {
	kinds := in.Kinds.Declarations()
	edit(kinds)
	in.Kinds = kindsOf(kinds...)
}

// differ compares two results and their guard requests.
func differ(t interface{ Fatal(...any) }, want, got *Result) string {
	asked := make([]tenant.GuardRequest, 2)
	for i, r := range []*Result{want, got} {
		var err error
		if asked[i], err = r.GuardRequest(); err != nil {
			t.Fatal(err)
		}
	}
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(Result{}, Backup{})) + cmp.Diff(asked[0], asked[1])
}

// compareOnce and the functions below it prepare a comparison for one call.
func compareOnce(in Input) (*Result, error) { return Compare(context.Background(), in) }

func readsOf(in Input) ([]tenant.ReadRequest, error) {
	c, err := Prepare(in)
	if err != nil {
		return nil, err
	}
	return c.Reads(), nil
}

func referenceReadsOf(in Input) ([]tenant.ReadRequest, error) {
	c, err := Prepare(in)
	if err != nil {
		return nil, err
	}
	return c.ReferenceReads()
}

func missingIn(in Input) []Object {
	c, err := Prepare(in)
	if err != nil {
		return nil
	}
	return c.Missing()
}
