package syncer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// adoption is what a run takes over from the tenant into the desired line. It
// is stored before the line is written, so that a run that is interrupted in
// between still knows and reports what it has adopted. The files themselves
// are not in it: people's files may hold secrets.
type adoption struct {
	Format int `json:"format"`
	// Parent and Key are the write's.
	Parent string `json:"parent"`
	Key    string `json:"key"`
	// Adopts is what the write adopts, redacted; Before is what the run adopted
	// before.
	Adopts []plan.AdoptedChange `json:"adopts"`
	Before []plan.AdoptedChange `json:"before,omitempty"`
}

// adoptAndCompare adopts drift and compares again. Where somebody edits the
// line at the same time, their edit is read and compared first.
func (c *session) adoptAndCompare(ctx context.Context, cmp *diff.Comparison, res *diff.Result, sum *comparison) (*diff.Comparison, *diff.Result, error) {
	backup := res.Backup
	for try := 1; len(res.Adopt) > 0; try++ {
		adopt := adoption{Format: adoptionFormat, Parent: cmp.Desired().Revision, Adopts: res.Adopted, Before: sum.Adopted}
		adopt.Key = repo.Key(c.run().ID, "adopt", adopt.Parent, res.Adopt)
		after, written, err := c.adopt(ctx, adopt, res.Adopt)
		moved := errors.Is(err, tenant.ErrMoved)
		switch {
		case moved && try >= c.s.cfg.MaxAttempts:
			return nil, nil, &failure.Retryable{Err: err}
		case moved:
			c.log.Info("the desired line was edited meanwhile; comparing again")
			if after, err = c.repository().Desired(ctx); err != nil {
				return nil, nil, err
			}
		case err != nil:
			return nil, nil, err
		}
		cmp = cmp.WithDesired(after)
		if res, err = compareAgain(ctx, cmp, backup); err != nil {
			return nil, nil, err
		}
		if !moved {
			sum.Adopted, sum.Written = slices.Concat(adopt.Before, adopt.Adopts), written
			break // what is left to adopt after adopting waits for the next run
		}
	}
	return cmp, res, nil
}

// adopt writes the tenant's drift into the desired line and reads it again. It
// returns the revision written too.
func (c *session) adopt(ctx context.Context, a adoption, changes []tenant.Change) (tenant.Desired, string, error) {
	var after tenant.Desired
	raw, err := json.Marshal(a)
	if err != nil {
		return after, "", fmt.Errorf("backup: encode what is adopted: %w", err)
	}
	ref, err := c.put(ctx, "adoption", raw)
	if err != nil {
		return after, "", err
	}
	if err := c.commit(ctx, func(t *draft) error { t.d.Run.Adoption = ref; return nil }); err != nil {
		return after, "", err
	}
	rev, err := c.repository().Update(ctx, "backup: adopt drift", tenant.UpdateRequest{Parent: a.Parent, Key: a.Key, Changes: changes,
		Message: fmt.Sprintf("Adopt %s made in %s", repo.Counted(len(changes)), c.tenant), Author: "tenantsync"})
	if err != nil {
		return after, "", err
	}
	c.log.Info("drift adopted", "changes", len(changes), "revision", rev.ID)
	after, err = c.repository().At(ctx, rev.ID)
	return after, rev.ID, err
}

// finishAdoption returns what the run has adopted before it was interrupted.
func (c *session) finishAdoption(ctx context.Context) (adopted, error) {
	return c.s.adopted(ctx, c.tenant, c.run())
}

// adopted is what a run took over from the tenant, and the revision written.
type adopted struct {
	changes  []plan.AdoptedChange
	revision string
}

// adopted finds out what a run has adopted that was interrupted at it. Nothing
// is written here: what was not adopted then is compared and adopted anew.
func (s *Syncer) adopted(ctx context.Context, tenantName string, r *run) (adopted, error) {
	if r == nil || r.Adoption == nil {
		return adopted{}, nil
	}
	raw, err := s.get(ctx, *r.Adoption)
	if err != nil {
		return adopted{}, err
	}
	var a adoption
	if err := format.Decode("adoption", raw, adoptionFormat, &a); err != nil {
		return adopted{}, fmt.Errorf("backup: %w", err)
	}
	rev, err := s.lines(tenantName).Written(ctx, "backup: find out what was adopted", a.Parent, a.Key)
	if err != nil || rev == "" {
		return adopted{changes: a.Before}, err
	}
	return adopted{changes: slices.Concat(a.Before, a.Adopts), revision: rev}, nil
}
