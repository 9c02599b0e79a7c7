package tenant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// noFile is what hashOf returns for a folder, a link, a special file, and a file
// that is too large to be one of a line.
const noFile = "no file"

// hashOf returns the object of a file's content, "" for none.
func (t *tenantDir) hashOf(name string) (string, error) {
	if there, err := t.hasFolder(path.Dir(name)); !there || err != nil {
		return "", err
	}
	info, err := t.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular(), info.Size() > MaxFileSize:
		return noFile, nil
	}
	content, err := t.read(name, MaxFileSize)
	return objectName(content), err
}

func objectFile(name string) string { return path.Join(objectsDir, name[:2], name[2:]) }

// objectsOf returns the objects of a tree by path.
func objectsOf(tree Tree) map[string]string {
	objects := make(map[string]string, len(tree))
	for name, content := range tree {
		objects[name] = objectName(content)
	}
	return objects
}

// contentsOf returns the contents of a tree by object.
func contentsOf(tree Tree) map[string][]byte {
	contents := make(map[string][]byte, len(tree))
	for _, content := range tree {
		contents[objectName(content)] = content
	}
	return contents
}

// putObjects keeps contents, by object. Those that are there already are not
// read, unless verified has them.
func (t *tenantDir) putObjects(ctx context.Context, contents map[string][]byte, verified map[string]bool) error {
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if has, err := t.hasObject(name, contents[name], verified[name]); has || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if err := t.write(objectFile(name), contents[name]); err != nil {
			return err
		}
	}
	return nil
}

// hasObject reports whether an object is there. What is in its place and is no
// such file is not: it will be replaced.
func (t *tenantDir) hasObject(name string, content []byte, verify bool) (bool, error) {
	file := objectFile(name)
	if there, err := t.hasFolder(path.Dir(file)); !there || err != nil {
		return false, err
	}
	info, err := t.root.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(content)) {
		return false, nil
	}
	if !verify {
		return true, nil
	}
	_, err = t.object(name)
	return err == nil, nil
}

func (t *tenantDir) object(name string) ([]byte, error) {
	if !isObject(name) {
		return nil, fmt.Errorf("%.100q is no object's name", name)
	}
	content, err := t.read(objectFile(name), MaxFileSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, t.damaged(objectFile(name), "is missing")
	case err != nil:
		return nil, err
	case objectName(content) != name:
		return nil, t.damaged(objectFile(name), "is damaged (it has another content)")
	}
	return content, nil
}

func (t *tenantDir) tree(ctx context.Context, r dirRevision) (Tree, error) {
	tree := make(Tree, len(r.Files))
	contents := make(map[string][]byte) // a list may name one object many times
	for name, object := range r.Files {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		content, known := contents[object]
		if !known {
			var err error
			if content, err = t.object(object); err != nil {
				return nil, fmt.Errorf("tenant: revision %s: %w", r.ID, err)
			}
			contents[object] = content
		}
		tree[name] = content
	}
	return tree, nil
}

func (t *tenantDir) writeJSON(name string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return err
	}
	if b.Len() > maxListSize {
		return invalid("the tenant has too many files: their list has %d bytes, more than the limit of %d", b.Len(), maxListSize)
	}
	return t.write(name, b.Bytes())
}

// readJSON reads a file of the hidden folder.
func (t *tenantDir) readJSON(name string, v any) (found bool, err error) {
	if t.files == nil {
		return false, nil
	}
	text, err := t.read(name, maxListSize)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := checkFormat(t.shown(name), text, dirFormat); errors.Is(err, ErrNewerFormat) {
		return false, err
	} else if err != nil {
		return false, t.damaged(name, "is damaged (it names no format)")
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, t.damaged(name, fmt.Sprintf("is damaged (%.200s)", err))
	}
	return true, nil
}
