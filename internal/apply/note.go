package apply

import (
	"fmt"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

// Changed is the class of a [NoteError]: what an item needs is not as it was
// when the plan was made. No plan has such a note. Reports store the word.
const Changed plan.NoteClass = "changed"

// NoteError says why an item cannot be carried out, as a note of a plan would.
type NoteError struct{ Note plan.Note }

// Error returns the note's class and message.
func (e *NoteError) Error() string { return string(e.Note.Class) + ": " + e.Note.Message }

func noteError(it *plan.Item, class plan.NoteClass, format string, args ...any) error {
	return &NoteError{Note: plan.Note{Class: class, Kind: it.Kind, Key: it.Key, Message: fmt.Sprintf(format, args...)}}
}

// ClassOf returns the class of the note about a bad text in a file:
// [plan.Unresolved] if its reference has no target, else [plan.BadFile].
func ClassOf(err *reference.Error) plan.NoteClass {
	if err.Unresolved {
		return plan.Unresolved
	}
	return plan.BadFile
}
