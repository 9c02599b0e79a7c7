package apply

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/frozen"
)

func TestFrozenWords(t *testing.T) { frozen.Words(t, "NoteClass") }

// The plan knows by its text what the class means.
func TestChangedIsFailure(t *testing.T) {
	if !Changed.Failure() {
		t.Errorf("%s is no failure", Changed)
	}
}
