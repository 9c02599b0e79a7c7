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
	name, unlock, err := d.turn(ctx, tenant)
	if err != nil {
		return err
	}
	defer unlock()
	if err := d.remove(ctx, name); err != nil {
		return fmt.Errorf("tenant: remove the folder of %s: %w", tenant, err)
	}
	return nil
}

func (d *DirRepository) remove(ctx context.Context, name string) error {
	f := newFolder(d.root, "", d.step)
	gone := removedFolder(name)
	if err := f.RemoveAll(gone); err != nil { // of a Remove that was interrupted
		return err
	}
	t, err := d.open(ctx, name, false)
	if err != nil {
		return err
	}
	defer t.close()
	if t.folder == nil {
		return nil // it does not exist
	}
	if err := f.Before("rename", name); err != nil {
		return err
	}
	if err := d.root.Rename(name, gone); err != nil {
		return err
	}
	if err := f.SyncDir("."); err != nil {
		return err
	}
	return f.RemoveAll(gone)
}

// removedFolder is the name of a tenant's folder while it is being removed. The
// names of tenants' folders do not begin with a dot.
func removedFolder(folder string) string {
	sum := sha256.Sum256([]byte(folder))
	return ".removed-" + hex.EncodeToString(sum[:16])
}
