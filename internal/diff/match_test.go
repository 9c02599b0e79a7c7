package diff

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/tenant"
)

func TestCompareIdentity(t *testing.T) {
	runRows(t, []row{
		{"bound id before name", "a renamed object is the same object, and its name has drifted",
			`A=1`, `A`, `B=1`, `adopt A {"displayName":"B"}`, nil},
		{"name in the file before its key", "a file may have another name than its object",
			"", `file "displayName":"Name"`, `Name=1`, `base file=1 "displayName":"Name"`, nil},
		{"two in the tenant", "two candidates are an error, never a create",
			"", `A`, `A=1; A=2`, `note ambiguous A`, nil},
		{"the name of a bound object", "a second object with its name is never created",
			`A=1 -`, `file "displayName":"X"`, `X=1`, `note ambiguous file`, nil},
		{"a rename together with an edit", "without $previousNames it is unknown whether it is the same object: it is neither deleted nor created",
			`A=1 "displayName":"X","x":1`, `B "displayName":"X","x":2`, "", `note ambiguous B`, nil},
		{"a second file of one name", "one of them is the object's file, and the other creates no second object",
			`A=1 "displayName":"X"`, `A "displayName":"X"; B "displayName":"X"`, "", `note ambiguous B`, nil},
		{"two in the repository", "two files with one name are an error, never a create",
			"", `A1 "displayName":"A"; A2 "displayName":"A"`, "", `note ambiguous A1, A2`, nil},
		{"duplicates in the tenant", "objects with one name get keys that depend only on their id",
			"", "", `A=1; A=2`,
			`adopt groups/A ~6b86b273 {"displayName":"A"}; adopt groups/A ~d4735e3a {"displayName":"A"}; base A ~6b86b273=1 -; base A ~d4735e3a=2 -`,
			nil},
		{"a second object with the same name", "the bound object keeps its key",
			`A=1`, `A`, `A=2`, `adopt groups/A ~d4735e3a {"displayName":"A"}; base A ~d4735e3a=2 -`, nil},
		{"deleted and created again in the tenant", "the key gets another id, and the object is compared with the base",
			`A=1 "x":1`, `A "x":1`, `A=2 "x":2; gone 1`, `adopt A {"displayName":"A","x":2}; base A=2 "x":1`, nil},
		{"deleted on both sides, and a new object with the name", "the new object has the key to itself",
			`A=1 "x":1`, "", `A=2 "x":2; gone 1`, `adopt A {"displayName":"A","x":2}; base A=2 -`, nil},
		{"deleted on both sides", "the base forgets the object", `A=1`, "", `gone 1`, `no base A`, nil},
		{"perhaps created again", "while it is unknown whether the old object is gone, the new one is left alone",
			`A=1`, `A`, `A=2; missing 1`, `note not_read A`, nil},
		{"without a name", "the key of an object without a natural key is its id",
			"", "", `x=77 {"x":1}`, `adopt 77 {"x":1}; base 77=77 -`, nil},
		{"known id", "an object that this run has created is bound by its id, with any name",
			"", `A`, `A=1; A=2`, `adopt groups/A ~6b86b273 {"displayName":"A"}; base A=2; base A ~6b86b273=1 -`,
			func(in *Input) { in.Bound = reference.Bindings{"groups": {"A": "2"}} }},
		{"no id in the tenant", "an object without an id belongs to no file by that",
			"", `A`, "", `create A; adopt B {"displayName":"B"}; base B= -`,
			func(in *Input) {
				in.Current.Resources = append(in.Current.Resources, tenant.Resource{Kind: "groups", Body: []byte(`{"displayName":"B"}`)})
			}},
		{"listed twice", "an object on two pages of a list is one object",
			"", "", `A=1; A=1`, `adopt A {"displayName":"A"}; base A=1 -`, nil},
	})
}

func TestCompareDuplicates(t *testing.T) {
	runRows(t, []row{
		{"bound under another key", "a file with the name of a bound object creates no second object",
			`apps/BG=1 -`, `apps/grp-bg "displayName":"BG"`, `apps/BG=1`, `note ambiguous apps/grp-bg`, nil},
		{"bound under another key, with $previousNames", "$previousNames binds the object to the file, even though no file had the key",
			`apps/BG=1 -`, `apps/grp-bg "displayName":"BG","x":1,"$previousNames":["BG"]`, `apps/BG=1`,
			`update apps/grp-bg deploy /x: - | - -> 1; base apps/grp-bg=1 "displayName":"BG"; no base apps/BG`, nil},
		{"renamed and edited", "a moved and changed file creates no object, and its object is not deleted",
			`A=1 "displayName":"X","x":1`, `B "displayName":"X","x":2`, "", `note ambiguous B`, nil},
		{"a second file", "one of two files has the object, and the other creates none",
			`A=1 "displayName":"X"`, `A "displayName":"X"; B "displayName":"X","y":1`, "", `note ambiguous B`, nil},
		{"a second file with a new name", "the name in an object's file counts before the tenant has it",
			`A=1 "displayName":"X"`, `A "displayName":"Y"; B "displayName":"Y"`, "",
			`update A deploy /displayName: "X" | "X" -> "Y"; note ambiguous B`, nil},
		{"a name that an object loses", "a new object may have the name that another object loses in the repository",
			`A=1 "displayName":"X"`, `A "displayName":"Y"; B "displayName":"X"`, "", `update A deploy /displayName: "X" | "X" -> "Y"; create B`, nil},
		{"a name from the tenant", "an object that was renamed in the tenant keeps its drifted name",
			`A=1 "displayName":"Y"`, `A "displayName":"Y"; B "displayName":"X"`, `X=1`, `adopt A {"displayName":"X"}; note ambiguous B`, nil},
		{"a name in another case", "a new file whose name is nearly an object's creates a second object, and a note says so",
			"", `CA-Breakglass`, `ca-breakglass=1`, `create CA-Breakglass; adopt ca-breakglass {"displayName":"ca-breakglass"}; note similar_name CA-Breakglass; base ca-breakglass=1 -`, nil},
		{"a name with another blank", "blanks do not tell names apart either", "", `A  B`, `A B=1`,
			`create A  B; adopt A B {"displayName":"A B"}; note similar_name A  B; base A B=1 -`, nil},
		{"a name in another case, of an object with a file", "the object may be the one that was meant all the same", `a=1`, `a; A`, ``, `create A; note similar_name A`, nil},
		{"a name in another case, of an unchanged object", "its name is in the base", `a=1 "displayName":"b"`, `a "displayName":"b"; B`, ``, `create B; note similar_name B`, nil},
		{"two objects with nearly the name", "the first is named", ``, `AB`, `Ab=1; aB=2`,
			`create AB; adopt Ab {"displayName":"Ab"}; adopt aB {"displayName":"aB"}; note similar_name AB; base Ab=1 -; base aB=2 -`, nil},
		{"a refused duplicate", "it is not created, so its name needs no note", `x=1 "displayName":"A"`, `x "displayName":"A"; A; a`, ``, `create a; note ambiguous A; note similar_name a`, nil},
		{"one of two that share a name is deleted in the tenant", "both were in the base, so the absence of one is ordinary drift",
			`A=1 "displayName":"X"; B=2 "displayName":"X"`, `A "displayName":"X"; B "displayName":"X"`, `gone 2`, `adopt B -`, nil},
	})
}

func TestCompareRenames(t *testing.T) {
	runRows(t, []row{
		{"with a masked secret", "a file with a masked secret is the same file with another name",
			`policies/A=1 "displayName":"X","password":"${secret:0000}"`, `policies/B "displayName":"X","password":"[redacted]"`,
			`policies/X=1 "password":"pw"`, `base policies/B=1 "displayName":"X","password":"` + hashed("pw") + `"; no base policies/A`, nil},
		{"same body", "a file that only moved is a rename: no change of the tenant, and a new key in the base",
			`Old=1 "displayName":"A","x":1`, `New "displayName":"A","x":1`, "", `base New=1 "displayName":"A","x":1; no base Old`, nil},
		{"previous name", "a renamed and changed file is one update",
			`Old=1`, `New "$previousNames":["Old","Older"]`, "", `Old -> New`, nil},
		{"references follow", "the base has the new key; files may use the old key if $previousNames has it",
			`Old=1 "displayName":"A","x":1; policies/P=2 "owner":"${groups/Old}"; policies/Q=3 "owner":"${groups/Old}"`,
			`New "displayName":"A","x":1,"$previousNames":["Old"]; policies/P "owner":"${groups/New}"; policies/Q "owner":"${groups/Old}"`,
			`policies/P=2 "owner":"1"; policies/Q=3 "owner":"1"`,
			`base New=1 "displayName":"A","x":1; base policies/P=2 "owner":"${groups/New}"; base policies/Q=3 "owner":"${groups/New}"; no base Old`,
			nil},
		{"references to a former name without $previousNames", "without $previousNames the old name does not resolve, in this run and in later ones",
			`Old=1 "displayName":"A","x":1; policies/P=2 "owner":"${groups/Old}"; policies/Q=3 "owner":"${groups/Old}"`,
			`New "displayName":"A","x":1; policies/P "owner":"${groups/New}"; policies/Q "owner":"${groups/Old}"`,
			`policies/P=2 "owner":"1"; policies/Q=3 "owner":"1"`,
			`note unresolved_reference policies/Q /owner; base New=1 "displayName":"A","x":1; base policies/P=2 "owner":"${groups/New}"; no base Old`,
			nil},
		{"two files claim one object", "if it is unknown which file replaces which, nothing changes",
			`Old=1 "displayName":"A"`, `New1 "displayName":"A"; New2 "displayName":"A"`, "", `note ambiguous New1, New2`, nil},
		{"two files claim a deleted object", "which file had it stays unknown, so the base keeps it and nothing is created",
			`Old=1 "displayName":"A"`, `New1 "displayName":"A"; New2 "displayName":"A"`, `gone 1`, `note ambiguous New1, New2`, nil},
		{"another body", "a vanished and a new file with different bodies are a delete and a create",
			`Old=1 "displayName":"A","x":1`, `New "displayName":"B","x":2`, "", `create New; delete Old`, nil},
		{"copied file", "a previous name that still has its file is not a rename",
			`Old=1 "displayName":"A"`, `Old "displayName":"A"; New "displayName":"B","$previousNames":["Old"]`, "", `create New`, nil},
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

// A name that is too long for a key is cut in the key alone: a file with the whole
// name is matched with its object, whatever the file's key is.
func TestLongKeys(t *testing.T) {
	long := strings.Repeat("ü", 400)
	body := `{"displayName":"` + long + `"}`
	r, err := compareOnce(comparisonCase{current: "groups 1 " + body}.input(t))
	if err != nil || len(r.Adopt) != 1 {
		t.Fatalf("got %+v, %v", r, err)
	}
	if key := r.Adopt[0].Key; len(key) > maxKey || !utf8.ValidString(key) || !strings.HasSuffix(key, " ~6b86b273") {
		t.Errorf("key of %d bytes: %q", len(key), key)
	}
	for _, key := range []string{"Short", r.Adopt[0].Key} {
		r, err := compareOnce(comparisonCase{desired: "groups/" + key + " " + body, current: "groups 1 " + body + "\ngroups 2 {\"displayName\":\"Other\"}"}.input(t))
		if err != nil || len(r.Plan.Items) > 0 || len(r.Adopt) != 1 || r.Adopt[0].Key != "Other" || r.Unchanged != 1 {
			t.Errorf("with the key %.9q: %v, %s", key, err, showResult(r))
		}
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
	runRows(t, []row{
		{"after another file", "the object stays unchanged until one of the files is removed",
			`A=1; B=2`, `A; B "x":1; C; B "x":2`, "", `create C; note bad_file B`, nil},
	})
}

// A property resolves to an object even if earlier objects of its kind are not
// in the tenant yet.
func TestPropertyNamesBehindNewObjects(t *testing.T) {
	runRows(t, []row{
		{"a new object comes first", "the tenant's text is the property of B, as in the file",
			`B=2; policies/P=1 "contact":"${groups/B#mail}"`, `A; B; policies/P "contact":"${groups/B#mail}"`,
			`B=2 "mail":"b@contoso.com"; policies/P=1 "contact":"b@contoso.com"`,
			`create A; base policies/P=1 "contact":"${groups/B#mail}","displayName":"P"`, nil},
	})
}
