package syncer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/word"
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
		adopt.Key = changeKey(c.run().ID, "adopt", adopt.Parent, res.Adopt)
		after, written, err := c.adopt(ctx, adopt, res.Adopt)
		moved := errors.Is(err, tenant.ErrMoved)
		switch {
		case moved && try >= c.cfg.MaxAttempts:
			return nil, nil, &failure.Retryable{Err: err}
		case moved:
			c.log.Info("the desired line was edited meanwhile; comparing again")
			if after, err = c.desired(ctx); err != nil {
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
	rev, err := c.updateRepository(ctx, "backup: adopt drift", tenant.UpdateRequest{Parent: a.Parent, Key: a.Key, Changes: changes,
		Message: fmt.Sprintf("Adopt %s made in %s", changesOf(len(changes)), c.tenant), Author: "tenantsync"})
	if err != nil {
		return after, "", err
	}
	c.log.Info("drift adopted", "changes", len(changes), "revision", rev.ID)
	after, err = repo(ctx, c, "backup: read the desired line", func() (tenant.Desired, error) {
		return c.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant, Revision: rev.ID})
	})
	if errors.Is(err, tenant.ErrNoRevision) { // it has moved on already
		after, err = c.desired(ctx)
	}
	return after, rev.ID, err
}

// finishAdoption returns what the run has adopted before it was interrupted.
func (c *session) finishAdoption(ctx context.Context) (adopted, error) {
	return repo(ctx, c, "backup: find out what was adopted", func() (adopted, error) {
		return c.s.adopted(ctx, c.tenant, c.run())
	})
}

// adopted is what a run took over from the tenant, and the revision written.
type adopted struct {
	changes  []plan.AdoptedChange
	revision string
}

// adopted finds out what a run has adopted that was interrupted at it. Nothing
// is written here: what was not adopted then is compared and adopted anew. The
// line may have moved on from the write's parent by the write itself or by
// another; repeating the write's key tells which, and changes nothing, since
// the line is not at the parent any more.
func (s *records) adopted(ctx context.Context, tenantName string, r *run) (adopted, error) {
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
	head, err := s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: tenantName})
	if err != nil {
		return adopted{}, err
	}
	if head.Revision == a.Parent {
		return adopted{changes: a.Before}, nil
	}
	rev, err := s.cfg.Repository.Update(ctx, tenant.UpdateRequest{Tenant: tenantName, Parent: a.Parent, Key: a.Key})
	if errors.Is(err, tenant.ErrMoved) {
		return adopted{changes: a.Before}, nil
	}
	return adopted{changes: slices.Concat(a.Before, a.Adopts), revision: rev.ID}, err
}

// readComparison reads what the report needs of the backup, and returns the
// error with an empty one for one that is lost. Of a run that did not come so
// far it has what was adopted.
func (s *records) readComparison(ctx context.Context, tenantName string, r *run) (*comparison, error) {
	sum := new(comparison)
	if r.Comparison == nil {
		done, err := retry.Do(ctx, s.cfg.MaxAttempts, repositoryTransient, func() (adopted, error) { return s.adopted(ctx, tenantName, r) })
		if err != nil && !failure.Dispose(ctx, err).How.LeavesRun() {
			return sum, failure.New(word.ClassStorage, "run %s: what it has adopted is not known: %w", r.ID, err)
		}
		sum.Adopted = done.changes
		return sum, err
	}
	raw, err := s.get(ctx, *r.Comparison)
	if err != nil {
		return sum, err
	}
	switch err := format.Decode("comparison", raw, comparisonFormat, sum); {
	case failure.IsNewer(err):
		return new(comparison), fmt.Errorf("syncer: run %s: %w", r.ID, err)
	case err != nil:
		return new(comparison), failure.New(word.ClassStorage, "run %s: %w", r.ID, err)
	}
	return sum, nil
}

// changeKey makes a write to the repository repeatable: the same changes on
// the same parent in the same phase of a run have the same key.
func changeKey(run, act, parent string, changes []tenant.Change) string {
	raw, _ := json.Marshal(changes)
	sum := sha256.Sum256(append([]byte(parent+"\x00"), raw...))
	return run + "/" + act + "/" + hex.EncodeToString(sum[:8])
}

// withChanges is the desired line as it would be with the changes.
func withChanges(d tenant.Desired, changes []tenant.Change) tenant.Desired {
	d.Resources = slices.Clone(d.Resources)
	for _, ch := range changes {
		i := slices.IndexFunc(d.Resources, func(r tenant.Resource) bool { return r.Kind == ch.Kind && r.Key == ch.Key })
		switch {
		case ch.Body == nil && i >= 0:
			d.Resources = slices.Delete(d.Resources, i, i+1)
		case ch.Body == nil:
		case i >= 0:
			d.Resources[i].Body = bytes.Clone(ch.Body)
		default:
			d.Resources = append(d.Resources, tenant.Resource{Kind: ch.Kind, Key: ch.Key, Body: bytes.Clone(ch.Body)})
		}
	}
	return d
}
