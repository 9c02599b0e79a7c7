package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

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
			name:        "the object is gone from the tenant",
			explanation: "there is no object whose id could be kept",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			gone:        `groups 1`,
			adjust:      told(map[string]string{"P": guid}),
			want:        `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}`,
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
			name:        "beside an object that is gone",
			explanation: "what is deleted in the tenant keeps no other object from its file",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":1}`,
			desired:     `groups/X {"id":"` + otherGUID + `","displayName":"X","x":3}`,
			current:     `groups 2 {"displayName":"Q","x":1}`,
			gone:        `groups 1`,
			adjust:      told(map[string]string{"P": guid, "Q": otherGUID}),
			want: `update groups/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update groups/X from Q deploy /x: 1 | 1 -> 3
				base groups/X=2 {"displayName":"Q","x":1}`,
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
		r, err := compareOnce(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Base.Objects[0].FileID; got != step.want {
			t.Errorf("run %d: the base has the id %q, want %q", i, got, step.want)
		}
		in.Base = r.Base
	}
}
