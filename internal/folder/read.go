package folder

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

const (
	maxShown = 4096 // bytes of a name in an error
	maxLock  = 1 << 20
)

// Has reports whether a folder is there. It is an error if it, or a folder
// above it, is a link or a file: os.Root follows links that stay within it, and
// so a write would change other files than those that it names.
func (f *Folder) Has(name string) (bool, error) {
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
			return false, f.Damaged(folder, "is "+TypeName(info.Mode())+", not a folder")
		}
		f.folders[folder] = true
	}
	return true, nil
}

// Read returns the content of a regular file. A link, a folder and a special
// file are errors, and so is a file of more than limit bytes.
func (f *Folder) Read(name string, limit int64) ([]byte, error) {
	if there, err := f.Has(path.Dir(name)); err != nil {
		return nil, err
	} else if !there {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	info, err := f.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if err := f.CheckFile(name, info, limit); err != nil {
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
	if err := f.CheckFile(name, info, limit); err != nil {
		return nil, err
	}
	var content bytes.Buffer
	content.Grow(int(info.Size()) + bytes.MinRead)
	n, err := content.ReadFrom(io.LimitReader(r, limit+1))
	if err == nil && n > limit {
		err = f.TooLarge(name, n, limit)
	}
	return content.Bytes(), err
}

func (f *Folder) CheckFile(name string, info fs.FileInfo, limit int64) error {
	if !info.Mode().IsRegular() {
		return f.Damaged(name, "is "+TypeName(info.Mode())+", not a file")
	}
	if info.Size() > limit {
		return f.TooLarge(name, info.Size(), limit)
	}
	return nil
}

func (f *Folder) TooLarge(name string, size, limit int64) error {
	return f.Damaged(name, fmt.Sprintf("has %d bytes, more than the limit of %d", size, limit))
}

// Damaged returns the error for a file or folder that a repository cannot use:
// its name in the repository, what is wrong with it, and what to do.
func (f *Folder) Damaged(name, problem string) error {
	return fmt.Errorf("tenant: %s %s: %s", f.Shown(name), problem, f.Remedy(name))
}

// Shown is a file's name in the repository, as errors have it: cut if it is long.
func (f *Folder) Shown(name string) string {
	name = path.Join(f.Name, name)
	if len(name) > maxShown {
		name = strings.ToValidUTF8(name[:maxShown], "") + "…"
	}
	return name
}

// TypeName returns the word for the type of a file that is not a regular file.
func TypeName(mode fs.FileMode) string {
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

// OpenFile opens a file. It does not wait if a named pipe has that name.
func (f *Folder) OpenFile(name string, flag int) (*os.File, error) {
	return f.root.OpenFile(name, flag|openAtOnce, fileMode)
}

// Nearest returns a folder, or the first one above it that is there.
func (f *Folder) Nearest(name string) string {
	for name != "." {
		if there, err := f.Has(name); there && err == nil {
			break
		}
		name = path.Dir(name)
	}
	return name
}

// Clear removes a link, a folder or a special file that has the name of a file.
func (f *Folder) Clear(name string) error {
	info, err := f.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().IsRegular() {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Before("remove", name); err != nil {
		return err
	}
	f.CloseFolders()
	return f.root.RemoveAll(name)
}

// Lstat looks at a file, in folders that are no links.
func (f *Folder) Lstat(name string) (fs.FileInfo, error) {
	folder := path.Dir(name)
	if there, err := f.Has(folder); err != nil {
		return nil, err
	} else if !there {
		return nil, &fs.PathError{Op: "lstat", Path: name, Err: fs.ErrNotExist}
	}
	if opened := f.opened[folder]; opened != nil {
		return opened.Lstat(path.Base(name))
	}
	return f.root.Lstat(name)
}
