package folder

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
)

// The modes of the folders and files that a repository makes. The umask can only
// remove bits from them.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Folder is a folder whose files are read, changed and synced. Names cannot lead
// out of it, not by links either. It is for one caller at a time.
type Folder struct {
	Config
	root *os.Root
	// folders are those that were found to be folders, and no links.
	folders map[string]bool
	// opened are folders that were opened, by name.
	opened map[string]*os.Root
	// unsynced are the files that were written, and the folders in which names
	// were changed, since the last call of Flush.
	unsynced struct{ files, folders map[string]bool }
}

// Config configures a Folder.
type Config struct {
	// Name is the folder's name, for errors.
	Name string
	// Temporary is the name of the file that is being written, before it gets its
	// own. One is enough: see Folder.
	Temporary string
	// Step, if not nil, is asked before every change of the disk and every sync.
	// Tests count and interrupt there.
	Step func(act, path string) error
	// Remedy returns the sentence that tells people what to do about a damaged file.
	Remedy func(name string) string
}

// New returns the folder that a root has opened.
func New(root *os.Root, cfg Config) *Folder {
	f := &Folder{Config: cfg, root: root, folders: make(map[string]bool), opened: make(map[string]*os.Root)}
	f.forget()
	return f
}

// NotSynced notes that a file may not be on the disk, and that names in the
// folder which holds it may not be. Without a file it notes the folder alone.
func (f *Folder) NotSynced(folder, file string) {
	f.unsynced.folders[folder] = true
	if file != "" {
		f.unsynced.files[file] = true
	}
}

// forget takes all that was written for synced.
func (f *Folder) forget() {
	f.unsynced.files, f.unsynced.folders = make(map[string]bool), make(map[string]bool)
}

func (f *Folder) Close() {
	f.CloseFolders()
	f.root.Close()
}

func (f *Folder) CloseFolders() {
	for _, folder := range f.opened {
		folder.Close()
	}
	clear(f.opened)
	clear(f.folders)
}

// Open returns a folder, which hasFolder must have found. Reads and changes of
// many files in it are faster than by their whole names.
func (f *Folder) Open(name string) (*os.Root, error) {
	if folder := f.opened[name]; folder != nil {
		return folder, nil
	}
	folder, err := f.root.OpenRoot(name)
	if err == nil {
		f.opened[name] = folder
	}
	return folder, err
}

func (f *Folder) Before(act, name string) error {
	if f.Step == nil {
		return nil
	}
	return f.Step(act, path.Join(f.Name, name))
}

// Mkdir makes a folder, with those above it.
func (f *Folder) Mkdir(name string) error {
	if there, err := f.Has(name); there || err != nil {
		return err
	}
	if err := f.Before("mkdir", name); err != nil {
		return err
	}
	if err := f.root.MkdirAll(name, folderMode); err != nil {
		return err
	}
	for at := name; at != "."; at = path.Dir(at) {
		f.unsynced.folders[path.Dir(at)] = true
	}
	return nil
}

// Write replaces a file: a reader sees the old content or the new. It is on the
// disk after flush.
func (f *Folder) Write(name string, content []byte) error {
	if err := f.Mkdir(path.Dir(name)); err != nil {
		return err
	}
	if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
		return f.Damaged(name, "is a folder, not a file")
	}
	// Beside the hidden folder's other files, so that no half file ever lies
	// among those that people see. One is enough under the lock.
	w, err := f.Create(f.Temporary)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := f.Rename(f.Temporary, name); err != nil {
		return err
	}
	f.unsynced.files[name], f.unsynced.folders[path.Dir(name)] = true, true
	return nil
}

// WriteCache is write for a file that may be lost: flush does not sync it.
func (f *Folder) WriteCache(name string, content []byte) error {
	folder := path.Dir(name)
	before := f.unsynced.folders[folder]
	err := f.Write(name, content)
	delete(f.unsynced.files, name)
	if !before {
		delete(f.unsynced.folders, folder)
	}
	return err
}

// WriteNew creates a file, which is faster than write. It returns false and changes
// nothing if the name is taken. If the process dies, a part of the file may be there.
func (f *Folder) WriteNew(name string, content []byte) (bool, error) {
	if err := f.Mkdir(path.Dir(name)); err != nil {
		return false, err
	}
	if there, err := f.Has(path.Dir(name)); !there || err != nil {
		return false, err
	}
	folder, err := f.Open(path.Dir(name))
	if err != nil {
		return false, err
	}
	if err := f.Before("create", name); err != nil {
		return false, err
	}
	w, err := folder.OpenFile(path.Base(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	f.unsynced.files[name], f.unsynced.folders[path.Dir(name)] = true, true
	_, err = w.Write(content)
	return true, errors.Join(err, w.Close())
}

// Create makes a file. It first removes anything else with that name: through a link
// it would overwrite another file, and on a named pipe it would wait.
func (f *Folder) Create(name string) (*os.File, error) {
	if err := f.Mkdir(path.Dir(name)); err != nil {
		return nil, err
	}
	if err := f.Before("create", name); err != nil {
		return nil, err
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, f.Damaged(name, "is in the way")
	}
	return f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
}

// WriteSynced is write, and on return the file is on the disk.
func (f *Folder) WriteSynced(name string, content []byte) error {
	if info, err := f.root.Lstat(name); err == nil && info.IsDir() {
		return f.Damaged(name, "is a folder, not a file")
	}
	w, err := f.Create(f.Temporary)
	if err != nil {
		return err
	}
	if _, err = w.Write(content); err == nil {
		if err = f.Before("sync", f.Temporary); err == nil {
			err = w.Sync()
		}
	}
	if err := errors.Join(err, w.Close()); err != nil {
		return err
	}
	if err := f.Rename(f.Temporary, name); err != nil {
		return err
	}
	return f.SyncDir(path.Dir(name))
}

// Rename gives a file another name, and replaces the file that has that name.
func (f *Folder) Rename(from, to string) error {
	if err := f.Before("rename", to); err != nil {
		return err
	}
	return f.root.Rename(from, to)
}

// Remove deletes a file, and the folders up to keep that it leaves empty.
func (f *Folder) Remove(name, keep string) error {
	if there, err := f.Has(path.Dir(name)); !there || err != nil {
		return err
	}
	if err := f.Before("remove", name); err != nil {
		return err
	}
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	delete(f.unsynced.files, name)
	dir := path.Dir(name)
	for ; dir != keep && strings.HasPrefix(dir, keep); dir = path.Dir(dir) {
		if f.root.Remove(dir) != nil {
			break // not empty
		}
		if folder := f.opened[dir]; folder != nil {
			folder.Close()
		}
		delete(f.opened, dir)
		delete(f.folders, dir)
		delete(f.unsynced.folders, dir)
	}
	f.unsynced.folders[dir] = true
	return nil
}

// MaxSyncs is how many files and folders are synced one by one. For more, the
// file system is synced as a whole, if the system can do that.
const MaxSyncs = 6

// Flush syncs everything that was written since the last call to the disk.
func (f *Folder) Flush() error {
	if len(f.unsynced.files)+len(f.unsynced.folders) > MaxSyncs && CanSyncAll {
		if err := f.Before("sync all", "."); err != nil {
			return err
		}
		dir, err := f.root.Open(".")
		if err != nil {
			return err
		}
		if err := errors.Join(syncFileSystem(dir), dir.Close()); err != nil {
			return err
		}
		f.forget()
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(f.unsynced.files)) {
		if err := f.syncFile(name); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.unsynced.folders)) {
		if err := f.SyncDir(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f.forget()
	return nil
}

// syncFile makes a file's content last. If the file is gone or was replaced,
// another program has the word about it.
func (f *Folder) syncFile(name string) error {
	if err := f.Before("sync", name); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_RDWR|openAtOnce, 0)
	if err != nil {
		if info, e := f.root.Lstat(name); e == nil && info.Mode().IsRegular() {
			return err
		}
		return nil
	}
	return errors.Join(file.Sync(), file.Close())
}

// SyncDir makes names in a folder last. Windows cannot and need not.
func (f *Folder) SyncDir(name string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	if err := f.Before("sync", name); err != nil {
		return err
	}
	dir, err := f.root.OpenFile(name, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// RemoveAll deletes a folder with all that is in it.
func (f *Folder) RemoveAll(name string) error {
	if _, err := f.root.Lstat(name); os.IsNotExist(err) {
		return nil
	}
	if err := f.Before("remove", name); err != nil {
		return err
	}
	if err := f.root.RemoveAll(name); err != nil {
		return err
	}
	return f.SyncDir(".")
}

// IsCurrent reports whether a lock is on the file that has the name now. A
// folder that was removed takes its lock along, and the next one has another.
func IsCurrent(root *os.Root, lock *os.File, name string) (bool, error) {
	held, err := lock.Stat()
	if err != nil {
		return false, err
	}
	now, err := root.Lstat(name)
	if os.IsNotExist(err) {
		return false, nil
	}
	return err == nil && os.SameFile(held, now), err
}
