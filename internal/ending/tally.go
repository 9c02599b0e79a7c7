package ending

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Tally counts what became of a run's work. The zero value is a run that has
// done nothing. [Tally.Notes], [Tally.Kind] and [Tally.Item] add to it.
type Tally struct {
	// Adopted counts changes that the repository took over from the tenant.
	Adopted int
	// Applied counts approved items that the tenant has, and Open those that were
	// not applied, whatever the reason. Unknown counts the open items whose outcome
	// could not be found out.
	Applied, Open, Unknown int
	// LeftOut counts items of the plan that the decision did not choose.
	LeftOut int
	// Unsupported counts changes that the service, the client or a setting does
	// not allow, and DeletesOff deletes that are switched off.
	Unsupported, DeletesOff int
	// InScope counts the kinds in scope, and NamesOnly those of them that were read
	// for the names of their objects alone.
	InScope, NamesOnly int
	// NotKept counts applied items that did not read back as written, and
	// Unconfirmed those that were not read back.
	NotKept, Unconfirmed int
	// FirstFailed is the first item that failed, and FirstNotKept the first one
	// that did not read back as written; nil if there is none.
	FirstFailed, FirstNotKept *Item
	// Problems are the differences that could not be planned.
	Problems []plan.Note
	// Unread are the kinds in scope that were not completely read, except for
	// those that lack a permission which is known to be missing.
	Unread []tenant.KindState
	// Lost are the parts of the run that the store no longer has.
	Lost []Info
}

// Item is an approved item and what became of it.
type Item struct {
	// ID is the item's in the plan.
	ID      string
	Status  string
	Class   string
	Message string
	// RequestID is the service's id of the last request.
	RequestID string
	// NotKept says which property did not read back as written, the first if there
	// are several. It is empty if all did, or if the item was not read back.
	NotKept string
	// Confirmed: the item read back as written.
	Confirmed bool
}

// failed reports whether an attempt to carry the item out has failed. The others
// that were not applied wait for another item, or for another run.
func (it Item) failed() bool {
	return !slices.Contains([]string{word.ItemApplied, word.ItemUnsupported, word.ItemSkipped, word.ItemNotAttempted}, it.Status)
}

// Notes counts the notes of a plan.
func (n *Tally) Notes(notes []plan.Note) {
	for _, note := range notes {
		if note.Class.Failure() {
			n.Problems = append(n.Problems, note)
		}
		switch {
		case note.Class == plan.Unsupported:
			n.Unsupported++
		case note.Class.DeletesOff():
			n.DeletesOff++
		}
	}
}

// Kind counts a kind of which read objects were read. missing says that it needs
// a permission that is known not to be granted.
func (n *Tally) Kind(k tenant.KindState, read int, missing bool) {
	if k.Completeness != tenant.NotInScope {
		n.InScope++
	}
	if k.Scope == tenant.Referenced && read > 0 {
		n.NamesOnly++
	}
	switch k.Completeness {
	case tenant.Partial, tenant.Failed:
		n.Unread = append(n.Unread, k)
	case tenant.Forbidden:
		if len(k.Missing) == 0 || !missing { // refused although nothing is known to be missing
			n.Unread = append(n.Unread, k)
		}
	}
}

// Item counts an approved item.
func (n *Tally) Item(it Item) {
	switch it.Status {
	case word.ItemApplied:
		n.Applied++
		switch {
		case it.NotKept != "":
			n.NotKept++
			if n.FirstNotKept == nil {
				n.FirstNotKept = &it
			}
		case !it.Confirmed:
			n.Unconfirmed++
		}
	case word.ItemUnsupported:
		n.Unsupported++
	case word.ItemUnknown:
		n.Open++
		n.Unknown++
	default:
		n.Open++
	}
	if it.failed() && n.FirstFailed == nil {
		n.FirstFailed = &it
	}
}
