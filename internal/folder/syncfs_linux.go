package folder

import (
	"os"

	"golang.org/x/sys/unix"
)

// CanSyncAll says that syncFileSystem does something.
const CanSyncAll = true

// syncFileSystem makes all that was written to a file's file system last, in one
// call for any number of files.
func syncFileSystem(f *os.File) error {
	for {
		if err := unix.Syncfs(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("syncfs", err)
		}
	}
}
