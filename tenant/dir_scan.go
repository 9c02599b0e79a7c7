package tenant

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// scan reads a line's folder as it is now: the files that are resources, and
// what looks like one and cannot be read.
func (t *tenantDir) scan(ctx context.Context, line Line) (Tree, []FileError, error) {
	tree := Tree{}
	if t.files == nil {
		return tree, nil, nil
	}
	folder := string(line)
	if there, err := t.hasFolder(folder); !there || err != nil {
		return tree, nil, err
	}
	var problems []FileError
	err := fs.WalkDir(t.root.FS(), folder, func(name string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted while we look
		}
		if ctx.Err() != nil {
			return ctx.Err()
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
		if len(rel) > maxPath {
			problems = append(problems, *wholeFile(strings.ToValidUTF8(rel[:maxPath], "")+"…", "the path is too long: move the file up"))
			return nil
		}
		content, err := t.read(name, MaxFileSize)
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
