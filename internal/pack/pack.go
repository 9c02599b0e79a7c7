// Package pack keeps the revisions of a tenant's two lines in one file, the pack,
// with the contents of their files.
//
// A pack is a line of JSON, its head, and then records. A record is a header of
// 96 bytes, contents, and for a revision its meta. A pack only grows.
//
// A record is appended, and the pack synced, before a file of a line is touched.
// So a valid record shows that all before it is on the disk: where one is
// damaged and a valid one follows, the pack is damaged. A damaged record at the
// end is a write that was cut off, which was not acknowledged: it is ignored,
// and the next write replaces it. The file "acknowledged" tells a pack that was
// cut short from that. It is not synced, and may be older than the pack.
//
// The sum in a header covers the pack's salt and the header's own place. So
// nothing that a content holds is taken for a record.
//
// A pack is read as input that anybody may have written.
package pack

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/tenantsync/tenantsync/internal/folder"
)

// Format is the format of the packs that are written and read.
const Format = 2

const maxHead = 4096 // bytes of the head that are read

// head is the first line of a pack.
type head struct {
	Format int    `json:"format"`
	Salt   string `json:"salt"`
}

// Config configures a pack.
type Config struct {
	// Name and Acknowledged are the names of the files in the folder.
	Name, Acknowledged string
	// Boot is the one that the machine is in.
	Boot Boot
	// NewSalt returns a salt for a new pack. Defaults to a random one.
	NewSalt func() ([16]byte, error)
	// CheckFormat returns an error for a text whose format is newer, or none.
	// IsNewer says that the error is the former.
	CheckFormat func(name string, text []byte) error
	IsNewer     func(error) bool
	// CheckName returns an error for a path that no file in a line may have.
	CheckName func(name string) error
	// MaxContent is the size of the largest content, in bytes.
	MaxContent int64
	// Compressed is the path of the file whose contents are compressed.
	Compressed string
}

// Pack is an open pack. It is there from the first write on.
type Pack struct {
	Config
	folder *folder.Folder
	file   *os.File
	state  *State
}

// Open opens the pack of a folder, if there is one, and reads the headers of the
// records that were appended since it was known. known is not to be used again.
func Open(ctx context.Context, f *folder.Folder, known *State, cfg Config) (*Pack, error) {
	if cfg.NewSalt == nil {
		cfg.NewSalt = randomSalt
	}
	p := &Pack{Config: cfg, folder: f, state: newState()}
	if err := p.open(ctx, known); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// Empty is a pack without revisions, for reading.
func Empty() *Pack { return &Pack{state: newState()} }

// Close closes the file.
func (p *Pack) Close() {
	if p.file != nil {
		p.file.Close()
	}
}

// State returns the state of the pack, for the next call of Open.
func (p *Pack) State() *State { return p.state }

// Line returns the state of a line, or nil for an unknown line.
func (p *Pack) Line(line string) *LineState { return p.state.lines[line] }

// damaged returns the error for a pack that cannot be used.
func (p *Pack) damaged(format string, args ...any) error {
	return p.folder.Damaged(p.Name, "is damaged ("+fmt.Sprintf(format, args...)+")")
}

// decodeHead returns the salt of a pack and the size of its first line.
func (p *Pack) decodeHead(text []byte) (salt [16]byte, size int64, err error) {
	line, _, ok := bytes.Cut(text, []byte{'\n'})
	if !ok {
		return salt, 0, p.damaged("it has no first line")
	}
	if err := p.CheckFormat(p.folder.Shown(p.Name), line); p.IsNewer(err) {
		return salt, 0, err
	} else if err != nil {
		return salt, 0, p.damaged("it names no format")
	}
	var h head
	if err := json.Unmarshal(line, &h); err != nil {
		return salt, 0, p.damaged("its first line is another one")
	}
	raw, err := hex.DecodeString(h.Salt)
	if err != nil || len(raw) != len(salt) || h.Format != Format {
		return salt, 0, p.damaged("its first line is another one")
	}
	return [16]byte(raw), int64(len(line)) + 1, nil
}

func (p *Pack) open(ctx context.Context, known *State) error {
	acknowledged := p.acknowledged()
	info, err := p.folder.Lstat(p.Name)
	if errors.Is(err, fs.ErrNotExist) {
		if acknowledged > 0 {
			return p.folder.Damaged(p.Name, "is missing")
		}
		return nil
	}
	if err != nil {
		return err
	}
	if err := p.folder.CheckFile(p.Name, info, maxSize); err != nil {
		return err
	}
	if p.file, err = p.folder.OpenFile(p.Name, os.O_RDONLY); err != nil {
		return err
	}
	if info, err = p.file.Stat(); err != nil {
		return err
	}
	if err := p.folder.CheckFile(p.Name, info, maxSize); err != nil {
		return err
	}
	text := make([]byte, min(maxHead, info.Size()))
	if _, err := io.ReadFull(io.NewSectionReader(p.file, 0, int64(len(text))), text); err != nil {
		return err
	}
	salt, size, err := p.decodeHead(text)
	if err != nil {
		return err
	}
	if known != nil && known.salt == salt && known.head == size && p.continues(known, info.Size()) {
		p.state = known
	} else {
		p.state.salt, p.state.head, p.state.end = salt, size, size
	}
	if err := p.readRecords(ctx, info.Size()); err != nil {
		return err
	}
	if p.state.end < acknowledged {
		return p.damaged("it ends at byte %d, and %d bytes were acknowledged", p.state.end, acknowledged)
	}
	return nil
}

// continues reports whether the pack still has the records of a known state.
func (p *Pack) continues(known *State, size int64) bool {
	last, found := known.lastRecord()
	if !found || known.end > size {
		return false
	}
	now, ok := p.recordAt(known.salt, last.at, size)
	return ok && now == last
}

// ackForm is the content of the file "acknowledged".
type ackForm struct {
	Format int   `json:"format"`
	Pack   int64 `json:"pack"`
}

func (p *Pack) acknowledge() error {
	text, err := json.Marshal(ackForm{Format: Format, Pack: p.state.end})
	if err != nil {
		return err
	}
	return p.folder.WriteCache(p.Acknowledged, append(text, '\n'))
}

// acknowledged returns how many bytes of the pack were on the disk when the file
// was written; 0 if that is not known.
func (p *Pack) acknowledged() int64 {
	text, err := p.folder.Read(p.Acknowledged, maxHead)
	if err != nil {
		return 0
	}
	var form ackForm
	if json.Unmarshal(text, &form) != nil || form.Format != Format {
		return 0
	}
	return form.Pack
}
