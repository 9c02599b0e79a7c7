package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"pgregory.net/rapid"
)

// parseItems reads items from lines such as
// "create policies/p1 {"state":"enabled"}".
func parseItems(t *testing.T, lines string) []plan.Item {
	t.Helper()
	var items []plan.Item
	for line := range strings.Lines(lines) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		if fields[0] == "" {
			continue
		}
		kind, key, ok := strings.Cut(fields[1], "/")
		if !ok {
			t.Fatalf("not an item: %q", line)
		}
		it := plan.Item{ID: fields[1], Kind: kind, Key: key, Verb: tenant.Verb(fields[0])}
		if len(fields) == 3 {
			it.After = json.RawMessage(fields[2])
		}
		items = append(items, it)
	}
	return items
}

// parseEdges reads lines such as "a/1: b/2 b/3".
func parseEdges(lines string) map[string][]string {
	edges := make(map[string][]string)
	for line := range strings.Lines(lines) {
		if from, to, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			edges[from] = strings.Fields(to)
		}
	}
	return edges
}

// formatOrder writes a line per item with its wave and dependencies, and then a
// line per note.
func formatOrder(p *plan.Plan) string {
	var b strings.Builder
	for _, it := range p.Items {
		fmt.Fprintf(&b, "%d %s %s", it.Wave, it.Verb, it.ID)
		if len(it.DependsOn) > 0 {
			fmt.Fprintf(&b, ": %s", strings.Join(it.DependsOn, " "))
		}
		b.WriteString("\n")
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "%s %s/%s: %s\n", n.Class, n.Kind, n.Key, n.Message)
	}
	return b.String()
}

func TestOrderItems(t *testing.T) {
	kinds := map[string]tenant.Kind{
		"locations": {Name: "locations", Order: -1},
		"settings":  {Name: "settings", Order: 5},
		"policies": {Name: "policies", After: []tenant.After{{
			When: tenant.Condition{Path: "/state", Equals: json.RawMessage(`"enabled"`)},
			Kind: "defaults",
			Then: tenant.Condition{Path: "/isEnabled", Equals: json.RawMessage(`false`)},
		}}},
		"rollouts": {Name: "rollouts", After: []tenant.After{
			{Kind: "nothing"},
			{Kind: "defaults", Then: tenant.Condition{Path: "/isEnabled", Equals: json.RawMessage(`false`)}},
			{When: tenant.Condition{Path: "/state", Equals: json.RawMessage(`"enabled"`)}, Kind: "tokens"},
		}},
		"tokens": {Name: "tokens", After: []tenant.After{{
			When:    tenant.Condition{Path: "/new", Equals: json.RawMessage(`true`)},
			Kind:    "tokens",
			Then:    tenant.Condition{Path: "/old", Equals: json.RawMessage(`true`)},
			Deleted: true,
		}}},
	}
	const circleHelp = "these items depend on each other in a cycle: %s; remove one reference, sync, and add it again"
	circle := func(s string) string { return fmt.Sprintf(circleHelp, s) }

	tests := []struct {
		name               string
		items, refs, drops string
		want               string
	}{
		{name: "an empty plan"},
		{
			name:  "without references all items are in one wave, by kind and key",
			items: "update b/2\ncreate b/1\nupdate a/9",
			want:  "0 update a/9\n0 create b/1\n0 update b/2\n",
		},
		{
			name:  "a chain",
			items: "create a/1\ncreate a/2\ncreate a/3",
			refs:  "a/1: a/2\na/2: a/3",
			want:  "0 create a/3\n1 create a/2: a/3\n2 create a/1: a/2\n",
		},
		{
			name:  "a diamond with a duplicate reference",
			items: "create d/top\ncreate d/left\ncreate d/right\ncreate d/bottom",
			refs:  "d/top: d/right d/left d/right\nd/left: d/bottom\nd/right: d/bottom",
			want:  "0 create d/bottom\n1 create d/left: d/bottom\n1 create d/right: d/bottom\n2 create d/top: d/left d/right\n",
		},
		{
			name:  "an item does not wait for existing objects or itself",
			items: "update a/1\ncreate a/2",
			refs:  "a/1: a/1 b/exists\na/2: a/2",
			want:  "0 update a/1\n0 create a/2\n",
		},
		{
			name:  "an update of the referenced object comes first",
			items: "update a/1\nupdate b/1",
			refs:  "a/1: b/1",
			want:  "0 update b/1\n1 update a/1: b/1\n",
		},
		{
			name:  "updates that refer to each other stay, because both objects exist",
			items: "update a/1\nupdate b/1\nupdate c/1",
			refs:  "a/1: b/1\nb/1: a/1\nc/1: a/1",
			want:  "0 update a/1\n0 update b/1\n1 update c/1: a/1\n",
		},
		{
			name:  "a create in a cycle with an update stays: the update waits",
			items: "create a/1\nupdate b/1",
			refs:  "a/1: b/1\nb/1: a/1",
			want:  "0 create a/1\n1 update b/1: a/1\n",
		},
		{
			name:  "creates in a cycle and items that depend on them leave the plan; the rest stays",
			items: "create a/1\ncreate b/1\ncreate c/1\ncreate d/1\nupdate e/1\ncreate f/1",
			refs:  "a/1: b/1\nb/1: c/1\nc/1: a/1\nd/1: a/1\ne/1: d/1",
			want: "0 create f/1\n" +
				"cycle a/1: " + circle("a/1 → b/1 → c/1 → a/1") + "\n" +
				"cycle b/1: " + circle("a/1 → b/1 → c/1 → a/1") + "\n" +
				"cycle c/1: " + circle("a/1 → b/1 → c/1 → a/1") + "\n" +
				"unresolved_reference d/1: it depends on \"a/1\", which cannot be applied; resolve that first\n" +
				"unresolved_reference e/1: it depends on \"d/1\", which cannot be applied; resolve that first\n",
		},
		{
			name:  "a cycle that depends on other items is found",
			items: "create a/1\ncreate b/1\ncreate b/2\ncreate c/1",
			refs:  "b/1: b/2\nb/2: b/1",
			want: "0 create a/1\n0 create c/1\n" +
				"cycle b/1: " + circle("b/1 → b/2 → b/1") + "\n" +
				"cycle b/2: " + circle("b/1 → b/2 → b/1") + "\n",
		},
		{
			name:  "two cycles have separate notes",
			items: "create a/1\ncreate a/2\ncreate b/1\ncreate b/2",
			refs:  "a/1: a/2\na/2: a/1\nb/1: b/2\nb/2: b/1 a/1",
			want: "cycle a/1: " + circle("a/1 → a/2 → a/1") + "\n" +
				"cycle a/2: " + circle("a/1 → a/2 → a/1") + "\n" +
				"cycle b/1: " + circle("b/1 → b/2 → b/1") + "\n" +
				"cycle b/2: " + circle("b/1 → b/2 → b/1") + "\n",
		},
		{
			name:  "a delete waits for the update that drops the reference to it",
			items: "delete a/1\nupdate b/1",
			drops: "b/1: a/1",
			want:  "0 update b/1\n1 delete a/1: b/1\n",
		},
		{
			name:  "deletes are in reverse: the referring object is deleted first",
			items: "delete a/1\ndelete b/1\ndelete c/1",
			drops: "c/1: b/1\nb/1: a/1",
			want:  "0 delete c/1\n1 delete b/1: c/1\n2 delete a/1: b/1\n",
		},
		{
			name:  "deletes that refer to each other stay in the plan",
			items: "delete a/1\ndelete b/1",
			drops: "a/1: b/1\nb/1: a/1 b/1",
			want:  "0 delete a/1\n0 delete b/1\n",
		},
		{
			name:  "deletes come last",
			items: "delete a/1\ncreate b/1\ncreate c/1",
			refs:  "c/1: b/1",
			want:  "0 create b/1\n1 create c/1: b/1\n2 delete a/1\n",
		},
		{
			name:  "a delete leaves the plan with the update that drops the reference",
			items: "create a/1\nupdate b/1\ncreate b/2\ndelete c/1",
			refs:  "a/1: b/2\nb/2: a/1\nb/1: a/1",
			drops: "b/1: c/1 b/2",
			want: "cycle a/1: " + circle("a/1 → b/2 → a/1") + "\n" +
				"unresolved_reference b/1: it depends on \"a/1\", which cannot be applied; resolve that first\n" +
				"cycle b/2: " + circle("a/1 → b/2 → a/1") + "\n" +
				"unresolved_reference c/1: it depends on \"b/1\", which cannot be applied; resolve that first\n",
		},
		{
			name:  "kinds with a lower order come first, and are deleted last",
			items: "create settings/1\ncreate plain/1\ncreate locations/1\ndelete settings/2\ndelete plain/2\ndelete locations/2",
			want: "0 create locations/1\n1 create plain/1\n2 create settings/1\n" +
				"3 delete settings/2\n4 delete plain/2\n5 delete locations/2\n",
		},
		{
			name:  "references within one order keep their own waves",
			items: "create plain/1\ncreate plain/2\ncreate settings/1\ncreate settings/2",
			refs:  "plain/1: plain/2\nsettings/1: settings/2 plain/1",
			want: "0 create plain/2\n1 create plain/1: plain/2\n" +
				"2 create settings/2\n3 create settings/1: plain/1 settings/2\n",
		},
		{
			name:  "a reference wins over the order: the referenced item comes earlier too",
			items: "create locations/1\ncreate locations/2\ncreate settings/needed\ncreate settings/other",
			refs:  "locations/1: settings/needed",
			want: "0 create locations/2\n0 create settings/needed\n1 create locations/1: settings/needed\n" +
				"2 create settings/other\n",
		},
		{
			name: "a conditional order applies to items that meet it",
			items: `create policies/on {"state":"enabled"}
				create policies/off {"state":"disabled"}
				update defaults/d {"isEnabled":false}
				delete policies/gone`,
			want: "0 update defaults/d\n0 create policies/off\n1 create policies/on: defaults/d\n2 delete policies/gone\n",
		},
		{
			name: "a conditional order does not apply if the other item does not meet it",
			items: `create policies/on {"state":"enabled"}
				update defaults/d {"isEnabled":true}`,
			want: "0 update defaults/d\n0 create policies/on\n",
		},
		{
			name: "a conditional order can put a delete before a create; other deletes do not follow",
			items: `create tokens/new {"new":true}
				delete tokens/gone
				delete plain/gone
				create plain/1`,
			want: "0 create plain/1\n0 delete tokens/gone\n1 create tokens/new: tokens/gone\n2 delete plain/gone\n",
		},
		{
			name: "each of several conditional orders has its effect",
			items: `create rollouts/off {"state":"disabled"}
				create rollouts/on {"state":"enabled"}
				create rollouts/too {"state":"enabled"}
				update defaults/d {"isEnabled":false}
				update defaults/e {"isEnabled":true}
				update defaults/f {"isEnabled":false}
				update tokens/t {}`,
			want: "0 update defaults/d\n0 update defaults/e\n0 update defaults/f\n0 update tokens/t\n" +
				"1 create rollouts/off: defaults/d defaults/f\n1 create rollouts/on: defaults/d defaults/f tokens/t\n1 create rollouts/too: defaults/d defaults/f tokens/t\n",
		},
		{
			name: "a conditional order of an item with itself has no effect",
			items: `create tokens/both {"new":true,"old":true}
				create tokens/old {"old":true}`,
			want: "0 create tokens/old\n1 create tokens/both: tokens/old\n",
		},
		{
			name: "a conditional order that contradicts a reference is a cycle",
			items: `create policies/on {"state":"enabled"}
				update defaults/d {"isEnabled":false}`,
			refs: "defaults/d: policies/on",
			want: "cycle defaults/d: " + circle("defaults/d → policies/on → defaults/d") + "\n" +
				"cycle policies/on: " + circle("defaults/d → policies/on → defaults/d") + "\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := &plan.Plan{Items: parseItems(t, tt.items)}
			orderItems(p, kinds, parseEdges(tt.refs), parseEdges(tt.drops), never)
			if diff := cmp.Diff(tt.want, formatOrder(p)); diff != "" {
				t.Errorf("order (-want +got)\n%s", diff)
			}
		})
	}
}

func TestOrderItemsReplacesOldOrder(t *testing.T) {
	p := &plan.Plan{
		Items: []plan.Item{{ID: "a/1", Kind: "a", Key: "1", Verb: tenant.Create, Wave: 7, DependsOn: []string{"old"}}},
		Notes: []plan.Note{{Class: plan.Ignored, Message: "kept"}},
	}
	orderItems(p, nil, nil, nil, never)
	want := &plan.Plan{
		Items: []plan.Item{{ID: "a/1", Kind: "a", Key: "1", Verb: tenant.Create}},
		Notes: []plan.Note{{Class: plan.Ignored, Message: "kept"}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("plan (-want +got)\n%s", diff)
	}
}

func TestOrderItemsLongCycle(t *testing.T) {
	p := &plan.Plan{}
	refs := make(map[string][]string)
	for i := range 1000 {
		id := fmt.Sprintf("a/%03d", i)
		p.Items = append(p.Items, plan.Item{ID: id, Kind: "a", Key: id[2:], Verb: tenant.Create})
		refs[id] = []string{fmt.Sprintf("a/%03d", (i+1)%1000)}
	}
	orderItems(p, nil, refs, nil, never)
	if len(p.Items) != 0 || len(p.Notes) != 1000 {
		t.Fatalf("got %d items, %d notes, want all 1000 noted", len(p.Items), len(p.Notes))
	}
	want := "a/000 → a/001 → a/002 → a/003 → a/004 → a/005 → a/006 → a/007 → a/008 → (991 more) → a/000"
	if got := p.Notes[500].Message; !strings.Contains(got, want) {
		t.Errorf("message = %q, want it to contain %q", got, want)
	}
}

// A message shows a cycle of up to ten names in full. The first name is at both
// ends and counts twice.
func TestOrderItemsShortCycle(t *testing.T) {
	for n, want := range map[int]string{
		8:  ": a/0 → a/1 → a/2 → a/3 → a/4 → a/5 → a/6 → a/7 → a/0;",
		9:  ": a/0 → a/1 → a/2 → a/3 → a/4 → a/5 → a/6 → a/7 → a/8 → a/0;",
		10: ": a/0 → a/1 → a/2 → a/3 → a/4 → a/5 → a/6 → a/7 → a/8 → (1 more) → a/0;",
	} {
		p, refs := &plan.Plan{}, map[string][]string{}
		for i := range n {
			id := fmt.Sprintf("a/%d", i)
			p.Items = append(p.Items, plan.Item{ID: id, Kind: "a", Key: id[2:], Verb: tenant.Create})
			refs[id] = []string{fmt.Sprintf("a/%d", (i+1)%n)}
		}
		orderItems(p, nil, refs, nil, never)
		if got := p.Notes[0].Message; !strings.Contains(got, want) {
			t.Errorf("%d items: got %s, want %s", n, got, want)
		}
	}
}

// TestOrderItemsProperties checks the documented order on random plans.
func TestOrderItemsProperties(t *testing.T) {
	verbs := []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}
	rapid.Check(t, func(t *rapid.T) {
		var items []plan.Item
		var ids []string
		kinds := make(map[string]tenant.Kind)
		for i := range rapid.IntRange(0, 12).Draw(t, "items") {
			kind := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "kind")
			kinds[kind] = tenant.Kind{Name: kind, Order: int(kind[0]-'a') % 2}
			it := plan.Item{ID: fmt.Sprintf("%s/%d", kind, i), Kind: kind, Key: fmt.Sprint(i), Verb: rapid.SampledFrom(verbs).Draw(t, "verb")}
			items, ids = append(items, it), append(ids, it.ID)
		}
		edges := func(name string) map[string][]string {
			m := make(map[string][]string)
			for range rapid.IntRange(0, 2*len(ids)).Draw(t, name) {
				from := rapid.SampledFrom(ids).Draw(t, "from")
				m[from] = append(m[from], rapid.SampledFrom(ids).Draw(t, "to"))
			}
			return m
		}
		refs, drops := edges("refs"), edges("drops")
		p := &plan.Plan{Items: slices.Clone(items)}
		orderItems(p, kinds, refs, drops, never)

		if got := len(p.Items) + len(p.Notes); got != len(items) {
			t.Fatalf("%d items became %d items and notes", len(items), got)
		}
		checkWaves(t, p)
		checkNeeded(t, p, items, refs, drops)

		shuffled := &plan.Plan{Items: slices.Clone(items)}
		rand.Shuffle(len(items), func(i, j int) {
			shuffled.Items[i], shuffled.Items[j] = shuffled.Items[j], shuffled.Items[i]
		})
		orderItems(shuffled, kinds, refs, drops, never)
		if diff := cmp.Diff(p, shuffled); diff != "" {
			t.Fatalf("the plan depends on the order of items (-want +got)\n%s", diff)
		}
	})
}

// checkWaves checks that items are sorted, that waves have no gaps, and that
// dependencies are in earlier waves.
func checkWaves(t *rapid.T, p *plan.Plan) {
	last := -1
	for _, it := range p.Items {
		if it.Wave != last && it.Wave != last+1 {
			t.Fatalf("wave %d comes after wave %d:\n%s", it.Wave, last, formatOrder(p))
		}
		last = it.Wave
		for _, id := range it.DependsOn {
			if dep := p.Item(id); dep == nil || dep.Wave >= it.Wave {
				t.Fatalf("%s depends on %s, which is not in an earlier wave:\n%s", it.ID, id, formatOrder(p))
			}
		}
	}
}

// checkNeeded computes the required dependencies by brute force. It checks that
// the plan has them, and that only cycles are refused.
func checkNeeded(t *rapid.T, p *plan.Plan, items []plan.Item, refs, drops map[string][]string) {
	verb := make(map[string]tenant.Verb)
	for _, it := range items {
		verb[it.ID] = it.Verb
	}
	must := make(map[string]map[string]bool)
	for _, it := range items {
		must[it.ID] = make(map[string]bool)
	}
	for from, targets := range refs {
		for _, to := range targets {
			if from != to && verb[to] == tenant.Create {
				must[from][to] = true
			}
		}
	}
	for from, targets := range drops {
		for _, to := range targets {
			if verb[to] == tenant.Delete && verb[from] != tenant.Delete {
				must[to][from] = true
			}
		}
	}
	for _, it := range p.Items {
		for id := range must[it.ID] {
			if !slices.Contains(it.DependsOn, id) {
				t.Fatalf("%s does not depend on %s:\n%s", it.ID, id, formatOrder(p))
			}
		}
	}
	reaches := closure(must)
	for _, n := range p.Notes {
		id := n.Kind + "/" + n.Key
		if inCycle := reaches[id][id]; inCycle != (n.Class == plan.Cycle) {
			t.Fatalf("%s is noted as %s; in a cycle: %t", id, n.Class, inCycle)
		}
	}
	for _, it := range p.Items {
		for id := range reaches[it.ID] {
			if p.Item(id) == nil {
				t.Fatalf("%s is in the plan, but not its dependency %s:\n%s", it.ID, id, formatOrder(p))
			}
		}
	}
}

func closure(edges map[string]map[string]bool) map[string]map[string]bool {
	for k := range edges {
		for i := range edges {
			if edges[i][k] {
				maps.Copy(edges[i], edges[k])
			}
		}
	}
	return edges
}

// manyItems returns n items: the first half is a chain of references, and the
// second half a chain of deletes.
func manyItems(n int) (items []plan.Item, refs, drops map[string][]string) {
	refs, drops = make(map[string][]string), make(map[string][]string)
	for i := range n {
		it := plan.Item{ID: fmt.Sprintf("a/%06d", i), Kind: "a", Key: fmt.Sprintf("%06d", i), Verb: tenant.Create}
		before := fmt.Sprintf("a/%06d", i-1)
		switch {
		case i >= n/2:
			it.Verb = tenant.Delete
			drops[it.ID] = []string{before}
		case i > 0:
			refs[it.ID] = []string{before, "a/000000"}
		}
		items = append(items, it)
	}
	return items, refs, drops
}

func TestOrderItemsMany(t *testing.T) {
	const n = 100_000
	items, refs, drops := manyItems(n)
	p := &plan.Plan{Items: items}
	orderItems(p, nil, refs, drops, never)
	if len(p.Items) != n || len(p.Notes) != 0 {
		t.Fatalf("got %d items, %d notes", len(p.Items), len(p.Notes))
	}
	if got, want := p.Items[n-1].Wave, n-1; got != want {
		t.Errorf("last wave = %d, want %d", got, want)
	}
	if got, want := p.Items[n-1].ID, "a/050000"; got != want {
		t.Errorf("last item = %s, want %s", got, want)
	}
}

func BenchmarkOrderItems(b *testing.B) {
	items, refs, drops := manyItems(100_000)
	for b.Loop() {
		orderItems(&plan.Plan{Items: slices.Clone(items)}, nil, refs, drops, never)
	}
}

// never is for what no context ends.
func never() bool { return false }
