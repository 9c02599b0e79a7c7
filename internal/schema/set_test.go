package schema

import (
	"strconv"
	"testing"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"pgregory.net/rapid"
)

// ReplaceMembers returns the same as ReplaceMember for one change after the
// other, if no change removes a member that another one adds.
func TestReplaceMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := func(n int) *jsonval.Node { return &jsonval.Node{Kind: '0', Text: strconv.Itoa(n)} }
		var array *jsonval.Node // may be absent
		if there := rapid.SliceOfN(rapid.IntRange(0, 5), 0, 8).Draw(t, "array"); len(there) > 0 || rapid.Bool().Draw(t, "empty") {
			array = &jsonval.Node{Kind: '['}
			for _, n := range there {
				array.Kids = append(array.Kids, number(n))
			}
		}
		want := array
		if want == nil {
			want = &jsonval.Node{Kind: '['}
		}
		var changes []MemberChange
		for i, old := range rapid.SliceOfNDistinct(rapid.IntRange(0, 9), 0, 6, rapid.ID[int]).Draw(t, "old") {
			var c MemberChange
			if old < 8 { // otherwise a member is added
				c.Old = number(old)
			}
			if c.Old == nil || rapid.Bool().Draw(t, "replaced") {
				c.Now = number(100 + i)
			}
			changes = append(changes, c)
			want = ReplaceMember(nil, want, c.Old, c.Now)
		}
		if got := ReplaceMembers(nil, array, changes); string(got.JSON()) != string(want.JSON()) {
			t.Fatalf("got %s, want %s", got.JSON(), want.JSON())
		}
	})
}
