package plan

// NoteClass is the reason for a [Note]. Stored plans and reports have its text.
type NoteClass string

// The classes of notes. Some are failures ([NoteClass.Failure]): the plan cannot
// make a change. The others inform.
const (
	// Unsupported means that the service, the client or the configuration does
	// not allow the change. It is not a failure.
	Unsupported NoteClass = "unsupported"
	// Ambiguous means that several objects or files match one name. The plan
	// changes none of them.
	Ambiguous NoteClass = "ambiguous"
	// Unresolved means that a file refers to a missing object, property or
	// variable, or that the item depends on one with such a file.
	Unresolved NoteClass = "unresolved_reference"
	// BadFile means that the repository's file cannot be used.
	BadFile NoteClass = "bad_file"
	// Cycle means that items depend on each other in a cycle. The message shows
	// the cycle.
	Cycle NoteClass = "cycle"
	// SecretNeeded means that the change needs a masked secret that the file
	// does not have.
	SecretNeeded NoteClass = "secret_needed"
	// Dangling means that the tenant's object has an id that no known object has.
	// The backup contains the id as a literal.
	Dangling NoteClass = "dangling_reference"
	// Unmanaged means that only the tenant has the object, and [Rules].Enforce
	// applies, so the object is not adopted.
	Unmanaged NoteClass = "unmanaged"
	// Ignored means that an [Ignore] rule or a [Deviation] leaves the difference
	// alone.
	Ignored NoteClass = "ignored"
	// NotRead means that the kind was not completely read, so the sync draws no
	// conclusion from a missing object.
	NotRead NoteClass = "not_read"
	// ServiceChange means that the service itself changed the value, and that
	// the sync adopts it.
	ServiceChange NoteClass = "service_change"
	// PossibleRename means that a deleted and a created object may be one object
	// with a new name. The message has the line that the file needs to say so.
	PossibleRename NoteClass = "possible_rename"
	// KeyChanged means that the key of the hashes of secrets has changed since
	// the last comparison, so that masked secrets count as unchanged.
	KeyChanged NoteClass = "key_changed"
)

// Failure reports whether a note of this class means that a requested change is
// not made: Ambiguous, Unresolved, BadFile, Cycle, SecretNeeded. It is also true
// for "changed", the class of an item in a report whose file, secret or
// reference changed after the plan was made. A run with such a note is at best
// partially successful.
func (c NoteClass) Failure() bool {
	switch c {
	case Ambiguous, Unresolved, BadFile, Cycle, SecretNeeded:
		return true
	case "changed": // only reports have it; internal/apply has the constant
		return true
	}
	return false
}

// deletesOff is the class of [NoteClass.DeletesOff]. Package diff writes it.
const deletesOff NoteClass = "deletes_off"

// DeletesOff reports whether a note of this class means that the tenant keeps an
// object since deletes of its kind are switched off ([Rules].Deletes). The class
// "deletes_off" is not a failure.
func (c NoteClass) DeletesOff() bool { return c == deletesOff }

// widening is the class of notes about properties that the tenant's object has and
// its file does not, because reads show more than before. Package diff writes it.
// It is not a failure.
const widening NoteClass = "widening"

// Note is a change that a plan cannot or will not make, or a remark about an
// object.
type Note struct {
	Class NoteClass `json:"class"`
	// Kind and Key name the object. Key is empty for a note about a kind. Both may
	// be empty for a file that cannot be used.
	Kind string `json:"kind,omitempty"`
	Key  string `json:"key,omitempty"`
	// Pointer is the JSON pointer of the property. It is empty for a note about
	// the whole object.
	Pointer string `json:"pointer,omitempty"`
	// Message says what happens, why, and what a person can do.
	Message string `json:"message"`
}

// similarName is the class of notes about new files whose name differs in letter case
// or blanks alone from that of an object that only the tenant has.
const similarName NoteClass = "similar_name"

// recreated is the class of notes about objects that a roll back creates again, since
// the service cannot restore them. Package planning writes it.
const recreated NoteClass = "recreated"

// guardNote is the class of notes that are the information of a guard for the person
// who approves the plan ([tenant.Violation.Information]). Package diff writes it.
const guardNote NoteClass = "guard"
