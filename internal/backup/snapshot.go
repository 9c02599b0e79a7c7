package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/tenant"
)

// store appends a backup to the backup line and returns its revision.
func (req Request) store(ctx context.Context, b *diff.Backup) (revision string, err error) {
	key, err := key(req.Run, b)
	if err != nil {
		return "", err
	}
	rev, err := req.Lines.Backup(ctx, "backup: append to the backup line", tenant.BackupRequest{Key: key, Parent: b.Parent, Removed: b.Removed,
		Snapshot: b.Snapshot, Message: "Backup of " + req.Lines.Tenant, Author: req.Actor})
	return rev.ID, err
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
