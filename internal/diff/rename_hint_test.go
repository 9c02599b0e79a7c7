package diff

import (
	"fmt"
	"testing"

	"github.com/tenantsync/tenantsync/plan"
)

// A hint shows the line to write and the file, and names only a few of many
// candidates.
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
		r, err := compareOnce(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := compare(1, 2)
	for i, want := range []string{
		`it may be the new name of "P0000": their content is the same apart from the name, but other files or objects have it too. If so, write "$previousNames": ["P0000"] into groups/N0000.json, and no second object is created`,
		`it may be the new name of "P0000": their content is the same apart from the name, but other files or objects have it too. If so, write "$previousNames": ["P0000"] into groups/N0001.json, and no second object is created`,
		`its new name may be "N0000" or "N0001": their content is the same apart from the name, but other files or objects have it too. If so, write "$previousNames": ["P0000"] into the new file, and the object keeps its id and is not deleted`,
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
	// The line is valid for characters that JSON escapes.
	if got, want := previousNamesLine(`a "b"`), `"$previousNames": ["a \"b\""]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
