package pack

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Info is the part of a revision's record that is neither its header nor its list of
// files.
type Info struct {
	Time    time.Time `json:"time,omitzero"`
	Message string    `json:"message,omitempty"`
	Author  string    `json:"author,omitempty"`
	// Key is the idempotency key; empty for an edited state.
	Key string `json:"key,omitempty"`
}

// packMeta is the end of a revision's record: the length of the Info,
// the Info as JSON, and the changed files in the order of their paths.
// A file is the length of its path, its path, a 0 if it is gone and a 1 if it is
// there; then the content's name, its place in the pack (0 if a file of format
// 1 has it), its size there, and its size.

func metaSum(text []byte) [16]byte {
	sum := sha256.Sum256(text)
	return [16]byte(sum[:])
}

func encodeMeta(info Info, changes []Change) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(info); err != nil {
		return nil, err
	}
	b := binary.AppendUvarint(nil, uint64(text.Len()))
	b = append(b, text.Bytes()...)
	for _, c := range changes {
		b = binary.AppendUvarint(b, uint64(len(c.Name)))
		b = append(b, c.Name...)
		if c.Gone {
			b = append(b, 0)
			continue
		}
		b = append(b, 1)
		b = append(b, c.Entry.Sum[:]...)
		b = binary.AppendUvarint(b, uint64(c.Entry.At))
		b = binary.AppendUvarint(b, uint64(c.Entry.Stored))
		b = binary.AppendUvarint(b, uint64(c.Entry.Size))
	}
	if len(b) > MaxList {
		return nil, fmt.Errorf("%w: their list has %d bytes, more than the limit of %d", ErrTooMany, len(b), MaxList)
	}
	return b, nil
}

// ErrTooMany is returned for a list of files that is too long to be read again.
var ErrTooMany = errors.New("the tenant has too many files")

// MaxList is the size of the largest list of files, in bytes: it is enough for
// several 100,000.
const MaxList = 128 << 20

var errCutShort = errors.New("its list is cut short")

// Reader takes values from the beginning of a text. After an error it
// returns zero values.
type Reader struct {
	Text []byte
	Err  error
}

func (r *Reader) Number() int64 {
	n, size := binary.Uvarint(r.Text)
	if size <= 0 || n > maxSize {
		r.Err = errCutShort
		return 0
	}
	r.Text = r.Text[size:]
	return int64(n)
}

func (r *Reader) Bytes(n int64) []byte {
	if r.Err == nil && n > int64(len(r.Text)) {
		r.Err = errCutShort
	}
	if r.Err != nil {
		return nil
	}
	taken := r.Text[:n]
	r.Text = r.Text[n:]
	return taken
}

func (r *Reader) Sum() (s Sum) {
	copy(s[:], r.Bytes(int64(len(s))))
	return s
}

// decodeMeta returns what encodeMeta was given. It holds no more memory than a
// multiple of the text's length.
func decodeMeta(text []byte, check func(name string) error) (Info, []Change, error) {
	r := Reader{Text: text}
	var info Info
	if head := r.Bytes(r.Number()); r.Err == nil {
		if err := json.Unmarshal(head, &info); err != nil {
			return info, nil, err
		}
	}
	var changes []Change
	for r.Err == nil && len(r.Text) > 0 {
		c := Change{Name: string(r.Bytes(r.Number()))}
		switch there := r.Bytes(1); {
		case r.Err != nil:
		case there[0] == 0:
			c.Gone = true
		default:
			c.Entry = Entry{Sum: r.Sum(), At: r.Number(), Stored: r.Number(), Size: r.Number()}
		}
		if r.Err != nil {
			break
		}
		if err := check(c.Name); err != nil {
			return info, nil, err
		}
		if n := len(changes); n > 0 && changes[n-1].Name >= c.Name {
			return info, nil, fmt.Errorf("it lists %.100q in the wrong place", c.Name)
		}
		changes = append(changes, c)
	}
	return info, changes, r.Err
}
