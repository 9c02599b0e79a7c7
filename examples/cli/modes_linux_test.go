package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
)

// What the program makes, and what the library makes for it, is its owner's
// alone, whatever the umask leaves. It does not run beside other tests: the
// umask is the process's.
func TestModes(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		p.must(exitDone, "init", "-demo", "-kinds", "namedLocations")
		p.must(exitDone, "tenants", "add", "contoso")
		p.must(exitPerson, "sync", "contoso")
		p.must(exitDone, "approve", "contoso", "-plan", p.plan())
		if dir := p.env["TENANTSYNC_DIR"]; loose(t, dir) < 30 {
			t.Errorf("there are few files in %s: the test shows little", dir)
		}
	})
}

// loose reports the files and folders that others than their owner have access
// to, and returns how many it has looked at.
func loose(t *testing.T, dir string) (n int) {
	t.Helper()
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
	if err != nil {
		t.Fatal(err)
	}
	return n
}
