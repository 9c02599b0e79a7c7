package apply

import (
	"fmt"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
)

// Changed is the class of a [NoteError] for an item whose file, secret or
// reference changed after the plan was made. No plan has a note of this class.
// Reports store its text.
const Changed plan.NoteClass = "changed"

// NoteError says why an item cannot be applied. It has the fields of a plan's
// note, so that a report shows it as one.
type NoteError struct{ Note plan.Note }

// Error returns the note's class and message.
func (e *NoteError) Error() string { return string(e.Note.Class) + ": " + e.Note.Message }

func noteError(it *plan.Item, class plan.NoteClass, format string, args ...any) error {
	return &NoteError{Note: plan.Note{Class: class, Kind: it.Kind, Key: it.Key, Message: fmt.Sprintf(format, args...)}}
}

// ClassOf returns the class of the note about a string that cannot be used:
// [plan.Unresolved] if it names something that is missing, else [plan.BadFile].
func ClassOf(err *reference.Error) plan.NoteClass {
	if err.Unresolved {
		return plan.Unresolved
	}
	return plan.BadFile
}
