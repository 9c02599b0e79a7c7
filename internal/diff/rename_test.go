package diff

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestRenameByContent(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "one on each side",
			explanation: "a change of name alone is one update of the tenant's object",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1,"more":true}`,
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base groups/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "several files that only moved",
			explanation: "each file is its object's by its body, name and all; two of one body are nobody's, and keep no other from its object",
			base: `groups/A=1 {"displayName":"X"}` + "\n" + `groups/B=2 {"displayName":"Y"}` + "\n" + `groups/C=3 {"displayName":"Z"}` + "\n" +
				`groups/D=4 {"displayName":"W"}`,
			desired: `groups/A2 {"displayName":"X"}` + "\n" + `groups/B2 {"displayName":"Y"}` + "\n" + `groups/B3 {"displayName":"Y"}` + "\n" +
				`groups/C2 {"displayName":"Z"}` + "\n" + `groups/D2 {"displayName":"W"}`,
			current: `groups 1 {"displayName":"X"}` + "\n" + `groups 2 {"displayName":"Y"}` + "\n" + `groups 3 {"displayName":"Z"}` + "\n" + `groups 4 {"displayName":"W"}`,
			want: `note ambiguous groups/B2
				note ambiguous groups/B3
				base groups/A2=1 {"displayName":"X"}
				base groups/B=2 {"displayName":"Y"}
				base groups/C2=3 {"displayName":"Z"}
				base groups/D2=4 {"displayName":"W"}`,
		},
		{
			name:        "with an id where a property may stand too",
			explanation: "the id names the object, whatever else the kind declares for the place",
			base:        `groups/G=g1 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired:     `groups/G {"displayName":"G"}` + "\n" + `policies/Q {"displayName":"Q","owner":"g1"}`,
			current:     `groups g1 {"displayName":"G","mail":"g@contoso.com"}` + "\n" + `policies 1 {"displayName":"P","owner":"g1"}`,
			adjust: func(in *Input) {
				editKinds(in, func(kinds []tenant.Kind) {
					kinds[0].References = append([]tenant.Reference{{Path: "/owner", Kinds: []string{"groups"}, Property: "mail"}}, kinds[0].References...)
				})
			},
			want: `update policies/Q from P deploy /displayName: "P" | "P" -> "Q"
				base groups/G=g1 {"displayName":"G"}
				base policies/Q=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "the former name is another object's",
			explanation: "what references may still call by the former key is never another object",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1,"$previousNames":["P"]}` + "\n" + `policies/R {"displayName":"R","owner":"${groups/P}"}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"P","x":2}`,
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				create policies/R deploy : - | - -> {"displayName":"R","owner":"${groups/P2}"}
				adopt groups/P ~d4735e3a {"displayName":"P","x":2}
				base groups/P ~d4735e3a=2
				base groups/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the former name is another object's, and the rename waits",
			explanation: "the base names an object once",
			base:        `policies/P=1 {"displayName":"P","x":1}`,
			desired:     `policies/P2 {"displayName":"P2","x":1,"$previousNames":["P"],"owner":"${groups/No}"}`,
			current:     `policies 1 {"displayName":"P","x":1}` + "\n" + `policies 2 {"displayName":"P","x":2}`,
			want: `adopt policies/P ~d4735e3a {"displayName":"P","x":2}
				note unresolved_reference policies/P2 /owner
				base policies/P=1 {"displayName":"P","x":1}
				base policies/P ~d4735e3a=2`,
		},
		{
			name:        "behind a file that says nothing",
			explanation: "a file without content does not end the search for the same body",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/N {}` + "\n" + `groups/P2 {"displayName":"P","x":1}` + "\n" + `groups/P3 {"displayName":"P","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			want: `create groups/N deploy : - | - -> {}
				note ambiguous groups/P2
				note ambiguous groups/P3
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "beside one whose new name is taken",
			explanation: "a pair that is no rename does not stand against the pairs behind it",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B","x":2}` + "\n" + `groups/C=3 {"displayName":"C","x":3}`,
			desired:     `groups/A2 {"displayName":"A2","x":1}` + "\n" + `groups/B2 {"displayName":"B2","x":2}` + "\n" + `groups/C2 {"displayName":"C2","x":3}`,
			current: `groups 1 {"displayName":"A","x":1}` + "\n" + `groups 2 {"displayName":"B","x":2}` + "\n" + `groups 3 {"displayName":"C","x":3}` + "\n" +
				`groups 4 {"displayName":"B2","x":9}`,
			want: `update groups/A2 from A deploy /displayName: "A" | "A" -> "A2"
				update groups/B2 deploy /x: - | 9 -> 2
				update groups/C2 from C deploy /displayName: "C" | "C" -> "C2"
				delete groups/B deploy : {"displayName":"B","x":2} | {"displayName":"B","x":2} -> -
				base groups/A2=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B","x":2}
				base groups/B2=4 {"displayName":"B2"}
				base groups/C2=3 {"displayName":"C","x":3}`,
		},
		{
			name:        "another content",
			explanation: "likeness is no evidence",
			base:        `groups/P=1 {"displayName":"P","x":1,"y":1,"z":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1,"y":1,"z":2}`,
			current:     `groups 1 {"displayName":"P","x":1,"y":1,"z":1}`,
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":1,"y":1,"z":2}
				delete groups/P deploy : {"displayName":"P","x":1,"y":1,"z":1} | {"displayName":"P","x":1,"y":1,"z":1} -> -
				base groups/P=1 {"displayName":"P","x":1,"y":1,"z":1}`,
		},
		{
			name:        "a property more",
			explanation: "a file that manages more than the former one is another content",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1,"y":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":1,"y":1}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "two new files",
			explanation: "nothing tells which of two files is the successor, so that a person is asked",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}` + "\n" + `groups/P3 {"displayName":"P3","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":1}
				create groups/P3 deploy : - | - -> {"displayName":"P3","x":1}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				note possible_rename groups/P3
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "two vanished files",
			explanation: "nor which of two objects a file succeeds",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":1}`,
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":1}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				delete groups/Q deploy : {"displayName":"Q","x":1} | {"displayName":"Q","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				note possible_rename groups/Q
				base groups/P=1 {"displayName":"P","x":1}
				base groups/Q=2 {"displayName":"Q","x":1}`,
		},
		{
			name:        "nothing but a name",
			explanation: "a file that says nothing else is like any other that says nothing else",
			base:        `groups/P=1 {"displayName":"P","@odata.type":"#group"}`,
			desired:     `groups/P2 {"displayName":"P2","@odata.type":"#group","empty":{}}`,
			current:     `groups 1 {"displayName":"P","@odata.type":"#group"}`,
			want: `create groups/P2 deploy : - | - -> {"@odata.type":"#group","displayName":"P2","empty":{}}
				delete groups/P deploy : {"@odata.type":"#group","displayName":"P"} | {"@odata.type":"#group","displayName":"P"} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				base groups/P=1 {"displayName":"P","@odata.type":"#group"}`,
		},
		{
			name:        "told by one of two",
			explanation: "the word of a file comes first, and leaves the other one candidate",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}` + "\n" + `groups/Q2 {"displayName":"Q2","x":1,"$previousNames":["P"]}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":1}`,
			want: `update groups/P2 from Q deploy /displayName: "Q" | "Q" -> "P2"
				update groups/Q2 from P deploy /displayName: "P" | "P" -> "Q2"
				base groups/P2=2 {"displayName":"Q","x":1}
				base groups/Q2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "names exchanged between files",
			explanation: "a name that another object has is not given to a second one; the files must tell",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B","x":2}`,
			desired:     `groups/A2 {"displayName":"B","x":1}` + "\n" + `groups/B2 {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `groups 2 {"displayName":"B","x":2}`,
			want: `note ambiguous groups/A2
				note ambiguous groups/B2
				base groups/A=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B","x":2}`,
		},
		{
			name:        "names exchanged in the files",
			explanation: "files that keep their keys keep their objects",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B","x":2}`,
			desired:     `groups/A {"displayName":"B","x":1}` + "\n" + `groups/B {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `groups 2 {"displayName":"B","x":2}`,
			want: `update groups/A deploy /displayName: "A" | "A" -> "B"
				update groups/B deploy /displayName: "B" | "B" -> "A"
				base groups/A=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B","x":2}`,
		},
		{
			name:        "names handed down",
			explanation: "a key that still has a file has not vanished: C is no successor of A",
			base:        `groups/A=1 {"displayName":"A","x":1}` + "\n" + `groups/B=2 {"displayName":"B","x":2}`,
			desired:     `groups/B {"displayName":"B","x":1}` + "\n" + `groups/C {"displayName":"C","x":2}`,
			current:     `groups 1 {"displayName":"A","x":1}` + "\n" + `groups 2 {"displayName":"B","x":2}`,
			want: `update groups/B deploy /x: 2 | 2 -> 1
				create groups/C deploy : - | - -> {"displayName":"C","x":2}
				delete groups/A deploy : {"displayName":"A","x":1} | {"displayName":"A","x":1} -> -
				base groups/A=1 {"displayName":"A","x":1}
				base groups/B=2 {"displayName":"B","x":2}`,
		},
		{
			name:        "a name that a new object of the tenant has",
			explanation: "the file is for the object of that name",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"P2","x":1}`,
			want: `delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}
				base groups/P2=2 {"displayName":"P2","x":1}`,
		},
		{
			name:        "a name that a known object of the tenant has",
			explanation: "no second object gets the name",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","y":1}`,
			desired:     `groups/P2 {"displayName":"Q","x":1}` + "\n" + `groups/Q {"displayName":"Q","y":1}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","y":1}`,
			want: `delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note ambiguous groups/P2
				base groups/P=1 {"displayName":"P","x":1}
				base groups/Q=2 {"displayName":"Q","y":1}`,
		},
		{
			name:        "two files of the same new name",
			explanation: "two objects never get one name",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":2}`,
			desired:     `groups/N1 {"displayName":"N","x":1}` + "\n" + `groups/N2 {"displayName":"N","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":2}`,
			want: `delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				delete groups/Q deploy : {"displayName":"Q","x":2} | {"displayName":"Q","x":2} -> -
				note ambiguous groups/N1
				note ambiguous groups/N2
				base groups/P=1 {"displayName":"P","x":1}
				base groups/Q=2 {"displayName":"Q","x":2}`,
		},
		{
			name:        "the tenant has changed the object",
			explanation: "a rename compares the three sides like any other file",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			current:     `groups 1 {"displayName":"P","x":2}`,
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				adopt groups/P2 {"displayName":"P2","x":2}
				base groups/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the object is gone from the tenant",
			explanation: "there is no object whose id could be kept, so that the file is a new one",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			gone:        `groups 1`,
			want:        `create groups/P2 deploy : - | - -> {"displayName":"P2","x":1}`,
		},
		{
			name:        "the object may be gone from the tenant",
			explanation: "an absence that is not confirmed is no reason to create it again",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			want: `note not_read groups/P2
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the kind was not read",
			explanation: "nothing is concluded about it",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			adjust:      func(in *Input) { withState(in, "groups", tenant.Failed) },
			want: `note not_read groups/
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "a file of the kind cannot be read",
			explanation: "it may be the successor as well",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"displayName":"P2","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Kind: "groups", Key: "P3", Message: "bad"}}
			},
			want: `note ambiguous groups/P2
				note bad_file groups/P3
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "a singleton",
			explanation: "it has one key",
			base:        `settings/settings= {"x":1}`,
			desired:     `settings/other {"x":1}`,
			current:     `settings  {"x":1}`,
			want: `note bad_file settings/other
				note unsupported settings/settings
				base settings/settings= {"x":1}`,
		},
		{
			name:        "a listed kind",
			explanation: "an object whose file got another name is renamed",
			base:        `apps/P=1 {"displayName":"P","x":1}`,
			desired:     `apps/P2 {"displayName":"P2","x":1}`,
			current:     `apps 1 {"displayName":"P","x":1}` + "\n" + `apps 2 {"displayName":"Other","x":1}`,
			want: `update apps/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base apps/Other=2
				base apps/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "several in a listed kind",
			explanation: "the hint stands there too where deletes are off",
			base:        `apps/P=1 {"displayName":"P","x":1}`,
			desired:     `apps/P2 {"displayName":"P2","x":1}` + "\n" + `apps/P3 {"displayName":"P3","x":1}`,
			current:     `apps 1 {"displayName":"P","x":1}`,
			want: `create apps/P2 deploy : - | - -> {"displayName":"P2","x":1}
				create apps/P3 deploy : - | - -> {"displayName":"P3","x":1}
				note possible_rename apps/P
				note unsupported apps/P
				note possible_rename apps/P2
				note possible_rename apps/P3
				base apps/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "in another order and another notation",
			explanation: "sets have no order, numbers count by value, and what is read-only does not count",
			base:        `policies/P=1 {"displayName":"P","members":["a","b"],"n":1}` + "\n" + `groups/G=7 {"displayName":"G"}`,
			desired:     `policies/P2 {"id":"77","displayName":"P2","n":1.0,"members":["b","a"],"@odata.context":"x"}` + "\n" + `groups/G {"displayName":"G"}`,
			current:     `policies 1 {"displayName":"P","members":["a","b"],"n":1}` + "\n" + `groups 7 {"displayName":"G"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base groups/G=7 {"displayName":"G"}
				base policies/P2=1 {"displayName":"P","members":["a","b"],"n":1}`,
		},
		{
			name:        "with references",
			explanation: "an id in the file and a name in the base are the same reference",
			base:        `groups/G=7 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired:     `groups/G {"displayName":"G"}` + "\n" + `policies/P2 {"displayName":"P2","owner":"7"}`,
			current:     `groups 7 {"displayName":"G"}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base groups/G=7 {"displayName":"G"}
				base policies/P2=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "together with what it refers to",
			explanation: "a release that renames an object and those that refer to it renames both",
			base:        `groups/G=7 {"displayName":"G","x":1}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired:     `groups/G2 {"displayName":"G2","x":1}` + "\n" + `policies/P2 {"displayName":"P2","owner":"${groups/G2}"}`,
			current:     `groups 7 {"displayName":"G","x":1}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
			want: `update groups/G2 from G deploy /displayName: "G" | "G" -> "G2"
				update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base groups/G2=7 {"displayName":"G","x":1}
				base policies/P2=1 {"displayName":"P","owner":"${groups/G2}"}`,
		},
		{
			name:        "a kind that sorts before the one it refers to",
			explanation: "what is referred to is matched first",
			base:        `apps/P=1 {"displayName":"P","owner":"${groups/G}"}` + "\n" + `groups/G=7 {"displayName":"G","x":1}`,
			desired:     `apps/P2 {"displayName":"P2","owner":"${groups/G2}"}` + "\n" + `groups/G2 {"displayName":"G2","x":1}`,
			current:     `apps 1 {"displayName":"P","owner":"7"}` + "\n" + `groups 7 {"displayName":"G","x":1}`,
			adjust: func(in *Input) {
				editKinds(in, func(kinds []tenant.Kind) {
					kinds[3].References = []tenant.Reference{{Path: "/owner", Kinds: []string{"groups"}}}
				})
			},
			want: `update groups/G2 from G deploy /displayName: "G" | "G" -> "G2"
				update apps/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base apps/P2=1 {"displayName":"P","owner":"${groups/G2}"}
				base groups/G2=7 {"displayName":"G","x":1}`,
		},
		{
			name:        "a text where another property is referred to",
			explanation: "an id is no mail address",
			base:        `groups/G=7 {"displayName":"G"}` + "\n" + `policies/P=1 {"displayName":"P","contact":"7"}`,
			desired:     `groups/G {"displayName":"G"}` + "\n" + `policies/P2 {"displayName":"P2","contact":"7"}`,
			current:     `groups 7 {"displayName":"G","mail":"g@x"}` + "\n" + `policies 1 {"displayName":"P","contact":"7"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				note dangling_reference policies/P2 /contact
				base groups/G=7 {"displayName":"G"}
				base policies/P2=1 {"contact":"7","displayName":"P"}`,
		},
		{
			name:        "a reference to another object",
			explanation: "what a policy refers to counts",
			base:        `groups/G=7 {"displayName":"G"}` + "\n" + `groups/H=8 {"displayName":"H"}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired:     `groups/G {"displayName":"G"}` + "\n" + `groups/H {"displayName":"H"}` + "\n" + `policies/P2 {"displayName":"P2","owner":"${groups/H}"}`,
			current:     `groups 7 {"displayName":"G"}` + "\n" + `groups 8 {"displayName":"H"}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
			want: `create policies/P2 deploy : - | - -> {"displayName":"P2","owner":"${groups/H}"}
				delete policies/P deploy : {"displayName":"P","owner":"${groups/G}"} | {"displayName":"P","owner":"${groups/G}"} -> -
				base groups/G=7 {"displayName":"G"}
				base groups/H=8 {"displayName":"H"}
				base policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
		{
			name:        "the former name is still in use",
			explanation: "without $previousNames nothing may go on using it",
			base:        `groups/G=7 {"displayName":"G","x":1}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
			desired:     `groups/G2 {"displayName":"G2","x":1}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}`,
			current:     `groups 7 {"displayName":"G","x":1}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
			want: `update groups/G2 from G deploy /displayName: "G" | "G" -> "G2"
				note unresolved_reference policies/P /owner
				base groups/G2=7 {"displayName":"G","x":1}
				base policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		},
	})
}

// 51 files of one baseline get a new version in their names at once. What they
// tell is followed, however alike they are and whatever ids they carry.
func TestToldRenames(t *testing.T) {
	const renames = 51
	var tc comparisonCase
	for i := range renames {
		next := (i + 1) % renames
		tc.base += fmt.Sprintf(`policies/P%02d - v3.3=%d {"displayName":"P%02d - v3.3","x":1}`+"\n", i, i, i)
		tc.current += fmt.Sprintf(`policies %d {"displayName":"P%02d - v3.3","x":1}`+"\n", i, i)
		// The id is the neighbour's, the content everybody's.
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

// A reference to the former name of an object whose new file does not tell it
// says what to write.
func TestRenameWithoutWord(t *testing.T) {
	tc := comparisonCase{
		base:    `groups/G=7 {"displayName":"G","x":1}` + "\n" + `policies/P=1 {"displayName":"P","owner":"${groups/G}"}`,
		desired: `groups/G2 {"displayName":"G2","x":1}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/G}"}`,
		current: `groups 7 {"displayName":"G","x":1}` + "\n" + `policies 1 {"displayName":"P","owner":"7"}`,
	}
	r, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	want := `policies/P.json: ${groups/G}: the object is called "G2" now; refer to it so, or write "$previousNames": ["G"] into groups/G2.json`
	if got := messages(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
