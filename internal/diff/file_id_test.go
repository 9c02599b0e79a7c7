package diff

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// fileIDs sets the ids in the files of the base, by key.
func fileIDs(ids map[string]string) func(*Input) {
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
			explanation: "a file with the id of the vanished object is its successor, with any other changes",
			base:        `groups/P=` + guid + ` {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + strings.ToUpper(guid) + `","displayName":"P2","x":2}`,
			current:     `groups ` + guid + ` {"displayName":"P","x":1}`,
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				update groups/P2 from P deploy /x: 1 | 1 -> 2
				base groups/P2=` + guid + ` {"displayName":"P","x":1}`,
		},
		{
			name:        "the id of another tenant",
			explanation: "a file with the id of the vanished file is its successor too",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": strings.ToUpper(guid)}),
			want: `update groups/P2 from P deploy /displayName: "P" | "P" -> "P2"
				update groups/P2 from P deploy /x: 1 | 1 -> 2
				base groups/P2=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "an id that is not a GUID",
			explanation: "the case of other ids may count",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"P_ab","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": "P_AB"}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the same name",
			explanation: "a moved and changed file with the id is recognized, although an object has its name: it is that object",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/moved {"id":"` + guid + `","displayName":"P","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": guid}),
			want: `update groups/moved from P deploy /x: 1 | 1 -> 2
				base groups/moved=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "the object is gone from the tenant",
			explanation: "there is no object whose id could be kept",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			gone:        `groups 1`,
			adjust:      fileIDs(map[string]string{"P": guid}),
			want:        `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}`,
		},
		{
			name:        "two files with the id",
			explanation: "one of them is a copy, and it is unknown which one",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}` + "\n" + `groups/P3 {"id":"` + guid + `","displayName":"P3","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": guid}),
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
			explanation: "one file has the tenant's id and one the former file's",
			base:        `groups/P=` + otherGUID + ` {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}` + "\n" + `groups/P3 {"id":"` + otherGUID + `","displayName":"P3","x":3}`,
			current:     `groups ` + otherGUID + ` {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": guid}),
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
			explanation: "a copied file has the id of its original, and is not a successor",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P {"id":"` + guid + `","displayName":"P","x":1}` + "\n" + `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust:      fileIDs(map[string]string{"P": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":2}
				base groups/P=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "a copy that still has its file",
			explanation: "if two objects of the base have the id, it is unknown which one the file is for",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":2}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":3}` + "\n" + `groups/Q {"id":"` + guid + `","displayName":"Q","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":2}`,
			adjust:      fileIDs(map[string]string{"P": guid, "Q": guid}),
			want: `create groups/P2 deploy : - | - -> {"displayName":"P2","x":3}
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				note possible_rename groups/P
				note possible_rename groups/P2
				base groups/P=1 {"displayName":"P","x":1}
				base groups/Q=2 {"displayName":"Q","x":2}`,
		},
		{
			name:        "the id before the content",
			explanation: "the ids distinguish two policies with the same content that are renamed together",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":1}`,
			desired:     `groups/X {"id":"` + otherGUID + `","displayName":"X","x":1}` + "\n" + `groups/Y {"id":"` + guid + `","displayName":"Y","x":1}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":1}`,
			adjust:      fileIDs(map[string]string{"P": guid, "Q": otherGUID}),
			want: `update groups/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update groups/Y from P deploy /displayName: "P" | "P" -> "Y"
				base groups/X=2 {"displayName":"Q","x":1}
				base groups/Y=1 {"displayName":"P","x":1}`,
		},
		{
			name:        "$previousNames before the id",
			explanation: "an explicit $previousNames wins",
			base:        `groups/P=1 {"displayName":"P","x":1}` + "\n" + `groups/Q=2 {"displayName":"Q","x":2}`,
			desired:     `groups/X {"id":"` + guid + `","displayName":"X","x":3,"$previousNames":["Q"]}`,
			current:     `groups 1 {"displayName":"P","x":1}` + "\n" + `groups 2 {"displayName":"Q","x":2}`,
			adjust:      fileIDs(map[string]string{"P": guid}),
			want: `update groups/X from Q deploy /displayName: "Q" | "Q" -> "X"
				update groups/X from Q deploy /x: 2 | 2 -> 3
				delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}
				base groups/X=2 {"displayName":"Q","x":2}`,
		},
		{
			name:        "a file of the kind cannot be read",
			explanation: "that file may have the id too",
			base:        `groups/P=1 {"displayName":"P","x":1}`,
			desired:     `groups/P2 {"id":"` + guid + `","displayName":"P2","x":2}`,
			current:     `groups 1 {"displayName":"P","x":1}`,
			adjust: func(in *Input) {
				fileIDs(map[string]string{"P": guid})(in)
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
			adjust:      fileIDs(map[string]string{"P": guid}),
			want: `delete groups/P deploy : {"displayName":"P","x":1} | {"displayName":"P","x":1} -> -
				base groups/P=1 {"displayName":"P","x":1}
				base groups/P2=2 {"displayName":"P2","x":2}`,
		},
	})
}

// The base has the id of a file, and drops it when the file drops it.
func TestBaseKeepsFileID(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/P {"id":"f1","displayName":"P","x":1}`,
		current: `groups 1 {"displayName":"P","x":1}`,
	}
	in := tc.input(t)
	for i, step := range []struct{ body, want string }{
		{`{"id":"f1","displayName":"P","x":1}`, "f1"},
		{`{"id":"f1","displayName":"P","x":1}`, "f1"}, // the bytes are unchanged
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
