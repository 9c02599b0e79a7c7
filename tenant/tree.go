package tenant

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Tree is one revision of a line as files: content by path, slashes between
// folders, the first folder being the kind: "groups/CA-BreakGlass.json".
//
// The repositories of this package, and others that keep files, are made of trees.
// Trees are values: no method changes one. Contents are shared
// between trees and must not be changed.
type Tree map[string][]byte

// Resources decodes the desired line: its resources, by kind and key, and the
// files that cannot be used. Files that do not end in ".json", and files and
// folders whose name begins with a dot, are ignored.
func (t Tree) Resources() ([]Resource, []FileError) {
	var (
		resources []Resource
		problems  []FileError
	)
	entries := indexOf(t).entries()
	bodies, errs := make([]json.RawMessage, len(entries)), make([]error, len(entries))
	atOnce(len(entries), func(i int) {
		if e := entries[i]; e.problem() == nil {
			bodies[i], errs[i] = DecodeFile(e.paths[0], t[e.paths[0]])
		}
	})
	for i, e := range entries {
		if problem := e.problem(); problem != nil {
			problems = append(problems, *problem)
			continue
		}
		if errs[i] != nil {
			problem := *errs[i].(*FileError)
			problem.Kind, problem.Key = e.Kind, e.Key
			problems = append(problems, problem)
			continue
		}
		resources = append(resources, Resource{Kind: e.Kind, Key: e.Key, Body: bodies[i], Source: e.paths[0]})
	}
	return resources, problems
}

// With returns the tree with the changes made. Only files whose content
// changes are written anew, under the name that they have. A change to a
// resource that has several files leaves one. It returns ErrInvalidRequest
// for changes that can never be made.
func (t Tree) With(changes []Change) (Tree, error) {
	if err := checkChanges(changes); err != nil {
		return nil, err
	}
	result := maps.Clone(t)
	if result == nil {
		result = Tree{}
	}
	index := indexOf(t)
	// Sorted, so that the same changes give the same names in any order.
	for _, c := range slices.SortedFunc(slices.Values(changes), compareChanges) {
		if err := result.change(index, c); err != nil {
			return nil, err
		}
	}
	return result, nil
}

// change makes one change in place and keeps the index.
func (t Tree) change(index *treeIndex, c Change) error {
	name := ResourceName{c.Kind, c.Key}
	if c.Body == nil {
		for _, path := range index.drop(name) {
			delete(t, path)
		}
		return nil
	}
	content, err := formatFile(c.Kind+"/"+c.Key, c.Body)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidRequest, err)
	}
	path, dropped, err := index.place(name)
	if err != nil {
		return err
	}
	for _, path := range dropped {
		delete(t, path)
	}
	if old, exists := t[path]; !exists || !sameContent(path, old, content) {
		t[path] = content
	}
	return nil
}

// sameContent reports whether a file already says what content, which is
// formatted, says.
func sameContent(path string, file, content []byte) bool {
	if bytes.Equal(file, content) { // as most are: no need to parse
		return true
	}
	formatted, err := formatFile(path, file)
	return err == nil && bytes.Equal(formatted, content)
}

// Digest is a name for the tree's content: equal for equal trees and for no
// others. Every byte of a file that is not ignored counts.
func (t Tree) Digest() string {
	h := sha256.New()
	part := func(data []byte) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(data))))
		h.Write(data)
	}
	for _, path := range slices.Sorted(maps.Keys(t)) {
		if !isIgnored(path) {
			part([]byte(path))
			part(t[path])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// isIgnored reports whether a repository ignores a file.
func isIgnored(path string) bool {
	if _, ok := cutExtension(path); !ok {
		return true
	}
	return strings.HasPrefix(path, ".") || strings.Contains(path, "/.")
}

// treeEntry is a resource and the files that claim to hold it.
type treeEntry struct {
	ResourceName
	paths []string
	// clash is another resource's file whose name differs only in case.
	clash string
	// invalid says why the file does not name a key.
	invalid string
}

// problem returns the problem of the entry's names, or nil.
func (e *treeEntry) problem() *FileError {
	var message string
	switch {
	case e.invalid != "":
		message = e.invalid
	case len(e.paths) > 1:
		message = fmt.Sprintf("this resource has several files (%s): keep one of them", strings.Join(e.paths, ", "))
	case e.clash != "":
		message = fmt.Sprintf("the name differs from %s only in case, which not every system can tell apart: rename one of them", e.clash)
	default:
		return nil
	}
	problem := wholeFile(e.paths[0], message)
	problem.Kind, problem.Key = e.Kind, e.Key
	return problem
}

// treeIndex knows which resource is where in a tree.
type treeIndex struct {
	byKey   map[ResourceName]*treeEntry
	invalid []*treeEntry
	// folded holds a path for each folded path.
	folded map[string]string
	// kinds are the kinds of the first folders, since many paths have one.
	kinds map[string]folderKind
}

type folderKind struct {
	kind string
	err  error
}

// indexOf returns the index of files by path, with any type of content.
func indexOf[C any](files map[string]C) *treeIndex {
	index := &treeIndex{byKey: make(map[ResourceName]*treeEntry, len(files)), folded: make(map[string]string, len(files)), kinds: make(map[string]folderKind)}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if !isIgnored(path) {
			index.add(path)
		}
	}
	return index
}

func (x *treeIndex) add(path string) {
	name, err := x.parse(path)
	if err != nil {
		x.invalid = append(x.invalid, &treeEntry{ResourceName: name, paths: []string{path}, invalid: err.Error()})
		return
	}
	e := x.byKey[name]
	if e == nil {
		e = &treeEntry{ResourceName: name}
		x.byKey[name] = e
	}
	e.paths = append(e.paths, path)
	folded := fold(path)
	other, taken := x.folded[folded]
	if !taken {
		x.folded[folded] = path
		return
	}
	if o, err := parsePath(other); err == nil && o != name {
		e.clash = other
		x.byKey[o].clash = path
	}
}

// parse is parsePath, which looks at each kind once.
func (x *treeIndex) parse(path string) (ResourceName, error) {
	folder, file, ok := strings.Cut(path, "/")
	if !ok {
		return parsePath(path)
	}
	k, known := x.kinds[folder]
	if !known {
		k.kind = unescape(folder)
		k.err = checkKind(k.kind)
		x.kinds[folder] = k
	}
	if k.err != nil {
		return ResourceName{Kind: k.kind}, k.err
	}
	key, err := KeyOfPath(file)
	return ResourceName{Kind: k.kind, Key: key}, err
}

// remove forgets a resource. The name that it shared with another but for the
// case is the other's now.
func (x *treeIndex) remove(e *treeEntry) {
	delete(x.byKey, e.ResourceName)
	for _, path := range e.paths {
		delete(x.folded, fold(path))
	}
	if e.clash == "" {
		return
	}
	x.folded[fold(e.clash)] = e.clash
	// With three of one name, the other may be gone already.
	if name, err := parsePath(e.clash); err == nil && x.byKey[name] != nil {
		x.byKey[name].clash = ""
	}
}

func (x *treeIndex) entries() []*treeEntry {
	all := slices.AppendSeq(slices.Clone(x.invalid), maps.Values(x.byKey))
	slices.SortFunc(all, func(a, b *treeEntry) int {
		return cmp.Or(compareNames(a.ResourceName, b.ResourceName), cmp.Compare(a.paths[0], b.paths[0]))
	})
	return all
}

// place returns the path at which a resource's content belongs and makes it the
// resource's only one: the path that it has, or a new one. Dropped are the
// paths of files that must go: the resource has several, or its name differs
// from another resource's only in case.
func (x *treeIndex) place(name ResourceName) (path string, dropped []string, err error) {
	if e := x.byKey[name]; e != nil && len(e.paths) == 1 && e.clash == "" {
		return e.paths[0], nil, nil
	}
	dropped = x.drop(name)
	if path, err = x.newPath(name.Kind, name.Key); err != nil {
		return "", nil, err
	}
	x.add(path)
	return path, dropped, nil
}

// drop forgets a resource, if it is there, and returns the paths of its files.
func (x *treeIndex) drop(name ResourceName) []string {
	e := x.byKey[name]
	if e == nil {
		return nil
	}
	x.remove(e)
	return e.paths
}

// newPath returns a free path for a resource without a file.
func (x *treeIndex) newPath(kind, key string) (string, error) {
	folder := escape(kind, isUnsafe)
	for _, distinct := range []bool{false, true} {
		path := folder + "/" + FilePath(key, distinct)
		if _, taken := x.folded[fold(path)]; !taken {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s/%s: every name for its file is taken: rename the file that is in the way", ErrInvalidRequest, kind, key)
}

// parsePath returns the kind and key of the file at a path of a tree. With an
// error, it returns the parts that it could tell.
func parsePath(path string) (ResourceName, error) {
	folder, file, ok := strings.Cut(path, "/")
	if !ok {
		return ResourceName{}, fmt.Errorf("the file is in no kind's folder: move it into the folder of its kind")
	}
	name := ResourceName{Kind: unescape(folder)}
	if err := checkKind(name.Kind); err != nil {
		return name, err
	}
	var err error
	name.Key, err = KeyOfPath(file)
	return name, err
}
