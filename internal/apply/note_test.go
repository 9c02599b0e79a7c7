package apply

import (
	"testing"

	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

func TestFrozenWords(t *testing.T) { frozen.Words(t, "NoteClass") }

// TestChangedIsFailure: package plan cannot import the constant, and repeats its
// text.
func TestChangedIsFailure(t *testing.T) {
	if !Changed.Failure() {
		t.Errorf("NoteClass(%q).Failure() = false, want true", Changed)
	}
}

func TestNoteError(t *testing.T) {
	err := &NoteError{Note: plan.Note{Class: Changed, Kind: "policies", Key: "P", Message: "sync again"}}
	if got, want := err.Error(), "changed: sync again"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestClassOf(t *testing.T) {
	for text, want := range map[string]plan.NoteClass{"${var:gone}": plan.Unresolved, "${groups}": plan.BadFile, "${": plan.BadFile} {
		_, _, err := reference.Expand(text, nil)
		if got := ClassOf(err); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}
