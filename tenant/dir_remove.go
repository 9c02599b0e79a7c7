package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

var _ Remover = (*DirRepository)(nil)

// Remove is part of [Remover]. The tenant's whole folder goes, also files in it
// that the repository did not write. It gets another name first, so that an
// interrupted Remove leaves no half tenant behind; the next Remove of the tenant
// deletes the rest.
func (d *DirRepository) Remove(ctx context.Context, tenant string) error {
	folder, unlock, err := d.turn(ctx, tenant)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.remove(ctx, folder); err != nil {
		return fmt.Errorf("tenant: remove the folder of %s: %w", tenant, err)
	}
	return nil
}

func (d *DirRepository) remove(ctx context.Context, folder string) error {
	f := newFiles(d.root, "", d.step)
	gone := removedFolder(folder)
	if err := f.removeAll(gone); err != nil { // of a Remove that was interrupted
		return err
	}
	t, err := d.open(ctx, folder, false)
	if err != nil {
		return err
	}
	defer t.close()
	if t.files == nil {
		return nil // there is none
	}
	if err := f.before("rename", folder); err != nil {
		return err
	}
	if err := d.root.Rename(folder, gone); err != nil {
		return err
	}
	if err := f.syncDir("."); err != nil {
		return err
	}
	return f.removeAll(gone)
}

// removedFolder is the name of a tenant's folder while it is being removed. The
// names of tenants' folders do not begin with a dot.
func removedFolder(folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return ".removed-" + hex.EncodeToString(sum[:16])
}
