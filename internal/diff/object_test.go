package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestCompareObjects(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "first sync",
			explanation: "objects that only the tenant has are adopted, objects that only the repository has are created, and different ones are updated",
			desired:     `groups/New {"displayName":"New"}` + "\n" + `groups/Both {"displayName":"Both","x":1}`,
			current:     `groups 1 {"displayName":"Both","x":2}` + "\n" + `groups 2 {"displayName":"Old","id":"2"}`,
			want: `update groups/Both deploy /x: - | 2 -> 1
				create groups/New deploy : - | - -> {"displayName":"New"}
				adopt groups/Old {"displayName":"Old"}
				base groups/Both=1 {"displayName":"Both"}
				base groups/Old=2`,
		},
		{
			name:        "first sync, enforce",
			explanation: "an object that the base does not have is noted and never deleted",
			current:     `groups 2 {"displayName":"Old"}`,
			adjust:      enforce,
			want: `note unmanaged groups/Old
				base groups/Old=2`,
		},
		{
			name:        "file removed",
			explanation: "the tenant's object has not changed, so its deletion is proposed",
			base:        `groups/A=1 {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A","more":1}`,
			want: `delete groups/A deploy : {"displayName":"A"} | {"displayName":"A","more":1} -> -
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "file removed, without an agreed property",
			explanation: "an object whose content was never in the repository is not deleted with its file, but adopted as new",
			desired:     `groups/A {"x":1,"o":{"y":1,"p":{"z":1}}}` + "\n" + `groups/B {}`,
			current:     `groups 1 {"displayName":"A","x":2,"o":{"y":2,"p":{"z":2}}}` + "\n" + `groups 2 {"displayName":"B"}`,
			adjust: func(in *Input) {
				r, err := compareOnce(*in)
				if err != nil || len(r.Plan.Items) != 1 {
					panic(err)
				}
				in.Base, in.Desired.Resources = r.Base, nil
			},
			want: `adopt groups/A {"displayName":"A","o":{"p":{"z":2},"y":2},"x":2}
				adopt groups/B {"displayName":"B"}
				base groups/A=1
				base groups/B=2`,
		},
		{
			name:        "file removed, tenant changed",
			explanation: "a deletion on one side and a change on the other are a conflict",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":2}`,
			want: `delete groups/A conflict : {"displayName":"A","x":1} | {"displayName":"A","x":2} -> -
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "deleted in the tenant, adopt",
			explanation: "the file is deleted too",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			gone:        `groups 1`,
			want: `adopt groups/A -
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "deleted in the tenant, enforce",
			explanation: "it is created again",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			gone:        `groups 1`,
			adjust:      enforce,
			want: `create groups/A enforce : {"displayName":"A"} | - -> {"displayName":"A"}
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "deleted in the tenant, changed in the repository",
			explanation: "a conflict: it would be created again",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			gone:        `groups 1`,
			want: `create groups/A conflict : {"displayName":"A"} | - -> {"displayName":"A","x":1}
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "gone on both sides",
			explanation: "the base drops it",
			base:        `groups/A=1 {"displayName":"A"}`,
			gone:        `groups 1`,
		},
		{
			name:        "absence that is not confirmed",
			explanation: "an object that is missing in a list does not count as deleted",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}`,
			desired:     `groups/A {"displayName":"A"}`,
			want: `note not_read groups/A
				note not_read groups/B
				base groups/A=1 {"displayName":"A"}
				base groups/B=2 {"displayName":"B"}`,
		},
		{
			name:        "only bound",
			explanation: "an object whose adoption was never committed is adopted again with the same key",
			base:        `groups/A~x=1`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `adopt groups/A~x {"displayName":"A"}
				base groups/A~x=1`,
		},
		{
			name:        "only bound and gone",
			explanation: "a binding to a missing object is dropped",
			base:        `groups/A=1`,
		},
		{
			name:        "singleton",
			explanation: "the key of a singleton is its kind",
			base:        `settings/settings= {"x":1}`,
			desired:     `settings/settings {"x":2}`,
			current:     `settings  {"x":1}`,
			want: `update settings/settings deploy /x: 1 | 1 -> 2
				base settings/settings= {"x":1}`,
		},
		{
			name:        "singleton without a file",
			explanation: "it is adopted",
			current:     `settings  {"x":1}`,
			want: `adopt settings/settings {"x":1}
				base settings/settings=`,
		},
		{
			name:        "singleton whose file was removed",
			explanation: "a singleton cannot be deleted",
			base:        `settings/settings= {"x":1}`,
			current:     `settings  {"x":1}`,
			want: `note unsupported settings/settings
				base settings/settings= {"x":1}`,
		},
		{
			name:        "a missing singleton, and one with another key",
			explanation: "a singleton cannot be created, and has exactly one key",
			desired:     `settings/settings {"x":2}` + "\n" + `settings/other {"x":2}`,
			want: `note bad_file settings/other
				note unsupported settings/settings`,
		},
	})
}

func TestCompareCompleteness(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "incomplete kind",
			explanation: "a kind that was not completely read is left alone on all sides",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B"}`,
			desired:     `groups/A {"displayName":"A","x":2}` + "\n" + `groups/C {"displayName":"C"}`,
			current:     `groups 1 {"displayName":"A","x":3}` + "\n" + `groups 4 {"displayName":"D"}`,
			gone:        `groups 2`,
			adjust:      func(in *Input) { withState(in, "groups", tenant.Partial) },
			want: `note not_read groups/
				base groups/A=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B"}`,
		},
		{
			name:        "a kind without a state",
			explanation: "a kind without a state counts as not read",
			base:        `groups/A=1 {"displayName":"A"}`,
			adjust:      func(in *Input) { in.Current.Kinds = nil },
			want: `note not_read groups/
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "out of scope",
			explanation: "files and base of a kind that is out of scope are left alone without a note",
			base:        `audits/A=1 {"displayName":"A"}`,
			desired:     `audits/B {"displayName":"B"}`,
			adjust:      func(in *Input) { withState(in, "audits", tenant.NotInScope) },
			want:        `base audits/A=1 {"displayName":"A"}`,
		},
		{
			name:        "without an optional permission",
			explanation: "the files of a kind that the sync leaves out for a reason are asked for and not done, so there is a note",
			base:        `policies/A=1 {"displayName":"A"}`,
			desired:     `policies/B {"displayName":"B"}`,
			adjust:      func(in *Input) { withoutPermission(in, "policies") },
			want: `note unsupported policies/
				base policies/A=1 {"displayName":"A"}`,
		},
		{
			name:        "without an optional permission and without files",
			explanation: "nothing is asked for",
			base:        `policies/A=1 {"displayName":"A"}`,
			adjust:      func(in *Input) { withoutPermission(in, "policies") },
			want:        `base policies/A=1 {"displayName":"A"}`,
		},
		{
			name:        "without a licence",
			explanation: "the service does not have the kind, so its files are not supported",
			base:        `policies/A=1 {"displayName":"A"}`,
			desired:     `policies/B {"displayName":"B"}`,
			adjust:      func(in *Input) { withState(in, "policies", tenant.Unlicensed) },
			want: `note unsupported policies/
				base policies/A=1 {"displayName":"A"}`,
		},
		{
			name:        "without a licence and without files",
			explanation: "missing objects do not count as deleted",
			base:        `policies/A=1 {"displayName":"A"}`,
			adjust:      func(in *Input) { withState(in, "policies", tenant.Unlicensed) },
			want: `note not_read policies/
				base policies/A=1 {"displayName":"A"}`,
		},
		{
			name:        "files of a singleton with other names",
			explanation: "each of them is noted, and the file with the kind's name is used",
			base:        `settings/settings=s {"x":1}`,
			desired:     `settings/more {"x":3}` + "\n" + `settings/other {"x":3}` + "\n" + `settings/settings {"x":2}`,
			current:     `settings s {"x":1}`,
			want: `update settings/settings deploy /x: 1 | 1 -> 2
				note bad_file settings/more
				note bad_file settings/other
				base settings/settings=s {"x":1}`,
		},
		{
			name:        "unknown kinds beside known ones",
			explanation: "only files in folders without a kind are left out",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `grops/A {"x":1}` + "\n" + `groups/A {"displayName":"A","x":1}` + "\n" + `grops/B {"x":1}` + "\n" + `policy/C {"x":1}` + "\n" + `policies/D {"displayName":"D"}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `update groups/A deploy /x: - | - -> 1
				create policies/D deploy : - | - -> {"displayName":"D"}
				note unsupported grops/
				note unsupported policy/
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "unknown kind",
			explanation: "files of a kind that the client does not know are noted, and its base is kept",
			base:        `planets/A=1 {"displayName":"A"}`,
			desired:     `planets/B {"displayName":"B"}`,
			want: `note unsupported planets/
				base planets/A=1 {"displayName":"A"}`,
		},
		{
			name:        "referenced kind",
			explanation: "it is read only to resolve references; its files are not deployed, and its objects are not adopted",
			desired:     `roles/R {"displayName":"R","x":1}`,
			current:     `roles 1 {"displayName":"R","x":2}` + "\n" + `roles 2 {"displayName":"S"}`,
			want: `note unsupported roles/
				base roles/R=1
				base roles/S=2`,
		},
		{
			name:        "listed kind",
			explanation: "an object that is not listed is used only to resolve references",
			desired:     `apps/A {"displayName":"A","x":1}`,
			current:     `apps 1 {"displayName":"A","x":2}` + "\n" + `apps 2 {"displayName":"S"}`,
			want: `update apps/A deploy /x: - | 2 -> 1
				base apps/A=1 {"displayName":"A"}
				base apps/S=2`,
		},
		{
			name:        "listed kind, deletes off",
			explanation: "objects of listed kinds are deleted only if the host enables it",
			base:        `apps/A=1 {"displayName":"A"}`,
			current:     `apps 1 {"displayName":"A"}`,
			want: `note deletes_off apps/A
				base apps/A=1 {"displayName":"A"}`,
		},
		{
			name:        "listed kind, deletes on",
			explanation: "the host has enabled deletes",
			base:        `apps/A=1 {"displayName":"A"}`,
			current:     `apps 1 {"displayName":"A"}`,
			adjust:      func(in *Input) { in.Rules.Deletes = map[string]bool{"apps": true} },
			want: `delete apps/A deploy : {"displayName":"A"} | {"displayName":"A"} -> -
				base apps/A=1 {"displayName":"A"}`,
		},
		{
			name:        "targets",
			explanation: "an object that is not a target keeps its base",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B","x":1}` + "\n" + `apps/C=3 {"displayName":"C"}`,
			desired:     `groups/A {"displayName":"A","x":2}` + "\n" + `groups/B {"displayName":"B","x":2}` + "\n" + `groups/N {"displayName":"N"}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `groups 2 {"displayName":"B","x":1}` + "\n" + `groups 9 {"displayName":"Z"}`,
			adjust:      func(in *Input) { in.Targets = []plan.Target{{Kind: "groups", Key: "B"}} },
			want: `update groups/B deploy /x: 1 | 1 -> 2
				base apps/C=3 {"displayName":"C"}
				base groups/A=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B","x":1}`,
		},
	})
}

func TestCompareCapabilities(t *testing.T) {
	readOnlyGroups := func(in *Input) {
		editKinds(in, func(kinds []tenant.Kind) {
			for i := range kinds {
				if kinds[i].Name == "groups" {
					kinds[i].Create, kinds[i].Update, kinds[i].Delete = false, false, false
				}
			}
		})
	}
	runComparisons(t, []comparisonCase{
		{
			name:        "kind without verbs",
			explanation: "an impossible verb is a note, never an item",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}`,
			desired:     `groups/A {"displayName":"AA"}` + "\n" + `groups/N {"displayName":"N"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"B"}`,
			adjust:      readOnlyGroups,
			want: `note unsupported groups/A
				note unsupported groups/B
				note unsupported groups/N
				base groups/A=1 {"displayName":"A"}
				base groups/B=2 {"displayName":"B"}`,
		},
		{
			name:        "built-in",
			explanation: "a limit on the body forbids verbs for one object",
			base:        `policies/P=1 {"displayName":"P","x":1}`,
			desired:     `policies/P {"displayName":"P","x":2}`,
			current:     `policies 1 {"displayName":"P","x":1,"builtIn":true}`,
			want: `note unsupported policies/P
				base policies/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "service-made",
			explanation: "the service's changes are adopted, also under Enforce",
			base:        `policies/P=1 {"displayName":"P","x":1}`,
			desired:     `policies/P {"displayName":"P","x":1}`,
			current:     `policies 1 {"displayName":"P","x":2,"managedBy":"Microsoft Corp"}`,
			adjust:      enforce,
			want: `adopt policies/P {"displayName":"P","x":2}
				note service_change policies/P /x
				base policies/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "removed by the service",
			explanation: "the service's removals are adopted, also under Enforce; others are undone",
			base:        `policies/P=1 {"displayName":"P","managedBy":"Microsoft Corp"}` + "\n" + `policies/Q=2 {"displayName":"Q","managedBy":"us"}`,
			desired:     `policies/P {"displayName":"P","managedBy":"Microsoft Corp"}` + "\n" + `policies/Q {"displayName":"Q","managedBy":"us"}`,
			gone:        "policies 1\npolicies 2",
			adjust:      enforce,
			want: `create policies/Q enforce : {"displayName":"Q","managedBy":"us"} | - -> {"displayName":"Q","managedBy":"us"}
				adopt policies/P -
				note service_change policies/P
				base policies/P=1 {"displayName":"P","managedBy":"Microsoft Corp"}
				base policies/Q=2 {"displayName":"Q","managedBy":"us"}`,
		},
		{
			name:        "the service removes its mark",
			explanation: "if the mark is in the base, the change is still the service's",
			base:        `policies/P=1 {"displayName":"P","managedBy":"Microsoft Corp","x":1}`,
			desired:     `policies/P {"displayName":"P","managedBy":"Microsoft Corp","x":1}`,
			current:     `policies 1 {"displayName":"P","x":2}`,
			adjust:      enforce,
			want: `adopt policies/P {"displayName":"P","managedBy":null,"x":2}
				note service_change policies/P /managedBy
				note service_change policies/P /x
				base policies/P=1 {"displayName":"P","managedBy":"Microsoft Corp","x":1}`,
		},
	})
}

// A revert undoes the changes that would be written. It does not change values
// that a rule ignores.
func TestRevertKeepsIgnoredValues(t *testing.T) {
	r, err := compareOnce(comparisonCase{
		base:    `policies/P=1 {"displayName":"P","o":null,"assignments":[{"target":"a","v":1,"w":1}]}`,
		desired: `policies/P {"displayName":"P","o":{"d":1,"x":2},"assignments":[{"target":"a","v":2,"w":2}]}`,
		current: `policies 1 {"displayName":"P","o":null,"assignments":[{"target":"a","v":1,"w":1}]}`,
		adjust: func(in *Input) {
			in.Rules.Ignore = []plan.Ignore{{Pointer: "/o/x"}, {Pointer: "/assignments/*/v"}}
		},
	}.input(t))
	if err != nil || len(r.Revert["policies/P"]) != 1 {
		t.Fatalf("%v\n%s", err, showResult(r))
	}
	want := `{"displayName":"P","o":{"x":2},"assignments":[{"target":"a","v":2,"w":1}]}`
	if got := string(r.Revert["policies/P"][0].Body); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// The revert of a delete restores the file with the tenant's values of the managed
// properties. A property that manages nothing any more stays managed, as empty.
func TestRevertOfDelete(t *testing.T) {
	tc := comparisonCase{
		base:    `policies/P=1 {"displayName":"P","tags":{"a":1},"x":1,"o":{"b":1}}`,
		current: `policies 1 {"displayName":"P","tags":{"c":1},"x":2,"y":1,"o":{"b":1,"c":2},"conditions":{"labels":{}}}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil || len(r.Revert["policies/P"]) != 1 {
		t.Fatalf("%v\n%s", err, showResult(r))
	}
	body := string(r.Revert["policies/P"][0].Body)
	if want := `{"displayName":"P","tags":{},"x":2,"o":{"b":1}}`; canonical(body) != canonical(want) {
		t.Errorf("got %s, want %s", body, want)
	}
	tc.desired = "policies/P " + body
	if r, err = compareOnce(tc.input(t)); err != nil || len(r.Plan.Items)+len(r.Adopt) > 0 {
		t.Errorf("the restored file differs from the tenant: %v\n%s", err, showResult(r))
	}
}

func TestCompareIgnores(t *testing.T) {
	ignore := func(rules ...plan.Ignore) func(*Input) { return func(in *Input) { in.Rules.Ignore = rules } }
	base := `groups/A=1 {"displayName":"A","d":1,"c":1,"o":{"d":1}}`
	desired := `groups/A {"displayName":"A","d":2,"c":1,"o":{"d":2}}`
	current := `groups 1 {"displayName":"A","d":1,"c":2,"o":{"d":1}}`
	runComparisons(t, []comparisonCase{
		{
			name:        "both directions",
			explanation: "a pointer covers all values below it, in both directions",
			base:        base, desired: desired, current: current,
			adjust: ignore(plan.Ignore{Pointer: "/o"}, plan.Ignore{Selector: plan.Selector{Kind: "groups", Key: "A*"}, Pointer: "/c"}),
			want: `update groups/A deploy /d: 1 | 1 -> 2
				note ignored groups/A /c
				note ignored groups/A /o/d
				base groups/A=1 {"c":1,"d":1,"displayName":"A","o":{"d":1}}`,
		},
		{
			name:        "both directions are set",
			explanation: "a rule with both directions ignores the difference completely",
			base:        base, desired: desired, current: current,
			adjust: ignore(plan.Ignore{Pointer: "/c", OnlyToTenant: true, OnlyFromTenant: true}, plan.Ignore{Pointer: "/d", OnlyToTenant: true, OnlyFromTenant: true}),
			want: `update groups/A deploy /o/d: 1 | 1 -> 2
				note ignored groups/A /c
				note ignored groups/A /d
				base groups/A=1 {"c":1,"d":1,"displayName":"A","o":{"d":1}}`,
		},
		{
			name:        "one direction",
			explanation: "a rule for one direction does not ignore the other",
			base:        base, desired: desired, current: current,
			adjust: ignore(plan.Ignore{Pointer: "/c", OnlyToTenant: true}, plan.Ignore{Pointer: "/d", OnlyFromTenant: true}, plan.Ignore{Pointer: "/*/d", OnlyToTenant: true}),
			want: `update groups/A deploy /d: 1 | 1 -> 2
				adopt groups/A {"displayName":"A","d":2,"c":2,"o":{"d":2}}
				note ignored groups/A /o/d
				base groups/A=1 {"c":1,"d":1,"displayName":"A","o":{"d":1}}`,
		},
		{
			name:        "some of several changes of the tenant",
			explanation: "an ignored change does not prevent the adoption of the others",
			base:        `groups/A=1 {"displayName":"A","a":1,"b":1,"c":1,"d":1}`,
			desired:     `groups/A {"displayName":"A","a":1,"b":1,"c":1,"d":1}`,
			current:     `groups 1 {"displayName":"A","a":2,"b":2,"c":2,"d":2}`,
			adjust:      ignore(plan.Ignore{Pointer: "/a"}, plan.Ignore{Pointer: "/c", OnlyFromTenant: true}),
			want: `adopt groups/A {"displayName":"A","a":1,"b":2,"c":1,"d":2}
				note ignored groups/A /a
				note ignored groups/A /c
				base groups/A=1 {"a":1,"b":1,"c":1,"d":1,"displayName":"A"}`,
		},
		{
			name:        "parts of one change",
			explanation: "each ignored part is left out of the change, and rules about other places have no effect",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A","o":{"b":2,"c":2,"d":2}}`,
			current:     `groups 1 {"displayName":"A"}`,
			adjust: ignore(plan.Ignore{Selector: plan.Selector{Kind: "apps"}, Pointer: "/o/d"}, plan.Ignore{Pointer: "/o/d", OnlyFromTenant: true},
				plan.Ignore{Pointer: "/o/a"}, plan.Ignore{Pointer: "/o/b"}, plan.Ignore{Pointer: "/o/c", OnlyToTenant: true}),
			want: `update groups/A deploy /o: - | - -> {"d":2}
				note ignored groups/A /o
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "another object",
			explanation: "a selector for another object has no effect",
			base:        base, desired: base[:8] + desired[8:], current: current,
			adjust: ignore(plan.Ignore{Selector: plan.Selector{Kind: "groups", Key: "B*"}}, plan.Ignore{Selector: plan.Selector{Kind: "apps"}}),
			want: `update groups/A deploy /d: 1 | 1 -> 2
				update groups/A deploy /o/d: 1 | 1 -> 2
				adopt groups/A {"displayName":"A","d":2,"c":2,"o":{"d":2}}
				base groups/A=1 {"c":1,"d":1,"displayName":"A","o":{"d":1}}`,
		},
		{
			name:        "below a whole value",
			explanation: "if a property is added or changes its type, the ignored part is left out",
			base:        `groups/A=1 {"displayName":"A","o":null,"p":null,"q":null,"r":null}`,
			desired:     `groups/A {"displayName":"A","o":{"d":1,"x":2},"p":{"x":1},"q":null,"r":null}`,
			current:     `groups 1 {"displayName":"A","o":null,"p":null,"q":{"d":1,"x":2},"r":{"x":3}}`,
			adjust:      ignore(plan.Ignore{Pointer: "/*/x"}),
			want: `update groups/A deploy /o: null | null -> {"d":1}
				adopt groups/A {"displayName":"A","o":{"d":1,"x":2},"p":{"x":1},"q":{"d":1},"r":null}
				note ignored groups/A /o
				note ignored groups/A /p
				note ignored groups/A /q
				note ignored groups/A /r
				base groups/A=1 {"displayName":"A","o":null,"p":null,"q":null,"r":null}`,
		},
		{
			name:        "below a value that is removed",
			explanation: "it cannot be cleared without the ignored part",
			base:        `groups/A=1 {"displayName":"A","o":{"d":1,"x":1},"p":{"d":1}}`,
			desired:     `groups/A {"displayName":"A","o":null,"p":null}`,
			current:     `groups 1 {"displayName":"A","o":{"d":1,"x":1},"p":{"d":1}}`,
			adjust:      ignore(plan.Ignore{Pointer: "/*/x"}),
			want: `update groups/A deploy /p: {"d":1} | {"d":1} -> null
				note ignored groups/A /o
				base groups/A=1 {"displayName":"A","o":{"d":1,"x":1},"p":{"d":1}}`,
		},
		{
			name:        "within members of a set",
			explanation: "a changed member keeps the ignored part; a removed member is removed completely, and a new one is added without that part",
			base:        `policies/P=1 {"displayName":"P","assignments":[{"target":"a","v":1,"w":1},{"target":"b","v":1},{"target":"c","v":1}]}`,
			desired:     `policies/P {"displayName":"P","assignments":[{"target":"a","v":2,"w":2},{"target":"b","v":2},{"target":"d","v":2,"w":2}]}`,
			current:     `policies 1 {"displayName":"P","assignments":[{"target":"a","v":1,"w":1},{"target":"b","v":1},{"target":"c","v":1}]}`,
			adjust:      ignore(plan.Ignore{Pointer: "/assignments/*/v", OnlyToTenant: true}),
			want: `update policies/P deploy /assignments/-: - | - -> {"target":"d","w":2}
				update policies/P deploy /assignments/-: {"target":"a","v":1,"w":1} | {"target":"a","v":1,"w":1} -> {"target":"a","v":1,"w":2}
				update policies/P deploy /assignments/-: {"target":"c","v":1} | {"target":"c","v":1} -> -
				note ignored policies/P /assignments/-
				base policies/P=1 {"assignments":[{"target":"a","v":1,"w":1},{"target":"b","v":1},{"target":"c","v":1}],"displayName":"P"}`,
		},
		{
			name:        "create only below a whole value",
			explanation: "a property that can be set only on create keeps the tenant's value, and the rest is proposed",
			base:        `policies/P=1 {"displayName":"P","o":null,"p":null}`,
			desired:     `policies/P {"displayName":"P","o":{"a":1,"fixed":2},"p":{"fixed":1}}`,
			current:     `policies 1 {"displayName":"P","o":null,"p":null}`,
			adjust: func(in *Input) {
				editKinds(in, func(kinds []tenant.Kind) { kinds[0].CreateOnly = []string{"/o/fixed", "/p/fixed"} })
			},
			want: `update policies/P deploy /o: null | null -> {"a":1}
				note unsupported policies/P /o
				note unsupported policies/P /p
				base policies/P=1 {"displayName":"P","o":null,"p":null}`,
		},
		{
			name:        "whole objects",
			explanation: "an empty pointer covers creates, deletes and adoptions",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/G=7 {"displayName":"G"}`,
			desired:     `groups/N {"displayName":"N"}` + "\n" + `groups/G {"displayName":"G"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"T"}`,
			gone:        `groups 7`,
			adjust:      ignore(plan.Ignore{Reason: "hands off"}),
			want: `note ignored groups/A
				note ignored groups/G
				note ignored groups/N
				note ignored groups/T
				base groups/A=1 {"displayName":"A"}
				base groups/G=7 {"displayName":"G"}
				base groups/T=2`,
		},
	})
}

// The class that package diff writes is the one that package plan knows.
func TestDeletesOff(t *testing.T) {
	if !deletesOff.DeletesOff() || plan.Unsupported.DeletesOff() || deletesOff.Failure() {
		t.Error("deletes that are switched off are not told from other notes, or are a failure")
	}
}
