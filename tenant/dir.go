package tenant

import (
	"context"
	"fmt"
	"os"
	"path"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// DirRepository is a [Repository] in a folder. Each tenant has a folder with
// the heads of its two lines, one file per resource, indented, members sorted:
//
//	<root>/<tenant>/desired/<kind>/<key>.json
//	<root>/<tenant>/backup/<kind>/<key>.json
//	<root>/<tenant>/backup/snapshot.json
//	<root>/<tenant>/.tenantsync/
//
// People may add, edit and delete files of the desired line at any time, with
// any tool; the names of files are those of [FilePath], or any legal name that
// people choose. Files without ".json", and names that begin with a dot, are
// ignored; links are not followed. The backup line is for reading. What is
// changed there is put right by the next whole backup; one that is a delta puts
// right the files that it changes, and looks at no others.
//
// The hidden folder has every revision that Update and Backup wrote, and every
// edited state that an Update replaced, so that no edit is ever lost. A state
// that was only read is ErrNoRevision once it is gone. Revisions are not
// pruned; equal files are kept once.
//
// A backup that is a delta reads and writes the files that it changes, and lists
// of all names: those of the parent, of the head and of the new revision.
//
// A write is all or nothing also when the process or the machine dies in the
// middle: it is written down whole and synced to disk before any file of the
// line is touched, and completed by the next call. A file that somebody edits
// in just that moment keeps the edit, as a change on top of the revision.
//
// The hidden folder is read as input that anybody may have written. Where it is
// damaged, a call fails, changes nothing, and its error names the file and what
// to do. Links and special files are not followed, opened or waited for.
//
// Folders and files that it makes are the owner's only (0700 and 0600),
// whatever the umask is; so is a file that it replaces. Folders that are there
// keep their mode: who has an older repository removes other users' access
// with chmod -R go= on its folder.
//
// Several processes may use one folder at a time on Unix, where calls take
// turns by an advisory lock on a file (flock): a network file system must
// support that. Elsewhere, Windows too, only one process may.
//
// Safe for concurrent use. Use [NewDirRepository].
type DirRepository struct {
	root *os.Root
	// step, if not nil, is asked before every change of the disk. Tests
	// interrupt there.
	step func(act, path string) error

	mu    sync.Mutex
	locks map[string]chan struct{} // by tenant folder
}

var _ Repository = (*DirRepository)(nil)

// NewDirRepository opens the repository in the folder root, which is made if
// it is not there. Close it after use.
func NewDirRepository(root string) (*DirRepository, error) {
	if err := os.MkdirAll(root, folderMode); err != nil {
		return nil, fmt.Errorf("tenant: make the repository's folder: %w", err)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil, fmt.Errorf("tenant: open the repository's folder: %w", err)
	}
	return &DirRepository{root: r, locks: make(map[string]chan struct{})}, nil
}

// Close releases the folder. No call may be under way or follow.
func (d *DirRepository) Close() error { return d.root.Close() }

// Desired is part of [Repository].
func (d *DirRepository) Desired(ctx context.Context, req DesiredRequest) (Desired, error) {
	var result Desired
	err := d.with(ctx, req.Tenant, false, func(t *tenantDir) error {
		head, err := t.desiredHead(ctx)
		if err != nil {
			return err
		}
		tree, problems := head.tree, head.problems
		if req.Revision != "" && req.Revision != head.id {
			if tree, err = t.treeOf(ctx, req.Tenant, DesiredLine, req.Revision); err != nil {
				return err
			}
			head.id, problems = req.Revision, nil
		}
		result.Revision = head.id
		result.Resources, result.Problems = tree.Resources()
		result.Problems = append(result.Problems, problems...)
		locate(&result)
		return nil
	})
	return result, err
}

// locate makes paths relative to the tenant's folder, where people look.
func locate(d *Desired) {
	for i := range d.Resources {
		d.Resources[i].Source = path.Join(string(DesiredLine), d.Resources[i].Source)
	}
	for i := range d.Problems {
		d.Problems[i].Path = path.Join(string(DesiredLine), d.Problems[i].Path)
	}
}

// Update is part of [Repository].
func (d *DirRepository) Update(ctx context.Context, req UpdateRequest) (Revision, error) {
	if err := req.check(); err != nil {
		return Revision{}, err
	}
	var result Revision
	err := d.with(ctx, req.Tenant, true, func(t *tenantDir) error {
		done, err := t.byKey(DesiredLine, req.Key)
		if err != nil || done != nil {
			result = done.revision()
			return err
		}
		head, err := t.desiredHead(ctx)
		if err != nil {
			return err
		}
		if head.id != req.Parent {
			return fmt.Errorf("%w: it is at %s and the changes were made against %s", ErrMoved, head.id, req.Parent)
		}
		tree, err := head.tree.With(req.Changes)
		if err != nil {
			return err
		}
		if err := head.checkFree(tree); err != nil {
			return err
		}
		made := dirRevision{Key: req.Key, Message: req.Message, Author: req.Author}
		result, err = t.commit(ctx, change{line: DesiredLine, head: head,
			before: objectsOf(head.tree), after: objectsOf(tree), contents: contentsOf(tree), digest: tree.Digest(), made: made})
		return err
	})
	return result, err
}

// Snapshot is part of [Repository].
func (d *DirRepository) Snapshot(ctx context.Context, req SnapshotRequest) (Snapshot, error) {
	var result Snapshot
	err := d.with(ctx, req.Tenant, false, func(t *tenantDir) error {
		tree, err := t.treeOf(ctx, req.Tenant, BackupLine, req.Revision)
		if err != nil {
			return err
		}
		result, err = tree.Snapshot()
		return err
	})
	for i := range result.Resources {
		result.Resources[i].Source = path.Join(string(BackupLine), result.Resources[i].Source)
	}
	return result, err
}

// History is part of [Repository]. A head that was edited by hand since the
// last revision is the first of the answer, without a time.
func (d *DirRepository) History(ctx context.Context, req RepositoryHistoryRequest) ([]Revision, error) {
	if err := req.check(); err != nil {
		return nil, contextOr(ctx, err)
	}
	var result []Revision
	err := d.with(ctx, req.Tenant, false, func(t *tenantDir) error {
		all, err := t.revisions(ctx, req.Line)
		if err != nil {
			return err
		}
		if req.Line == DesiredLine {
			head, err := t.desiredHead(ctx)
			if err != nil {
				return err
			}
			if head.edited {
				all = append([]Revision{{ID: head.id, Message: "edited by hand"}}, all...)
			}
		}
		result, err = page(all, req)
		return err
	})
	return result, err
}

// with opens a tenant's folder, waits for its turn, completes what a process
// that died left behind, and calls do. Without a folder, do gets an empty one
// unless create is set.
func (d *DirRepository) with(ctx context.Context, tenant string, create bool, do func(*tenantDir) error) error {
	folder, unlock, err := d.turn(ctx, tenant)
	if err != nil {
		return err
	}
	defer unlock()
	t, err := d.open(ctx, folder, create)
	if err != nil {
		return fmt.Errorf("tenant: open the folder of %s: %w", tenant, err)
	}
	defer t.close()
	if err := t.recover(ctx); err != nil {
		return fmt.Errorf("tenant: complete an interrupted write of %s: %w", tenant, err)
	}
	return do(t)
}

// open opens a tenant's folder and locks it against other processes.
func (d *DirRepository) open(ctx context.Context, folder string, create bool) (*tenantDir, error) {
	for {
		t, err := d.openOnce(ctx, folder, create)
		if err != nil || t.files == nil {
			return t, err
		}
		// Another process may have removed the folder while this one waited for
		// the lock. What was opened is not the tenant's any more then.
		current, err := newFiles(d.root, "", d.step).isCurrent(t.lock, path.Join(folder, lockName))
		if current {
			return t, nil
		}
		t.close()
		if err != nil {
			return nil, err
		}
	}
}

func (d *DirRepository) openOnce(ctx context.Context, folder string, create bool) (*tenantDir, error) {
	info, err := d.root.Lstat(folder)
	switch {
	case os.IsNotExist(err) && !create:
		return &tenantDir{}, nil
	case err != nil && !os.IsNotExist(err):
		return nil, err
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is %s, not a folder: remove it", folder, fileType(info.Mode()))
	}
	f := newFiles(d.root, "", d.step)
	if err := f.mkdir(path.Join(folder, hidden)); err != nil {
		return nil, err
	}
	root, err := d.root.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	t := &tenantDir{files: newFiles(root, folder, d.step)}
	if t.lock, err = t.lockFile(ctx, lockName); err != nil {
		root.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return t, nil
}

// turn returns a tenant's folder once no other call of this process uses it. The
// caller calls done.
func (d *DirRepository) turn(ctx context.Context, tenant string) (folder string, done func(), err error) {
	if err := contextOr(ctx, checkTenant(tenant)); err != nil {
		return "", nil, err
	}
	if folder, err = tenantFolder(tenant); err != nil {
		return "", nil, err
	}
	d.mu.Lock()
	lock := d.locks[folder]
	if lock == nil {
		lock = make(chan struct{}, 1)
		d.locks[folder] = lock
	}
	d.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return folder, func() { <-lock }, nil
	case <-ctx.Done():
		return "", nil, ctx.Err()
	}
}

// lockFile takes the lock, trying again and again until ctx ends: a wait
// within the system could not be broken off.
func (f *files) lockFile(ctx context.Context, name string) (*os.File, error) {
	lock, err := f.openLock(name)
	if err != nil {
		return nil, err
	}
	for attempts := 1; ; attempts++ {
		locked, err := tryLock(lock)
		if locked {
			return lock, nil
		}
		if err == nil {
			if retry.Pause(ctx, retry.Backoff(attempts, time.Millisecond, 50*time.Millisecond)) == nil {
				continue
			}
			err = ctx.Err()
		}
		lock.Close()
		return nil, err
	}
}
