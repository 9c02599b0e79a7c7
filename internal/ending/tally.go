package ending

import (
	"slices"

	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Tally counts the results of a run's work. The zero value is a run that has
// done nothing. [Tally.Notes], [Tally.Kind] and [Tally.Item] add to it.
type Tally struct {
	// Adopted counts changes that the repository took over from the tenant.
	Adopted int
	// Applied counts the approved items that the tenant has. Open counts the
	// approved items that were not applied, for any reason. Unknown counts the
	// open items whose outcome is unknown, and Waits those that the tenant holds until
	// another administrator approves them there.
	Applied, Open, Unknown, Waits int
	// LeftOut counts items of the plan that the decision did not choose.
	LeftOut int
	// Unsupported counts changes that the service, the client or a setting does
	// not allow, and DeletesOff deletes that are switched off.
	Unsupported, DeletesOff int
	// InScope counts the kinds in scope. NamesOnly counts the kinds in scope
	// with objects whose contents were not all read.
	InScope, NamesOnly int
	// NotKept counts applied items that did not read back as written. Unconfirmed
	// counts applied items that were not read back.
	NotKept, Unconfirmed int
	// FirstFailed is the first item that failed, or nil. FirstNotKept is the
	// first item that did not read back as written, or nil. FirstWaits is the first
	// item that waits for approval in the tenant, or nil.
	FirstFailed, FirstNotKept, FirstWaits *Item
	// Problems are the differences that could not be planned.
	Problems []plan.Note
	// Unread are the kinds in scope that were not completely read. Kinds that
	// lack a permission known to be missing do not count.
	Unread []tenant.KindState
	// Lost are the parts of the run that the store no longer has.
	Lost []Info
}

// Item is an approved item and its result.
type Item struct {
	// ID is the item's ID in the plan.
	ID      string
	Status  string
	Class   string
	Message string
	// RequestID is the service's id of the last request.
	RequestID string
	// NotKept names the first property that did not read back as written. It is
	// empty if all properties did, or if the item was not read back.
	NotKept string
	// Confirmed: the item read back as written.
	Confirmed bool
}

// failed reports whether an attempt to apply the item has failed. All other
// open items wait for another item, or for another run.
func (it Item) failed() bool {
	return !slices.Contains([]string{word.ItemApplied, word.ItemUnsupported, word.ItemSkipped, word.ItemNotAttempted, word.ItemWaits}, it.Status)
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

// Kind counts a kind with read objects. missing reports whether the kind needs
// a permission that is known to be missing.
func (n *Tally) Kind(k tenant.KindState, read int, missing bool) {
	if k.Completeness != tenant.NotInScope {
		n.InScope++
	}
	if read > 0 && (k.Completeness == tenant.NamesOnly || k.Scope == tenant.Referenced) {
		n.NamesOnly++
	}
	switch k.Completeness {
	case tenant.Partial, tenant.Failed:
		n.Unread = append(n.Unread, k)
	case tenant.Forbidden:
		if len(k.Missing) == 0 || !missing { // refused without a permission known to be missing
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
	case word.ItemWaits:
		n.Open++
		n.Waits++
		if n.FirstWaits == nil {
			n.FirstWaits = &it
		}
	default:
		n.Open++
	}
	if it.failed() && n.FirstFailed == nil {
		n.FirstFailed = &it
	}
}
