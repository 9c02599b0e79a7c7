package plan

// NoteClass says what a [Note] is about.
type NoteClass string

// The classes of notes. Problem classes make an item impossible; the others
// inform.
const (
	// Unsupported: the tenant does not allow it; not a failure.
	Unsupported NoteClass = "unsupported"
	// Ambiguous: several objects match one name; nothing is done.
	Ambiguous NoteClass = "ambiguous"
	// Unresolved: it refers to something that is not there; also for what
	// depends on such an item.
	Unresolved NoteClass = "unresolved_reference"
	// BadFile: the repository's file cannot be used.
	BadFile NoteClass = "bad_file"
	// Cycle: items depend on each other in a circle, which is shown.
	Cycle NoteClass = "cycle"
	// SecretNeeded: a masked secret would have to be written.
	SecretNeeded NoteClass = "secret_needed"
	// Dangling: the tenant's object holds an id that leads nowhere; it is
	// backed up as a literal.
	Dangling NoteClass = "dangling_reference"
	// Unmanaged: only the tenant has it and no base held it, under Enforce.
	Unmanaged NoteClass = "unmanaged"
	// Ignored: a rule says to leave the difference alone.
	Ignored NoteClass = "ignored"
	// NotRead: the kind was not completely read, so nothing is concluded.
	NotRead NoteClass = "not_read"
	// ServiceChange: the service changed it by itself; adopted.
	ServiceChange NoteClass = "service_change"
	// PossibleRename: what is deleted and what is created may be one object
	// under two names. The note has the line by which the file would tell.
	PossibleRename NoteClass = "possible_rename"
	// KeyChanged: the key of the hashes of secrets is another than when they
	// were last compared, so that a hidden one counts as unchanged.
	KeyChanged NoteClass = "key_changed"
)

// Failure reports whether a note of this class means that something that was
// asked for is not done: Ambiguous, Unresolved, BadFile, Cycle, SecretNeeded.
// So does "changed", the class of an item of a report that was not carried out
// because what it needs is not as it was when the plan was made.
// A run with such a note is at best partially successful.
func (c NoteClass) Failure() bool {
	switch c {
	case Ambiguous, Unresolved, BadFile, Cycle, SecretNeeded:
		return true
	case "changed": // no plan has it: its constant is where plans are carried out
		return true
	}
	return false
}

// Note is something that a plan cannot or will not do.
type Note struct {
	Class NoteClass `json:"class"`
	Kind  string    `json:"kind,omitempty"`
	Key   string    `json:"key,omitempty"`
	// Pointer is where in the object, if it is one place.
	Pointer string `json:"pointer,omitempty"`
	// Message says what, why and what to do next.
	Message string `json:"message"`
}
