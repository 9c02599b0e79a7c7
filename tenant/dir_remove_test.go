package tenant

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/tenantsync/tenantsync/internal/folder"
)

// A Remove that is interrupted anywhere leaves the whole tenant or nothing of
// it, and the next one finishes.
func TestInterruptedRemove(t *testing.T) {
	interrupted := errors.New("interrupted")
	for n := 0; ; n++ {
		dir := t.TempDir()
		d, err := NewDirRepository(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		empty, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Parent: empty.Revision, Key: "one",
			Changes: []Change{{Kind: "groups", Key: "A", Body: json.RawMessage(`{"n":1}`)}, {Kind: "groups", Key: "B", Body: json.RawMessage(`{"n":1}`)}}})
		if err != nil {
			t.Fatal(err)
		}
		steps := 0
		d.step = func(string, string) error {
			if steps++; steps > n {
				return interrupted
			}
			return nil
		}
		err = d.Remove(t.Context(), "contoso")
		d.step = nil
		if err == nil {
			if n < 2 {
				t.Errorf("a Remove has %d steps, want the renaming and the deletion at least", n)
			}
			break
		}
		if !errors.Is(err, interrupted) {
			t.Fatal(err)
		}
		got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
		if err != nil || len(got.Resources) == 1 || len(got.Problems) > 0 {
			t.Errorf("after %d steps: %d files, %v, %v, want both or none", n, len(got.Resources), got.Problems, err)
		}
		if err := d.Remove(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("after %d steps and another Remove: %v, %v, want an empty folder", n, left, err)
		}
	}
}

// A process that waited for the lock of a folder that was removed meanwhile
// works on the next folder, not on the removed one.
func TestLockOfARemovedFolder(t *testing.T) {
	dir := t.TempDir()
	a, err := NewDirRepository(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	old, err := a.open(t.Context(), "contoso", true)
	if err != nil {
		t.Fatal(err)
	}
	defer old.close()

	if current, err := folder.IsCurrent(a.root, old.lock, "contoso/"+lockName); !current || err != nil {
		t.Errorf("the lock just taken: %v, %v, want it current", current, err)
	}
	if err := a.root.Rename("contoso", "gone"); err != nil {
		t.Fatal(err)
	}
	if current, err := folder.IsCurrent(a.root, old.lock, "contoso/"+lockName); current || err != nil {
		t.Errorf("the folder is gone: %v, %v, want the lock not current", current, err)
	}
	again, err := a.open(t.Context(), "contoso", true)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if current, err := folder.IsCurrent(a.root, old.lock, "contoso/"+lockName); current || err != nil {
		t.Errorf("another folder has the name: %v, %v, want the lock not current", current, err)
	}
}
