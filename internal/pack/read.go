package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// recordAt returns the record at an offset. It returns false if no record begins
// there, or if the pack ends before the record does.
func (p *Pack) recordAt(salt [16]byte, at, size int64) (Record, bool) {
	header := make([]byte, headerSize)
	if at+headerSize > size {
		return Record{}, false
	}
	if _, err := p.file.ReadAt(header, at); err != nil {
		return Record{}, false
	}
	r, ok := decodeRecord(header, salt, at)
	// The contents' length may be any number, so that r.end may overflow.
	if !ok || r.contents < 0 || r.contents > size-r.contentsAt()-r.meta {
		return Record{}, false
	}
	return r, true
}

// readRecords reads the headers of the records after those that are known.
func (p *Pack) readRecords(ctx context.Context, size int64) error {
	s := p.state
	var unproven []Record // no record after them shows that they are on the disk
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, ok := p.recordAt(s.salt, s.end, size)
		if !ok {
			break
		}
		if err := r.check(s); err != nil {
			return p.damaged("record at byte %d: %v", r.at, err)
		}
		s.lines[r.Line].add(r)
		s.end = r.end()
		if !r.together {
			unproven = unproven[:0]
		}
		if r.kind == revisionRecord {
			unproven = append(unproven, r)
		}
	}
	switch at, found, err := p.laterRecord(ctx, size); {
	case err != nil:
		return err
	case found:
		return p.damaged("between the bytes %d and %d", s.end, at)
	}
	for i, r := range unproven {
		if p.checkWhole(ctx, r) == nil {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		for _, torn := range slices.Backward(unproven[i:]) {
			s.lines[torn.Line].dropLast()
		}
		s.end = r.at
		break
	}
	return nil
}

// laterRecord looks for a record behind bytes that are none. It does not count
// one that was appended together with the record before it: both may be part of
// one write that was cut off.
func (p *Pack) laterRecord(ctx context.Context, size int64) (at int64, found bool, err error) {
	const step = 1 << 20
	for from := p.state.end; from < size; from += step {
		if err := ctx.Err(); err != nil {
			return 0, false, err
		}
		buffer := make([]byte, min(step+int64(len(recordMagic))-1, size-from))
		n, err := p.file.ReadAt(buffer, from)
		if err != nil && err != io.EOF {
			return 0, false, err
		}
		for i := 0; ; i++ {
			next := bytes.Index(buffer[i:n], recordMagic)
			if next < 0 {
				break
			}
			i += next
			if r, ok := p.recordAt(p.state.salt, from+int64(i), size); ok && !r.together {
				return r.at, true, nil
			}
		}
	}
	return 0, false, nil
}

// checkWhole reads all that a revision's record holds.
func (p *Pack) checkWhole(ctx context.Context, r Record) error {
	_, changes, err := p.Meta(r)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if c.Gone || c.Entry.At < r.contentsAt() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := p.Content(c.Entry); err != nil {
			return err
		}
	}
	return nil
}

// Content returns a content that is in the pack.
func (p *Pack) Content(e Entry) ([]byte, error) {
	if e.At < p.state.head || e.Stored < 0 || e.Stored > p.MaxContent || e.Size < e.Stored || e.Size > p.MaxContent {
		return nil, p.damaged("it tells of a content of %d bytes at byte %d", e.Stored, e.At)
	}
	if p.file == nil {
		return nil, p.folder.Damaged(p.Name, "is missing")
	}
	stored := make([]byte, e.Stored)
	if n, err := p.file.ReadAt(stored, e.At); n < len(stored) {
		if err != io.EOF {
			return nil, err
		}
		return nil, p.damaged("it ends before the content at byte %d does", e.At)
	}
	content, err := e.restored(stored)
	if err != nil {
		return nil, p.damaged("at byte %d: %v", e.At, err)
	}
	return content, nil
}

// Meta returns the information and the list of changes of a revision's record.
func (p *Pack) Meta(r Record) (Info, []Change, error) {
	fail := func(err error) (Info, []Change, error) {
		return Info{}, nil, p.damaged("revision %s: %v", r.ID(), err)
	}
	text := make([]byte, r.meta)
	if n, err := p.file.ReadAt(text, r.metaAt()); n < len(text) {
		return fail(err)
	}
	if metaSum(text) != r.metaSum {
		return fail(errors.New("its list is another one"))
	}
	info, changes, err := decodeMeta(text, p.CheckName)
	if err != nil {
		return fail(err)
	}
	for _, c := range changes {
		if c.Entry.At+c.Entry.Stored > r.metaAt() { // decodeMeta bounds both
			return fail(fmt.Errorf("the content of %.100q is at byte %d", c.Name, c.Entry.At))
		}
	}
	return info, changes, nil
}

// Listing returns the files of a revision.
func (p *Pack) Listing(ctx context.Context, r Record) (Listing, error) {
	var lists [][]Change // newest first
	for at := r; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		_, changes, err := p.Meta(at)
		if err != nil {
			return nil, err
		}
		lists = append(lists, changes)
		if at.whole {
			break
		}
		before, there := p.Line(r.Line).Numbered(at.Number - 1)
		if !there {
			return nil, p.damaged("revision %d is missing", at.Number-1)
		}
		at = before
	}
	files := make(Listing, len(lists[len(lists)-1]))
	for _, changes := range slices.Backward(lists) {
		files.apply(changes)
	}
	return files, nil
}
