package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What the program and the library make is the owner's alone, whatever the
// umask leaves.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, exit := program(t, "", "-store", "sqlite:"+filepath.Join(dir, "state.db"), "-files", filepath.Join(dir, "files")); exit != exitIdle {
		t.Fatalf("exit status %d\n%s", exit, out)
	}
	n := 0
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if n++; err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %04o", name, info.Mode().Perm())
		}
		return err
	})
	if err != nil || n < 30 {
		t.Errorf("looked at %d files and folders, %v", n, err)
	}
}
