package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"maps"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// A line's index tells which content a file had when it was last read, so that
// a file that has not changed since is not read again. It is a cache: one that
// is missing, damaged or of another format is made anew, and it is not synced.
//
// A start of the machine may have lost a file's content and kept the file's time. So
// an index is valid only for the boot in which it was written.
//
// An index has a first line with its format, the boot, and then for each file, in
// the order of their paths: the length of the path, the path, the content's name,
// size, time of change in nanoseconds, inode, and the inode's time of change.
// The SHA-256 of all that ends it.
//
// A file's time is that of a clock that ticks some hundred times a second: a
// file that is changed twice within one tick looks the same after both. So a
// file is not in the index until its time is before the tick in which it was
// read. (Git asks the same when it reads its index; a file that changes between
// its reading and the writing of the index is caught only so.)
const (
	indexHead    = "tenantsync index 2\n"
	maxIndexSize = pack.MaxList
)

func indexName(line Line) string { return hidden + "/" + string(line) + ".index" }

// indexEntry is a file as it was when it was read.
type indexEntry struct {
	sum  pack.Sum
	stat fileStat
}

// fileStat tells whether a file was changed, without its content.
type fileStat struct {
	size         int64
	changed      int64 // nanoseconds
	inode        uint64
	inodeChanged int64 // nanoseconds
}

func statOf(info fs.FileInfo) fileStat {
	s := fileStat{size: info.Size(), changed: info.ModTime().UnixNano()}
	s.inode, s.inodeChanged = folder.Inode(info)
	return s
}

// isBefore reports whether the file was last changed before a time.
func (s fileStat) isBefore(t time.Time) bool {
	return max(s.changed, s.inodeChanged) < t.UnixNano()
}

func encodeIndex(boot pack.Boot, index map[string]indexEntry) []byte {
	b := append([]byte(indexHead), boot[:]...)
	for _, name := range slices.Sorted(maps.Keys(index)) {
		e := index[name]
		b = binary.AppendUvarint(b, uint64(len(name)))
		b = append(b, name...)
		b = append(b, e.sum[:]...)
		b = binary.AppendUvarint(b, uint64(e.stat.size))
		b = binary.BigEndian.AppendUint64(b, uint64(e.stat.changed))
		b = binary.BigEndian.AppendUint64(b, e.stat.inode)
		b = binary.BigEndian.AppendUint64(b, uint64(e.stat.inodeChanged))
	}
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeIndex is false for a text that encodeIndex did not return in a boot. It holds no
// more memory than a multiple of the text's length.
func decodeIndex(boot pack.Boot, text []byte) (map[string]indexEntry, bool) {
	head := indexHead + string(boot[:])
	end := len(text) - sha256.Size
	if end < len(head) || string(text[:len(head)]) != head || sha256.Sum256(text[:end]) != [sha256.Size]byte(text[end:]) {
		return nil, false
	}
	r := pack.Reader{Text: text[len(head):end]}
	index := make(map[string]indexEntry)
	for r.Err == nil && len(r.Text) > 0 {
		name := string(r.Bytes(r.Number()))
		e := indexEntry{sum: r.Sum()}
		e.stat.size = r.Number()
		if fixed := r.Bytes(3 * 8); r.Err == nil {
			e.stat.changed = int64(binary.BigEndian.Uint64(fixed))
			e.stat.inode = binary.BigEndian.Uint64(fixed[8:])
			e.stat.inodeChanged = int64(binary.BigEndian.Uint64(fixed[16:]))
			index[name] = e
		}
	}
	return index, r.Err == nil
}

// readIndex returns a line's index, empty if it cannot be used.
func readIndex(f *folder.Folder, line Line, boot pack.Boot) map[string]indexEntry {
	text, err := f.Read(indexName(line), maxIndexSize)
	if err != nil {
		return nil
	}
	index, _ := decodeIndex(boot, text)
	return index
}

// tick returns the time on the file system's clock.
func tick(f *folder.Folder) (time.Time, error) {
	file, err := f.Create(newName)
	if err != nil {
		return time.Time{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}
