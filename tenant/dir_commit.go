package tenant

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// tenantDir is a tenant's folder while it is locked. Without files, it is not
// there and looks empty.
type tenantDir struct {
	folder *folder.Folder
	lock   *os.File
	pack   *pack.Pack
	// marked: pending.json says that the folder is of this format.
	marked bool
	boot   pack.Boot
	packs  pack.Config
}

// old is what format 1 kept.
func (t *tenantDir) old() format1 { return format1{t.folder} }

func (t *tenantDir) close() {
	if t.folder == nil {
		return
	}
	t.pack.Close()
	t.lock.Close() // gives the lock back
	t.folder.Close()
}

// dirHead is the head of the desired line.
type dirHead struct {
	last lineRevision // the last one that is kept
	id   string
	// edited: people have changed files since that revision.
	edited bool
	kept   pack.Listing // the files of the last revision
	scan   lineScan
}

// checkFree refuses files that would overwrite files outside the line.
func (h dirHead) checkFree(next pack.Listing) error {
	for _, p := range h.scan.problems {
		for name := range next {
			if _, old := h.scan.files[name]; !old && fold(name) == fold(p.Path) {
				return invalid("%s is in the way: %s", p.Path, p.Message)
			}
		}
	}
	return nil
}

// desiredHead looks at the files of the desired line.
func (t *tenantDir) desiredHead(ctx context.Context, mode scanMode) (dirHead, error) {
	last, err := t.last(DesiredLine)
	if err != nil {
		return dirHead{}, err
	}
	kept, err := t.listing(ctx, last)
	if err != nil {
		return dirHead{}, err
	}
	scan, err := t.scan(ctx, DesiredLine, mode, kept)
	if err != nil {
		return dirHead{}, err
	}
	head := dirHead{last: last, id: last.id, kept: kept, scan: scan}
	if len(kept.Changes(scan.files)) > 0 {
		head.id = pack.EditedID(last.number, scan.files.Digest())
		head.edited = true
	}
	return head, nil
}

// change is a change of a line that is to be committed.
type change struct {
	line Line
	// last is the line's last revision, and kept its files.
	last lineRevision
	kept pack.Listing
	// edited, if not nil, is the state that people made after that revision.
	edited *pack.Revision
	// before are the files that the line's folder has, and after those that it is
	// to have.
	before, after pack.Listing
	// contents has the contents of after that the pack may not have.
	contents map[pack.Sum][]byte
	// other returns a content that neither has: of a file that does not change.
	other  func(name string, e pack.Entry) ([]byte, error)
	made   pack.Info
	digest pack.Digest
}

// commit writes a revision. Once it is in the pack it is decided: the next call
// completes what this one cannot.
func (t *tenantDir) commit(ctx context.Context, c change) (Revision, error) {
	number := c.last.number
	var revisions []pack.Revision
	if c.edited != nil {
		number++
		c.edited.Number = number
		revisions = append(revisions, *c.edited)
	}
	number++
	if number > pack.MaxRevision {
		return Revision{}, t.folder.Damaged(packName, fmt.Sprintf("has revision %d, the last number that there can be", c.last.number))
	}
	c.made.Time = time.Now().UTC()
	revisions = append(revisions, pack.Revision{Number: number, Digest: c.digest, Info: c.made, Files: c.after, Content: func(name string, e pack.Entry) ([]byte, error) {
		if content, known := c.contents[e.Sum]; known {
			return content, nil
		}
		return c.other(name, e)
	}})
	// What would make it impossible to carry out must show before it is decided.
	changes := c.before.Changes(c.after)
	for _, f := range changes {
		if !f.Gone {
			if err := t.folder.Mkdir(path.Join(string(c.line), path.Dir(f.Name))); err != nil {
				return Revision{}, err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return Revision{}, err
	}
	if err := t.mark(); err != nil {
		return Revision{}, err
	}
	if err := t.pack.Append(ctx, string(c.line), c.kept, revisions...); errors.Is(err, pack.ErrTooMany) {
		return Revision{}, invalid("%w", err)
	} else if err != nil {
		return Revision{}, err
	}
	last, _ := t.pack.Line(string(c.line)).Last()
	made := revisionOf(last.ID(), c.made)
	w := carrying{line: c.line, number: number, before: c.before, after: c.after, contents: c.contents}
	return made, t.carryOut(context.WithoutCancel(ctx), w)
}

// recover completes a write that was decided before the process, or the machine,
// died. See [DirRepository] for why no edit is lost and none made up.
func (t *tenantDir) recover(ctx context.Context, known *pack.State) error {
	decided, found, err := t.old().pending()
	if err != nil {
		return err
	}
	t.marked = found && decided == nil
	if t.pack, err = pack.Open(ctx, t.folder, known, t.packs); err != nil {
		t.pack = pack.Empty()
		return err
	}
	if decided != nil {
		if err := t.takeOver(ctx, decided); err != nil {
			return err
		}
	}
	for _, line := range []Line{DesiredLine, BackupLine} {
		l := t.pack.Line(string(line))
		last, there := l.Last()
		if !there || l.Done == last.Number {
			continue
		}
		if err := t.pack.Sync(); err != nil {
			return err
		}
		if err := t.recoverLine(ctx, last); err != nil {
			return err
		}
	}
	return nil
}

func (t *tenantDir) recoverLine(ctx context.Context, last pack.Record) error {
	r := packRevision(last)
	after, err := t.listing(ctx, r)
	if err != nil {
		return err
	}
	w := carrying{line: r.line, number: r.number, after: after, lost: !last.Boot.Same(t.boot)}
	if r.line == BackupLine {
		mode := scanChanged
		if w.lost {
			mode = scanAnew
		}
		scan, err := t.scan(ctx, BackupLine, mode, after)
		if err != nil {
			return err
		}
		w.before = scan.files
	} else if last.Edited { // as it was found
		return t.pack.MarkDone(string(r.line), r.number, false)
	} else if w.before, err = t.listingBefore(ctx, r); err != nil {
		return err
	}
	// A content that cannot be read must show before the first file is changed.
	for _, c := range w.before.Changes(after) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.Gone {
			continue
		}
		if _, err := t.content(c.Entry); err != nil {
			return err
		}
		// A process that died may have made the file's folders, and not synced them.
		for dir := path.Dir(path.Join(string(r.line), c.Name)); dir != "."; dir = path.Dir(dir) {
			t.folder.NotSynced(path.Dir(dir), "")
		}
	}
	return t.carryOut(ctx, w)
}

// listingBefore returns the files of the revision before another one.
func (t *tenantDir) listingBefore(ctx context.Context, r lineRevision) (pack.Listing, error) {
	before, there, err := t.numbered(r.line, r.number-1)
	if err != nil || !there {
		return pack.Listing{}, err
	}
	return t.listing(ctx, before)
}

// carrying is a revision that is being written into its line's folder.
type carrying struct {
	line          Line
	number        int
	before, after pack.Listing
	// contents has contents that are in memory.
	contents map[pack.Sum][]byte
	// lost: the machine may have lost writes to the files.
	lost bool
}

func (c carrying) content(t *tenantDir, e pack.Entry) ([]byte, error) {
	if content, known := c.contents[e.Sum]; known {
		return content, nil
	}
	return t.content(e)
}

// carryOut can be repeated at will, from any point at which it was broken off.
// The files of the desired line are on the disk before that is noted, since what
// they lack afterwards is a person's edit. Those of the backup line are not: see
// pack.LineState.IsWritten.
func (t *tenantDir) carryOut(ctx context.Context, c carrying) error {
	changes := c.before.Changes(c.after)
	slices.SortStableFunc(changes, func(a, b pack.Change) int { // what goes makes room
		return cmp.Compare(order(a), order(b))
	})
	for _, f := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		replace := t.replaceDesired
		if c.line == BackupLine {
			replace = t.replaceBackup
		}
		if err := replace(c, f); err != nil {
			return err
		}
	}
	if c.line == DesiredLine {
		if err := t.folder.Flush(); err != nil {
			return err
		}
	}
	return t.pack.MarkDone(string(c.line), c.number, c.line == DesiredLine)
}

func order(c pack.Change) int {
	if c.Gone {
		return 0
	}
	return 1
}

// replaceDesired gives one file of the desired line its new content. One that is
// neither as it was nor as it will be was edited just now, and stays.
func (t *tenantDir) replaceDesired(c carrying, f pack.Change) error {
	target := path.Join(string(DesiredLine), f.Name)
	now, state, err := fileNow(t.folder, target)
	if err != nil {
		return err
	}
	old, wasThere := c.before[f.Name]
	isOld := wasThere && state == fileThere && sha256.Sum256(now) == old.Sum || !wasThere && state == fileAbsent
	isNew := !f.Gone && state == fileThere && sha256.Sum256(now) == f.Entry.Sum || f.Gone && state == fileAbsent
	if isNew {
		// It may not be on the disk yet.
		file := target
		if f.Gone {
			file = ""
		}
		t.folder.NotSynced(t.folder.Nearest(path.Dir(target)), file)
		return nil
	}
	if f.Gone {
		if !isOld {
			return nil
		}
		return t.folder.Remove(target, string(DesiredLine))
	}
	content, err := c.content(t, f.Entry)
	if err != nil {
		return err
	}
	if !isOld && !(c.lost && wasLost(now, state, content)) {
		return nil
	}
	return t.folder.Write(target, content)
}

// wasLost reports whether a file looks like a lost write: it is missing or empty, or
// has a part of the content, with zeros where sectors were not written.
// Nothing that a person may have saved looks like that.
func wasLost(now []byte, state fileState, content []byte) bool {
	if state != fileThere {
		return state == fileAbsent
	}
	if len(now) > len(content) {
		return false
	}
	const sector = 512
	for at := 0; at < len(now); at += sector {
		end := min(at+sector, len(now))
		if piece := now[at:end]; !bytes.Equal(piece, content[at:end]) && len(bytes.Trim(piece, "\x00")) > 0 {
			return false
		}
	}
	return true
}

// replaceBackup gives one file of the backup line its new content. It replaces any
// other content, because the line's folder is the repository's.
func (t *tenantDir) replaceBackup(c carrying, f pack.Change) error {
	target := path.Join(string(BackupLine), f.Name)
	if f.Gone {
		if err := t.folder.Clear(target); err != nil {
			return err
		}
		return t.folder.Remove(target, string(BackupLine))
	}
	content, err := c.content(t, f.Entry)
	if err != nil {
		return err
	}
	if _, wasThere := c.before[f.Name]; !wasThere {
		if made, err := t.folder.WriteNew(target, content); made || err != nil {
			return err
		}
	}
	if err := t.folder.Clear(target); err != nil {
		return err
	}
	return t.folder.Write(target, content)
}

type fileState int

const (
	fileAbsent fileState = iota
	fileThere
	fileOther // a folder, a link, a special file, or one that is too large
)

// fileNow returns the present file at a path of a line.
func fileNow(f *folder.Folder, name string) ([]byte, fileState, error) {
	info, err := f.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fileAbsent, nil
	case err != nil:
		return nil, fileOther, err
	case !info.Mode().IsRegular(), info.Size() > MaxFileSize:
		return nil, fileOther, nil
	}
	content, err := f.Read(name, MaxFileSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fileAbsent, nil
	}
	return content, fileThere, err
}
