package syncer

import (
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// phaseRow is a row of the table of phases.
type phaseRow struct {
	phase Phase
	// in is the status in which the phase is worked on. While a person has to
	// sign in, the run stays in the phase that needs the sign-in.
	in state.Status
	// next are the phases that may follow.
	next []Phase
}

// phaseTable has all phases in their order.
var phaseTable = []phaseRow{
	{PhaseConnect, state.InProgress, []Phase{PhaseConnect, PhaseConsent, PhaseReport}},
	{PhaseConsent, state.InProgress, []Phase{PhaseBackup, PhaseConnect, PhaseReport}},
	{PhaseBackup, state.InProgress, []Phase{PhasePlan, PhaseConnect, PhaseReport}},
	{PhasePlan, state.InProgress, []Phase{PhaseApprove, PhaseConnect, PhaseReport}},
	{PhaseApprove, state.PendingApproval, []Phase{PhaseDeploy, PhaseRevert, PhaseReport}},
	{PhaseDeploy, state.InProgress, []Phase{PhaseVerify, PhaseReport}},
	{PhaseRevert, state.InProgress, []Phase{PhaseReport}},
	{PhaseVerify, state.InProgress, []Phase{PhaseReport}},
	{PhaseReport, state.InProgress, nil},
}

// phaseNamed returns the row of a phase, or nil for an unknown one.
func phaseNamed(p Phase) *phaseRow {
	i := slices.IndexFunc(phaseTable, func(r phaseRow) bool { return r.phase == p })
	if i < 0 {
		return nil
	}
	return &phaseTable[i]
}

// checkFollows returns an error if the table does not let phase to follow phase from.
// A run begins with connect.
func checkFollows(from, to Phase) error {
	if row := phaseNamed(from); row == nil && to == PhaseConnect || row != nil && slices.Contains(row.next, to) {
		return nil
	}
	return fmt.Errorf("syncer: the phase %q cannot follow %q", to, from)
}
