package plan

import "testing"

// These numbers decide how much of a plan its approver sees. Tests of the texts
// use the constants, so that this is where a number is stated.
func TestLimitsOfDisplay(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want int
	}{
		{"characters of a name", nameShown, 200}, {"characters of a message", messageShown, 1000}, {"characters of a value", valueShown, 300},
		{"characters of all differences of a value", pairShown, 1500}, {"characters around a difference", contextShown, 30},
		{"lines of a text", linesShown, 100}, {"members of a list", membersShown, 1000}, {"last members of a list", lastShown, 20},
		{"characters of a short member", shortMember, 80}, {"characters of a list on one line", inlineList, 60}, {"lines around a change", linesAround, 2},
		{"segments of a path", segmentsShown, 16}, {"properties that may name a member", propertiesTried, 16}, {"bytes of a member's name", longestName, 200},
		{"items of a group", itemsShown, 20}, {"keys with a common part", namesShortened, 10}, {"members on one row", membersJoined, 4}, {"rows of a whole object", wholeRows, 100},
		{"resolved values", valuesShown, 100}, {"names in an error", namesShown, 10}, {"marks in a row", marksInARow, 3},
		{"columns", widthDefault, 100}, {"fewest columns", widthLeast, 40}, {"columns before a list", listIndent, 14},
		{"edits of a search", editsSearched, 400}, {"steps of a search", stepsSearched, 4_194_304},
	} {
		if tt.got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, tt.got, tt.want)
		}
	}
}
