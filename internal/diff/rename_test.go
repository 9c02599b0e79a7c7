package diff

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestRenameByContent(t *testing.T) {
	runRows(t, []row{
		{"one on each side", "a change of only the name is one update of the tenant's object",
			`P=1 "x":1`, `P2 "x":1`, `P=1 "x":1,"more":true`, `P -> P2`, nil},
		{"several moved files", "a file with the whole body of an object is its file; two files with the same body are ambiguous, and do not affect other files",
			`A=1 "displayName":"X"; B=2 "displayName":"Y"; C=3 "displayName":"Z"; D=4 "displayName":"W"`,
			`A2 "displayName":"X"; B2 "displayName":"Y"; B3 "displayName":"Y"; C2 "displayName":"Z"; D2 "displayName":"W"`, "",
			`note ambiguous B2, B3; no base A; base A2=1 "displayName":"X"; no base C; base C2=3 "displayName":"Z"; no base D; base D2=4 "displayName":"W"`, nil},
		{"with an id where the kind also declares a property", "the id identifies the object",
			`G=g1; policies/P=1 "owner":"${groups/G}"`, `G; policies/Q "owner":"g1"`, `G=g1 "mail":"g@contoso.com"; policies/P=1 "owner":"g1"`,
			`policies/P -> Q`, func(in *Input) {
				editKinds(in, func(kinds []tenant.Kind) {
					kinds[0].References = append([]tenant.Reference{{Path: "/owner", Kinds: []string{"groups"}, Property: "mail"}}, kinds[0].References...)
				})
			}},
		{"the former name belongs to another object", "references with the former key are never to another object",
			`P=1 "x":1`, `P2 "x":1,"$previousNames":["P"]; policies/R "owner":"${groups/P}"`, `P=2 "x":2`,
			`P -> P2; create policies/R deploy : - | - -> {"displayName":"R","owner":"${groups/P2}"}; adopt groups/P ~d4735e3a {"displayName":"P","x":2}; base P ~d4735e3a=2 -`,
			nil},
		{"the former name belongs to another object, and the rename waits", "the base has each key once",
			`policies/P=1 "x":1`, `policies/P2 "x":1,"$previousNames":["P"],"owner":"${groups/No}"`, `policies/P=2 "x":2`,
			`adopt policies/P ~d4735e3a {"displayName":"P","x":2}; note unresolved_reference policies/P2 /owner; base policies/P ~d4735e3a=2 -`,
			nil},
		{"after a file without content", "a file without content does not end the search for the same body",
			`P=1 "x":1`, `N {}; P2 "displayName":"P","x":1; P3 "displayName":"P","x":1`, "", `create N; note ambiguous P2, P3`, nil},
		{"a second pair whose new name is taken", "a pair that is not a rename does not prevent the renames of later pairs",
			`A=1 "x":1; B=2 "x":2; C=3 "x":3`, `A2 "x":1; B2 "x":2; C2 "x":3`, `B2=4 "x":9`,
			`A -> A2; update B2 deploy /x: - | 9 -> 2; C -> C2; delete B; base B2=4`, nil},
		{"another content", "similar content is not evidence",
			`P=1 "x":1,"y":1,"z":1`, `P2 "x":1,"y":1,"z":2`, "", `create P2; delete P`, nil},
		{"an additional property", "a file that manages more properties than the former one has other content",
			`P=1 "x":1`, `P2 "x":1,"y":1`, "", `create P2; delete P`, nil},
		{"two new files", "it is unknown which of two files is the successor, so a hint asks a person",
			`P=1 "x":1`, `P2 "x":1; P3 "x":1`, "", `create P2; create P3; delete P; note possible_rename P, P2, P3`, nil},
		{"two vanished files", "it is unknown which of two objects the file is for",
			`P=1 "x":1; Q=2 "x":1`, `P2 "x":1`, "", `create P2; delete P; delete Q; note possible_rename P, P2, Q`, nil},
		{"only a name", "all files without other content are equal",
			`P=1 "@odata.type":"#group"`, `P2 "@odata.type":"#group","empty":{}`, "", `create P2; delete P; note possible_rename P, P2`, nil},
		{"one file, and a reference to its former name in the base", "the reference has not changed",
			`P=1 "x":1; policies/R=2 "owner":"${groups/P}"`, `P2 "x":1,"$previousNames":["P"]; policies/R "owner":"${groups/P2}"`, `P=1 "x":1; policies/R=2 "owner":"1"`, `P -> P2; base policies/R=2 "owner":"${groups/P2}"`, nil},
		{"one of two with $previousNames", "$previousNames comes first, and leaves the other file one candidate",
			`P=1 "x":1; Q=2 "x":1`, `P2 "x":1; Q2 "x":1,"$previousNames":["P"]`, "", `Q -> P2; P -> Q2`, nil},
		{"names exchanged between files", "a name that an object has is not given to a second one; the files need $previousNames",
			`A=1 "x":1; B=2 "x":2`, `A2 "displayName":"B","x":1; B2 "displayName":"A","x":2`, "", `note ambiguous A2, B2`, nil},
		{"names exchanged in the files", "files that keep their keys keep their objects",
			`A=1 "x":1; B=2 "x":2`, `A "displayName":"B","x":1; B "displayName":"A","x":2`, "",
			`update A deploy /displayName: "A" | "A" -> "B"; update B deploy /displayName: "B" | "B" -> "A"`, nil},
		{"a chain of names", "a key that still has a file has not vanished: C is not a successor of A",
			`A=1 "x":1; B=2 "x":2`, `B "x":1; C "x":2`, "", `update B deploy /x: 2 | 2 -> 1; create C; delete A`, nil},
		{"a name that a new object of the tenant has", "the file is for the object of that name",
			`P=1 "x":1`, `P2 "x":1`, `P2=2 "x":1`, `delete P; base P2=2 "x":1`, nil},
		{"a name that a known object of the tenant has", "no second object gets the name",
			`P=1 "x":1; Q=2 "y":1`, `P2 "displayName":"Q","x":1; Q "y":1`, "", `delete P; note ambiguous P2`, nil},
		{"two files of the same new name", "two objects never get the same name",
			`P=1 "x":1; Q=2 "x":2`, `N1 "displayName":"N","x":1; N2 "displayName":"N","x":2`, "", `delete P; delete Q; note ambiguous N1, N2`, nil},
		{"the tenant has changed the object", "a rename compares the three sides like any other file",
			`P=1 "x":1`, `P2 "x":1`, `P=1 "x":2`, `P -> P2; adopt P2 {"displayName":"P2","x":2}`, nil},
		{"the object is gone from the tenant", "there is no object whose id could be kept, so the file creates a new object",
			`P=1 "x":1`, `P2 "x":1`, `gone 1`, `create P2; no base P`, nil},
		{"the object may be gone from the tenant", "an object whose absence is not confirmed is not created again",
			`P=1 "x":1`, `P2 "x":1`, `missing 1`, `note not_read P2`, nil},
		{"the kind was not read", "the sync draws no conclusions about it",
			`P=1 "x":1`, `P2 "x":1`, `missing 1`, `note not_read groups/`, func(in *Input) { withState(in, "groups", tenant.Failed) }},
		{"a file of the kind cannot be read", "that file may be the successor too",
			`P=1 "x":1`, `P2 "x":1`, "", `note ambiguous P2; note bad_file P3`, func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Kind: "groups", Key: "P3", Message: "bad"}}
			}},
		{"a singleton", "a singleton has exactly one key",
			`settings/settings= {"x":1}`, `settings/other {"x":1}`, "", `note bad_file settings/other; note unsupported settings/settings`, nil},
		{"a listed kind", "an object whose file has a new name is renamed",
			`apps/P=1 "x":1`, `apps/P2 "x":1`, `apps/Other=2 "x":1`, `apps/P -> P2; base apps/Other=2 -`, nil},
		{"several in a listed kind", "there is a hint too if deletes are disabled",
			`apps/P=1 "x":1`, `apps/P2 "x":1; apps/P3 "x":1`, "",
			`create apps/P2; create apps/P3; note deletes_off apps/P; note possible_rename apps/P; note possible_rename apps/P2, apps/P3`, nil},
		{"in another order and another notation", "sets have no order, numbers are compared by value, and read-only properties are ignored",
			`policies/P=1 "members":["a","b"],"n":1; G=7`,
			`policies/P2 "id":"77","displayName":"P2","n":1.0,"members":["b","a"],"@odata.context":"x"; G`, "",
			`policies/P -> P2; base policies/P2=1 "displayName":"P","members":["b","a"],"n":1`, nil},
		{"with references", "an id in the file and a name in the base are the same reference",
			`G=7; policies/P=1 "owner":"${groups/G}"`, `G; policies/P2 "owner":"7"`, `policies/P=1 "owner":"7"`, `policies/P -> P2`, nil},
		{"together with a referenced object", "an object and the objects that refer to it can be renamed together",
			`G=7 "x":1; policies/P=1 "owner":"${groups/G}"`, `G2 "x":1; policies/P2 "owner":"${groups/G2}"`, `policies/P=1 "owner":"7"`,
			`G -> G2; policies/P -> P2; base policies/P2=1 "displayName":"P","owner":"${groups/G2}"`, nil},
		{"a kind that sorts before the one it refers to", "referenced kinds are matched first",
			`apps/P=1 "owner":"${groups/G}"; G=7 "x":1`, `apps/P2 "owner":"${groups/G2}"; G2 "x":1`, `apps/P=1 "owner":"7"`,
			`G -> G2; apps/P -> P2; base apps/P2=1 "displayName":"P","owner":"${groups/G2}"`, func(in *Input) {
				editKinds(in, func(kinds []tenant.Kind) {
					kinds[3].References = []tenant.Reference{{Path: "/owner", Kinds: []string{"groups"}}}
				})
			}},
		{"a text at a reference to another property", "an id is not a mail address",
			`G=7; policies/P=1 "contact":"7"`, `G; policies/P2 "contact":"7"`, `G=7 "mail":"g@x"`,
			`policies/P -> P2; note dangling_reference policies/P2 /contact; base policies/P2=1 "contact":"7","displayName":"P"`, nil},
		{"a reference to another object", "the reference of a policy is content",
			`G=7; H=8; policies/P=1 "owner":"${groups/G}"`, `G; H; policies/P2 "owner":"${groups/H}"`, `policies/P=1 "owner":"7"`,
			`create policies/P2; delete policies/P`, nil},
		{"the former name is still in use", "without $previousNames no reference may use it",
			`G=7 "x":1; policies/P=1 "owner":"${groups/G}"`, `G2 "x":1; policies/P "owner":"${groups/G}"`, `policies/P=1 "owner":"7"`,
			`G -> G2; note unresolved_reference policies/P /owner`, nil},
	})
}

// 51 files of one baseline get a new version in their names at the same time.
// Their $previousNames decide, with equal contents and any ids.
func TestRenamesByPreviousNames(t *testing.T) {
	const renames = 51
	var tc comparisonCase
	for i := range renames {
		next := (i + 1) % renames
		tc.base += fmt.Sprintf(`policies/P%02d - v3.3=%d {"displayName":"P%02d - v3.3","x":1}`+"\n", i, i, i)
		tc.current += fmt.Sprintf(`policies %d {"displayName":"P%02d - v3.3","x":1}`+"\n", i, i)
		// The id is the neighbour's, and all have the same content.
		tc.desired += fmt.Sprintf(`policies/P%02d - v3.4 {"id":"%d","displayName":"P%02d - v3.4","x":%d,"$previousNames":["P%02d - v3.3"]}`+"\n", i, next, i, 1+i%2, i)
	}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Plan.Items) != renames || len(r.Plan.Notes) != 0 {
		t.Fatalf("got %d items and %d notes, want %d renames", len(r.Plan.Items), len(r.Plan.Notes), renames)
	}
	for _, it := range r.Plan.Items {
		number := strings.TrimPrefix(it.Key, "P")[:2]
		id := cmp.Or(strings.TrimLeft(number, "0"), "0")
		if it.Verb != tenant.Update || it.RenamedFrom != "P"+number+" - v3.3" || it.TenantID != id {
			t.Errorf("%s %s from %q of object %s", it.Verb, it.Key, it.RenamedFrom, it.TenantID)
		}
	}
}

// The note about a reference to a former name shows the $previousNames line
// that the new file needs.
func TestReferenceToFormerName(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/G=7 {"displayName":"G","x":1}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		desired: `groups/G2 {"displayName":"G2","x":1}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}`,
		current: `groups 7 {"displayName":"G","x":1}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	want := `policies/P.json: ${groups/G}: the object's key is now "G2"; use it in the reference, or write "$previousNames": ["G"] into groups/G2.json`
	if got := messages(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
