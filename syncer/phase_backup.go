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
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
)

// backupPhase reads the tenant, appends its snapshot to the backup line, and
// adopts drift into the desired line where the policy says so.
func (c *session) backupPhase(ctx context.Context) (onward, error) {
	cur := c.now()
	lag := cur.d.LagsUntil.Sub(cur.storeTime())
	if lag > 0 {
		c.log.Info("waiting until reads are sure to show what the last run created", "for", lag)
	}
	if err := retry.Pause(ctx, lag); err != nil {
		return onward{}, err
	}
	set, found := c.walk.permitted.set, c.walk.permitted.found
	in := diff.Input{
		Tenant: c.tenant, Kinds: c.kinds, Unwritable: found.WhyNotWritten(), Scopes: set.Scopes, Variables: set.Variables,
		Rules: set.Rules, Targets: c.run().Options.Targets, Now: c.now().storeTime(),
		Keys: c.cfg.keys(c.tenant),
	}
	var err error
	if in.Base, err = c.base(ctx); err != nil {
		return onward{}, err
	}
	before, err := c.finishAdoption(ctx)
	if err != nil {
		return onward{}, err
	}
	if in.Desired, err = c.desired(ctx); err != nil {
		return onward{}, err
	}
	cmp, err := c.readTenant(ctx, in, found)
	if err != nil {
		return onward{}, err
	}
	if kinds := cmp.Current().Kinds; nothingRead(kinds) {
		return onward{end: &runEnd{stop: ending.NothingRead, kinds: kinds}}, nil
	}
	if c.walk.compared, err = c.backup(ctx, cmp, before); err != nil {
		return onward{}, err
	}
	return onward{phase: PhasePlan}, nil
}

// nothingRead reports whether kinds were to be read, and none could be.
func nothingRead(kinds []tenant.KindState) bool {
	asked := false
	for _, k := range kinds {
		switch k.Completeness {
		case tenant.NotInScope:
			continue
		case tenant.Complete, tenant.Partial, tenant.Unlicensed:
			return false
		}
		asked = true
	}
	return asked
}

// compared is a comparison whose backup is stored, for the plan.
type compared struct {
	cmp *diff.Comparison
	res *diff.Result
	sum *comparison
	// backup is the first comparison's: the snapshot that was stored.
	backup diff.Backup
}

// backup compares, appends the snapshot to the backup line, and adopts drift. A
// comparison that follows leaves the backup what it is; its base is always that
// of the desired line as it really is. before is what the run has adopted before
// it was interrupted.
func (c *session) backup(ctx context.Context, cmp *diff.Comparison, before adopted) (*compared, error) {
	res, err := cmp.Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("backup: compare: %w", err)
	}
	rev, err := c.appendBackup(ctx, &res.Backup)
	if errors.Is(err, tenant.ErrNoRevision) || errors.Is(err, tenant.ErrInvalidRequest) && !res.Backup.Whole() {
		// The line has lost the parent, or has gone on from another: it gets the
		// whole tenant again.
		cmp = cmp.WithoutParent()
		if res, err = cmp.Compare(ctx); err != nil {
			return nil, fmt.Errorf("backup: compare: %w", err)
		}
		rev, err = c.appendBackup(ctx, &res.Backup)
	}
	if err != nil {
		return nil, err
	}
	made := &compared{cmp: cmp, res: res, backup: res.Backup,
		sum: &comparison{Format: comparisonFormat, Backup: rev.ID, Adopted: before.changes, Written: before.revision}}
	if opt := c.run().Options; opt.Mode != BackupOnly && opt.Mode != Preview && opt.DesiredFrom == "" {
		made.cmp, made.res, err = c.adoptAndCompare(ctx, cmp, res, made.sum)
	}
	return made, err
}

// appendBackup appends a backup to the backup line.
func (c *session) appendBackup(ctx context.Context, b *diff.Backup) (tenant.Revision, error) {
	r := c.run()
	if made, err := c.madeBackup(ctx, b); made || err != nil {
		return tenant.Revision{ID: r.Backup}, err
	}
	key, err := backupKey(r.ID, b)
	if err != nil {
		return tenant.Revision{}, err
	}
	return repo(ctx, c, "backup: append to the backup line", func() (tenant.Revision, error) {
		return c.cfg.Repository.Backup(ctx, tenant.BackupRequest{Tenant: c.tenant, Key: key, Parent: b.Parent, Removed: b.Removed,
			Snapshot: b.Snapshot, Message: "Backup of " + c.tenant, Author: r.Actor})
	})
}

// madeBackup reports whether the run has made this backup already: it was
// interrupted after it had moved the base, which names that backup now, and the
// tenant is as it was.
func (c *session) madeBackup(ctx context.Context, b *diff.Backup) (bool, error) {
	r := c.run()
	if b.Whole() || b.Parent != r.Backup || len(b.Resources)+len(b.Removed) > 0 {
		return false, nil
	}
	sum, err := c.s.readComparison(ctx, c.tenant, r)
	switch {
	case err != nil && failure.Dispose(ctx, err).How.LeavesRun():
		return false, err
	case err != nil:
		return false, nil // it is lost: another backup is made
	}
	byKind := func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) }
	then, err := json.Marshal(slices.SortedFunc(slices.Values(sum.Kinds), byKind))
	if err != nil {
		return false, fmt.Errorf("backup: encode the kinds: %w", err)
	}
	now, err := json.Marshal(bounds.Of(b.Kinds))
	if err != nil {
		return false, fmt.Errorf("backup: encode the kinds: %w", err)
	}
	return bytes.Equal(then, now), nil
}

// backupKey makes a backup repeatable: the same content in the same run has the
// same key. A run that is taken up again after the tenant has changed makes
// another backup, of what it then plans from.
func backupKey(run string, b *diff.Backup) (string, error) {
	snap := b.Snapshot
	snap.Taken = time.Time{}
	raw, err := json.Marshal(struct {
		Parent   string
		Snapshot tenant.Snapshot
		Removed  []tenant.ResourceName
	}{b.Parent, snap, b.Removed})
	if err != nil {
		return "", fmt.Errorf("backup: encode the snapshot: %w", err)
	}
	sum := sha256.Sum256(raw)
	return run + "/backup/" + hex.EncodeToString(sum[:8]), nil
}

// compareAgain compares with another desired side than the run's first
// comparison, whose backup stays what it is.
func compareAgain(ctx context.Context, cmp *diff.Comparison, backup diff.Backup) (*diff.Result, error) {
	res, err := cmp.WithoutBackup().Compare(ctx)
	if err != nil {
		return nil, fmt.Errorf("plan: compare: %w", err)
	}
	res.Backup = backup
	return res, nil
}
