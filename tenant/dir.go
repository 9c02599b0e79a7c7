package tenant

import (
	"context"
	"fmt"
	"os"
	"path"
	"sync"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
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
// that was only read is ErrNoRevision once it is gone. All of it is in one file
// for each tenant, the pack, which only grows: revisions are not pruned, and stay
// until Remove removes the tenant. A revision adds the contents that neither
// line's head has, and a list of the files that changed; now and then a list of
// all files, so that the lists that must be read for a revision are never much
// longer than that. A backup in which nothing has changed adds less than a
// kilobyte, and the snapshot's file, compressed. So there is nothing to compact.
// An earlier version kept a file for each content. Those files stay and are read; the first write of this version copies the contents of the line's head
// into the pack.
//
// A backup that is a delta reads and writes the files that it changes, and reads
// the lists of the parent and of the head.
//
// # Writes
//
// A write is all or nothing also when the process or the machine dies in the
// middle. It is appended to the pack whole, and the pack is synced, once, before
// any file of the line is touched: then it is decided. Its files are written, and
// the pack says that they are. A call that finds a revision that is decided and
// not written completes it first.
//
// A file that somebody edits in just that moment keeps the edit, as a change on
// top of the revision. In the desired line, a completing call compares each file
// that the revision changes with the content of the former revision. It replaces that
// content. Any other content is a person's edit, and stays.
//
// That holds while the machine runs, since no write of a process that died is
// lost then. After a power cut, a file that was not synced can also be missing,
// empty, or written in part, which no person has done. So:
//
//   - The files of the desired line are synced before the pack says that they are
//     written: one by one if they are few, and otherwise with one call for the
//     file system, on Linux. After that, all that differs is an edit.
//   - A revision in the pack has the boot of the machine that wrote it. If the
//     machine was started since, and the pack does not say that the files are
//     written, then a file that is missing, empty, or a part of its new content
//     with zeros for the rest, was lost, and is written again. An edit is
//     something else: nothing but the deletion of a file is taken back, if
//     somebody deletes one of the files that are being written less than a
//     moment before the power goes.
//   - The files of the backup line are not synced. They can always be made again
//     from the pack, and edits of them do not count. The first backup after a
//     start of the machine reads all of them and puts them right.
//
// On systems that do not tell when they were started, other than Linux and macOS,
// every call takes this for the case.
//
// # Reads
//
// An index in the hidden folder has the size and times of each file, so that a
// file that has not changed is not read again: its content comes from the pack,
// in which it has one place. An index that is missing or damaged is made anew.
//
// The hidden folder is read as input that anybody may have written. Where it is
// damaged, a call fails, changes nothing, and its error names the file and what
// to do. Links and special files are not followed, opened or waited for.
//
// Folders and files that it makes are the owner's only (0700 and 0600) under
// every umask; so is a file that it replaces. Folders that are there
// keep their mode: the owner of an older repository removes other users' access
// with chmod -R go= on its folder.
//
// Several processes may use one folder at a time on Unix, where calls take
// turns by an advisory lock on a file (flock): a network file system must
// support that. Elsewhere, Windows too, only one process may.
//
// Safe for concurrent use. Use [NewDirRepository].
type DirRepository struct {
	root *os.Root
	// step, if not nil, is asked before every change of the disk, every sync, and
	// every read of a file of a line. Tests count and interrupt there, and
	// replace boot and newSalt.
	step    func(act, path string) error
	boot    pack.Boot
	newSalt func() ([16]byte, error)

	mu    sync.Mutex
	locks map[string]chan struct{} // by tenant folder
	packs map[string]*pack.State   // likewise: their known state
}

// maxPacks is the number of tenants whose packs a DirRepository remembers. It reads
// the pack of another tenant again.
const maxPacks = 256

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
	return &DirRepository{root: r, boot: pack.CurrentBoot(), locks: make(map[string]chan struct{}), packs: make(map[string]*pack.State)}, nil
}

// Close releases the folder. No call may be under way or follow.
func (d *DirRepository) Close() error { return d.root.Close() }

// Desired is part of [Repository].
func (d *DirRepository) Desired(ctx context.Context, req DesiredRequest) (Desired, error) {
	var result Desired
	err := d.with(ctx, req.Tenant, false, func(t *tenantDir) error {
		head, err := t.desiredHead(ctx, scanBodies)
		if err != nil {
			return err
		}
		var tree Tree
		problems := head.scan.problems
		if result.Revision = head.id; req.Revision == "" || req.Revision == head.id {
			tree, err = t.scanned(ctx, head.scan)
		} else {
			result.Revision, problems = req.Revision, nil
			tree, err = t.treeOf(ctx, req.Tenant, DesiredLine, req.Revision)
		}
		if err != nil {
			return err
		}
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
		done, found, err := t.byKey(DesiredLine, req.Key)
		if err != nil || found {
			result = done
			return err
		}
		head, err := t.desiredHead(ctx, scanChanged)
		if err != nil {
			return err
		}
		if head.id != req.Parent {
			return moved(head.id, req.Parent)
		}
		c, err := t.update(head, req)
		if err != nil {
			return err
		}
		result, err = t.commit(ctx, c)
		return err
	})
	return result, err
}

func moved(head, parent string) error {
	return fmt.Errorf("%w: it is at %s and the changes were made against %s", ErrMoved, head, parent)
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
		var edited *Revision
		if req.Line == DesiredLine {
			head, err := t.desiredHead(ctx, scanChanged)
			if err != nil {
				return err
			}
			if head.edited {
				edited = &Revision{ID: head.id, Message: editedMessage}
			}
		}
		var err error
		result, err = t.revisions(ctx, req, edited)
		return err
	})
	return result, err
}

// with opens a tenant's folder, waits for its turn, completes the write of a process
// that died, and calls do. Without a folder, do gets an empty one
// unless create is set.
func (d *DirRepository) with(ctx context.Context, tenant string, create bool, do func(*tenantDir) error) error {
	name, unlock, err := d.turn(ctx, tenant)
	if err != nil {
		return err
	}
	defer unlock()
	t, err := d.open(ctx, name, create)
	if err != nil {
		return fmt.Errorf("tenant: open the folder of %s: %w", tenant, err)
	}
	defer t.close()
	if t.folder == nil {
		return do(t)
	}
	if err := t.recover(ctx, d.known(name)); err != nil {
		return fmt.Errorf("tenant: complete an interrupted write of %s: %w", tenant, err)
	}
	if err := do(t); err != nil {
		return err // the pack is read again
	}
	d.remember(name, t.pack.State())
	return nil
}

func (d *DirRepository) known(folder string) *pack.State {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := d.packs[folder]
	delete(d.packs, folder) // until this call has ended well
	return p
}

func (d *DirRepository) remember(folder string, p *pack.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.packs) >= maxPacks {
		clear(d.packs)
	}
	d.packs[folder] = p
}

// open opens a tenant's folder and locks it against other processes.
func (d *DirRepository) open(ctx context.Context, name string, create bool) (*tenantDir, error) {
	for {
		t, err := d.openOnce(ctx, name, create)
		if err != nil || t.folder == nil {
			return t, err
		}
		// Another process may have removed the folder while this one waited for
		// the lock. What was opened is not the tenant's any more then.
		current, err := folder.IsCurrent(d.root, t.lock, path.Join(name, lockName))
		if current {
			return t, nil
		}
		t.close()
		if err != nil {
			return nil, err
		}
	}
}

func (d *DirRepository) openOnce(ctx context.Context, name string, create bool) (*tenantDir, error) {
	info, err := d.root.Lstat(name)
	switch {
	case os.IsNotExist(err) && !create:
		return &tenantDir{pack: pack.Empty()}, nil
	case err != nil && !os.IsNotExist(err):
		return nil, err
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is %s, not a folder: remove it", name, folder.TypeName(info.Mode()))
	}
	f := newFolder(d.root, "", d.step)
	if err := f.Mkdir(path.Join(name, hidden)); err != nil {
		return nil, err
	}
	if _, err := d.root.Lstat(path.Join(name, pendingFile)); err != nil && create {
		// Another process may have made the folders, and died before it synced them.
		f.NotSynced(".", "")
		f.NotSynced(name, "")
	}
	if err := f.Flush(); err != nil {
		return nil, err
	}
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	t := &tenantDir{folder: newFolder(root, name, d.step), pack: pack.Empty(), boot: d.boot, packs: packConfig(d.boot, d.newSalt)}
	if t.lock, err = t.folder.Lock(ctx, lockName); err != nil {
		t.folder.Close()
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
