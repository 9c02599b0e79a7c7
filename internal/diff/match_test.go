package diff

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestCompareIdentity(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "bound id before name",
			explanation: "a renamed object is the same object, and its name has drifted",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"B"}`,
			want: `adopt groups/A {"displayName":"B"}
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "name in the file before its key",
			explanation: "a file may have another name than its object",
			desired:     `groups/file {"displayName":"Name"}`,
			current:     `groups 1 {"displayName":"Name"}`,
			want:        `base groups/file=1 {"displayName":"Name"}`,
		},
		{
			name:        "two in the tenant",
			explanation: "two candidates are an error, never a create",
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"A"}`,
			want:        `note ambiguous groups/A`,
		},
		{
			name:        "the name of a bound object",
			explanation: "a second object with its name is never created",
			base:        `groups/A=1`,
			desired:     `groups/file {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `note ambiguous groups/file
				base groups/A=1`,
		},
		{
			name:        "a rename together with an edit",
			explanation: "without $previousNames it is unknown whether it is the same object: it is neither deleted nor created",
			base:        `groups/A=1 {"displayName":"X","x":1}`,
			desired:     `groups/B {"displayName":"X","x":2}`,
			current:     `groups 1 {"displayName":"X","x":1}`,
			want: `note ambiguous groups/B
				base groups/A=1 {"displayName":"X","x":1}`,
		},
		{
			name:        "a second file of one name",
			explanation: "one of them is the object's file, and the other creates no second object",
			base:        `groups/A=1 {"displayName":"X"}`,
			desired:     `groups/A {"displayName":"X"}` + "\n" + `groups/B {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `note ambiguous groups/B
				base groups/A=1 {"displayName":"X"}`,
		},
		{
			name:        "two in the repository",
			explanation: "two files with one name are an error, never a create",
			desired:     `groups/A1 {"displayName":"A"}` + "\n" + `groups/A2 {"displayName":"A"}`,
			want: `note ambiguous groups/A1
				note ambiguous groups/A2`,
		},
		{
			name:        "duplicates in the tenant",
			explanation: "objects with one name get keys that depend only on their id",
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"A"}`,
			want: `adopt groups/A ~6b86b273 {"displayName":"A"}
				adopt groups/A ~d4735e3a {"displayName":"A"}
				base groups/A ~6b86b273=1
				base groups/A ~d4735e3a=2`,
		},
		{
			name:        "a second object with the same name",
			explanation: "the bound object keeps its key",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"A"}`,
			want: `adopt groups/A ~d4735e3a {"displayName":"A"}
				base groups/A=1 {"displayName":"A"}
				base groups/A ~d4735e3a=2`,
		},
		{
			name:        "deleted and created again in the tenant",
			explanation: "the key gets another id, and the object is compared with the base",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 2 {"displayName":"A","x":2}`,
			gone:        `groups 1`,
			want: `adopt groups/A {"displayName":"A","x":2}
				base groups/A=2 {"displayName":"A","x":1}`,
		},
		{
			name:        "perhaps created again",
			explanation: "while it is unknown whether the old object is gone, the new one is left alone",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 2 {"displayName":"A"}`,
			want: `note not_read groups/A
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "without a name",
			explanation: "the key of an object without a natural key is its id",
			current:     `groups 77 {"x":1}`,
			want: `adopt groups/77 {"x":1}
				base groups/77=77`,
		},
		{
			name:        "known id",
			explanation: "an object that this run has created is bound by its id, with any name",
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"A"}`,
			adjust:      func(in *Input) { in.Bound = reference.Bindings{"groups": {"A": "2"}} },
			want: `adopt groups/A ~6b86b273 {"displayName":"A"}
				base groups/A=2 {"displayName":"A"}
				base groups/A ~6b86b273=1`,
		},
		{
			name:        "listed twice",
			explanation: "an object on two pages of a list is one object",
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 1 {"displayName":"A"}`,
			want: `adopt groups/A {"displayName":"A"}
				base groups/A=1`,
		},
	})
}

func TestCompareDuplicates(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "bound under another key",
			explanation: "a file with the name of a bound object creates no second object",
			base:        `apps/BG=1`,
			desired:     `apps/grp-bg {"displayName":"BG"}`,
			current:     `apps 1 {"displayName":"BG"}`,
			want: `note ambiguous apps/grp-bg
				base apps/BG=1`,
		},
		{
			name:        "bound under another key, with $previousNames",
			explanation: "$previousNames binds the object to the file, even though no file had the key",
			base:        `apps/BG=1`,
			desired:     `apps/grp-bg {"displayName":"BG","x":1,"$previousNames":["BG"]}`,
			current:     `apps 1 {"displayName":"BG"}`,
			want: `update apps/grp-bg deploy /x: - | - -> 1
				base apps/grp-bg=1 {"displayName":"BG"}`,
		},
		{
			name:        "renamed and edited",
			explanation: "a moved and changed file creates no object, and its object is not deleted",
			base:        `groups/A=1 {"displayName":"X","x":1}`,
			desired:     `groups/B {"displayName":"X","x":2}`,
			current:     `groups 1 {"displayName":"X","x":1}`,
			want: `note ambiguous groups/B
				base groups/A=1 {"displayName":"X","x":1}`,
		},
		{
			name:        "a second file",
			explanation: "one of two files has the object, and the other creates none",
			base:        `groups/A=1 {"displayName":"X"}`,
			desired:     `groups/A {"displayName":"X"}` + "\n" + `groups/B {"displayName":"X","y":1}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `note ambiguous groups/B
				base groups/A=1 {"displayName":"X"}`,
		},
		{
			name:        "a second file with a new name",
			explanation: "the name in an object's file counts before the tenant has it",
			base:        `groups/A=1 {"displayName":"X"}`,
			desired:     `groups/A {"displayName":"Y"}` + "\n" + `groups/B {"displayName":"Y"}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `update groups/A deploy /displayName: "X" | "X" -> "Y"
				note ambiguous groups/B
				base groups/A=1 {"displayName":"X"}`,
		},
		{
			name:        "a name that an object loses",
			explanation: "a new object may have the name that another object loses in the repository",
			base:        `groups/A=1 {"displayName":"X"}`,
			desired:     `groups/A {"displayName":"Y"}` + "\n" + `groups/B {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `update groups/A deploy /displayName: "X" | "X" -> "Y"
				create groups/B deploy : - | - -> {"displayName":"X"}
				base groups/A=1 {"displayName":"X"}`,
		},
		{
			name:        "a name from the tenant",
			explanation: "an object that was renamed in the tenant keeps its drifted name",
			base:        `groups/A=1 {"displayName":"Y"}`,
			desired:     `groups/A {"displayName":"Y"}` + "\n" + `groups/B {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}`,
			want: `adopt groups/A {"displayName":"X"}
				note ambiguous groups/B
				base groups/A=1 {"displayName":"Y"}`,
		},
		{
			name:        "one of two that share a name is deleted in the tenant",
			explanation: "both were in the base, so the absence of one is ordinary drift",
			base:        `groups/A=1 {"displayName":"X"}` + "\n" + `groups/B=2 {"displayName":"X"}`,
			desired:     `groups/A {"displayName":"X"}` + "\n" + `groups/B {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}`,
			gone:        `groups 2`,
			want: `adopt groups/B -
				base groups/A=1 {"displayName":"X"}
				base groups/B=2 {"displayName":"X"}`,
		},
	})
}

func TestCompareRenames(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "with a masked secret",
			explanation: "a file with a masked secret is the same file with another name",
			base:        `policies/A=1 {"displayName":"X","password":"${secret:0000}"}`,
			desired:     `policies/B {"displayName":"X","password":"[redacted]"}`,
			current:     `policies 1 {"displayName":"X","password":"pw"}`,
			want:        `base policies/B=1 {"displayName":"X","password":"` + hashed("pw") + `"}`,
		},
		{
			name:        "same body",
			explanation: "a file that only moved is a rename: no change of the tenant, and a new key in the base",
			base:        `groups/Old=1 {"displayName":"A","x":1}`,
			desired:     `groups/New {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want:        `base groups/New=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "previous name",
			explanation: "a renamed and changed file is one update",
			base:        `groups/Old=1 {"displayName":"Old"}`,
			desired:     `groups/New {"displayName":"New","$previousNames":["Old","Older"]}`,
			current:     `groups 1 {"displayName":"Old"}`,
			want: `update groups/New from Old deploy /displayName: "Old" | "Old" -> "New"
				base groups/New=1 {"displayName":"Old"}`,
		},
		{
			name:        "references follow",
			explanation: "the base has the new key; files may use the old key if $previousNames has it",
			base:        `groups/Old=1 {"displayName":"A","x":1}` + "\n" + `policies/P=2 {"displayName":"P","owner":"${groups/Old}"}` + "\n" + `policies/Q=3 {"displayName":"Q","owner":"${groups/Old}"}`,
			desired:     `groups/New {"displayName":"A","x":1,"$previousNames":["Old"]}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/New}"}` + "\n" + `policies/Q {"displayName":"Q","owner":"${groups/Old}"}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `policies 2 {"displayName":"P","owner":"1"}` + "\n" + `policies 3 {"displayName":"Q","owner":"1"}`,
			want: `base groups/New=1 {"displayName":"A","x":1}
				base policies/P=2 {"displayName":"P","owner":"${groups/New}"}
				base policies/Q=3 {"displayName":"Q","owner":"${groups/New}"}`,
		},
		{
			name:        "references to a former name without $previousNames",
			explanation: "without $previousNames the old name does not resolve, in this run and in later ones",
			base:        `groups/Old=1 {"displayName":"A","x":1}` + "\n" + `policies/P=2 {"displayName":"P","owner":"${groups/Old}"}` + "\n" + `policies/Q=3 {"displayName":"Q","owner":"${groups/Old}"}`,
			desired:     `groups/New {"displayName":"A","x":1}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/New}"}` + "\n" + `policies/Q {"displayName":"Q","owner":"${groups/Old}"}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `policies 2 {"displayName":"P","owner":"1"}` + "\n" + `policies 3 {"displayName":"Q","owner":"1"}`,
			want: `note unresolved_reference policies/Q /owner
				base groups/New=1 {"displayName":"A","x":1}
				base policies/P=2 {"displayName":"P","owner":"${groups/New}"}
				base policies/Q=3 {"displayName":"Q","owner":"${groups/Old}"}`,
		},
		{
			name:        "two files claim one object",
			explanation: "if it is unknown which file replaces which, nothing changes",
			base:        `groups/Old=1 {"displayName":"A"}`,
			desired:     `groups/New1 {"displayName":"A"}` + "\n" + `groups/New2 {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `note ambiguous groups/New1
				note ambiguous groups/New2
				base groups/Old=1 {"displayName":"A"}`,
		},
		{
			name:        "another body",
			explanation: "a vanished and a new file with different bodies are a delete and a create",
			base:        `groups/Old=1 {"displayName":"A","x":1}`,
			desired:     `groups/New {"displayName":"B","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}`,
			want: `create groups/New deploy : - | - -> {"displayName":"B","x":2}
				delete groups/Old deploy : {"displayName":"A","x":1} | {"displayName":"A","x":1} -> -
				base groups/Old=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "copied file",
			explanation: "a previous name that still has its file is not a rename",
			base:        `groups/Old=1 {"displayName":"A"}`,
			desired:     `groups/Old {"displayName":"A"}` + "\n" + `groups/New {"displayName":"B","$previousNames":["Old"]}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `create groups/New deploy : - | - -> {"displayName":"B"}
				base groups/Old=1 {"displayName":"A"}`,
		},
	})
}

func TestRevertOfRename(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/Old=1 {"displayName":"Old"}`,
		desired: `groups/New {"displayName":"New","$previousNames":["Old"]}`,
		current: `groups 1 {"displayName":"Old"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	changes := r.Revert["groups/New"]
	if len(changes) != 2 || changes[0].Key != "Old" || changes[0].Body == nil || changes[1].Key != "New" || changes[1].Body != nil {
		t.Errorf("the revert of a rename has two changes, got %+v", changes)
	}
}

func TestLongKeys(t *testing.T) {
	long := strings.Repeat("ü", 400)
	k, err := schema.Compile(tenant.Kind{Name: "groups"})
	if err != nil {
		t.Fatal(err)
	}
	m := &matching{ix: &index{}, kind: k, names: map[*tenant.Resource]string{}}
	got := m.nameInTenant(&tenant.Resource{ID: "1", Body: []byte(`{"displayName":"` + long + `"}`)})
	if len(got) > maxKey || !utf8.ValidString(got) || !strings.HasSuffix(got, " ~6b86b273") {
		t.Errorf("key of %d bytes: %q", len(got), got)
	}
}

// An object that is left alone because its file cannot be used must not count
// as unchanged in the next run, when the base has the new key.
func TestRenameWithoutPreviousNamesStaysNoted(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/Old {"displayName":"G","x":1}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/Old}"}`,
		current: `groups 1 {"displayName":"G","x":1}` + "\n" + `policies 2 {"displayName":"P","owner":"1"}`,
	}
	in := tc.input(t)
	for run, want := range []int{0, 1, 1} {
		if run == 1 {
			in.Desired.Resources[0].Key = "New"
		}
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Plan.Notes) != want || len(r.Plan.Items) != 0 {
			t.Errorf("run %d: %d notes, want %d\n%s", run, len(r.Plan.Notes), want, showResult(r))
		}
		in.Base = r.Base
	}
}

// Two files with one key are found at any position among the others, and the
// object stays unchanged.
func TestFilesWithOneKey(t *testing.T) {
	runComparisons(t, []comparisonCase{{
		name:        "after another file",
		explanation: "the object stays unchanged until one of the files is removed",
		base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}`,
		desired:     `groups/A {"displayName":"A"}` + "\n" + `groups/B {"displayName":"B","x":1}` + "\n" + `groups/C {"displayName":"C"}` + "\n" + `groups/B {"displayName":"B","x":2}`,
		current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"B"}`,
		want: `create groups/C deploy : - | - -> {"displayName":"C"}
			note bad_file groups/B
			base groups/A=1 {"displayName":"A"}
			base groups/B=2 {"displayName":"B"}`,
	}})
}

// A property resolves to an object even if earlier objects of its kind are not
// in the tenant yet.
func TestPropertyNamesBehindNewObjects(t *testing.T) {
	runComparisons(t, []comparisonCase{{
		name:        "a new object comes first",
		explanation: "the tenant's text is the property of B, as in the file",
		base:        `groups/B=2 {"displayName":"B"}` + "\n" + `policies/P=1 {"displayName":"P","contact":"${groups/B#mail}"}`,
		desired:     `groups/A {"displayName":"A"}` + "\n" + `groups/B {"displayName":"B"}` + "\n" + `policies/P {"displayName":"P","contact":"${groups/B#mail}"}`,
		current:     `groups 2 {"displayName":"B","mail":"b@contoso.com"}` + "\n" + `policies 1 {"displayName":"P","contact":"b@contoso.com"}`,
		want: `create groups/A deploy : - | - -> {"displayName":"A"}
			base groups/B=2 {"displayName":"B"}
			base policies/P=1 {"contact":"${groups/B#mail}","displayName":"P"}`,
	}})
}
