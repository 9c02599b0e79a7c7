package diff

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// partKinds returns profiles, whose assignments and settings are parts, and
// groups.
func partKinds(edit func(*tenant.Kind)) []tenant.Kind {
	profiles := tenant.Kind{
		Name: "profiles", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"},
		EmptyIsAbsent: []string{"/assignments"},
		Sets:          []tenant.Set{{Path: "/assignments", By: []string{"/group"}}},
		References:    []tenant.Reference{{Path: "/assignments/*/group", Kinds: []string{"groups"}}, {Path: "/owner", Kinds: []string{"groups"}}},
		Parts: []tenant.Part{{Name: "assignments", Path: "/assignments"}, {Name: "messages", Path: "/messages"},
			{Name: "rules", Path: "/rules", WithCreate: true}},
	}
	if edit != nil {
		edit(&profiles)
	}
	return []tenant.Kind{profiles, {Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}}}
}

func compareParts(t *testing.T, edit func(*tenant.Kind), base, desired, current string) *Result {
	t.Helper()
	r, err := compareOnce(Input{
		Tenant: "contoso", Keys: testKeys, Kinds: kindsOf(partKinds(edit)...), Base: parseBase(t, base),
		Desired: tenant.Desired{Resources: parseDesired(t, desired)},
		Current: tenant.Snapshot{Resources: parseCurrent(t, current), Kinds: []tenant.KindState{
			{Kind: "profiles", Completeness: tenant.Complete}, {Kind: "groups", Completeness: tenant.Complete}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Plan.Encode(); err != nil {
		t.Errorf("the plan cannot be stored: %v", err)
	}
	return r
}

func TestParts(t *testing.T) {
	const group = `groups/Staff=g1 {"displayName":"Staff"}` + "\n"
	const groupFile = `groups/Staff {"displayName":"Staff"}` + "\n"
	const groupThere = `groups g1 {"displayName":"Staff"}` + "\n"
	tests := []struct {
		name, explanation      string
		base, desired, current string
		want                   string // items with part, wave and dependencies
	}{
		{
			"create", "a new object is created without its parts, and each part follows as an item; an empty part does not",
			group, groupFile + `profiles/A {"displayName":"A","assignments":[{"group":"${groups/Staff}"}],"messages":{"en":"hi"}}
				profiles/B {"displayName":"B","assignments":[]}`, groupThere,
			`0 create profiles/A : {"displayName":"A"}
			0 create profiles/B : {"displayName":"B"}
			1 update profiles#assignments/A /assignments: [{"group":"${groups/Staff}"}] after profiles/A
			1 update profiles#messages/A /messages: {"en":"hi"} after profiles/A`,
		},
		{
			"create with a new group", "only the part waits for the object to which only the part refers",
			"", `groups/New {"displayName":"New"}
				profiles/A {"displayName":"A","assignments":[{"group":"${groups/New}"}]}`, "",
			`0 create groups/New : {"displayName":"New"}
			0 create profiles/A : {"displayName":"A"}
			1 update profiles#assignments/A /assignments: [{"group":"${groups/New}"}] after groups/New profiles/A`,
		},
		{
			"create with a part in the same request", "the part belongs to the create, and is not an item",
			"", `profiles/A {"displayName":"A","rules":[1],"messages":{"en":"hi"}}`, "",
			`0 create profiles/A : {"displayName":"A","rules":[1]}
			1 update profiles#messages/A /messages: {"en":"hi"} after profiles/A`,
		},
		{
			"update of a part that was created with the object", "an update of the part is an item",
			`profiles/A=1 {"displayName":"A","rules":[1]}`, `profiles/A {"displayName":"A","rules":[2]}`, `profiles 1 {"displayName":"A","rules":[1]}`,
			`0 update profiles#rules/A /rules: [2]`,
		},
		{
			"update of a part alone", "the object itself does not change",
			group + `profiles/A=1 {"displayName":"A","assignments":[]}`,
			groupFile + `profiles/A {"displayName":"A","assignments":[{"group":"${groups/Staff}"}]}`,
			groupThere + `profiles 1 {"displayName":"A"}`,
			`0 update profiles#assignments/A /assignments/-: {"group":"${groups/Staff}"}`,
		},
		{
			"update of both", "the part comes after the object",
			group + `profiles/A=1 {"displayName":"A","x":1,"assignments":[{"group":"${groups/Staff}"}],"messages":{"en":"a"}}`,
			groupFile + `profiles/A {"displayName":"A","x":2,"assignments":[],"messages":{"en":"b","de":"c"}}`,
			groupThere + `profiles 1 {"displayName":"A","x":1,"assignments":[{"group":"g1"}],"messages":{"en":"a"}}`,
			`0 update profiles/A /x: 2
			1 update profiles#assignments/A /assignments/-: - after profiles/A
			1 update profiles#messages/A /messages/de: "c" /messages/en: "b" after profiles/A`,
		},
		{
			"a group is deleted", "the delete waits for the part that drops the reference",
			group + `profiles/A=1 {"displayName":"A","assignments":[{"group":"${groups/Staff}"}]}`,
			`profiles/A {"displayName":"A","assignments":[]}`,
			groupThere + `profiles 1 {"displayName":"A","assignments":[{"group":"g1"}]}`,
			`0 update profiles#assignments/A /assignments/-: -
			1 delete groups/Staff : - after profiles#assignments/A`,
		},
		{
			"delete", "parts are deleted with their object",
			`profiles/A=1 {"displayName":"A","messages":{"en":"a"}}`, `groups/X {"displayName":"X"}`, `profiles 1 {"displayName":"A","messages":{"en":"a"}}`,
			`0 create groups/X : {"displayName":"X"}
			1 delete profiles/A : -`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := compareParts(t, nil, tt.base, tt.desired, tt.current)
			var lines []string
			for _, it := range r.Plan.Items {
				line := fmt.Sprintf("%d %s %s", it.Wave, it.Verb, it.ID)
				for _, c := range it.Changes {
					line += fmt.Sprintf(" %s: %s", c.Pointer, show(c.After))
				}
				if len(it.DependsOn) > 0 {
					line += " after " + strings.Join(it.DependsOn, " ")
				}
				lines = append(lines, line)
			}
			if diff := cmp.Diff(trimLines(tt.want), strings.Join(lines, "\n")+"\n"); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.explanation, diff)
			}
		})
	}
}

// Each item reads, changes and recognizes only its own part.
func TestPartOperations(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("whole=%v", whole), func(t *testing.T) {
			edit := func(k *tenant.Kind) {
				if whole {
					k.Whole = []string{""}
				}
			}
			const current = `profiles 1 {"id":"1","displayName":"A","x":1,"assignments":[{"group":"g1"},{"group":"g2"}],"messages":{"en":"a"}}`
			r := compareParts(t, edit,
				`groups/Staff=g1 {"displayName":"Staff"}`+"\n"+`profiles/A=1 {"displayName":"A","x":1,"assignments":[{"group":"${groups/Staff}"}]}`,
				`groups/Staff {"displayName":"Staff"}`+"\n"+`profiles/A {"displayName":"A","x":2,"assignments":[]}`,
				`groups g1 {"displayName":"Staff"}`+"\n"+current)
			patches := map[string]string{}
			for i := range r.Plan.Items {
				it := &r.Plan.Items[i]
				if it.Kind != "profiles" {
					continue
				}
				k := partKinds(edit)[0]
				there := parseCurrent(t, current)[0]
				step := apply.Step{Item: it, Kind: kindsOf(partKinds(edit)...).Get(it.Kind), Bindings: r.Bindings()}
				op, err := apply.Operation(step, &there)
				if err != nil {
					t.Fatal(err)
				}
				patches[op.Part] = string(op.Patch)
				sum := func(body string) string {
					s, err := apply.Fingerprint(it, kindsOf(k).Get(k.Name), json.RawMessage(body), "")
					if err != nil {
						t.Fatal(err)
					}
					return s
				}
				if sum(string(there.Body)) != it.Before {
					t.Errorf("%s: the compared object is not recognized", it.ID)
				}
				other := map[string]string{"": `[]`, "assignments": `[{"group":"g1"},{"group":"g2"}]`}[it.Part]
				x := map[string]string{"": "1", "assignments": "7"}[it.Part]
				if sum(`{"displayName":"A","x":`+x+`,"assignments":`+other+`,"messages":{}}`) != it.Before {
					t.Errorf("%s: a change of another part counts", it.ID)
				}
				if sum(`{"displayName":"A","x":3,"assignments":[{"group":"g3"}]}`) == it.Before {
					t.Errorf("%s: a change of its own part does not count", it.ID)
				}
				done := map[string]string{"": `{"displayName":"A","x":2,"assignments":[{"group":"g1"}]}`, "assignments": `{"displayName":"A","x":1,"assignments":[{"group":"g2"}]}`}[it.Part]
				for body, want := range map[string]bool{done: true, string(there.Body): false} {
					if got, err := apply.Reached(step, &tenant.Resource{ID: "1", Body: json.RawMessage(body)}); err != nil || got != want {
						t.Errorf("%s: Reached(%s): got %v, %v, want %v", it.ID, body, got, err, want)
					}
				}
			}
			want := map[string]string{"": `{"x":2}`, "assignments": `{"assignments":[{"group":"g2"}]}`}
			if whole {
				want[""] = `{"displayName":"A","x":2}`
			}
			if diff := cmp.Diff(want, patches); diff != "" {
				t.Errorf("patches by part (-want +got):\n%s", diff)
			}
		})
	}
}

// A part that can be written neither with the object nor later is a note and
// not an item. An approval of the item could not be kept.
func TestPartThatCannotBeWritten(t *testing.T) {
	edit := func(k *tenant.Kind) { k.CreateOnly = []string{"/messages", "/rules"} }
	file := `profiles/A {"displayName":"A","rules":[1],"messages":{"en":"hi"}}`
	for _, tt := range []struct{ when, base, current, items string }{
		{"new", "", "", "profiles/A"},
		{"there", `profiles/A=1 {"displayName":"A","rules":[1]}`, `profiles 1 {"displayName":"A","rules":[1]}`, ""},
	} {
		r := compareParts(t, edit, tt.base, file, tt.current)
		var items []string
		for _, it := range r.Plan.Items {
			items = append(items, it.ID)
		}
		if got := strings.Join(items, " "); got != tt.items {
			t.Errorf("%s: items %q, want %q", tt.when, got, tt.items)
		}
		if n := r.Plan.Notes; len(n) != 1 || n[0].Class != plan.Unsupported || n[0].Pointer != "/messages" {
			t.Errorf("%s: notes %+v, want one of /messages", tt.when, n)
		}
	}
}

// A create skips a part that cannot be written, a part that the create of the object
// includes, and an empty part. It writes the parts after them.
func TestCreateSkipsParts(t *testing.T) {
	createOnly := func(k *tenant.Kind) { k.CreateOnly = []string{"/assignments"} }
	withCreate := func(k *tenant.Kind) { k.Parts[0].WithCreate = true }
	for _, tt := range []struct {
		name  string
		edit  func(*tenant.Kind)
		file  string
		items string
		notes int
	}{
		{"a part that cannot be written", createOnly, `{"displayName":"A","assignments":[{"group":"x"}],"messages":{"en":"hi"}}`, "profiles/A profiles#messages/A", 1},
		{"a part that cannot be written, before an included part", createOnly, `{"displayName":"A","assignments":[{"group":"x"}],"rules":[1]}`, "profiles/A", 1},
		{"an included part", withCreate, `{"displayName":"A","assignments":[{"group":"x"}],"messages":{"en":"hi"}}`, "profiles/A profiles#messages/A", 0},
		{"an empty part", nil, `{"displayName":"A","assignments":[],"messages":{"en":"hi"}}`, "profiles/A profiles#messages/A", 0},
		{"an absent part", nil, `{"displayName":"A","messages":{"en":"hi"}}`, "profiles/A profiles#messages/A", 0},
	} {
		r := compareParts(t, tt.edit, "", "profiles/A "+tt.file, "")
		var items []string
		for _, it := range r.Plan.Items {
			items = append(items, it.ID)
		}
		notes := slices.DeleteFunc(slices.Clone(r.Plan.Notes), func(n plan.Note) bool { return n.Class != plan.Unsupported || n.Pointer != "/assignments" })
		if got := strings.Join(items, " "); got != tt.items || len(notes) != tt.notes {
			t.Errorf("%s: items %q, want %q; notes %+v, want %d", tt.name, got, tt.items, notes, tt.notes)
		}
	}
}

// A secret in a part is approved with the item that writes the part, not with the
// create.
func TestCreateLeavesSecretsToParts(t *testing.T) {
	r := compareParts(t, func(k *tenant.Kind) { k.Sensitive = append(k.Sensitive, "/assignments/*/key", "/messages/key", "/own") }, "",
		`profiles/A {"displayName":"A","own":"1","assignments":[{"group":"x","key":"2"}],"messages":{"key":"3"}}`, "")
	for id, want := range map[string][]string{"profiles/A": {"/own"}, "profiles#assignments/A": {"/0/key"}, "profiles#messages/A": {"/key"}} {
		it := r.Plan.Item(id)
		if it == nil {
			t.Fatalf("no item %s: %s", id, messages(r))
		}
		for name, secrets := range map[string]map[string]string{"Secrets": it.Changes[0].Secrets, "FleetSecrets": it.Changes[0].FleetSecrets} {
			if got := slices.Sorted(maps.Keys(secrets)); !slices.Equal(got, want) {
				t.Errorf("%s of %s are at %q, want %q", name, id, got, want)
			}
		}
	}
}

// An item is recognized by its own part, also where the kind has only one.
func TestOnePart(t *testing.T) {
	edit := func(k *tenant.Kind) { k.Parts = k.Parts[:1] }
	const body = `{"id":"1","displayName":"A","note":"a","assignments":[{"group":"x"}]}`
	r := compareParts(t, edit, `profiles/A=1 {"displayName":"A","note":"a","assignments":[{"group":"x"}]}`,
		`profiles/A {"displayName":"A","note":"b","assignments":[{"group":"y"}]}`, `profiles 1 `+body)
	k := kindsOf(partKinds(edit)...).Get("profiles")
	for part, otherPart := range map[string]string{
		"":            `{"displayName":"A","note":"a","assignments":[{"group":"z"}]}`,
		"assignments": `{"displayName":"A","note":"c","assignments":[{"group":"x"}]}`,
	} {
		i := slices.IndexFunc(r.Plan.Items, func(it plan.Item) bool { return it.Part == part })
		if i < 0 {
			t.Fatalf("no item of the part %q: %s", part, messages(r))
		}
		for _, there := range []string{body, otherPart} {
			got, err := apply.Fingerprint(&r.Plan.Items[i], k, json.RawMessage(there), "")
			if err != nil || got != r.Plan.Items[i].Before {
				t.Errorf("part %q: %s is not recognized (%v)", part, there, err)
			}
		}
	}
}

// Each item of an update names the secrets of its own changes.
func TestUpdateLeavesSecretsToParts(t *testing.T) {
	r := compareParts(t, func(k *tenant.Kind) { k.Sensitive = append(k.Sensitive, "/messages/key", "/own") },
		`profiles/A=1 {"displayName":"A","note":"a"}`,
		`profiles/A {"displayName":"A","note":"b","own":"1","messages":{"key":"3"}}`,
		`profiles 1 {"displayName":"A","note":"a"}`)
	for id, want := range map[string][]string{"profiles/A": {"/own"}, "profiles#messages/A": {"/messages/key"}} {
		it := r.Plan.Item(id)
		if it == nil {
			t.Fatalf("no item %s: %s", id, messages(r))
		}
		if !slices.Equal(it.Sensitive, want) {
			t.Errorf("%s has the sensitive places %q, want %q", id, it.Sensitive, want)
		}
	}
}

// The parts of one object count as one change, and so does an object with its
// parts.
func TestPartsCountOnce(t *testing.T) {
	r := compareParts(t, nil,
		`profiles/A=1 {"displayName":"A","messages":{"en":"a"},"assignments":[{"group":"x"}]}`,
		`profiles/A {"displayName":"A","messages":{"en":"b"},"assignments":[]}`+"\n"+`profiles/B {"displayName":"B","messages":{"en":"b"}}`,
		`profiles 1 {"displayName":"A","messages":{"en":"a"},"assignments":[{"group":"x"}]}`)
	if got, want := r.Plan.Counts(), (plan.Counts{Create: 1, Update: 1}); got != want || len(r.Plan.Items) != 4 {
		t.Errorf("got %+v of %d items, want %+v of 4", got, len(r.Plan.Items), want)
	}
}

// Invalid parts of a kind are refused.
func TestPartsRefused(t *testing.T) {
	for _, p := range []tenant.Part{{Name: "", Path: "/a"}, {Name: "a/b", Path: "/a"}, {Name: "a", Path: ""}, {Name: "a", Path: "/a/*"}, {Name: "a", Path: "a"}} {
		if _, err := schema.Compile(tenant.Kind{Name: "k", Parts: []tenant.Part{p}}); err == nil {
			t.Errorf("part %+v: got no error", p)
		}
	}
}
