package syncer

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
