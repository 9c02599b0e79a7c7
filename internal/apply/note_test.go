package apply

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/frozen"
)

func TestFrozenWords(t *testing.T) { frozen.Words(t, "NoteClass") }

// TestChangedIsFailure: package plan cannot import the constant, and repeats its
// text.
func TestChangedIsFailure(t *testing.T) {
	if !Changed.Failure() {
		t.Errorf("NoteClass(%q).Failure() = false, want true", Changed)
	}
}
