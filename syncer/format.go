package syncer

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// All that the engine stores is JSON that names its format; a form that names
// none has format 1. testdata/v1 holds each form as this version writes it.
//
// What a newer version may change, so that processes of both can work on one
// store during an upgrade:
//
//   - It may add a field without a new format only if an older version may
//     overlook it, and, in the record, lose it: an older version writes the
//     record as it knows it.
//   - It gives a new format to everything else, first of all to the record,
//     whose format every method looks at before anything. A new status, phase,
//     mode or verdict is known to no older version either: a record with one
//     is refused like one of a newer format.
//   - It may add types of entries. Older versions show them in the history and
//     overlook them otherwise. An entry that nobody may overlook who goes on
//     with its run, such as one of a journal kept in another way, names a newer
//     format.
//
// Whatever is refused fails with ErrNewerFormat and is left as it is: the run
// is not ended but waits for a process that can go on with it.
const (
	dataFormat       = 1
	entryFormat      = 1
	reportFormat     = 1
	comparisonFormat = 1
	adoptionFormat   = 1
	snapshotFormat   = 1
	bindingsFormat   = 1
	runFactsFormat   = 1
)

// snapshotForm is a snapshot as it is stored, in the blob "after", and in
// artifacts.
type snapshotForm struct {
	Format int `json:"format"`
	tenant.Snapshot
}

// bindingsForm is the blob "bindings".
type bindingsForm struct {
	Format   int                `json:"format"`
	Bindings reference.Bindings `json:"bindings"`
}

// checkWords refuses a record with a word that this version does not know and
// would have to act by.
func (d *data) checkWords(status state.Status) error {
	unknown := func(what, word string) error {
		return fmt.Errorf("%w: %s %q, which this version does not know: upgrade this process", ErrNewerFormat, what, word)
	}
	if !status.Valid() {
		return unknown("status", string(status))
	}
	r := d.Run
	switch {
	case r == nil:
	case r.Phase != "" && !slices.Contains(phases, r.Phase):
		return unknown("phase", string(r.Phase))
	case r.Options.Mode != "" && !slices.Contains(modes, r.Options.Mode):
		return unknown("mode", string(r.Options.Mode))
	case r.Decision != nil && !slices.Contains(verdicts, r.Decision.Verdict):
		return unknown("verdict", string(r.Decision.Verdict))
	}
	return nil
}

var (
	phases   = []Phase{PhaseConnect, PhaseConsent, PhaseBackup, PhasePlan, PhaseApprove, PhaseDeploy, PhaseRevert, PhaseVerify, PhaseReport}
	modes    = []Mode{Full, Preview, BackupOnly}
	verdicts = []Verdict{Approve, Reject, RejectAndRevert}
)
