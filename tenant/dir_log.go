package tenant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// In a tenant's hidden folder:
//
//	objects/ab/cdef…            contents of files, by their SHA-256
//	desired/00000007.json       a dirRevision; backup/ likewise
//	keys/desired-<sha256>       the number of the revision with this key
//	pending.json                a dirPending: decided and not yet carried out
//	lock, new                   the lock file; the file that is being written
const (
	objectsDir = hidden + "/objects"
	keysDir    = hidden + "/keys"
)

// dirFormat is the format of the JSON in the hidden folder. A version that
// arranges the folder in another way leaves a pending file there whose format
// is its own: every call begins with that file, and refuses what is newer.
const dirFormat = 1

// dirRevision is one revision as it is kept.
type dirRevision struct {
	Format  int       `json:"format"`
	ID      string    `json:"id"`
	Number  int       `json:"number"`
	Time    time.Time `json:"time,omitzero"`
	Message string    `json:"message,omitempty"`
	Author  string    `json:"author,omitempty"`
	// Key is the idempotency key; empty for an edited state.
	Key string `json:"key,omitempty"`
	// Files are the objects by path.
	Files map[string]string `json:"files"`
}

func (r *dirRevision) revision() Revision {
	if r == nil {
		return Revision{}
	}
	return Revision{ID: r.ID, Time: r.Time, Message: r.Message, Author: r.Author}
}

// dirPending is a change of a line that is decided: it will be carried out.
type dirPending struct {
	Format int  `json:"format"`
	Line   Line `json:"line"`
	// Revisions to add, in order; the last one is the new head.
	Revisions pendingRevisions `json:"revisions"`
	// Before are the files that the line's folder had.
	Before map[string]string `json:"before"`
}

// tenantDir is a tenant's folder while it is locked. Without files, it is not
// there and looks empty.
type tenantDir struct {
	*files
	lock *os.File
}

func (t *tenantDir) close() {
	if t.files != nil {
		t.lock.Close() // gives the lock back
		t.root.Close()
	}
}

// dirHead is the head of a line.
type dirHead struct {
	id     string
	number int // of the last revision that is kept
	// edited: people have changed files since that revision.
	edited bool
	tree   Tree
	// problems are files that are no part of the tree.
	problems []FileError
}

// checkFree refuses a tree that would overwrite what is no part of this one.
func (h dirHead) checkFree(next Tree) error {
	for _, p := range h.problems {
		for name := range next {
			if _, old := h.tree[name]; !old && fold(name) == fold(p.Path) {
				return invalid("%s is in the way: %s", p.Path, p.Message)
			}
		}
	}
	return nil
}

func (t *tenantDir) desiredHead(ctx context.Context) (dirHead, error) {
	tree, problems, err := t.scan(ctx, DesiredLine)
	if err != nil {
		return dirHead{}, err
	}
	last, err := t.last(DesiredLine)
	if err != nil {
		return dirHead{}, err
	}
	head := dirHead{id: last.ID, number: last.Number, tree: tree, problems: problems}
	if digest := tree.Digest(); !sameContentID(last.ID, digest) {
		head.id = fmt.Sprintf("%d+%s", last.Number, digest)
		head.edited = true
	}
	return head, nil
}

// change is a change of a line that is to be committed.
type change struct {
	line Line
	head dirHead
	// before are the objects that the line's folder has, by path; after those
	// that it is to have.
	before, after map[string]string
	// contents has, by object, what after has and before has not. It may have
	// more.
	contents map[string][]byte
	// digest names what the new revision holds.
	digest string
	made   dirRevision
}

// commit writes a revision. Once the pending file is there it is decided, and
// done by whoever comes next if not by this call.
func (t *tenantDir) commit(ctx context.Context, c change) (Revision, error) {
	// What is written into the line is read from its objects.
	written := make(map[string]bool)
	for name, object := range c.after {
		written[object] = written[object] || c.before[name] != object
	}
	if err := t.putObjects(ctx, c.contents, written); err != nil {
		return Revision{}, err
	}
	p := dirPending{Format: dirFormat, Line: c.line, Before: c.before}
	number := c.head.number
	if c.head.edited {
		if err := t.putObjects(ctx, contentsOf(c.head.tree), nil); err != nil {
			return Revision{}, err
		}
		number++
		p.Revisions = append(p.Revisions, dirRevision{
			Format: dirFormat, ID: c.head.id, Number: number, Message: "edited by hand", Files: c.before,
		})
	}
	number++
	c.made.Format, c.made.Number, c.made.Files = dirFormat, number, c.after
	c.made.ID, c.made.Time = revisionID(number, c.digest), time.Now().UTC()
	p.Revisions = append(p.Revisions, c.made)
	if number > maxRevision {
		return Revision{}, t.damaged(revisionFile(c.line, c.head.number), "has the last number that there can be")
	}
	// What would make it impossible to carry out must show before it is decided.
	for name, object := range c.after {
		if c.before[name] != object {
			if err := t.mkdir(path.Join(string(c.line), path.Dir(name))); err != nil {
				return Revision{}, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Revision{}, err
	}
	if err := t.writeJSON(pendingFile, p); err != nil {
		return Revision{}, err
	}
	return c.made.revision(), t.carryOut(context.WithoutCancel(ctx), p)
}

// recover carries out what was decided by a process that died. It changes
// nothing unless all of it can be carried out.
func (t *tenantDir) recover(ctx context.Context) error {
	var p dirPending
	found, err := t.readJSON(pendingFile, &p)
	if err != nil || !found {
		return err
	}
	if err := p.check(); err != nil {
		return t.damaged(pendingFile, "is damaged ("+err.Error()+")")
	}
	if err := t.checkPlace(p); err != nil {
		return err
	}
	last := p.Revisions[len(p.Revisions)-1]
	for name, object := range last.Files {
		if p.Before[name] == object {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := t.object(object); err != nil {
			return err
		}
	}
	return t.carryOut(ctx, p)
}

// checkPlace refuses a change whose revisions do not follow those that the line
// has: a copy of an old pending file would undo what was written since. Some of
// its own may be there, if it was broken off after their write.
func (t *tenantDir) checkPlace(p dirPending) error {
	numbers, err := t.numbers(p.Line)
	if err != nil {
		return err
	}
	last := p.Revisions[len(p.Revisions)-1].Number
	if n := len(numbers); n > 0 && numbers[n-1] > last {
		return t.damaged(pendingFile, fmt.Sprintf("holds revision %d and the line is at %d already", last, numbers[n-1]))
	}
	for _, r := range p.Revisions {
		if _, there := slices.BinarySearch(numbers, r.Number); !there {
			continue
		}
		if old, err := t.numbered(p.Line, r.Number); err != nil {
			return err
		} else if old.ID != r.ID {
			return t.damaged(pendingFile, fmt.Sprintf("holds revision %s and the line has %s there", r.ID, old.ID))
		}
	}
	return nil
}

// carryOut can be repeated at will, from any point at which it was broken off.
func (t *tenantDir) carryOut(ctx context.Context, p dirPending) error {
	after := p.Revisions[len(p.Revisions)-1].Files
	for _, name := range slices.Sorted(maps.Keys(p.Before)) {
		if _, stays := after[name]; !stays {
			if err := cmp.Or(ctx.Err(), t.replace(p, name, "")); err != nil {
				return err
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if err := cmp.Or(ctx.Err(), t.replace(p, name, after[name])); err != nil {
			return err
		}
	}
	for _, r := range p.Revisions {
		if r.Key != "" {
			if err := t.write(keyFile(p.Line, r.Key), []byte(strconv.Itoa(r.Number))); err != nil {
				return err
			}
		}
		if err := t.writeJSON(revisionFile(p.Line, r.Number), r); err != nil {
			return err
		}
	}
	return t.remove(pendingFile, hidden)
}

// replace gives one file of a line its new content. In the desired line, one
// that is neither as it was nor as it will be was edited just now, and stays.
func (t *tenantDir) replace(p dirPending, name, object string) error {
	if object == p.Before[name] {
		return nil
	}
	target := path.Join(string(p.Line), name)
	now, err := t.hashOf(target)
	if err != nil || now == object || p.Line == DesiredLine && now != p.Before[name] {
		return err
	}
	if now == noFile { // in the backup line, which is ours
		if err := t.root.RemoveAll(target); err != nil {
			return err
		}
		clear(t.folders)
	}
	if object == "" {
		return t.remove(target, string(p.Line))
	}
	content, err := t.object(object)
	if err != nil {
		return err
	}
	return t.write(target, content)
}

func revisionFile(line Line, number int) string {
	return path.Join(hidden, string(line), fmt.Sprintf("%08d.json", number))
}

func keyFile(line Line, key string) string {
	return path.Join(keysDir, string(line)+"-"+objectName([]byte(key)))
}

// byKey returns the revision that was written with this key, or nil.
func (t *tenantDir) byKey(line Line, key string) (*dirRevision, error) {
	name := keyFile(line, key)
	text, err := t.read(name, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil { // a newer version may write more than a number there
		if newer := checkFormat(t.shown(name), text, dirFormat); errors.Is(newer, ErrNewerFormat) {
			return nil, newer
		}
		return nil, t.damaged(name, "is damaged (it holds no number)")
	}
	r, err := t.numbered(line, number)
	if err == nil && r.Key != key {
		err = t.damaged(name, fmt.Sprintf("names revision %s, which was written with another key", r.ID))
	}
	return &r, err
}

// numbered returns a revision by its number.
func (t *tenantDir) numbered(line Line, number int) (dirRevision, error) {
	var r dirRevision
	name := revisionFile(line, number)
	found, err := t.readJSON(name, &r)
	switch {
	case err != nil:
		return r, err
	case !found:
		return r, t.damaged(name, "is missing")
	}
	err = r.check(line)
	if err == nil && r.Number != number {
		err = fmt.Errorf("it has the number %d", r.Number)
	}
	if err != nil {
		return r, t.damaged(name, "is damaged ("+err.Error()+")")
	}
	return r, nil
}

// numbers returns the numbers of a line's revisions, oldest first.
func (t *tenantDir) numbers(line Line) ([]int, error) {
	if t.files == nil {
		return nil, nil
	}
	folder := path.Join(hidden, string(line))
	if there, err := t.hasFolder(folder); !there || err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(t.root.FS(), folder)
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range entries {
		// Nothing else than what revisionFile returns: copies and backups of a
		// file may lie beside it.
		n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), extension))
		if err == nil && 0 < n && n <= maxRevision && path.Base(revisionFile(line, n)) == e.Name() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// last returns a line's last revision; of an empty line, the one that it has
// before the first.
func (t *tenantDir) last(line Line) (dirRevision, error) {
	numbers, err := t.numbers(line)
	if err != nil || len(numbers) == 0 {
		return dirRevision{ID: emptyRevision}, err
	}
	return t.numbered(line, numbers[len(numbers)-1])
}

// revisions returns a line's revisions, newest first.
func (t *tenantDir) revisions(ctx context.Context, line Line) ([]Revision, error) {
	numbers, err := t.numbers(line)
	if err != nil {
		return nil, err
	}
	var all []Revision
	for _, n := range slices.Backward(numbers) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := t.numbered(line, n)
		if err != nil {
			return nil, err
		}
		all = append(all, r.revision())
	}
	return all, nil
}

// treeOf returns the tree of a revision that is kept; without an id, of the last
// one.
func (t *tenantDir) treeOf(ctx context.Context, tenant string, line Line, id string) (Tree, error) {
	r, err := t.find(tenant, line, id)
	if err != nil {
		return nil, err
	}
	return t.tree(ctx, r)
}

// find returns a revision that is kept; without an id, the last one.
func (t *tenantDir) find(tenant string, line Line, id string) (dirRevision, error) {
	numbers, err := t.numbers(line)
	if err != nil {
		return dirRevision{}, err
	}
	// An edited state is named after the revision before it.
	digits := len(id) - len(strings.TrimLeft(id, "0123456789"))
	n, _ := strconv.Atoi(id[:digits])
	candidates := []int{n, n + 1}
	if id == "" && len(numbers) > 0 {
		candidates = numbers[len(numbers)-1:]
	}
	for _, n := range candidates {
		if _, ok := slices.BinarySearch(numbers, n); !ok {
			continue
		}
		r, err := t.numbered(line, n)
		if err != nil {
			return dirRevision{}, err
		}
		if cmp.Or(id, r.ID) == r.ID {
			return r, nil
		}
	}
	return dirRevision{}, noRevision(tenant, line, id)
}

// sameContentID reports whether a revision has the content with this digest.
func sameContentID(id, digest string) bool {
	return strings.HasSuffix(id, "-"+digest) || strings.HasSuffix(id, "+"+digest)
}
