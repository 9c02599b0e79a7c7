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
