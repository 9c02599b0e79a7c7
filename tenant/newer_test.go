package tenant

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/frozen"
)

// rewrite changes a file in a tenant's folder as another version might have
// written it, and returns its new content.
func rewrite(t *testing.T, root, name string, value string, member ...string) []byte {
	t.Helper()
	file := filepath.Join(root, "contoso", filepath.FromSlash(name))
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if raw[0] != '{' {
		raw = []byte("{}")
	}
	raw = frozen.With(t, raw, value, member...)
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return raw
}

// newerSnapshot makes the last backup one that a newer version has appended.
func newerSnapshot(t *testing.T, root string) {
	t.Helper()
	raw := rewrite(t, root, "backup/snapshot.json", `2`, "format")
	object := filepath.Join(root, "contoso", filepath.FromSlash(objectFile(objectName(raw))))
	if err := os.MkdirAll(filepath.Dir(object), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(object, raw, 0o644); err != nil {
		t.Fatal(err)
	}
	rewrite(t, root, hidden+"/backup/00000002.json", `"`+objectName(raw)+`"`, "files", "snapshot.json")
}

// What a later version adds without a new format is overlooked.
func TestDirOverlooksUnknownFields(t *testing.T) {
	root := frozenDir(t, "whole")
	for _, name := range []string{"desired/00000003.json", "backup/00000002.json"} {
		rewrite(t, root, hidden+"/"+name, `["a"]`, "fromALaterVersion")
	}
	d := newDir(t, root)
	if _, err := d.Update(t.Context(), frozenRequest(revisionTwo, "three", changeTo("groups", "New", 3))); err != nil {
		t.Error(err)
	}
	if _, err := d.Backup(t.Context(), frozenBackup("three")); err != nil {
		t.Error(err)
	}
	tree := Tree{"snapshot.json": []byte(`{"format":1,"taken":"2026-03-01T08:00:00Z","kinds":[],"fromALaterVersion":{}}`)}
	if _, err := tree.Snapshot(); err != nil {
		t.Error(err)
	}
}

// repositoryCalls are calls of every method, on the folder "whole" of frozenDir.
func repositoryCalls(t testing.TB) map[string]func(d *DirRepository) error {
	return repositoryCallsOf(t, "v1")
}

func repositoryCallsOf(t testing.TB, format string) map[string]func(d *DirRepository) error {
	ids := frozenIDsOf[format]
	return map[string]func(d *DirRepository) error{
		"Desired": func(d *DirRepository) error {
			_, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
			return err
		},
		"Update": func(d *DirRepository) error {
			_, err := d.Update(t.Context(), frozenRequest(ids.two, "three", changeTo("groups", "New", 3)))
			return err
		},
		"Update again": func(d *DirRepository) error {
			_, err := d.Update(t.Context(), requestTwoOn(ids.edited))
			return err
		},
		"Update one again": func(d *DirRepository) error {
			_, err := d.Update(t.Context(), frozenRequest(emptyRevision, "one"))
			return err
		},
		"Desired of an older revision": func(d *DirRepository) error {
			_, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: ids.one})
			return err
		},
		"Desired of an edited state": func(d *DirRepository) error {
			_, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: ids.edited})
			return err
		},
		"Backup one again": func(d *DirRepository) error {
			_, err := d.Backup(t.Context(), frozenBackup("one"))
			return err
		},
		"Backup two again": func(d *DirRepository) error {
			_, err := d.Backup(t.Context(), frozenBackup("two"))
			return err
		},
		"History of desired": func(d *DirRepository) error {
			_, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: DesiredLine})
			return err
		},
		"Backup": func(d *DirRepository) error {
			_, err := d.Backup(t.Context(), frozenBackup("three"))
			return err
		},
		"Backup on the head": func(d *DirRepository) error {
			req := frozenBackup("three")
			req.Parent = ids.backupTwo
			_, err := d.Backup(t.Context(), req)
			return err
		},
		"Backup on an older revision": func(d *DirRepository) error {
			req := frozenBackup("three")
			req.Parent = ids.backupOne
			_, err := d.Backup(t.Context(), req)
			return err
		},
		"Snapshot": func(d *DirRepository) error {
			_, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"})
			return err
		},
		"History of backup": func(d *DirRepository) error {
			_, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine})
			return err
		},
	}
}

// What a newer version wrote is refused with a clear error by every method that
// needs it, and not a byte of the folder is changed.
func TestDirRefusesNewerForms(t *testing.T) {
	calls := repositoryCalls(t)
	onDesired := []string{"Desired", "Update", "Update again", "History of desired"}
	onBackup := []string{"Backup", "Backup on the head", "Backup on an older revision", "Snapshot", "History of backup"}
	tests := []struct {
		name, folder string
		spoil        func(t *testing.T, root string)
		refused      []string
	}{
		{"a pending write", "interrupted", func(t *testing.T, root string) { rewrite(t, root, pendingFile, `3`, "format") }, append(onDesired, onBackup...)},
		{"a folder arranged in another way", "whole", func(t *testing.T, root string) {
			if err := os.WriteFile(filepath.Join(root, "contoso", pendingFile), []byte(`{"format":3}`), 0o644); err != nil {
				t.Fatal(err)
			}
		}, append(onDesired, onBackup...)},
		{"a revision of the desired line", "whole", func(t *testing.T, root string) { rewrite(t, root, hidden+"/desired/00000003.json", `2`, "format") }, onDesired},
		{"a revision of another shape", "whole", func(t *testing.T, root string) {
			rewrite(t, root, hidden+"/desired/00000003.json", `["a"]`, "files")
			rewrite(t, root, hidden+"/desired/00000003.json", `99`, "format")
		}, onDesired},
		{"a revision of the backup line", "whole", func(t *testing.T, root string) { rewrite(t, root, hidden+"/backup/00000002.json", `2`, "format") }, onBackup},
		{"a key", "whole", func(t *testing.T, root string) { rewrite(t, root, keyFile(DesiredLine, "two"), `3`, "format") }, []string{"Update again"}},
		{"a pack", "whole", func(t *testing.T, root string) {
			if err := os.WriteFile(filepath.Join(root, "contoso", packName), []byte("{\"format\":3,\"salt\":[]}\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, append(onDesired, onBackup...)},
		{"a snapshot", "whole", newerSnapshot, []string{"Backup", "Backup on the head", "Backup on an older revision", "Snapshot"}},
	}
	for _, tt := range tests {
		for name, call := range calls {
			if !slices.Contains(tt.refused, name) {
				continue
			}
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				root := frozenDir(t, tt.folder)
				tt.spoil(t, root)
				before := filesOf(t, root)
				err := call(newDir(t, root))
				if !errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "use a newer version") {
					t.Errorf("got %v, want %v and what to do", err, ErrNewerFormat)
				}
				if diff := cmp.Diff(before, filesOf(t, root)); diff != "" {
					t.Errorf("the folder was changed (-before +after):\n%s", diff)
				}
			})
		}
	}
}

// A file without a format is damaged, not of another version.
func TestDirRefusesDamage(t *testing.T) {
	root := frozenDir(t, "whole")
	rewrite(t, root, hidden+"/desired/00000003.json", `0`, "format")
	_, err := newDir(t, root).Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
	if err == nil || errors.Is(err, ErrNewerFormat) || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("got %v, want an error that says that it is damaged", err)
	}
}
