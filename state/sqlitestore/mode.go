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

// fileMode is the mode of a database's file. SQLite gives the files beside it
// the same one.
const fileMode = 0o600

// creating keeps one Store from closing a file that another has opened: POSIX
// would take the other's locks away.
var creating sync.Mutex

// createFile makes the database's file, empty and for its owner only, unless it
// exists. SQLite would let the umask decide who else can read it.
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

// warnOfModes logs a warning about each file of the database at path that
// others than its owner have access to. It changes no mode that a host has set.
func warnOfModes(path string, log *slog.Logger) {
	if runtime.GOOS == "windows" {
		return // has no such modes
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		name := path + suffix
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
			log.Warn("others than its owner have access to a file of the database: chmod 600 takes it from them",
				"file", name, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
		}
	}
}
