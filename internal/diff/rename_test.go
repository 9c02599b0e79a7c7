package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
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

func TestRenameOfSecrets(t *testing.T) {
	pw, key := hashed("pw"), hashed("other")
	runComparisons(t, []comparisonCase{
		{
			name:        "the same secret",
			explanation: "it is the same content",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"pw"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base policies/P2=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "a hidden secret",
			explanation: "a file that hides its secret does not change it",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"[redacted]"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `update policies/P2 from P deploy /displayName: "P" | "P" -> "P2"
				base policies/P2=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "another secret",
			explanation: "a secret is content, and one that differs is asked about",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
			desired:     `policies/P2 {"displayName":"P2","password":"other"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}`,
			want: `create policies/P2 deploy : - | - -> {"displayName":"P2","password":"[redacted]"}
				delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -
				note possible_rename policies/P
				note possible_rename policies/P2
				base policies/P=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "two that only a secret tells apart",
			explanation: "each file is the successor of the object with its secret",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}` + "\n" + `policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
			desired:     `policies/X {"displayName":"X","password":"other"}` + "\n" + `policies/Y {"displayName":"Y","password":"pw"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}` + "\n" + `policies 2 {"displayName":"Q","password":"other"}`,
			want: `update policies/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update policies/Y from P deploy /displayName: "P" | "P" -> "Y"
				base policies/X=2 {"displayName":"Q","password":"` + key + `"}
				base policies/Y=1 {"displayName":"P","password":"` + pw + `"}`,
		},
		{
			name:        "two that a hidden secret does not tell apart",
			explanation: "a hidden secret may be either",
			base:        `policies/P=1 {"displayName":"P","password":"` + pw + `"}` + "\n" + `policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
			desired:     `policies/X {"displayName":"X","password":"[redacted]"}`,
			current:     `policies 1 {"displayName":"P","password":"pw"}` + "\n" + `policies 2 {"displayName":"Q","password":"other"}`,
			want: `delete policies/P deploy : {"displayName":"P","password":"[redacted]"} | {"displayName":"P","password":"[redacted]"} -> -
				delete policies/Q deploy : {"displayName":"Q","password":"[redacted]"} | {"displayName":"Q","password":"[redacted]"} -> -
				note possible_rename policies/P
				note possible_rename policies/Q
				note possible_rename policies/X
				note secret_needed policies/X
				base policies/P=1 {"displayName":"P","password":"` + pw + `"}
				base policies/Q=2 {"displayName":"Q","password":"` + key + `"}`,
		},
		{
			name:        "secrets that changed places",
			explanation: "a secret counts at its place",
			base:        `policies/P=1 {"displayName":"P","settings":{"a":{"secret":"` + pw + `"},"b":{"secret":"` + key + `"}}}`,
			desired:     `policies/P2 {"displayName":"P2","settings":{"a":{"secret":"other"},"b":{"secret":"pw"}}}`,
			current:     `policies 1 {"displayName":"P","settings":{"a":{"secret":"pw"},"b":{"secret":"other"}}}`,
			want: `create policies/P2 deploy : - | - -> {"displayName":"P2","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}}
				delete policies/P deploy : {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} | {"displayName":"P","settings":{"a":{"secret":"[redacted]"},"b":{"secret":"[redacted]"}}} -> -
				note possible_rename policies/P
				note possible_rename policies/P2
				base policies/P=1 {"displayName":"P","settings":{"a":{"secret":"` + pw + `"},"b":{"secret":"` + key + `"}}}`,
		},
	})
}

// told sets the ids that the files of the base told, by key.
func told(ids map[string]string) func(*Input) {
	return func(in *Input) {
		for i := range in.Base.Objects {
			in.Base.Objects[i].FileID = ids[in.Base.Objects[i].Key]
		}
	}
}

func TestRenameByID(t *testing.T) {
	const guid, otherGUID = "0d7b9a53-2f6e-4f0a-9c0e-1d2c3b4a5f60", "9c0e9a53-2f6e-4f0a-9c0e-1d2c3b4a5f61"
	runComparisons(t, []comparisonCase{
		{
			name:        "the tenant's id",
			explanation: "a file that carries the id of the vanished object is its successor, whatever else changed",
			base:        `groups/P=` + guid + ` {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + strings.ToUpper(guid) + `","displayName":"P2","x":2}`,
			current:     `groups ` + guid + ` {"displayName":"P","x":1}`,
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				update groups/P2 from P deploy /x: 1 | 1 -> 2
				base groups/P2=` + guid + ` {"displayName":"P","x":1}`,
		},
		{
			name:        "the id of another tenant",
			explanation: "so is one that carries the id that the vanished file carried",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": strings.ToUpper(guid)}),
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				update groups/P2 from P deploy /x: 1 | 1 -> 2
				base groups/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "an id that is no GUID",
			explanation: "nobody knows whether its case counts",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"P_ab","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": "P_AB"}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the same name",
			explanation: "a file that moved and changed, and carries the id, is known although an object has its name: it is that object",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/moved {"id":"` + guid + `","displayName":"P","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `update groups/moved from P deploy /x: 1 | 1 -> 2
				base groups/moved=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "two files with the id",
			explanation: "one of them is a copy, and nothing tells which",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}` + "\n" + `groups/P3 {"id":"` + guid + `","displayName":"P3","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				create groups/P3 deploy : - | - -> {"displayName":"P3","x":1}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				note possible_rename groups/P3
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "two files with two ids of one object",
			explanation: "one carries the tenant's id and one the former file's",
			base:        `groups/P=` + otherGUID + ` {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}` + "\n" + `groups/P3 {"id":"` + otherGUID + `","displayName":"P3","x":3}`,
			current:     `groups ` + otherGUID + ` {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				create groups/P3 deploy : - | - -> {"displayName":"P3","x":3}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				note possible_rename groups/P3
				base groups/P=` + otherGUID + ` {"displayName":"P","x":1}`,
		},
		{
			name:        "an original that still has its file",
			explanation: "a file that was copied carries the id of its original, and succeeds nothing",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P {"id":"` + guid + `","displayName":"P","x":1}` + "\n" + `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "a copy that still has its file",
			explanation: "where two objects of the base have the id, it does not tell which one is meant",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":2}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":3}` + "\n" + `groups/Q {"id":"` + guid + `","displayName":"Q","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":2}`,
			adjust:      told(map[string]string{"P": guid, "Q": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":3}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				base groups/P=1 {"displayName":"P","x":1}
				base groups/Q=2 {"displayName":"Q","x":2}`,
		},
		{
			name:        "the id before the content",
			explanation: "two policies of one content that are renamed at once are told apart by their ids",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":1}`,
			desired:     `groups/X {"id":"` + otherGUID + `","displayName":"X","x":1}` + "\n" + `groups/Y {"id":"` + guid + `","displayName":"Y","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":1}`,
			adjust:      told(map[string]string{"P": guid, "Q": otherGUID}),
			want: `update groups/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update groups/Y from P deploy /displayName: "P" | "P" -> "Y"
				base groups/X=2 {"displayName":"Q","x":1}
				base groups/Y=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the word of the file before the id",
			explanation: "what a person wrote for this purpose is right",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":2}`,
			desired:     `groups/X {"id":"` + guid + `","displayName":"X","x":3,"$previousNames":["Q"]}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":2}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `update groups/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update groups/X from Q deploy /x: 2 | 2 -> 3
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}
				base groups/X=2 {"displayName":"Q","x":2}`,
		},
		{
			name:        "a file of the kind cannot be read",
			explanation: "it may carry the id as well",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust: func(in *Input) {
				told(map[string]string{"P": guid})(in)
				in.Desired.Problems = []tenant.FileError{{Kind: "groups", Key: "P3", Message: "bad"}}
			},
			want: `note ambiguous groups/P2
				note bad_file groups/P3
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "a name that another object has",
			explanation: "the file is for the object of that name",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"P2","x":2}`,
			adjust:      told(map[string]string{"P": guid}),
			want: `delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}
				base groups/P2=2 {"displayName":"P2","x":2}`,
		},
	})
}

// The base remembers the id that a file told, and forgets one that it no longer tells.
func TestBaseKeepsToldID(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/P {"id":"f1","displayName":"P","x":1}`,
		current: `groups 1 {"displayName":"P","x":1}`,
	}
	in := tc.input(t)
	for i, step := range []struct{ body, want string }{
		{`{"id":"f1","displayName":"P","x":1}`, "f1"},
		{`{"id":"f1","displayName":"P","x":1}`, "f1"}, // the bytes are as before
		{`{"id":"f2","displayName":"P","x":2}`, "f2"},
		{`{"id":"${var:company}","displayName":"P","x":1}`, ""},
		{`{"id":7,"displayName":"P","x":1}`, ""},
		{`{"id":"f3","displayName":"P","x":"${groups/Nobody}"}`, ""}, // the file cannot be used
	} {
		in.Desired.Resources[0].Body = json.RawMessage(step.body)
		r, err := Compare(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Base.Objects[0].FileID; got != step.want {
			t.Errorf("run %d: the base has the id %q, want %q", i, got, step.want)
		}
		in.Base = r.Base
	}
}

// A hint says what to write and where, and names few of many candidates.
func TestRenameHints(t *testing.T) {
	compare := func(old, fresh int) *Result {
		var tc comparisonCase
		for i := range max(old, fresh) {
			if i < old {
				tc.base += fmt.Sprintf(`groups/P%04d=%d {"displayName":"P%04d","x":1}`+"\n", i, i, i)
				tc.current += fmt.Sprintf(`groups %d {"displayName":"P%04d","x":1}`+"\n", i, i)
			}
			if i < fresh {
				tc.desired += fmt.Sprintf(`groups/N%04d {"displayName":"N%04d","x":1}`+"\n", i, i)
			}
		}
		r, err := Compare(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := compare(1, 2)
	for i, want := range []string{
		`it may be the new name of "P0000": their content is the same apart from the name, but that of others is too. If it is, write "$previousNames": ["P0000"] into groups/N0000.json, and no second object is created`,
		`it may be the new name of "P0000": their content is the same apart from the name, but that of others is too. If it is, write "$previousNames": ["P0000"] into groups/N0001.json, and no second object is created`,
		`it may be called "N0000" or "N0001" now: their content is the same apart from the name, but that of others is too. If it is, write "$previousNames": ["P0000"] into the new file, and the object keeps its id and is not deleted`,
	} {
		if got := r.Plan.Notes[i].Message; got != want {
			t.Errorf("note %d is\n%s\nwant\n%s", i, got, want)
		}
		if c := r.Plan.Notes[i].Class; c != plan.PossibleRename || c.Failure() {
			t.Errorf("note %d is of class %s, failure %t; want an informational one", i, c, c.Failure())
		}
	}
	longest := func(r *Result) (n int) {
		for _, note := range r.Plan.Notes {
			n = max(n, len(note.Message))
		}
		return n
	}
	const many = 800
	if few, got := longest(compare(5, 5)), longest(compare(many, many)); got > few+10 {
		t.Errorf("a hint about %d files has %d bytes, one about 5 has %d", many, got, few)
	}
	if got := compare(many, many); len(got.Plan.Notes) != 2*many || len(got.Plan.Items) != 2*many {
		t.Errorf("got %d items and %d notes, want %d of each", len(got.Plan.Items), len(got.Plan.Notes), 2*many)
	}
	// The line stands for itself also with characters that JSON escapes.
	if got, want := previousNamesLine(`a "b"`), `"$previousNames": ["a \"b\""]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
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
	r, err := Compare(tc.input(t))
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
	r, err := Compare(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	want := `policies/P.json: ${groups/G}: the object is called "G2" now; refer to it so, or write "$previousNames": ["G"] into groups/G2.json`
	if got := messages(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
