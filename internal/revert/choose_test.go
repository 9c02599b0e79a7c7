package revert

import (
	"testing"

	"github.com/tenantsync/tenantsync/plan"
)

// A revert leaves an item alone whose difference remains, also where deletes were
// switched off after the plan was made.
func TestWithheld(t *testing.T) {
	for class, want := range map[plan.NoteClass]bool{plan.Unsupported: true, plan.NotRead: true, "deletes_off": true, plan.Ignored: false, plan.BadFile: false} {
		if got := withheld(class); got != want {
			t.Errorf("%s: withheld %t, want %t", class, got, want)
		}
	}
}

// Of several reasons the most serious gives the class, and each is named.
func TestLeftAlone(t *testing.T) {
	for _, tt := range []struct {
		left           leftAlone
		class, message string
	}{
		{leftAlone{}, "", ""},
		{leftAlone{edited: []string{"a"}}, "edited", "1 item not reverted, because edited since the plan was made: a"},
		{leftAlone{edited: []string{"a"}, impossible: []string{"c"}}, "unsupported",
			"1 item not reverted, because edited since the plan was made: a; 1 item not reverted, because the plan cannot compare them any more: c"},
		{leftAlone{edited: []string{"a"}, unread: []string{"b", "d"}, impossible: []string{"c"}}, "unread",
			"2 items not reverted, because their kind could not be read: b, d; 1 item not reverted, because edited since the plan was made: a; 1 item not reverted, because the plan cannot compare them any more: c"},
	} {
		if class, message := tt.left.class(), tt.left.message(); class != tt.class || message != tt.message {
			t.Errorf("%+v: got %q, %q, want %q, %q", tt.left, class, message, tt.class, tt.message)
		}
	}
}
