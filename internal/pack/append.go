package pack

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
)

// Revision is a revision that is to be appended to the pack.
type Revision struct {
	Number int
	Edited bool
	Digest Digest
	Info   Info
	// Files get the places of their contents in the pack.
	Files Listing
	// Content returns a content that is not in the pack. It may return
	// ErrNoContent for one that is kept elsewhere: it gets no place.
	Content func(name string, e Entry) ([]byte, error)
}

// ErrNoContent is returned by a Revision's Content.
var ErrNoContent = errors.New("pack: the content is not known")

// write is what one write appends to the pack.
type write struct {
	at      int64
	size    int64
	pieces  [][]byte
	records []Record
	// places has the contents that are in the pack, or will be by this write.
	places map[Sum]Entry
	// head is the first line of a pack that is made by this write.
	head []byte
}

func (w *write) add(piece []byte) {
	w.pieces = append(w.pieces, piece)
	w.size += int64(len(piece))
}

func (w *write) end() int64 { return w.at + w.size }

// Append writes revisions of a line, whose files were before, to the pack, and
// syncs it once. On return they are on the disk: they are decided.
func (p *Pack) Append(ctx context.Context, line string, before Listing, revisions ...Revision) error {
	w, err := p.begin()
	if err != nil {
		return err
	}
	if err := p.findPlaces(ctx, w, line, before, revisions); err != nil {
		return err
	}
	l := *p.Line(line)
	for i, r := range revisions {
		rec := Record{kind: revisionRecord, Line: line, Edited: r.Edited, Number: r.Number, whole: len(l.Revisions) == 0, together: i > 0,
			Boot: p.Boot, key: keySum(r.Info.Key), digest: r.Digest}
		if err := p.add(ctx, w, &l, before, &rec, r); err != nil {
			return err
		}
		w.records = append(w.records, rec)
		l.Revisions = []Record{rec} // of the copy, whose lists count
		if l.since += rec.meta + listCost; rec.whole {
			l.whole, l.since = rec.meta, 0
		}
		before = r.Files
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return p.write(w, true)
}

// add adds a revision to a write: its contents, and its list of files.
func (p *Pack) add(ctx context.Context, w *write, l *LineState, before Listing, rec *Record, r Revision) error {
	rec.at = w.end()
	header := len(w.pieces)
	w.add(make([]byte, headerSize))
	if err := p.place(ctx, w, before, r); err != nil {
		return err
	}
	rec.contents = w.end() - rec.contentsAt()
	if rec.whole {
		before = nil
	}
	meta, err := encodeMeta(r.Info, before.Changes(r.Files))
	if err != nil {
		return err
	}
	if !rec.whole && l.since+int64(len(meta))+listCost > l.whole {
		rec.whole = true
		if meta, err = encodeMeta(r.Info, Listing(nil).Changes(r.Files)); err != nil {
			return err
		}
	}
	rec.meta, rec.metaSum = int64(len(meta)), metaSum(meta)
	w.add(meta)
	w.pieces[header] = rec.encode(p.state.salt)
	return nil
}

// place gives the files of a revision the places of their contents in the pack.
// Contents that are not there become part of the write.
func (p *Pack) place(ctx context.Context, w *write, before Listing, r Revision) error {
	var missing []string
	for name, e := range r.Files {
		if e.At == 0 {
			missing = append(missing, name)
		}
	}
	slices.Sort(missing)
	for _, name := range missing {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := r.Files[name]
		if old := before[name]; old.Sum == e.Sum && old.At != 0 {
			r.Files[name] = old
			continue
		}
		if known, there := w.places[e.Sum]; there && (known.At >= w.at || p.isWhole(known)) {
			r.Files[name] = known
			continue
		}
		content, err := r.Content(name, e)
		if errors.Is(err, ErrNoContent) {
			continue
		}
		if err != nil {
			return err
		}
		stored := content
		if name == p.Compressed {
			stored = compressed(content)
		}
		e = Entry{Sum: e.Sum, At: w.end(), Stored: int64(len(stored)), Size: int64(len(content))}
		w.add(stored)
		w.places[e.Sum], r.Files[name] = e, e
	}
	return nil
}

// isWhole reports whether a content of the pack can be read. One that cannot is stored
// again, so that the new revision does not depend on damage.
func (p *Pack) isWhole(e Entry) bool {
	_, err := p.Content(e)
	return err == nil
}

// findPlaces looks up which of the new contents the heads of both lines have.
func (p *Pack) findPlaces(ctx context.Context, w *write, line string, before Listing, revisions []Revision) error {
	wanted := make(map[Sum]bool)
	for _, r := range revisions {
		for name, e := range r.Files {
			if e.At == 0 && name != p.Compressed { // which is new in every backup
				wanted[e.Sum] = true
			}
		}
	}
	find := func(files Listing) {
		for _, e := range files {
			if e.At != 0 && wanted[e.Sum] {
				w.places[e.Sum] = e
				delete(wanted, e.Sum)
			}
		}
	}
	find(before)
	for _, other := range []string{Desired, Backup} {
		last, there := p.Line(other).Last()
		if other == line || !there || len(wanted) == 0 {
			continue
		}
		files, err := p.Listing(ctx, last)
		if err != nil {
			return err
		}
		find(files)
	}
	return nil
}

// MarkDone appends that a line's last revision was written into its folder.
func (p *Pack) MarkDone(line string, number int, sync bool) error {
	w, err := p.begin()
	if err != nil {
		return err
	}
	r := Record{kind: doneRecord, Line: line, Number: number, at: w.at, Boot: p.Boot}
	w.add(r.encode(p.state.salt))
	w.records = append(w.records, r)
	return p.write(w, sync)
}

// Sync syncs the pack and its name to the disk. A process that died may have left a
// revision in the file that is not on the disk.
func (p *Pack) Sync() error {
	file, err := p.folder.OpenFile(p.Name, os.O_WRONLY)
	if err != nil {
		return err
	}
	if err = p.folder.Before("sync", p.Name); err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return p.folder.SyncDir(path.Dir(p.Name))
}

func (p *Pack) begin() (*write, error) {
	w := &write{at: p.state.end, places: make(map[Sum]Entry)}
	if p.state.head != 0 {
		return w, nil
	}
	var err error
	if p.state.salt, err = p.NewSalt(); err != nil {
		return nil, err
	}
	if w.head, err = json.Marshal(head{Format: Format, Salt: hex.EncodeToString(p.state.salt[:])}); err != nil {
		return nil, err
	}
	w.head = append(w.head, '\n')
	w.at = int64(len(w.head))
	return w, nil
}

func randomSalt() (salt [16]byte, err error) {
	_, err = rand.Read(salt[:])
	return salt, err
}

// write writes to the end of the pack. It creates a missing pack.
func (p *Pack) write(w *write, sync bool) error {
	if w.end() > maxSize {
		return p.folder.Damaged(p.Name, fmt.Sprintf("has %d bytes, and cannot have more", w.at))
	}
	write := p.appendTo
	if w.head != nil {
		write = p.create
	}
	if err := write(w, sync); err != nil {
		return err
	}
	for _, r := range w.records {
		p.Line(r.Line).add(r)
	}
	p.state.end = w.end()
	if sync {
		// The file only helps to find damage: a call does not fail for it.
		_ = p.acknowledge()
	}
	return nil
}

// create makes a pack under another name, so that one that has the name is
// always whole.
func (p *Pack) create(w *write, _ bool) error {
	file, err := p.folder.Create(p.folder.Temporary)
	if err != nil {
		return err
	}
	err = writePieces(file, append([][]byte{w.head}, w.pieces...))
	if err == nil {
		if err = p.folder.Before("sync", p.folder.Temporary); err == nil {
			err = file.Sync()
		}
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := p.folder.Rename(p.folder.Temporary, p.Name); err != nil {
		return err
	}
	if err := p.folder.SyncDir(path.Dir(p.Name)); err != nil {
		return err
	}
	if p.file, err = p.folder.OpenFile(p.Name, os.O_RDONLY); err != nil {
		return err
	}
	p.state.head = int64(len(w.head))
	return nil
}

// appendTo writes to the end of the pack. What follows the last valid record is a
// write that was cut off, and goes. A write that fails goes too, as far as that
// is possible.
func (p *Pack) appendTo(w *write, sync bool) (err error) {
	file, err := p.folder.OpenFile(p.Name, os.O_WRONLY)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if known, err := p.file.Stat(); err != nil || !os.SameFile(info, known) {
		return errors.Join(err, p.folder.Damaged(p.Name, "was replaced while it was read"))
	}
	if info.Size() > w.at {
		if err := p.truncate(file, w.at); err != nil {
			return err
		}
	}
	if err := p.folder.Before("append", p.Name); err != nil {
		return err
	}
	if _, err = file.Seek(w.at, io.SeekStart); err == nil {
		err = writePieces(file, w.pieces)
	}
	if err == nil && sync {
		if err = p.folder.Before("sync", p.Name); err == nil {
			err = file.Sync()
		}
	}
	if err != nil {
		err = errors.Join(err, p.truncate(file, w.at))
	}
	return err
}

func (p *Pack) truncate(file *os.File, size int64) error {
	if err := p.folder.Before("truncate", p.Name); err != nil {
		return err
	}
	return file.Truncate(size)
}

func writePieces(w io.Writer, pieces [][]byte) error {
	b := bufio.NewWriterSize(w, 1<<18)
	for _, piece := range pieces {
		if _, err := b.Write(piece); err != nil {
			return err
		}
	}
	return b.Flush()
}
