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

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// adoption is what a run takes over from the tenant into the desired line. It
// is stored before the line is written, so that a run that is interrupted in
// between still knows and reports what it has adopted.
type adoption struct {
	// Parent and Changes are the write's.
	Parent  string          `json:"parent"`
	Changes []tenant.Change `json:"changes"`
	// Adopts is what the write adopts; Before is what the run adopted before.
	Adopts []plan.AdoptedChange `json:"adopts"`
	Before []plan.AdoptedChange `json:"before,omitempty"`
}

// adoptAndCompare adopts drift and compares again. Where somebody edits the
// line at the same time, their edit is read and compared first.
func (c *session) adoptAndCompare(ctx context.Context, in *plan.Input, res *plan.Result, sum *comparison) (*plan.Result, error) {
	backup := res.Backup
	for try := 1; len(res.Adopt) > 0; try++ {
		adopt := adoption{Parent: in.Desired.Revision, Changes: res.Adopt, Adopts: res.Adopted, Before: sum.Adopted}
		after, err := c.adopt(ctx, in.Desired, adopt)
		moved := errors.Is(err, tenant.ErrMoved)
		switch {
		case moved && try >= c.s.cfg.Attempts:
			return nil, &retryable{err: err}
		case moved:
			c.log.Info("the desired line was edited meanwhile; comparing again")
			if after, err = c.desired(ctx); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		}
		in.Desired = after
		if res, err = compareAgain(*in, backup); err != nil {
			return nil, err
		}
		if !moved {
			sum.Adopted = slices.Concat(adopt.Before, adopt.Adopts)
			break // what is left to adopt after adopting waits for the next run
		}
	}
	return res, nil
}

// adopt writes the tenant's drift into the desired line and reads it again.
func (c *session) adopt(ctx context.Context, d tenant.Desired, a adoption) (tenant.Desired, error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return d, fmt.Errorf("backup: encode what is adopted: %w", err)
	}
	ref, err := c.put(ctx, "adoption", raw)
	if err != nil {
		return d, err
	}
	if err := c.commit(ctx, func(t *draft) error { t.d.Run.Adoption = ref; return nil }); err != nil {
		return d, err
	}
	rev, err := c.writeAdopted(ctx, a)
	if err != nil {
		return d, err
	}
	c.log.Info("drift adopted", "changes", len(a.Changes), "revision", rev.ID)
	after, err := repo(ctx, c, "backup: read the desired line", func() (tenant.Desired, error) {
		return c.s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant, Revision: rev.ID})
	})
	if errors.Is(err, tenant.ErrNoRevision) { // it has moved on already
		return c.desired(ctx)
	}
	return after, err
}

// writeAdopted writes the desired line; repeating it is harmless.
func (c *session) writeAdopted(ctx context.Context, a adoption) (tenant.Revision, error) {
	return repo(ctx, c, "backup: adopt drift", func() (tenant.Revision, error) {
		return c.s.cfg.Repository.Update(ctx, tenant.UpdateRequest{Tenant: c.tenant, Parent: a.Parent,
			Key: changeKey(c.run().ID, "adopt", a.Parent, a.Changes), Changes: a.Changes,
			Message: fmt.Sprintf("Adopt %s made in %s", changesOf(len(a.Changes)), c.tenant), Author: "tenantsync"})
	})
}

// finishAdoption returns what the run has adopted before it was interrupted,
// by repeating the write: one that was carried out is not carried out again,
// and one that was refused, since the line had moved, is planned anew.
func (c *session) finishAdoption(ctx context.Context) ([]plan.AdoptedChange, error) {
	ref := c.run().Adoption
	if ref == nil {
		return nil, nil
	}
	raw, err := c.s.get(ctx, *ref)
	if err != nil {
		return nil, err
	}
	var a adoption
	if err := json.Unmarshal(raw, &a); err != nil {
		return nil, fmt.Errorf("backup: decode what was adopted: %w", err)
	}
	_, err = c.writeAdopted(ctx, a)
	if errors.Is(err, tenant.ErrMoved) {
		return a.Before, nil
	}
	return slices.Concat(a.Before, a.Adopts), err
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
