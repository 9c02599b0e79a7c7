package folder

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// One has the lock at a time. A wait for it ends with its context.
func TestLock(t *testing.T) {
	o := open(t)
	lock, err := o.Lock(t.Context(), "lock")
	if err != nil {
		t.Fatal(err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if other, err := o.Lock(short, "lock"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a second lock: got %v, %v, want it to wait", other, err)
	}
	next := make(chan error, 1)
	go func() {
		other, err := o.Lock(t.Context(), "lock")
		if err == nil {
			err = other.Close()
		}
		next <- err
	}()
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-next; err != nil {
		t.Errorf("a lock that is free again: %v", err)
	}
}

// A lock file is small, and a file.
func TestLockFile(t *testing.T) {
	for size, says := range map[int64]string{
		maxLock - 1: "", maxLock: "", maxLock + 1: "tenant: contoso/lock has 1048577 bytes, more than the limit of 1048576: mend lock",
	} {
		o := open(t)
		o.put(t, "lock", "")
		if err := os.Truncate(filepath.Join(o.path, "lock"), size); err != nil {
			t.Fatal(err)
		}
		lock, err := o.Lock(t.Context(), "lock")
		if err == nil {
			lock.Close()
		}
		if (err == nil) != (says == "") || err != nil && err.Error() != says {
			t.Errorf("%d bytes: got %v, want %q", size, err, says)
		}
	}
	o := open(t)
	o.put(t, "lock/f", "x")
	if _, err := o.Lock(t.Context(), "lock"); err == nil || !strings.Contains(err.Error(), "is a folder, not a file") {
		t.Errorf("a folder: got %v", err)
	}
}

// A lock on a file that was removed, or replaced, is no lock on its name.
func TestIsCurrent(t *testing.T) {
	o := open(t)
	lock, err := o.Lock(t.Context(), "lock")
	if err != nil {
		t.Fatal(err)
	}
	current := func(about string, want bool) {
		t.Helper()
		if got, err := IsCurrent(o.root, lock, "lock"); got != want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", about, got, err, want)
		}
	}
	current("as it was", true)
	if err := o.RemoveAll("lock"); err != nil {
		t.Fatal(err)
	}
	current("removed", false)
	o.put(t, "lock", "")
	current("replaced", false)
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := IsCurrent(o.root, lock, "lock"); err == nil {
		t.Error("a closed lock: got no error")
	}
}
