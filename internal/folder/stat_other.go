//go:build !linux

package folder

import "io/fs"

// Inode returns the number of a file's inode, and when the inode was changed,
// in nanoseconds; 0 where the system does not tell.
func Inode(fs.FileInfo) (inode uint64, changed int64) { return 0, 0 }
