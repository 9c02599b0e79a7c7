package sqlitestore

import (
	"errors"
	"fmt"
	"io/fs"
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
// is there. SQLite would leave it to the umask who else can read it.
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

// warnOfModes logs a warning about each of the database's files that somebody
// else than its owner has access to. What its host has set stays as it is.
func (s *Store) warnOfModes() {
	if runtime.GOOS == "windows" {
		return // has no such modes
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		name := s.cfg.Path + suffix
		if info, err := os.Stat(name); err == nil && info.Mode().Perm()&0o077 != 0 {
			s.cfg.Logger.Warn("others than its owner have access to a file of the database: chmod 600 takes it from them",
				"file", name, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
		}
	}
}
