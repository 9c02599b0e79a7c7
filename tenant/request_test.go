package tenant

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// Of many changes, the one that can never be written is refused by its name,
// wherever it stands.
func TestChangesAreChecked(t *testing.T) {
	for _, tt := range []struct {
		bad  Change
		want string
	}{
		{Change{Kind: "groups", Key: "B", Body: json.RawMessage(`[]`)}, "groups/B"},
		{Change{Kind: "groups", Key: "B", Body: json.RawMessage(`{"a":`)}, "groups/B"},
		{Change{Kind: "groups", Key: "", Body: json.RawMessage(`{}`)}, "groups/"},
		{Change{Kind: "", Key: "B", Body: json.RawMessage(`{}`)}, "/B"},
		{changeTo("groups", "A", 2), "groups/A appears twice"},
	} {
		good := []Change{changeTo("groups", "A", 1), {Kind: "groups", Key: "Gone"}, changeTo("policies", "A", 1)}
		if err := checkChanges(good); err != nil {
			t.Fatal(err)
		}
		for at := 1; at <= len(good); at++ {
			changes := append(append(append([]Change(nil), good[:at]...), tt.bad), good[at:]...)
			if err := checkChanges(changes); !errors.Is(err, ErrInvalidRequest) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%+v at %d: got %v, want %q", tt.bad, at, err, tt.want)
			}
		}
	}
}
