package diff

import (
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

func TestCompareFiles(t *testing.T) {
	runComparisons(t, []comparisonCase{
		{
			name:        "bad file",
			explanation: "an object whose file cannot be used is neither deleted nor changed nor adopted",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":2}` + "\n" + `groups 2 {"displayName":"B"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{
					{Path: "groups/A.json", Kind: "groups", Key: "A", Offset: 3, Message: "invalid JSON"},
					{Path: "groups/B.json", Kind: "groups", Key: "B", Offset: -1, Message: "invalid JSON"},
				}
			},
			want: `note bad_file groups/A
				note bad_file groups/B
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "bad file of an object whose key is another object's name",
			explanation: "the object is recognized by its id; an unmanaged object that has the key as its name is another object",
			base:        `groups/A=1 {"displayName":"X"}`,
			current:     `groups 1 {"displayName":"X"}` + "\n" + `groups 2 {"displayName":"A"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/A.json", Kind: "groups", Key: "A", Offset: 3, Message: "invalid JSON"}}
			},
			want: `adopt groups/A ~d4735e3a {"displayName":"A"}
				note bad_file groups/A
				base groups/A=1 {"displayName":"X"}
				base groups/A ~d4735e3a=2`,
		},
		{
			name:        "bad file of an object that was not found",
			explanation: "only the bad file is noted, because the object may still exist",
			base:        `groups/A=1 {"displayName":"A"}`,
			current:     `groups 2 {"displayName":"A"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/A.json", Kind: "groups", Key: "A", Offset: 3, Message: "invalid JSON"}}
			},
			want: `note bad_file groups/A
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "bad file without a key",
			explanation: "it may be any object's file, so no object of the kind is deleted or adopted as new",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/B {"displayName":"B","x":1}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"B"}` + "\n" + `groups 3 {"displayName":"C"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/x", Kind: "groups", Offset: -1, Message: "what is this"}}
			},
			want: `update groups/B deploy /x: - | - -> 1
				note bad_file groups/
				base groups/A=1 {"displayName":"A"}
				base groups/B=2 {"displayName":"B"}`,
		},
		{
			name:        "bad file of a new key",
			explanation: "the object's name is in the file, so no new object is adopted; objects with their own files are compared",
			base:        `groups/A=1 {"displayName":"A","x":1}`,
			desired:     `groups/A {"displayName":"A","x":1}`,
			current:     `groups 1 {"displayName":"A","x":2}` + "\n" + `groups 2 {"displayName":"Real name"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/b.json", Kind: "groups", Key: "b", Offset: 3, Message: "invalid JSON"}}
			},
			want: `adopt groups/A {"displayName":"A","x":2}
				note bad_file groups/b
				base groups/A=1 {"displayName":"A","x":1}`,
		},
		{
			name:        "bad file and a missing one",
			explanation: "it may be the renamed file, so the object is not deleted; a file with $previousNames is still a rename",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/C=3 {"displayName":"C"}`,
			desired:     `groups/D {"displayName":"D","$previousNames":["C"]}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 3 {"displayName":"C"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/b.json", Kind: "groups", Key: "b", Offset: 3, Message: "invalid JSON"}}
			},
			want: `update groups/D from C deploy /displayName: "C" | "C" -> "D"
				note bad_file groups/b
				base groups/A=1 {"displayName":"A"}
				base groups/D=3 {"displayName":"C"}`,
		},
		{
			name:        "a former name whose file cannot be used",
			explanation: "a malformed file has the name too: references with the name are to its object, even if another file has it in $previousNames",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}` + "\n" + `policies/P=3 {"displayName":"P","owner":"${groups/A}"}`,
			desired:     `groups/B {"displayName":"B","$previousNames":["A"]}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/A}"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"B"}` + "\n" + `policies 3 {"displayName":"P","owner":"1"}`,
			adjust: func(in *Input) {
				in.Desired.Problems = []tenant.FileError{{Path: "groups/A.json", Kind: "groups", Key: "A", Offset: 3, Message: "invalid JSON"}}
			},
			want: `note bad_file groups/A
				base groups/A=1 {"displayName":"A"}
				base groups/B=2 {"displayName":"B"}
				base policies/P=3 {"displayName":"P","owner":"${groups/A}"}`,
		},
		{
			name:        "a former name that is the key of an object without a file",
			explanation: "while the object exists, references with the name are to it, and it is not deleted",
			base:        `groups/A=1 {"displayName":"A"}` + "\n" + `groups/B=2 {"displayName":"B"}` + "\n" + `policies/P=3 {"displayName":"P","owner":"${groups/A}"}`,
			desired:     `groups/B {"displayName":"B","$previousNames":["A"]}` + "\n" + `policies/P {"displayName":"P","owner":"${groups/A}"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"B"}` + "\n" + `policies 3 {"displayName":"P","owner":"1"}`,
			want: `note unresolved_reference groups/A
				base groups/A=1 {"displayName":"A"}
				base groups/B=2 {"displayName":"B"}
				base policies/P=3 {"displayName":"P","owner":"${groups/A}"}`,
		},
		{
			name:        "a name that cannot be resolved",
			explanation: "until the variable has a value, any new object may be the file's, and no object of the kind is deleted or adopted",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/staff {"displayName":"${var:nope} staff"}`,
			current:     `groups 1 {"displayName":"A"}` + "\n" + `groups 2 {"displayName":"Contoso staff"}`,
			want: `note unresolved_reference groups/staff /displayName
				note unresolved_reference groups/staff /displayName
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "two new files with one key",
			explanation: "the object's name is unknown",
			desired:     `groups/b {"displayName":"Real name","x":1}` + "\n" + `groups/b {"displayName":"Real name","x":2}`,
			current:     `groups 2 {"displayName":"Real name"}`,
			want:        `note bad_file groups/b`,
		},
		{
			name:        "two files for one object",
			explanation: "neither file is used",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A","x":1}` + "\n" + `groups/A {"displayName":"A","x":2}`,
			current:     `groups 1 {"displayName":"A"}`,
			want: `note bad_file groups/A
				base groups/A=1 {"displayName":"A"}`,
		},
		{
			name:        "not an object",
			explanation: "a file must have one JSON object",
			base:        `groups/A=1 {"displayName":"A"}`,
			desired:     `groups/A {"displayName":"A"}`,
			current:     `groups 1 {"displayName":"A"}`,
			adjust:      func(in *Input) { in.Desired.Resources[0].Body = []byte(`[1]`) },
			want: `note bad_file groups/A
				base groups/A=1 {"displayName":"A"}`,
		},
	})
}
