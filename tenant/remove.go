package tenant

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
)

// Remover is a [Repository] that can remove a tenant. It is optional: a caller
// finds it by a type assertion. A wrapper of a repository that is no Remover
// returns errors.ErrUnsupported.
//
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestRepository] checks a
// repository that is a Remover.
type Remover interface {
	// Remove removes both lines of a tenant, with all their revisions and keys.
	// Other tenants keep theirs. Removing a tenant that has nothing is no error,
	// so a caller repeats a Remove that failed or was interrupted.
	Remove(ctx context.Context, tenant string) error
}

var (
	_ Remover = (*MemoryRepository)(nil)
	_ Remover = (*DirRepository)(nil)
)

// Remove is part of [Remover].
func (m *MemoryRepository) Remove(ctx context.Context, tenant string) error {
	if err := contextOr(ctx, checkTenant(tenant)); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.lines, memoryLine{tenant, DesiredLine})
	delete(m.lines, memoryLine{tenant, BackupLine})
	return nil
}

// Remove is part of [Remover]. The tenant's whole folder goes, also files in it
// that the repository did not write. It gets another name first, so that an
// interrupted Remove leaves no half tenant behind; the next Remove of the tenant
// deletes the rest.
func (d *DirRepository) Remove(ctx context.Context, tenant string) error {
	if err := contextOr(ctx, checkTenant(tenant)); err != nil {
		return err
	}
	folder, err := tenantFolder(tenant)
	if err != nil {
		return err
	}
	unlock, err := d.turn(ctx, folder)
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

// removeAll deletes a folder with all that is in it.
func (f *files) removeAll(name string) error {
	if _, err := f.root.Lstat(name); os.IsNotExist(err) {
		return nil
	}
	if err := f.before("remove", name); err != nil {
		return err
	}
	if err := f.root.RemoveAll(name); err != nil {
		return err
	}
	return f.syncDir(".")
}

// isCurrent reports whether a lock is on the file that has the name now. A
// folder that was removed takes its lock along, and the next one has another.
func (f *files) isCurrent(lock *os.File, name string) (bool, error) {
	held, err := lock.Stat()
	if err != nil {
		return false, err
	}
	now, err := f.root.Lstat(name)
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil && os.SameFile(held, now), err
}
