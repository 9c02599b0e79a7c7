package tenant

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"runtime"
	"strings"
)

// hidden is the folder that people leave alone.
const hidden = ".tenantsync"

// files are the changes of a folder. Names cannot lead out of it, not by links
// either. One at a time: the folder is locked.
type files struct {
	root *os.Root
	step func(act, path string) error
}

func (f *files) before(act, name string) error {
	if f.step == nil {
		return nil
	}
	return f.step(act, name)
}

func (f *files) mkdir(name string) error {
	if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
		return nil
	}
	if err := f.before("mkdir", name); err != nil {
		return err
	}
	return f.root.MkdirAll(name, 0o777)
}

// write replaces a file: whoever reads sees the old content or the new. On
// return the new content and the name are on the disk.
func (f *files) write(name string, content []byte) error {
	if err := f.mkdir(path.Dir(name)); err != nil {
		return err
	}
	// Beside the hidden folder's other files, so that no half file ever lies
	// among those that people see. One is enough under the lock.
	temporary := path.Join(hidden, "new")
	if err := f.before("write", name); err != nil {
		return err
	}
	if err := f.writeSynced(temporary, content); err != nil {
		return err
	}
	if err := f.before("rename", name); err != nil {
		return err
	}
	if err := f.root.Rename(temporary, name); err != nil {
		return err
	}
	return f.syncDir(path.Dir(name))
}

func (f *files) writeSynced(name string, content []byte) error {
	w, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return errors.Join(err, w.Sync(), w.Close())
}

// remove deletes a file, and the folders up to keep that it leaves empty.
func (f *files) remove(name, keep string) error {
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
