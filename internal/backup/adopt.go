package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Adopted lists the drift that a run has adopted.
type Adopted struct {
	Changes []plan.AdoptedChange
	// Revision is the revision of the desired line that the run wrote, or "" if
	// the run wrote none.
	Revision string
}

// adopt writes the drift into the desired line and compares again. If a person
// edits the line at the same time, adopt reads and compares that edit first.
// Drift that remains afterwards waits for the next run.
func (m *Made) adopt(ctx context.Context, req Request) error {
	for attempt := 1; len(m.Result.Adopt) > 0; attempt++ {
		a := &Adoption{Format: AdoptionFormat, Parent: m.Comparison.Desired().Revision, Adopts: m.Result.Adopted, Before: m.Summary.Adopted}
		a.Key = repo.Key(req.Run, "adopt", a.Parent, m.Result.Adopt)
		after, revision, err := req.write(ctx, a, m.Result.Adopt)
		moved := errors.Is(err, tenant.ErrMoved)
		switch {
		case moved && attempt >= req.Lines.MaxAttempts:
			return &failure.Retryable{Err: err}
		case moved:
			req.Log.Info("the desired line was edited meanwhile; comparing again")
			after, err = req.Lines.Desired(ctx)
		}
		if err != nil {
			return err
		}
		m.Comparison = m.Comparison.WithDesired(after)
		if m.Result, err = m.Again(ctx, m.Comparison); err != nil {
			return err
		}
		if !moved {
			m.Summary.Adopted, m.Summary.Written = slices.Concat(a.Before, a.Adopts), revision
			return nil
		}
	}
	return nil
}

// write writes the tenant's drift into the desired line and reads the line
// again. It also returns the revision that it wrote.
func (req Request) write(ctx context.Context, a *Adoption, changes []tenant.Change) (after tenant.Desired, revision string, err error) {
	raw, err := a.encode()
	if err != nil {
		return after, "", err
	}
	if err := req.Port.Store(ctx, raw); err != nil {
		return after, "", err
	}
	rev, err := req.Lines.Update(ctx, "backup: adopt drift", tenant.UpdateRequest{Parent: a.Parent, Key: a.Key, Changes: changes,
		Message: fmt.Sprintf("Adopt %s made in %s", repo.Counted(len(changes)), req.Lines.Tenant), Author: "tenantsync"})
	if err != nil {
		return after, "", err
	}
	req.Log.Info("drift adopted", "changes", len(changes), "revision", rev.ID)
	after, err = req.Lines.At(ctx, rev.ID)
	return after, rev.ID, err
}

// Find returns the drift that an interrupted run has adopted. adoption is the
// blob that the run has stored, or nil. Find writes nothing: if the run did not
// reach the write, the next comparison finds the drift again.
func Find(ctx context.Context, lines repo.Lines, adoption []byte) (Adopted, error) {
	if adoption == nil {
		return Adopted{}, nil
	}
	a, err := DecodeAdoption(adoption)
	switch {
	case failure.IsNewer(err):
		return Adopted{}, fmt.Errorf("backup: %w", err)
	case err != nil:
		return Adopted{}, failure.New(word.ClassStorage, "backup: %s: the stored adoption of the run is corrupt; start the sync again: %w", lines.Tenant, err)
	}
	revision, err := lines.Written(ctx, "backup: find out what was adopted", a.Parent, a.Key)
	if err != nil || revision == "" {
		return Adopted{Changes: a.Before}, err
	}
	return Adopted{Changes: slices.Concat(a.Before, a.Adopts), Revision: revision}, nil
}
