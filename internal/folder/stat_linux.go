package folder

import (
	"io/fs"
	"syscall"
)

// Inode returns the number of a file's inode, and when the inode was changed,
// in nanoseconds.
func Inode(info fs.FileInfo) (inode uint64, changed int64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino, s.Ctim.Nano()
	}
	return 0, 0
}
