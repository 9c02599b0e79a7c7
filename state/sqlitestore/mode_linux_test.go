package sqlitestore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/sqlitestore"
)

// modesBeside returns the modes of a database's files by their suffix.
func modesBeside(t *testing.T, path string) map[string]fs.FileMode {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	modes := make(map[string]fs.FileMode)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		modes[strings.TrimPrefix(e.Name(), filepath.Base(path))] = info.Mode().Perm()
	}
	return modes
}

// Whatever the umask is, only the owner has access to the files that a store
// creates.
func TestFilesAreTheOwners(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	for name, cfg := range map[string]func(path string) sqlitestore.Config{
		"a path": func(path string) sqlitestore.Config { return sqlitestore.Config{Path: path} },
		"a path that is not cleaned": func(path string) sqlitestore.Config {
			return sqlitestore.Config{Path: filepath.Dir(path) + "//./" + filepath.Base(path)}
		},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		logger, log := logged()
		c := cfg(path)
		c.Logger = logger
		s := open(t, c)
		if _, err := s.Put(t.Context(), state.PutRequest{Tenant: "contoso", Kind: "plan", Data: []byte("x")}); err != nil {
			t.Fatal(err)
		}
		modes := modesBeside(t, path)
		for _, suffix := range []string{"", "-wal", "-shm"} {
			if modes[suffix] == 0 {
				t.Errorf("%s: there is no file *%s", name, suffix)
			}
		}
		for suffix, mode := range modes {
			if mode != 0o600 {
				t.Errorf("%s: the file *%s has mode %04o, want 0600", name, suffix, mode)
			}
		}
		if log.Len() > 0 {
			t.Errorf("%s: a file of its own is logged: %s", name, log)
		}
	}
}

// A file that was there keeps its mode, and the log says who has access.
func TestLooseFilesAreSaid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := open(t, sqlitestore.Config{Path: path})
	if err := errors.Join(s.Close(), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	logger, log := logged()
	open(t, sqlitestore.Config{Path: path, Logger: logger})
	if modes := modesBeside(t, path); modes[""] != 0o644 {
		t.Errorf("the file has mode %04o, want it left at 0644", modes[""])
	}
	for _, want := range []string{"file=" + path, "mode=0644", "chmod 600"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
}

// A missing folder is an error, and the store creates no file.
func TestFolderIsMissing(t *testing.T) {
	_, err := sqlitestore.New(t.Context(), sqlitestore.Config{Path: filepath.Join(t.TempDir(), "missing", "state.db")})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
