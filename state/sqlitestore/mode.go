package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"sync"
)

// fileMode is the mode of a database's file. SQLite gives the same mode to the
// files beside it.
const fileMode = 0o600

// creating keeps one Store from closing a file that another has opened, because
// POSIX would release the other's locks.
var creating sync.Mutex

// createFile creates the database's file, empty and for its owner only, unless
// it exists. If SQLite created it, the umask would decide who else can read it.
func createFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// warnOfModes logs a warning for each file of the database that others than its
// owner have access to. It does not change the host's modes.
func warnOfModes(path string, log *slog.Logger) {
	if runtime.GOOS == "windows" {
		return // has no such modes
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		name := path + suffix
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
			log.Warn("others than its owner have access to a file of the database: chmod 600 removes their access",
				"file", name, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
		}
	}
}
