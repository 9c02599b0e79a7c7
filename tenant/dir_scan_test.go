package tenant

import (
	"io/fs"
	"testing"
	"time"
)

// sized is the information about a regular file of a size.
type sized int64

func (s sized) Name() string       { return "A.json" }
func (s sized) Size() int64        { return int64(s) }
func (s sized) Mode() fs.FileMode  { return 0o600 }
func (s sized) ModTime() time.Time { return time.Time{} }
func (s sized) IsDir() bool        { return false }
func (s sized) Sys() any           { return nil }

// A file of the largest size is read.
func TestLargestFileIsReadable(t *testing.T) {
	for size, readable := range map[int64]bool{MaxFileSize - 1: true, MaxFileSize: true, MaxFileSize + 1: false} {
		if why := unreadable(sized(size), "groups/A.json"); (why == "") != readable {
			t.Errorf("%d bytes: got %q, want it readable %v", size, why, readable)
		}
	}
}

// A file that was changed in the moment of a time may be changed again in it, so it
// was not changed before it.
func TestIsBefore(t *testing.T) {
	at := time.Unix(1, 0)
	for _, tt := range []struct {
		changed, inode time.Duration // since that moment
		want           bool
	}{
		{-1, -1, true}, {0, -1, false}, {-1, 0, false}, {0, 0, false}, {1, -1, false}, {-1, 1, false},
	} {
		s := fileStat{changed: at.Add(tt.changed).UnixNano(), inodeChanged: at.Add(tt.inode).UnixNano()}
		if got := s.isBefore(at); got != tt.want {
			t.Errorf("content changed at %d, inode at %d: got %t", tt.changed, tt.inode, got)
		}
	}
}
