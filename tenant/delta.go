package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
)

// WithDelta returns the tree of a backup line after a request with a Parent was
// appended to it. t is the tree of the line's head, parent that of the revision
// that the request names. The result is the same as that of [Tree.WithSnapshot]
// for the whole snapshot, and only files whose content differs from t's are
// written anew.
//
// It returns ErrInvalidRequest for a request that can never be kept, or that
// removes a resource that parent lacks, and ErrNewerFormat where t or parent
// was written by a newer version. The repository finds the parent, and returns
// ErrNoRevision if it lacks it.
func (t Tree) WithDelta(parent Tree, req BackupRequest) (Tree, error) {
	result, _, err := t.withDelta(parent, req)
	return result, err
}

// withDelta also returns the objects of the changed files: see lineFiles.objects.
func (t Tree) withDelta(parent Tree, req BackupRequest) (Tree, map[string]string, error) {
	if err := req.check(); err != nil {
		return nil, nil, err
	}
	for _, tree := range []Tree{t, parent} {
		if err := refuseNewerSnapshot(tree[snapshotFile]); err != nil {
			return nil, nil, err
		}
	}
	contents, err := req.contents()
	if err != nil {
		return nil, nil, err
	}
	made := newLineFiles(t, sameContent)
	if err := mergeDelta(made, parent, req, contents); err != nil {
		return nil, nil, err
	}
	text, err := encodeSnapshot(req.Snapshot, made.index)
	if err != nil {
		return nil, nil, err
	}
	made.write(snapshotFile, text)
	return made.files, made.objects(objectName), nil
}

// contents returns the content of the files of the resources that count: those
// of kinds whose resources replace the line's. The request was checked.
func (r BackupRequest) contents() (map[ResourceName][]byte, error) {
	changes := snapshotChanges(r.Snapshot, r.Snapshot.replaces())
	formatted, errs := make([][]byte, len(changes)), make([]error, len(changes))
	atOnce(len(changes), func(i int) {
		formatted[i], errs[i] = formatFile(changes[i].Kind+"/"+changes[i].Key, changes[i].Body)
	})
	contents := make(map[ResourceName][]byte, len(changes))
	for i, c := range changes {
		if errs[i] != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidRequest, errs[i])
		}
		contents[ResourceName{c.Kind, c.Key}] = formatted[i]
	}
	return contents, nil
}

// mergeDelta makes of a line's head the revision that a request with a parent
// asks for, but for the snapshot's own file. given are the contents that the
// request brings.
//
// A delta stands for a whole snapshot, and must make the same revision. So a
// kind that replaces ([KindState.Replaces]) gets the parent's resources without the
// removed ones, and with those given. Every other kind keeps the head's resources.
// The head need not be the parent, and is never older.
//
// The changes are made to the head's files, not to the parent's, so that a
// resource keeps the path that it has in the line's folder, and so that the
// changes are all that a folder has to be given.
func mergeDelta[C any](made *lineFiles[C], parent map[string]C, req BackupRequest, given map[ResourceName]C) error {
	replaces := req.Snapshot.replaces()
	old := indexOf(parent)
	removed := make(map[ResourceName]bool, len(req.Removed))
	for _, name := range req.Removed {
		if old.byKey[name] == nil {
			return notHeld(name, req.Parent)
		}
		removed[name] = true
	}
	// content returns the new revision's content of a resource of such a kind.
	content := func(name ResourceName) (c C, stays bool) {
		if c, stays = given[name]; stays {
			return c, true
		}
		if e := old.byKey[name]; e != nil && !removed[name] {
			return parent[e.paths[0]], true
		}
		return c, false
	}
	var changed []ResourceName
	for name := range made.index.byKey {
		if c, stays := content(name); replaces(name.Kind) && !(stays && made.holds(name, c)) {
			changed = append(changed, name)
		}
	}
	isNew := func(name ResourceName) bool { return made.index.byKey[name] == nil }
	for name := range given {
		if isNew(name) {
			changed = append(changed, name)
		}
	}
	for name := range old.byKey {
		if _, again := given[name]; !again && isNew(name) && !removed[name] && replaces(name.Kind) {
			changed = append(changed, name)
		}
	}
	// Sorted, so that the same changes give the same paths in any order.
	slices.SortFunc(changed, compareNames)
	for _, name := range changed {
		c, stays := content(name)
		if !stays {
			made.remove(name)
		} else if err := made.put(name, c); err != nil {
			return err
		}
	}
	return nil
}

// mergeIntoParent is mergeDelta for a line whose head is the parent. It looks at
// no resource but those that the request names.
func mergeIntoParent[C any](made *lineFiles[C], req BackupRequest, given map[ResourceName]C) error {
	var changed []ResourceName
	for _, name := range req.Removed {
		if made.index.byKey[name] == nil {
			return notHeld(name, req.Parent)
		}
		changed = append(changed, name)
	}
	for name, content := range given {
		if !made.holds(name, content) {
			changed = append(changed, name)
		}
	}
	slices.SortFunc(changed, compareNames)
	for _, name := range changed {
		if content, stays := given[name]; !stays {
			made.remove(name)
		} else if err := made.put(name, content); err != nil {
			return err
		}
	}
	return nil
}

func notHeld(name ResourceName, parent string) error {
	return invalid("%s/%s is to be removed, and revision %s does not have it", name.Kind, name.Key, parent)
}

// lineFiles are the files of a revision that is being made of another one. C is
// a content, or stands for one.
type lineFiles[C any] struct {
	files map[string]C
	index *treeIndex
	// changed are the paths that were written or removed.
	changed map[string]bool
	// same reports whether the file at a path already has the meaning of a content.
	same func(path string, file, content C) bool
}

// newLineFiles begins with files, which are not changed.
func newLineFiles[C any](files map[string]C, same func(path string, file, content C) bool) *lineFiles[C] {
	return &lineFiles[C]{files: maps.Clone(files), index: indexOf(files), changed: make(map[string]bool), same: same}
}

// holds reports whether a resource has one file, and that says what content says.
func (l *lineFiles[C]) holds(name ResourceName, content C) bool {
	e := l.index.byKey[name]
	return e != nil && len(e.paths) == 1 && e.clash == "" && l.same(e.paths[0], l.files[e.paths[0]], content)
}

func (l *lineFiles[C]) put(name ResourceName, content C) error {
	path, dropped, err := l.index.place(name)
	if err != nil {
		return err
	}
	l.delete(dropped)
	l.write(path, content)
	return nil
}

func (l *lineFiles[C]) remove(name ResourceName) { l.delete(l.index.drop(name)) }

func (l *lineFiles[C]) delete(paths []string) {
	for _, path := range paths {
		delete(l.files, path)
		l.changed[path] = true
	}
}

func (l *lineFiles[C]) write(path string, content C) {
	if file, exists := l.files[path]; exists && l.same(path, file, content) {
		return
	}
	l.files[path] = content
	l.changed[path] = true
}

// objects returns the object of each changed file by path, "" for one that was
// removed.
func (l *lineFiles[C]) objects(object func(C) string) map[string]string {
	objects := make(map[string]string, len(l.changed))
	for path := range l.changed {
		objects[path] = ""
		if content, exists := l.files[path]; exists {
			objects[path] = object(content)
		}
	}
	return objects
}

// changeDigest is a name for the content of a revision: it is equal where the
// same files of the same revision were changed into the same contents. Unlike
// [Tree.Digest] it reads nothing else.
func changeDigest(head string, objects map[string]string) string {
	h := sha256.New()
	part := func(text string) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	part(head)
	for _, path := range slices.Sorted(maps.Keys(objects)) {
		part(path)
		part(objects[path])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
