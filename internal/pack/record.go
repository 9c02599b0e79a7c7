package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// The sizes of a pack's parts, in bytes.
const (
	headerSize = 96
	// maxSize bounds offsets, so that they can be added.
	maxSize = 1 << 50
)

// MaxRevision bounds the numbers of revisions, so that the next one can always be
// counted.
const MaxRevision = 1 << 30

// The lines of a pack.
const (
	Desired = "desired"
	Backup  = "backup"
)

var lineNumbers = []string{1: Desired, 2: Backup}

var recordMagic = []byte("\x00TS\x02")

type recordKind byte

const (
	// revisionRecord holds a revision of a line.
	revisionRecord recordKind = 1
	// doneRecord says that a revision was written into the line's folder.
	doneRecord recordKind = 2
)

// Record is the header of a record of a pack.
type Record struct {
	kind recordKind
	Line string
	// Edited: the revision is a state that people made.
	Edited bool
	// whole: the revision lists all its files, not only those that differ from
	// the revision before it.
	whole bool
	// together: the record before it was appended by the same write.
	together bool
	Number   int
	// at is the header's offset in the pack. The contents follow, then the meta.
	at             int64
	contents, meta int64
	// Boot is the one in which it was written.
	Boot    Boot
	key     [16]byte // of the idempotency key's SHA-256; zero for none
	digest  Digest
	metaSum [16]byte
}

func (r Record) contentsAt() int64 { return r.at + headerSize }
func (r Record) metaAt() int64     { return r.contentsAt() + r.contents }
func (r Record) end() int64        { return r.metaAt() + r.meta }

// ID is the id of the revision. An edited state is named after the revision
// before it.
func (r Record) ID() string {
	if r.Edited {
		return EditedID(r.Number-1, r.digest)
	}
	return RevisionID(r.Number, r.digest.String())
}

// RevisionID is the id of the nth revision of a line.
func RevisionID(n int, digest string) string { return fmt.Sprintf("%d-%s", n, digest) }

// EditedID is the id of a state that people made after the nth revision.
func EditedID(n int, d Digest) string { return fmt.Sprintf("%d+%s", n, d) }

func keySum(key string) [16]byte {
	if key == "" {
		return [16]byte{}
	}
	sum := sha256.Sum256([]byte(key))
	return [16]byte(sum[:])
}

const (
	editedFlag   = 1
	wholeFlag    = 2
	togetherFlag = 4
)

func (r Record) encode(salt [16]byte) []byte {
	b := append(make([]byte, 0, headerSize), recordMagic...)
	var flags byte
	if r.Edited {
		flags |= editedFlag
	}
	if r.whole {
		flags |= wholeFlag
	}
	if r.together {
		flags |= togetherFlag
	}
	line := max(0, slices.Index(lineNumbers, r.Line))
	b = append(b, byte(r.kind), byte(line), flags, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(r.Number))
	b = binary.BigEndian.AppendUint32(b, uint32(r.meta))
	b = binary.BigEndian.AppendUint64(b, uint64(r.contents))
	b = append(b, r.Boot[:]...)
	b = append(b, r.key[:]...)
	b = append(b, r.digest[:]...)
	b = append(b, r.metaSum[:]...)
	return append(b, headerSum(b, salt, r.at)...)
}

func headerSum(header []byte, salt [16]byte, at int64) []byte {
	h := sha256.New()
	h.Write(salt[:])
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(at)))
	h.Write(header)
	return h.Sum(nil)[:8]
}

// decodeRecord returns the record whose header is at an offset of a pack. It
// returns false for bytes that are not a header.
func decodeRecord(b []byte, salt [16]byte, at int64) (Record, bool) {
	const sumAt = headerSize - 8
	if len(b) != headerSize || !bytes.HasPrefix(b, recordMagic) || !bytes.Equal(b[sumAt:], headerSum(b[:sumAt], salt, at)) {
		return Record{}, false
	}
	r := Record{
		kind: recordKind(b[4]), Edited: b[6]&editedFlag != 0, whole: b[6]&wholeFlag != 0, together: b[6]&togetherFlag != 0, at: at,
		Number: int(binary.BigEndian.Uint32(b[8:])), meta: int64(binary.BigEndian.Uint32(b[12:])), contents: int64(binary.BigEndian.Uint64(b[16:])),
		Boot: Boot(b[24:]), key: [16]byte(b[40:]), digest: Digest(b[56:]), metaSum: [16]byte(b[72:]),
	}
	if n := int(b[5]); n < len(lineNumbers) {
		r.Line = lineNumbers[n]
	}
	return r, true
}

// check returns an error for a record that cannot follow the others of the pack.
func (r Record) check(s *State) error {
	switch l := s.lines[r.Line]; {
	case l == nil:
		return errors.New("it is about no line")
	case r.Number < 1 || r.Number > MaxRevision:
		return fmt.Errorf("it has the number %d", r.Number)
	case r.meta > MaxList:
		return fmt.Errorf("its list has %d bytes, more than the limit of %d", r.meta, int64(MaxList))
	case r.kind == revisionRecord && len(l.Revisions) > 0 && r.Number != l.last().Number+1:
		return fmt.Errorf("it has the number %d after %d", r.Number, l.last().Number)
	case r.kind == revisionRecord && len(l.Revisions) == 0 && !r.whole:
		return errors.New("it is the first of its line and does not list all files")
	case r.kind == doneRecord && (len(l.Revisions) == 0 || r.Number != l.last().Number):
		return fmt.Errorf("it says that revision %d is done", r.Number)
	case r.kind == doneRecord && r.contents+r.meta > 0, r.kind != revisionRecord && r.kind != doneRecord:
		return errors.New("it is of no known kind")
	}
	return nil
}
