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
	runRows(t, []row{
		{"the tenant's id", "a file with the id of the vanished object is its successor, with any other changes",
			`P=` + guid + ` "x":1`, `P2 "id":"` + strings.ToUpper(guid) + `","displayName":"P2","x":2`, "",
			`P -> P2; update P2 from P deploy /x: 1 | 1 -> 2`, nil},
		{"the id of another tenant", "a file with the id of the vanished file is its successor too",
			`P=1 "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2`, "", `P -> P2; update P2 from P deploy /x: 1 | 1 -> 2`,
			fileIDs(map[string]string{"P": strings.ToUpper(guid)})},
		{"an id that is not a GUID", "the case of other ids may count",
			`P=1 "x":1`, `P2 "id":"P_ab","displayName":"P2","x":2`, "", `create P2; delete P`, fileIDs(map[string]string{"P": "P_AB"})},
		{"the same name", "a moved and changed file with the id is recognized, although an object has its name: it is that object",
			`P=1 "x":1`, `moved "id":"` + guid + `","displayName":"P","x":2`, "",
			`update moved from P deploy /x: 1 | 1 -> 2; base moved=1 "displayName":"P","x":1; no base P`, fileIDs(map[string]string{"P": guid})},
		{"the object is gone from the tenant", "there is no object whose id could be kept",
			`P=1 "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2`, `gone 1`,
			`create P2; no base P`, fileIDs(map[string]string{"P": guid})},
		{"beside an object that is gone", "an object that the tenant deleted does not keep another object from its file",
			`P=1 "x":1; Q=2 "x":1`, `X "id":"` + otherGUID + `","displayName":"X","x":3`, `gone 1`,
			`Q -> X; update X from Q deploy /x: 1 | 1 -> 3; no base P`, fileIDs(map[string]string{"P": guid, "Q": otherGUID})},
		{"two files with the id", "one of them is a copy, and it is unknown which one",
			`P=1 "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2; P3 "id":"` + guid + `","displayName":"P3","x":1`, "",
			`create P2; create P3; delete P; note possible_rename P, P2, P3`,
			fileIDs(map[string]string{"P": guid})},
		{"two files with two ids of one object", "one file has the tenant's id and one the former file's",
			`P=` + otherGUID + ` "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2; P3 "id":"` + otherGUID + `","displayName":"P3","x":3`,
			"",
			`create P2; create P3; delete P; note possible_rename P, P2, P3`,
			fileIDs(map[string]string{"P": guid})},
		{"an original that still has its file", "a copied file has the id of its original, and is not a successor",
			`P=1 "x":1`, `P "id":"` + guid + `","displayName":"P","x":1; P2 "id":"` + guid + `","displayName":"P2","x":2`, "",
			`create P2`, fileIDs(map[string]string{"P": guid})},
		{"a copy that still has its file", "if two objects of the base have the id, it is unknown which one the file is for",
			`P=1 "x":1; Q=2 "x":2`, `P2 "id":"` + guid + `","displayName":"P2","x":3; Q "id":"` + guid + `","displayName":"Q","x":2`, "",
			`create P2; delete P; note possible_rename P, P2`,
			fileIDs(map[string]string{"P": guid, "Q": guid})},
		{"the id before the content", "the ids distinguish two policies with the same content that are renamed together",
			`P=1 "x":1; Q=2 "x":1`, `X "id":"` + otherGUID + `","displayName":"X","x":1; Y "id":"` + guid + `","displayName":"Y","x":1`, "",
			`Q -> X; P -> Y`, fileIDs(map[string]string{"P": guid, "Q": otherGUID})},
		{"$previousNames before the id", "an explicit $previousNames wins",
			`P=1 "x":1; Q=2 "x":2`, `X "id":"` + guid + `","displayName":"X","x":3,"$previousNames":["Q"]`, "",
			`Q -> X; update X from Q deploy /x: 2 | 2 -> 3; delete P`, fileIDs(map[string]string{"P": guid})},
		{"a file of the kind cannot be read", "that file may have the id too",
			`P=1 "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2`, "", `note ambiguous P2; note bad_file P3`, func(in *Input) {
				fileIDs(map[string]string{"P": guid})(in)
				in.Desired.Problems = []tenant.FileError{{Kind: "groups", Key: "P3", Message: "bad"}}
			}},
		{"a name that another object has", "the file is for the object of that name",
			`P=1 "x":1`, `P2 "id":"` + guid + `","displayName":"P2","x":2`, `P2=2 "x":2`, `delete P; base P2=2 "x":2`,
			fileIDs(map[string]string{"P": guid})},
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
