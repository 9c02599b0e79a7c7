package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/tenant"
)

// store appends a backup to the backup line and returns its revision.
func (req Request) store(ctx context.Context, b *diff.Backup) (revision string, err error) {
	if made, err := req.stored(ctx, b); made || err != nil {
		return req.Made, err
	}
	key, err := key(req.Run, b)
	if err != nil {
		return "", err
	}
	rev, err := req.Lines.Backup(ctx, "backup: append to the backup line", tenant.BackupRequest{Key: key, Parent: b.Parent, Removed: b.Removed,
		Snapshot: b.Snapshot, Message: "Backup of " + req.Lines.Tenant, Author: req.Actor})
	return rev.ID, err
}

// stored reports whether the run has already made this backup. That is so if
// the run was interrupted after it moved the base, which then names that
// backup, and the tenant has not changed since.
func (req Request) stored(ctx context.Context, b *diff.Backup) (bool, error) {
	if b.Whole() || b.Parent != req.Made || len(b.Resources)+len(b.Removed) > 0 {
		return false, nil
	}
	sum, err := req.Port.Former(ctx)
	switch {
	case err != nil && failure.Dispose(ctx, err).How.LeavesRun():
		return false, err
	case err != nil:
		return false, nil // the blob is lost, so the run makes another backup
	}
	then, err := encodeKinds(sum.Kinds)
	if err != nil {
		return false, err
	}
	now, err := encodeKinds(bounds.Of(b.Kinds))
	return bytes.Equal(then, now), err
}

// encodeKinds encodes the kinds in a fixed order.
func encodeKinds(kinds []tenant.KindState) ([]byte, error) {
	raw, err := json.Marshal(slices.SortedFunc(slices.Values(kinds), func(a, b tenant.KindState) int { return strings.Compare(a.Kind, b.Kind) }))
	if err != nil {
		return nil, fmt.Errorf("backup: encode the kinds: %w", err)
	}
	return raw, nil
}

// key makes a backup idempotent: the same content in the same run has the same
// key. If the tenant has changed before the run resumes, the run makes another
// backup, of the tenant that it then plans from.
func key(run string, b *diff.Backup) (string, error) {
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
