package pack

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Sum is the SHA-256 of a file's content, and the content's name.
type Sum [sha256.Size]byte

// Object is the name in text.
func (s Sum) Object() string { return hex.EncodeToString(s[:]) }

// Entry is one file of a revision: the name of its content, and where the
// tenant's pack has it.
type Entry struct {
	Sum Sum
	// At is the content's offset in the pack. An entry without one has its
	// content in a file of format 1, or is not stored yet.
	At int64
	// Stored is the number of bytes in the pack, and size that of the content.
	// If they differ, the content is compressed.
	Stored, Size int64
}

// Listing is a revision's files by path.
type Listing map[string]Entry

// NewEntry returns the entry of a content that is not stored yet.
func NewEntry(content []byte) Entry {
	return Entry{Sum: sha256.Sum256(content), Size: int64(len(content))}
}

// Digest names the listing: equal listings have equal names, and no others.
func (l Listing) Digest() Digest {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(l)) {
		e := l[name]
		fmt.Fprintf(h, "%d %s ", len(name), name)
		h.Write(e.Sum[:])
	}
	return Digest(h.Sum(nil))
}

// Digest is the part of a revision's id that names its content.
type Digest [16]byte

func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Change is how one file differs between two listings. The entry counts
// unless the file is gone.
type Change struct {
	Name  string
	Gone  bool
	Entry Entry
}

// Changes returns how next differs from l, by name.
func (l Listing) Changes(next Listing) []Change {
	var changes []Change
	for name, e := range next {
		if old, there := l[name]; !there || old.Sum != e.Sum {
			changes = append(changes, Change{Name: name, Entry: e})
		}
	}
	for name := range l {
		if _, stays := next[name]; !stays {
			changes = append(changes, Change{Name: name, Gone: true})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return changes
}

// apply makes the changes in place.
func (l Listing) apply(changes []Change) {
	for _, c := range changes {
		if c.Gone {
			delete(l, c.Name)
		} else {
			l[c.Name] = c.Entry
		}
	}
}

// minCompressed is the size from which contents are compressed that are to be:
// see Config.
const minCompressed = 1024

// compressed returns a content in the form in which the pack has it. A content
// that does not become smaller stays as it is.
func compressed(content []byte) []byte {
	if len(content) < minCompressed {
		return content
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return content
	}
	if _, err := w.Write(content); err != nil || w.Close() != nil || b.Len() >= len(content) {
		return content
	}
	return b.Bytes()
}

// restored returns the content that an entry names, made of the bytes that the
// pack has of it. It holds at most the size that the entry tells.
func (e Entry) restored(stored []byte) ([]byte, error) {
	content := stored
	if e.Stored != e.Size {
		var b bytes.Buffer
		n, err := io.Copy(&b, io.LimitReader(flate.NewReader(bytes.NewReader(stored)), e.Size+1))
		if err != nil || n != e.Size {
			return nil, fmt.Errorf("a content of %d bytes cannot be unpacked", e.Size)
		}
		content = b.Bytes()
	}
	if sha256.Sum256(content) != e.Sum {
		return nil, fmt.Errorf("the content %s is another one", e.Sum.Object())
	}
	return content, nil
}
