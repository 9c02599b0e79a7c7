package tenant

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// Format 1 kept a file for each content, revision and key. Its files are read,
// and never written. In a tenant's hidden folder it has:
//
//	objects/ab/cdef…            contents of files, by their SHA-256
//	desired/00000007.json       an oldRevision; backup/ likewise
//	keys/desired-<sha256>       the number of the revision with this key
//	pending.json                an oldPending: decided and not yet carried out
//
// The first write of format 2 leaves a pending.json of its own there, which a
// version that knows format 1 alone refuses.
const (
	objectsDir = hidden + "/objects"
	keysDir    = hidden + "/keys"
)

// format1 reads what format 1 kept in a tenant's folder. Without a folder, that is
// nothing.
type format1 struct{ folder *folder.Folder }

// oldRevision is one revision as format 1 kept it.
type oldRevision struct {
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

func (r *oldRevision) info() pack.Info {
	return pack.Info{Time: r.Time, Message: r.Message, Author: r.Author, Key: r.Key}
}

// listing returns the files of a revision that was checked.
func (r *oldRevision) listing() pack.Listing { return listingOf(r.Files) }

func listingOf(objects map[string]string) pack.Listing {
	l := make(pack.Listing, len(objects))
	for name, object := range objects {
		var e pack.Entry
		raw, _ := hex.DecodeString(object)
		copy(e.Sum[:], raw)
		l[name] = e
	}
	return l
}

// oldPending is a change of a line that was decided and not yet carried out.
type oldPending struct {
	Format int  `json:"format"`
	Line   Line `json:"line"`
	// Revisions to add, in order; the last one is the new head.
	Revisions pendingRevisions `json:"revisions"`
	// Before are the files that the line's folder had.
	Before map[string]string `json:"before"`
}

func objectFile(name string) string { return path.Join(objectsDir, name[:2], name[2:]) }

// object returns a content that format 1 kept.
func (f format1) object(sum pack.Sum) ([]byte, error) {
	name := sum.Object()
	content, err := f.folder.Read(objectFile(name), MaxFileSize)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, f.folder.Damaged(objectFile(name), "is missing")
	case err != nil:
		return nil, err
	case objectName(content) != name:
		return nil, f.folder.Damaged(objectFile(name), "is damaged (it has another content)")
	}
	return content, nil
}

func revisionFile(line Line, number int) string {
	return path.Join(hidden, string(line), fmt.Sprintf("%08d.json", number))
}

func keyFile(line Line, key string) string {
	return path.Join(keysDir, string(line)+"-"+objectName([]byte(key)))
}

// byKey returns the revision that was written with this key, or nil.
func (f format1) byKey(line Line, key string) (*oldRevision, error) {
	name := keyFile(line, key)
	text, err := f.folder.Read(name, maxKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	number, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil { // a newer version may write more than a number there
		if newer := checkFormat(f.folder.Shown(name), text, pack.Format); errors.Is(newer, ErrNewerFormat) {
			return nil, newer
		}
		return nil, f.folder.Damaged(name, "is damaged (it holds no number)")
	}
	r, err := f.numbered(line, number)
	if err == nil && r.Key != key {
		err = f.folder.Damaged(name, fmt.Sprintf("names revision %s, which was written with another key", r.ID))
	}
	return &r, err
}

// numbered returns a revision of format 1 by its number.
func (f format1) numbered(line Line, number int) (oldRevision, error) {
	var r oldRevision
	name := revisionFile(line, number)
	text, err := f.folder.Read(name, pack.MaxList)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return r, f.folder.Damaged(name, "is missing")
	case err != nil:
		return r, err
	}
	if err := f.decode(name, text, &r); err != nil {
		return r, err
	}
	err = r.check(line)
	if err == nil && r.Number != number {
		err = fmt.Errorf("it has the number %d", r.Number)
	}
	if err != nil {
		return r, f.folder.Damaged(name, "is damaged ("+err.Error()+")")
	}
	return r, nil
}

// decode decodes a JSON file of format 1.
func (f format1) decode(name string, text []byte, v any) error {
	if err := checkFormat(f.folder.Shown(name), text, 1); errors.Is(err, ErrNewerFormat) {
		return err
	} else if err != nil {
		return f.folder.Damaged(name, "is damaged (it names no format)")
	}
	if err := json.Unmarshal(text, v); err != nil {
		return f.folder.Damaged(name, fmt.Sprintf("is damaged (%.200s)", err))
	}
	return nil
}

// numbers returns the numbers of the revisions that format 1 kept of a line,
// oldest first.
func (f format1) numbers(line Line) ([]int, error) {
	if f.folder == nil {
		return nil, nil
	}
	name := path.Join(hidden, string(line))
	if there, err := f.folder.Has(name); !there || err != nil {
		return nil, err
	}
	dir, err := f.folder.Open(name)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return nil, err
	}
	var numbers []int
	for _, e := range entries {
		// Nothing else than what revisionFile returns: copies and backups of a
		// file may lie beside it.
		n, err := strconv.Atoi(strings.TrimSuffix(e.Name(), extension))
		if err == nil && 0 < n && n <= pack.MaxRevision && path.Base(revisionFile(line, n)) == e.Name() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// pending reads pending.json. It returns the change that a process of format 1 had
// decided on when it died, and whether the file exists.
func (f format1) pending() (decided *oldPending, found bool, err error) {
	text, err := f.folder.Read(pendingFile, pack.MaxList)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, nil
	case err != nil:
		return nil, false, err
	}
	var head struct{ Format int }
	if err := checkFormat(f.folder.Shown(pendingFile), text, pack.Format); errors.Is(err, ErrNewerFormat) {
		return nil, false, err
	} else if err == nil && json.Unmarshal(text, &head) == nil && head.Format == pack.Format {
		return nil, true, nil
	}
	decided = new(oldPending)
	if err := f.decode(pendingFile, text, decided); err != nil {
		return nil, false, err
	}
	if err := decided.check(); err != nil {
		return nil, false, f.folder.Damaged(pendingFile, "is damaged ("+err.Error()+")")
	}
	return decided, true, nil
}

// content returns a content that a file of format 1 has, so that the pack
// gets it. If the file is damaged, the entry keeps naming it.
func (f format1) content(_ string, e pack.Entry) ([]byte, error) {
	content, err := f.object(e.Sum)
	if err != nil {
		return nil, pack.ErrNoContent
	}
	return content, nil
}

// takeOver appends to the pack the change that a process of format 1 had decided on
// when it died, unless the process had written its revisions. The pack then has the
// rest of the work.
func (t *tenantDir) takeOver(ctx context.Context, p *oldPending) error {
	last := p.Revisions[len(p.Revisions)-1]
	if r, there := t.pack.Line(string(p.Line)).Last(); there && r.Number >= last.Number {
		// It was taken over, and then this process died too.
		if err := t.pack.Sync(); err != nil {
			return err
		}
		return t.mark()
	}
	numbers, err := t.old().numbers(p.Line)
	if err != nil {
		return err
	}
	if n := len(numbers); n > 0 && numbers[n-1] > last.Number {
		return t.folder.Damaged(pendingFile, fmt.Sprintf("holds revision %d and the line is at %d already", last.Number, numbers[n-1]))
	}
	for _, r := range p.Revisions {
		if _, there := slices.BinarySearch(numbers, r.Number); !there {
			continue
		}
		if old, err := t.old().numbered(p.Line, r.Number); err != nil {
			return err
		} else if old.ID != r.ID {
			return t.folder.Damaged(pendingFile, fmt.Sprintf("holds revision %s and the line has %s there", r.ID, old.ID))
		}
	}
	for name, object := range last.Files {
		if p.Before[name] == object {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := t.old().object(listingOf(map[string]string{name: object})[name].Sum); err != nil {
			return err
		}
	}
	before, err := t.last(p.Line)
	if err != nil {
		return err
	}
	kept, err := t.listing(ctx, before)
	if err != nil {
		return err
	}
	var revisions []pack.Revision
	for _, r := range p.Revisions {
		d, edited, _ := parseID(r.ID)
		revisions = append(revisions, pack.Revision{Number: r.Number, Edited: edited, Digest: d, Info: r.info(), Files: r.listing(), Content: t.old().content})
	}
	if err := t.pack.Append(ctx, string(p.Line), kept, revisions...); err != nil {
		return err
	}
	return t.mark() // now that the revisions are in the pack: they were in this file alone
}
