package diff_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/tenantsync/tenantsync/internal/diff"
)

// Objects are equal if every field is. A field that Equal overlooks would lose its
// changes in the stored base.
func TestBaseObjectEqual(t *testing.T) {
	full := func() *diff.BaseObject {
		return &diff.BaseObject{Kind: "groups", Key: "A", ID: "1", FileID: "2", Body: json.RawMessage(`{}`), AgreedSum: "s", Refs: []string{"groups/B"},
			Names: []string{"B"}, BackupSum: "b", NotKept: []diff.NotKept{{Pointer: "/p", Sum: "n"}}, Offered: []string{"o"}}
	}
	if o := full(); !o.Equal(o) || !o.Equal(full()) {
		t.Error("equal objects are not equal")
	}
	for i := range reflect.TypeFor[diff.BaseObject]().NumField() {
		name := reflect.TypeFor[diff.BaseObject]().Field(i).Name
		o := full()
		f := reflect.ValueOf(o).Elem().Field(i)
		if f.IsZero() {
			t.Errorf("the test does not set %s", name)
		}
		f.SetZero()
		if o.Equal(full()) || full().Equal(o) {
			t.Errorf("objects with different %s are equal", name)
		}
	}
}
