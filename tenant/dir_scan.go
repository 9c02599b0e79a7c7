package tenant

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// scan reads a line's folder as it is now: the files that are resources, and
// what looks like one and cannot be read.
func (t *tenantDir) scan(line Line) (Tree, []FileError, error) {
	tree := Tree{}
	if t.files == nil {
		return tree, nil, nil
	}
	folder := string(line)
	info, err := t.root.Lstat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return tree, nil, nil
	case err != nil:
		return nil, nil, err
	case !info.IsDir():
		return nil, nil, fmt.Errorf("tenant: %s is no folder: links are not followed", folder)
	}
	var problems []FileError
	err = fs.WalkDir(t.root.FS(), folder, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted while we look
		}
		if err != nil || name == folder {
			return err
		}
		if strings.HasPrefix(e.Name(), ".") {
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		rel := strings.TrimPrefix(name, folder+"/")
		if message := unreadable(e, strings.Contains(rel, "/")); message != "" {
			problem := wholeFile(rel, message)
			if id, err := parsePath(rel); err == nil {
				problem.Kind, problem.Key = id.Kind, id.Key
			}
			problems = append(problems, *problem)
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() || isIgnored(rel) {
			return nil
		}
		content, err := t.root.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		tree[rel] = content
		return err
	})
	return tree, problems, err
}

// unreadable says why an entry that could be a resource, or a folder of them,
// is not read; inKind says that it lies in a kind's folder.
func unreadable(e fs.DirEntry, inKind bool) string {
	ext := path.Ext(e.Name())
	if e.IsDir() && inKind && strings.EqualFold(ext, extension) {
		return "this is a folder with the name of a file: rename it"
	}
	if e.IsDir() || ext != "" && !strings.EqualFold(ext, extension) {
		return ""
	}
	if e.Type()&fs.ModeSymlink != 0 {
		return "symbolic links are not followed: put the file itself here"
	}
	if ext == "" {
		return ""
	}
	if !e.Type().IsRegular() {
		return "this is no regular file: put a file here or remove it"
	}
	if info, err := e.Info(); err == nil && info.Size() > MaxFileSize {
		return fmt.Sprintf("the file has %d bytes, more than the limit of %d: split it or leave it out", info.Size(), MaxFileSize)
	}
	return ""
}
