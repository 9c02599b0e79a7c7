package tenant

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
)

// hidden is the folder that people leave alone. What it has is told in
// dir_log.go.
const (
	hidden      = ".tenantsync"
	pendingFile = hidden + "/pending.json"
	lockName    = hidden + "/lock"
	newName     = hidden + "/new"
)

// The modes of what a repository makes. The umask can only take from them.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// files are the reads and changes of a folder. Names cannot lead out of it, not
// by links either. One at a time: the folder is locked.
type files struct {
	root *os.Root
	// folder is the root's name in the repository, for errors.
	folder string
	step   func(act, path string) error
	// folders are those that were found to be folders, and no links.
	folders map[string]bool
}

func newFiles(root *os.Root, folder string, step func(act, path string) error) *files {
	return &files{root: root, folder: folder, step: step, folders: make(map[string]bool)}
}

func (f *files) before(act, name string) error {
	if f.step == nil {
		return nil
	}
	return f.step(act, name)
}

func (f *files) mkdir(name string) error {
	if there, err := f.hasFolder(name); there || err != nil {
		return err
	}
	if err := f.before("mkdir", name); err != nil {
		return err
	}
	return f.root.MkdirAll(name, folderMode)
}

// write replaces a file: whoever reads sees the old content or the new. On
// return the new content and the name are on the disk.
func (f *files) write(name string, content []byte) error {
	if err := f.mkdir(path.Dir(name)); err != nil {
		return err
	}
	if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
		return f.damaged(name, "is a folder, not a file")
	}
	if err := f.before("write", name); err != nil {
		return err
	}
	// Beside the hidden folder's other files, so that no half file ever lies
	// among those that people see. One is enough under the lock.
	if err := f.writeSynced(newName, content); err != nil {
		return err
	}
	if err := f.before("rename", name); err != nil {
		return err
	}
	if err := f.root.Rename(newName, name); err != nil {
		return err
	}
	return f.syncDir(path.Dir(name))
}

// writeSynced makes a file. What has the name goes first: a link would have its
// target overwritten, a named pipe would be waited for.
func (f *files) writeSynced(name string, content []byte) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.damaged(name, "is in the way")
	}
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Sync(), w.Close())
}

// remove deletes a file, and the folders up to keep that it leaves empty.
func (f *files) remove(name, keep string) error {
	if there, err := f.hasFolder(path.Dir(name)); !there || err != nil {
		return err
	}
	if err := f.before("remove", name); err != nil {
		return err
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := path.Dir(name)
	for ; dir != keep && strings.HasPrefix(dir, keep); dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil {
			break // not empty
		}
		delete(f.folders, dir)
	}
	return f.syncDir(dir)
}

// syncDir makes names in a folder last. Windows cannot and need not.
func (f *files) syncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
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
