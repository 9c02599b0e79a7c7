package tenant

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// noFile is what hashOf returns for a folder or a link.
const noFile = "no file"

// hashOf returns the object of a file's content, "" for none.
func (t *tenantDir) hashOf(name string) (string, error) {
	info, err := t.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case !info.Mode().IsRegular():
		return noFile, nil
	}
	content, err := t.root.ReadFile(name)
	return objectName(content), err
}

func objectName(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
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

// putObjects keeps contents, by object.
func (t *tenantDir) putObjects(contents map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(contents)) {
		file := objectFile(name)
		if _, err := t.root.Lstat(file); err == nil {
			continue
		}
		if err := t.write(file, contents[name]); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenantDir) object(name string) ([]byte, error) {
	if len(name) != sha256.Size*2 {
		return nil, fmt.Errorf("%q is no object's name", name)
	}
	content, err := t.root.ReadFile(objectFile(name))
	if err == nil && objectName(content) != name {
		err = fmt.Errorf("%s is damaged: restore it from a backup of the folder", objectFile(name))
	}
	return content, err
}

func (t *tenantDir) tree(r dirRevision) (Tree, error) {
	tree := make(Tree, len(r.Files))
	for name, object := range r.Files {
		content, err := t.object(object)
		if err != nil {
			return nil, fmt.Errorf("tenant: revision %s: %w", r.ID, err)
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
	return t.write(name, b.Bytes())
}

// readJSON reads a file of the hidden folder.
func (t *tenantDir) readJSON(name string, v any) (found bool, err error) {
	if t.files == nil {
		return false, nil
	}
	text, err := t.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := checkFormat(name, text, dirFormat); err != nil {
		return false, err
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, fmt.Errorf("tenant: decode %s: %w", name, err)
	}
	return true, nil
}
