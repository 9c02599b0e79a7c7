package syncer

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
)

// RunRow is one run in a list. It shows the run as it was at its last change of
// status.
type RunRow struct {
	RunRef
	// Status is the tenant's status in the run or, of a run that has ended, the
	// one in which the run left it.
	Status state.Status `json:"status"`
	// Label is the status's text for people.
	Label string `json:"label"`
	// Outcome and Reason say how the run ended; empty until then.
	Outcome Outcome `json:"outcome,omitempty"`
	RunFacts
	// Actor asked for the run.
	Actor string `json:"actor,omitempty"`
	// Started is when the run was asked for, and Ended when it ended, by the
	// store's clock. Ended is zero until then.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	// ChangeDigest is equal for runs whose plans make the same changes, also in
	// different tenants. Empty for a run without a plan.
	ChangeDigest string `json:"changeDigest,omitempty"`
	// UpdatedAt is the store's time of the run's last change of status.
	UpdatedAt time.Time `json:"updatedAt,omitzero"`
}

// RunsRequest asks for a page of runs, the newest first. Zero fields do not
// filter.
type RunsRequest struct {
	// Tenant keeps the runs of one tenant.
	Tenant string
	// Statuses keeps the runs whose tenant is, or was left, in one of them.
	Statuses []state.Status
	// Outcomes keeps the runs that ended with one of them.
	Outcomes []Outcome
	// Actor keeps the runs that this actor asked for. The spelling must be that of
	// the request.
	Actor string
	// ChangeDigest keeps the runs whose plans make the same changes.
	ChangeDigest string
	// Since and Until keep the runs that started at Since or later and before
	// Until.
	Since, Until time.Time
	// Cursor is the Next of an earlier page, or empty.
	Cursor string
	// Limit defaults to 100.
	Limit int
}

// Runs returns a page of runs of one tenant or of all, the newest first. A store reads
// the page in one query. To find the runs that failed, filter by Statuses:
// [FailedWith] is but one of the outcomes in New error. A [state.Pruner] prunes runs
// together with their history. A run that a newer version of this library wrote in
// another format has no [RunFacts] except for a Reason that says so.
//
// Runs returns [state.ErrInvalid] for an invalid filter or cursor, such as the cursor
// of another list, and the store's errors.
func (s *Syncer) Runs(ctx context.Context, req RunsRequest) (Page[RunRow], error) {
	raw := state.RunsRequest{Tenant: req.Tenant, Statuses: req.Statuses, Actor: req.Actor, ChangeDigest: req.ChangeDigest,
		Since: req.Since, Until: req.Until, Cursor: req.Cursor, Limit: req.Limit}
	for _, o := range req.Outcomes {
		raw.Outcomes = append(raw.Outcomes, string(o))
	}
	page, err := retry.Do(ctx, s.cfg.MaxAttempts, failure.StorageTransient, func() (state.RunsPage, error) { return s.cfg.Store.Runs(ctx, raw) })
	if err != nil {
		return Page[RunRow]{}, fmt.Errorf("syncer: runs: %w", err)
	}
	var rows []RunRow
	for _, r := range page.Runs {
		row, err := runRow(r)
		if err != nil {
			return Page[RunRow]{}, fmt.Errorf("syncer: %s: run %s: %w", r.Tenant, r.ID, err)
		}
		rows = append(rows, row)
	}
	return newPage(rows, page.Next), nil
}

// runRow returns the row of a stored run.
func runRow(r state.Run) (RunRow, error) {
	row := RunRow{RunRef: RunRef{Tenant: r.Tenant, Run: r.ID}, Status: r.Status, Label: r.Status.Label(), Outcome: Outcome(r.Outcome),
		Actor: r.Actor, Started: r.Started, Ended: r.Ended, ChangeDigest: r.ChangeDigest, UpdatedAt: r.UpdatedAt}
	if len(r.Data) == 0 {
		return row, nil
	}
	var form runFactsForm
	err := format.Decode("run", r.Data, runFactsFormat, &form)
	if failure.IsNewer(err) {
		row.Reason = err.Error()
		return row, nil
	}
	row.RunFacts = form.RunFacts
	return row, err
}
