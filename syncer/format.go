package syncer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
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

// checkFormat looks at the format that a JSON form names, before the rest of
// it, which may have another shape in a newer version.
func checkFormat(what string, raw []byte, known int) error {
	var v struct {
		Format int `json:"format"`
	}
	if first, ok := firstFormat(raw); ok {
		v.Format = first
	} else if err := json.Unmarshal(raw, &v); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	if v.Format > known {
		return fmt.Errorf("%w: %s format %d, this version knows %d: upgrade this process", ErrNewerFormat, what, v.Format, known)
	}
	return nil
}

// firstFormat reads the format of a form that begins with it, as those do that
// the engine writes: the rest, which may be long, need not be read twice.
func firstFormat(raw []byte) (int, bool) {
	rest, ok := bytes.CutPrefix(raw, []byte(`{"format":`))
	end := bytes.IndexAny(rest[:min(len(rest), 10)], ",}")
	if !ok || end < 1 || rest[0] == '0' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(rest[:end]), 10, 31)
	return int(n), err == nil
}

// decodeForm reads a stored form into v.
func decodeForm(what string, raw []byte, known int, v any) error {
	if err := checkFormat(what, raw, known); err != nil {
		return err
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	return nil
}

// isNewer reports whether an error says that a newer version wrote something.
func isNewer(err error) bool {
	return errors.Is(err, ErrNewerFormat) || errors.Is(err, tenant.ErrNewerFormat)
}

// asNewer makes package plan's word for it the engine's.
func asNewer(err error) error {
	if _, ok := errors.AsType[*plan.FormatError](err); ok {
		return fmt.Errorf("%w: %w", ErrNewerFormat, err)
	}
	return err
}

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
