package tenant

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// The largest files of the hidden folder that are read and written, in bytes.
// Objects are as large as files of a line: see [MaxFileSize].
const (
	// maxListSize is for revisions and the pending file, which list a tenant's
	// files: enough for several 100,000.
	maxListSize = 128 << 20
	maxKeyFile  = 64 << 10
)

// hasFolder reports whether a folder is there. It is an error if it, or a folder
// above it, is a link or a file: os.Root follows links that stay within it, and
// so a write would change other files than those that it names.
func (f *files) hasFolder(name string) (bool, error) {
	if f.folders[name] {
		return true, nil
	}
	for at := 0; at < len(name) && name != "."; {
		end := strings.IndexByte(name[at:], '/')
		if end += at; end < at {
			end = len(name)
		}
		at = end + 1
		folder := name[:end]
		if f.folders[folder] {
			continue
		}
		info, err := f.root.Lstat(folder)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return false, nil
		case err != nil:
			return false, err
		case !info.IsDir():
			return false, f.damaged(folder, "is "+fileType(info.Mode())+", not a folder")
		}
		f.folders[folder] = true
	}
	return true, nil
}

// read returns the content of a regular file. A link, a folder and a special
// file are errors, and so is a file of more than limit bytes.
func (f *files) read(name string, limit int64) ([]byte, error) {
	if there, err := f.hasFolder(path.Dir(name)); err != nil {
		return nil, err
	} else if !there {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := f.checkFile(name, info, limit); err != nil {
		return nil, err // not opened: with some devices that has an effect
	}
	r, err := f.root.OpenFile(name, os.O_RDONLY|openAtOnce, 0)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	// Somebody may have replaced it since, and the file may grow.
	if info, err = r.Stat(); err != nil {
		return nil, err
	}
	if err := f.checkFile(name, info, limit); err != nil {
		return nil, err
	}
	var content bytes.Buffer
	content.Grow(int(info.Size()) + bytes.MinRead)
	n, err := content.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = f.tooLarge(name, n, limit)
	}
	return content.Bytes(), err
}

func (f *files) checkFile(name string, info fs.FileInfo, limit int64) error {
	if !info.Mode().IsRegular() {
		return f.damaged(name, "is "+fileType(info.Mode())+", not a file")
	}
	if info.Size() > limit {
		return f.tooLarge(name, info.Size(), limit)
	}
	return nil
}

func (f *files) tooLarge(name string, size, limit int64) error {
	return f.damaged(name, fmt.Sprintf("has %d bytes, more than the limit of %d", size, limit))
}

// openLock opens the lock file, which is made if it is not there.
func (f *files) openLock(name string) (*os.File, error) {
	info, err := f.root.Lstat(name)
	if err == nil {
		err = f.checkFile(name, info, maxListSize)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return f.root.OpenFile(name, os.O_CREATE|os.O_RDWR|openAtOnce, fileMode)
}

// damaged returns the error for a file or folder that a repository cannot use:
// its name in the repository, what is wrong with it, and what to do.
func (f *files) damaged(name, problem string) error {
	remedy := "restore it from a backup of the folder"
	switch {
	case name == lockName, name == newName:
		remedy = "delete it while nothing uses the folder; it will be made anew"
	case name == pendingFile:
		remedy = "restore it from a backup of the folder, or move it away and look at the tenant's files: the write that it held may be half done"
	case name != hidden && !strings.HasPrefix(name, hidden+"/") && path.Base(name) != hidden:
		remedy = "put right or remove what has this name"
	}
	return fmt.Errorf("tenant: %s %s: %s", f.shown(name), problem, remedy)
}

// shown is a file's name in the repository, as errors have it: cut if it is long.
func (f *files) shown(name string) string {
	name = path.Join(f.folder, name)
	if len(name) > maxPath {
		name = strings.ToValidUTF8(name[:maxPath], "") + "…"
	}
	return name
}

// fileType names what is no regular file in words.
func fileType(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsRegular():
		return "a file"
	}
	return "a special file"
}
