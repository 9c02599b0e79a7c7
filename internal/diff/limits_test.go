package diff

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// limited is a short form of a plan's items.
type limited struct {
	kind    string
	n       int
	verb    tenant.Verb
	changed []string // pointers; "/x" if there are none
	part    string
}

func planWith(groups ...limited) *plan.Plan {
	p := &plan.Plan{}
	for _, g := range groups {
		if g.changed == nil {
			g.changed = []string{"/x"}
		}
		for i := range g.n {
			it := plan.Item{ID: fmt.Sprintf("%s/%d", g.kind, i), Kind: g.kind, Key: fmt.Sprint(i), Verb: g.verb, Part: g.part}
			if g.part != "" {
				it.ID = fmt.Sprintf("%s#%s/%d", g.kind, g.part, i)
			}
			for _, pointer := range g.changed {
				it.Changes = append(it.Changes, plan.PropertyChange{Pointer: pointer})
			}
			p.Items = append(p.Items, it)
		}
	}
	return p
}

// TestLimits checks deletes and updates at each limit and one above it.
func TestLimits(t *testing.T) {
	deletes := func(kind string, n int) limited { return limited{kind: kind, n: n, verb: tenant.Delete} }
	updates := func(kind string, n int, changed ...string) limited {
		return limited{kind: kind, n: n, verb: tenant.Update, changed: changed}
	}
	plenty := map[string]int{"groups": 1000, "apps": 1000}
	tests := []struct {
		name  string
		items []limited
		sizes map[string]int
		rules plan.Rules
		want  []string // messages
	}{
		{name: "an empty plan"},
		{name: "as many deletes as the default allows", items: []limited{deletes("groups", 5), deletes("apps", 5)}, sizes: plenty},
		{name: "one delete more, in all kinds together", items: []limited{deletes("groups", 6), deletes("apps", 5)}, sizes: plenty,
			want: []string{"the plan would delete 11 objects, and the limit is 10"}},
		{name: "as many deletes as the host allows", items: []limited{deletes("groups", 3)}, sizes: plenty, rules: plan.Rules{MaxDeletes: 3}},
		{name: "one delete more than the host allows", items: []limited{deletes("groups", 4)}, sizes: plenty, rules: plan.Rules{MaxDeletes: 3},
			want: []string{"the plan would delete 4 objects, and the limit is 3"}},
		{name: "a negative limit means no limit", items: []limited{deletes("groups", 900), updates("apps", 900)}, sizes: plenty,
			rules: plan.Rules{MaxDeletes: -1, MaxDeleteShare: -1, MaxUpdates: -1, MaxUpdateShare: -1}},
		{name: "without a limit by number, the limit by share applies", items: []limited{deletes("groups", 301)}, sizes: plenty, rules: plan.Rules{MaxDeletes: -1},
			want: []string{"the plan would delete 301 of the 1000 objects of groups, and the limit is 30 percent, here 300"}},

		{name: "exactly 30 percent", items: []limited{deletes("groups", 3)}, sizes: map[string]int{"groups": 10}},
		{name: "more than 30 percent", items: []limited{deletes("groups", 4)}, sizes: map[string]int{"groups": 10},
			want: []string{"the plan would delete 4 of the 10 objects of groups, and the limit is 30 percent, here 3"}},
		{name: "fractions are cut off: 2 of 9", items: []limited{deletes("groups", 2)}, sizes: map[string]int{"groups": 9}},
		{name: "fractions are cut off: 3 of 9", items: []limited{deletes("groups", 3)}, sizes: map[string]int{"groups": 9},
			want: []string{"the plan would delete 3 of the 9 objects of groups, and the limit is 30 percent, here 2"}},
		{name: "1 of 5", items: []limited{deletes("groups", 1)}, sizes: map[string]int{"groups": 5}},
		{name: "2 of 5", items: []limited{deletes("groups", 2)}, sizes: map[string]int{"groups": 5},
			want: []string{"the plan would delete 2 of the 5 objects of groups, and the limit is 30 percent, here 1"}},
		{name: "1 of 4", items: []limited{deletes("groups", 1)}, sizes: map[string]int{"groups": 4}},
		{name: "2 of 4", items: []limited{deletes("groups", 2)}, sizes: map[string]int{"groups": 4},
			want: []string{"the plan would delete 2 of the 4 objects of groups, and the limit is 1 of a kind with fewer than 5 objects"}},
		{name: "1 of 1", items: []limited{deletes("groups", 1)}, sizes: map[string]int{"groups": 1}},
		{name: "each kind separately", items: []limited{deletes("apps", 2), deletes("devices", 3), deletes("groups", 3)}, sizes: map[string]int{"groups": 8, "apps": 3, "devices": 10},
			want: []string{
				"the plan would delete 2 of the 3 objects of apps, and the limit is 1 of a kind with fewer than 5 objects",
				"the plan would delete 3 of the 8 objects of groups, and the limit is 30 percent, here 2",
			}},
		{name: "the host's share", items: []limited{deletes("groups", 5)}, sizes: map[string]int{"groups": 10}, rules: plan.Rules{MaxDeleteShare: 50}},
		{name: "more than the host's share", items: []limited{deletes("groups", 6)}, sizes: map[string]int{"groups": 10}, rules: plan.Rules{MaxDeleteShare: 50},
			want: []string{"the plan would delete 6 of the 10 objects of groups, and the limit is 50 percent, here 5"}},
		{name: "a large share does not raise the limit of a small kind", items: []limited{deletes("groups", 2)}, sizes: map[string]int{"groups": 4}, rules: plan.Rules{MaxDeleteShare: 100},
			want: []string{"the plan would delete 2 of the 4 objects of groups, and the limit is 1 of a kind with fewer than 5 objects"}},
		{name: "one object may be deleted with any share", items: []limited{deletes("groups", 1)}, sizes: map[string]int{"groups": 50}, rules: plan.Rules{MaxDeleteShare: 1}},

		{name: "as many updates as the default allows", items: []limited{updates("groups", 100), updates("apps", 100), {kind: "apps", n: 500, verb: tenant.Create}}, sizes: plenty},
		{name: "one update more", items: []limited{updates("groups", 100), updates("apps", 101)}, sizes: plenty,
			want: []string{"the plan would update 201 objects, and the limit is 200"}},
		{name: "by default updates have no limit by share", items: []limited{updates("groups", 10)}, sizes: map[string]int{"groups": 10}},
		{name: "the host's share of updates", items: []limited{updates("groups", 5)}, sizes: map[string]int{"groups": 10}, rules: plan.Rules{MaxUpdateShare: 50}},
		{name: "a larger share of updates", items: []limited{updates("groups", 6)}, sizes: map[string]int{"groups": 10}, rules: plan.Rules{MaxUpdateShare: 50},
			want: []string{"the plan would update 6 of the 10 objects of groups, and the limit is 50 percent, here 5"}},
		{name: "an object and its parts are one update", items: []limited{updates("groups", 3), {kind: "groups", n: 3, verb: tenant.Update, part: "members"}},
			sizes: plenty, rules: plan.Rules{MaxUpdates: 3}},
		{name: "parts count as their object", items: []limited{{kind: "groups", n: 4, verb: tenant.Update, part: "members"}}, sizes: plenty, rules: plan.Rules{MaxUpdates: 3},
			want: []string{"the plan would update 4 objects, and the limit is 3"}},
		{name: "parts of created objects are not updates", items: []limited{{kind: "groups", n: 9, verb: tenant.Create}, {kind: "groups", n: 9, verb: tenant.Update, part: "members"}},
			sizes: plenty, rules: plan.Rules{MaxUpdates: 3}},

		{name: "names and descriptions do not count", items: []limited{updates("groups", 300, "/displayName", "/description"), updates("apps", 300, "/name")}, sizes: plenty},
		{name: "a name and another property count", items: []limited{updates("groups", 201, "/displayName", "/state")}, sizes: plenty,
			want: []string{"the plan would update 201 objects, and the limit is 200"}},
		{name: "a nested description counts", items: []limited{updates("groups", 201, "/x/description")}, sizes: plenty,
			want: []string{"the plan would update 201 objects, and the limit is 200"}},
		{name: "a property of the natural key that is not a name counts", items: []limited{updates("apps", 201, "/@odata.type")}, sizes: plenty,
			want: []string{"the plan would update 201 objects, and the limit is 200"}},
		{name: "another kind's natural key counts", items: []limited{updates("groups", 201, "/name")}, sizes: plenty,
			want: []string{"the plan would update 201 objects, and the limit is 200"}},
		{name: "a renamed object counts by its parts", items: []limited{updates("groups", 4, "/displayName"), {kind: "groups", n: 4, verb: tenant.Update, part: "members"}},
			sizes: plenty, rules: plan.Rules{MaxUpdates: 3}, want: []string{"the plan would update 4 objects, and the limit is 3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := &Input{Rules: tt.rules, Kinds: kindsOf(tenant.Kind{Name: "groups"}, tenant.Kind{Name: "apps", NaturalKey: []string{"/name", "/@odata.type"}})}
			p := planWith(tt.items...)
			broken := append(tooManyDeletes(p, &in.Rules, tt.sizes), tooManyUpdates(p, in, tt.sizes)...)
			var got []string
			for _, b := range broken {
				got = append(got, b.Message)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestLimitsNameItems checks the items and the limit of a violation.
func TestLimitsNameItems(t *testing.T) {
	p := planWith(limited{kind: "apps", n: 2, verb: tenant.Delete}, limited{kind: "groups", n: 1, verb: tenant.Delete})
	got := tooManyDeletes(p, &plan.Rules{MaxDeletes: 2}, map[string]int{"apps": 2, "groups": 2})
	want := []plan.Violation{
		{Rule: "max-deletes", Message: "the plan would delete 3 objects, and the limit is 2", Items: []string{"apps/0", "apps/1", "groups/0"}, Limit: 2},
		{Rule: "max-deletes", Message: "the plan would delete 2 of the 2 objects of apps, and the limit is 1 of a kind with fewer than 5 objects",
			Items: []string{"apps/0", "apps/1"}, Limit: 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// unassigning returns a plan with an object that loses n assignments and keeps
// one.
func unassigning(n int) *plan.Plan {
	it := plan.Item{ID: "apps#assignments/A", Kind: "apps", Key: "A", Part: "assignments", Verb: tenant.Update,
		After: json.RawMessage(`{"assignments":[{"target":{"groupId":"left"}}]}`)}
	for i := range n {
		it.Changes = append(it.Changes, plan.PropertyChange{Pointer: "/assignments/-", Before: fmt.Appendf(nil, `{"target":{"groupId":"%d"}}`, i)})
	}
	return &plan.Plan{Items: []plan.Item{it}}
}

// named returns the only item of a plan with another ID.
func named(id string, p *plan.Plan) plan.Item {
	it := p.Items[0]
	it.ID = id
	return it
}

func TestTooManyUnassigned(t *testing.T) {
	over := func(n, limit int) []plan.Violation {
		return []plan.Violation{{Rule: "assignments-removed", Message: fmt.Sprintf("the plan would remove %d assignments, and the limit is %d", n, limit),
			Items: []string{"apps#assignments/A"}, Limit: limit}}
	}
	last := unassigning(1)
	last.Items[0].After = json.RawMessage(`{"assignments":[]}`)
	bare := []plan.Violation{{Rule: "assignments-removed", Message: "the plan would remove the last assignment of objects: 1", Items: []string{"apps#assignments/A"}}}
	several := &plan.Plan{Items: []plan.Item{
		{ID: "apps/A", Verb: tenant.Update, Changes: []plan.PropertyChange{{Pointer: "/x"}}},
		{ID: "apps/B", Verb: tenant.Delete},
		named("apps#assignments/A", last), named("apps#assignments/B", unassigning(2)), named("apps#assignments/C", last),
	}}
	tests := []struct {
		name  string
		plan  *plan.Plan
		limit int
		want  []plan.Violation
	}{
		{"several, beside items that remove no assignment", several, 3, []plan.Violation{
			{Rule: "assignments-removed", Message: "the plan would remove 4 assignments, and the limit is 3", Items: []string{"apps#assignments/A", "apps#assignments/B", "apps#assignments/C"}, Limit: 3},
			{Rule: "assignments-removed", Message: "the plan would remove the last assignment of objects: 2", Items: []string{"apps#assignments/A", "apps#assignments/C"}},
		}},
		{"as many as the default", unassigning(10), 0, nil},
		{"one more than the default", unassigning(11), 0, over(11, 10)},
		{"as many as the host allows", unassigning(3), 3, nil},
		{"one more than the host allows", unassigning(4), 3, over(4, 3)},
		{"no limit", unassigning(400), -1, nil},
		{"the last one", last, 0, bare},
		{"the last one, without a limit", last, -1, bare},
	}
	for _, tt := range tests {
		got := tooManyUnassigned(tt.plan, &plan.Rules{MaxAssignmentsRemoved: tt.limit})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", tt.name, diff)
		}
	}
}

// TestMostOfAKindIsDeleted compares a repository that has lost most of its
// files, and one that has renamed them.
func TestMostOfAKindIsDeleted(t *testing.T) {
	const kind = "policies"
	for _, tt := range []struct {
		name string
		lost int
		file func(i int) string // the body of a file in place of a lost one; empty for no file
		want int
	}{
		{"2 of 8", 2, nil, 0},
		{"3 of 8", 3, nil, 1},
		{"7 of 8", 7, nil, 1},
		{"7 of 8 renamed", 7, func(i int) string { return fmt.Sprintf(`{"displayName":"Q%d","$previousNames":["P%d"]}`, i, i) }, 0},
	} {
		in := Input{Kinds: kindsOf(tenant.Kind{Name: kind, Create: true, Update: true, Delete: true}), Base: &Base{}}
		in.Current.Kinds = []tenant.KindState{{Kind: kind, Completeness: tenant.Complete, Scope: tenant.All}}
		for i := range 8 {
			key, body := fmt.Sprintf("P%d", i), fmt.Appendf(nil, `{"displayName":"P%d"}`, i)
			in.Base.Objects = append(in.Base.Objects, &BaseObject{Kind: kind, Key: key, ID: key, Body: body})
			in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: kind, ID: key, Body: body})
			switch {
			case i >= tt.lost:
				in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: kind, Key: key, Body: body})
			case tt.file != nil:
				in.Desired.Resources = append(in.Desired.Resources, tenant.Resource{Kind: kind, Key: fmt.Sprintf("Q%d", i), Body: []byte(tt.file(i))})
			}
		}
		// Unmanaged objects do not count towards the share.
		for i := range 90 {
			in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: kind, ID: fmt.Sprintf("other-%d", i), Body: fmt.Appendf(nil, `{"displayName":"O%d"}`, i)})
		}
		in.Rules = plan.Rules{MaxUpdates: 1}
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Plan.Items) != tt.lost || len(r.Plan.Broken) != tt.want {
			t.Errorf("%s: got %d items, broken %+v, want %d items and %d broken rules", tt.name, len(r.Plan.Items), r.Plan.Broken, tt.lost, tt.want)
		}
	}
}
