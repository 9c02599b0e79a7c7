package tenant

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// specialFiles are what a file or folder can be on Linux that must not be
// opened: an open of the pipe, to read or to write, waits for another process.
var specialFiles = map[string]func(file string) error{
	"a named pipe": func(file string) error { return syscall.Mkfifo(file, 0o600) },
	"a socket":     func(file string) error { return syscall.Mknod(file, syscall.S_IFSOCK|0o600, 0) },
}

// A pipe that takes a file's place after it was looked at is not waited for
// either.
func TestOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f := newFolder(root, "", nil)
	err = inTime(t, func() error {
		pipe, err := f.OpenFile("pipe", os.O_RDONLY)
		if err != nil {
			return err
		}
		return pipe.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What a repository makes is its owner's alone, whatever the umask leaves, and
// so is a file that it replaces.
func TestDirModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	parent := t.TempDir()
	root := filepath.Join(parent, "made", "by it")
	d := newDir(t, root)
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: headOf(t, d), Changes: []Change{changeTo("groups", "A", 1)}}); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(root, "contoso", "desired", "groups", "A.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "two", Parent: headOf(t, d), Changes: []Change{changeTo("groups", "A", 2)}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: Snapshot{
		Kinds:     []KindState{{Kind: "groups", Completeness: Complete}},
		Resources: []Resource{{Kind: "groups", Key: "A", Body: json.RawMessage(`{}`)}},
	}}); err != nil {
		t.Fatal(err)
	}
	n := 0
	err := filepath.WalkDir(filepath.Join(parent, "made"), func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if e.IsDir() {
			want = 0o700
		}
		if n++; info.Mode().Perm() != want {
			t.Errorf("%s has mode %04o, want %04o", name, info.Mode().Perm(), want)
		}
		return nil
	})
	if err != nil || n < 16 {
		t.Errorf("looked at %d files and folders, %v", n, err)
	}
}
