package tenant

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// backedUp makes a repository with one backup, of n groups, and returns the
// backup's revision. It writes the files itself, for a repository syncs each.
func backedUp(t *testing.T, root string, n int) string {
	t.Helper()
	tree, err := Tree{}.WithSnapshot(manyGroups(n))
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, content []byte) {
		file := filepath.Join(root, "contoso", filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, content, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range tree {
		put(path.Join("backup", name), content)
		put(objectFile(objectName(content)), content)
	}
	d := newDir(t, root)
	var id string
	err = d.with(t.Context(), "contoso", true, func(t *tenantDir) error {
		r := dirRevision{Format: dirFormat, ID: revisionID(1, tree.Digest()), Number: 1, Key: "whole", Files: objectsOf(tree)}
		id = r.ID
		return errors.Join(t.writeJSON(revisionFile(BackupLine, 1), r), t.write(keyFile(BackupLine, "whole"), []byte("1")))
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// written notes the size of every file that a repository writes, by its name in
// the tenant's folder, and the names of those that it removes.
func written(d *DirRepository, root string) (sizes map[string]int64, removed *[]string) {
	sizes, removed = make(map[string]int64), new([]string)
	d.step = func(act, name string) error {
		switch act {
		case "rename":
			info, err := os.Stat(filepath.Join(root, "contoso", hidden, "new"))
			if err != nil {
				return err
			}
			sizes[name] += info.Size()
		case "remove":
			*removed = append(*removed, name)
		}
		return nil
	}
	return sizes, removed
}

// A delta writes the files that it changes, whatever else the tenant has, and
// of the rest the list of names in the revision and in the pending change.
func TestDirDeltaWritesOnlyChanges(t *testing.T) {
	contents := make(map[int]int64) // bytes by size of the tenant, but for lists
	for _, n := range []int{100, 1000} {
		root := t.TempDir()
		parent := backedUp(t, root, n)
		req := onlyChanged(parent)
		d := newDir(t, root)
		sizes, removed := written(d, root)
		r, err := d.Backup(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		d.step = nil
		var lists int64
		for name, size := range sizes {
			if name == pendingFile || name == revisionFile(BackupLine, 2) {
				lists += size
			} else {
				contents[n] += size
			}
		}
		// The changed, the new and the snapshot's file, each as object and in the
		// line's folder; the key, the pending change, the revision.
		if len(sizes) != 9 {
			t.Errorf("of %d groups, %d files were written, want 9: %q", n, len(sizes), slices.Sorted(maps.Keys(sizes)))
		}
		if want := []string{"backup/groups/group 000002.json", pendingFile}; !slices.Equal(*removed, want) {
			t.Errorf("of %d groups, removed were %q, want %q", n, *removed, want)
		}
		if limit := int64(n * 400); lists > limit+2000 {
			t.Errorf("of %d groups, the lists have %d bytes, want at most %d", n, lists, limit)
		}
		s, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso", Revision: r.ID})
		if err != nil || len(s.Resources) != n {
			t.Errorf("of %d groups, the snapshot has %d, %v", n, len(s.Resources), err)
		}
	}
	if contents[100] != contents[1000] || contents[100] > 12_000 {
		t.Errorf("bytes of contents written, by number of groups: %v; want the same, and no more than two bodies twice", contents)
	}
}

// A delta reads no content that it does not change: it is made with all of them
// gone, and brings none of them back.
func TestDirDeltaReadsOnlyChanges(t *testing.T) {
	const n = 1000
	root := t.TempDir()
	parent := backedUp(t, root, n)
	kept := objectFile(objectName([]byte(readFile(t, root, "backup/snapshot.json"))))
	gone := 0
	for name := range filesOf(t, filepath.Join(root, "contoso")) {
		isContent := strings.HasPrefix(name, objectsDir) || strings.HasPrefix(name, "backup/groups/")
		if isContent && name != kept {
			gone++
			if err := os.Remove(filepath.Join(root, "contoso", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if gone != 2*n {
		t.Fatalf("%d contents were removed, want %d", gone, 2*n)
	}
	if _, err := newDir(t, root).Backup(t.Context(), onlyChanged(parent)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for name := range filesOf(t, filepath.Join(root, "contoso", "backup")) {
		got = append(got, name)
	}
	want := []string{"groups/group 000001.json", "groups/group 999999.json", "snapshot.json"}
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the line's folder has %q, want %q", got, want)
	}
}

func readFile(t *testing.T, root, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "contoso", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// groupsBackup is a backup of groups, n by key.
func groupsBackup(key, parent string, removed []string, groups map[string]int) BackupRequest {
	req := BackupRequest{Tenant: "contoso", Key: key, Parent: parent, Snapshot: manyGroups(0)}
	for _, group := range slices.Sorted(maps.Keys(groups)) {
		c := changeTo("groups", group, groups[group])
		req.Snapshot.Resources = append(req.Snapshot.Resources, Resource{Kind: c.Kind, Key: c.Key, Body: c.Body})
	}
	for _, group := range removed {
		req.Removed = append(req.Removed, ResourceName{"groups", group})
	}
	return req
}

// twoBackups makes a line whose head differs from the revision before it, whose
// id is returned.
func twoBackups(t *testing.T, d *DirRepository) (parent string) {
	t.Helper()
	first, err := d.Backup(t.Context(), groupsBackup("one", "", nil, map[string]int{"A": 1, "B": 1, "C": 1, "D": 1}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Backup(t.Context(), groupsBackup("two", "", nil, map[string]int{"A": 2, "B": 2, "E": 2})); err != nil {
		t.Fatal(err)
	}
	return first.ID
}

// groupsOf returns the groups of a snapshot with their content.
func groupsOf(t *testing.T, d *DirRepository) map[string]string {
	t.Helper()
	s, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	return bodies(t, s.Resources)
}

// A process that dies at any change of the disk leaves the head or the delta,
// never a mixture, also where the delta takes from an older revision.
func TestDeltaSurvivesCrashes(t *testing.T) {
	before := map[string]string{"A": `{"n":2}`, "B": `{"n":2}`, "E": `{"n":2}`}
	after := map[string]string{"A": `{"n":3}`, "B": `{"n":1}`, "D": `{"n":1}`, "F": `{"n":3}`}
	seen := make(map[string]bool)
	done := false
	for n := 0; !done; n++ {
		t.Run(fmt.Sprintf("after %d changes", n), func(t *testing.T) {
			root := t.TempDir()
			d := newDir(t, root)
			req := groupsBackup("three", twoBackups(t, d), []string{"C"}, map[string]int{"A": 3, "F": 3})
			d.step, _ = crashAt(n)
			first, err := d.Backup(t.Context(), req)
			if done = err == nil; !done && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			restarted := newDir(t, root)
			got := groupsOf(t, restarted)
			seen[fmt.Sprint(got)] = true
			if !maps.Equal(got, before) && !maps.Equal(got, after) {
				t.Errorf("after the crash there is %v, want %v or %v", got, before, after)
			}
			for range 2 {
				again, err := restarted.Backup(t.Context(), req)
				if err != nil || done && again.ID != first.ID {
					t.Fatalf("again: %+v, %v, want %+v", again, err, first)
				}
			}
			if got := groupsOf(t, restarted); !maps.Equal(got, after) {
				t.Errorf("after the repetition there is %v, want %v", got, after)
			}
			var files []string
			for name := range filesOf(t, filepath.Join(root, "contoso", "backup", "groups")) {
				files = append(files, name)
			}
			if slices.Sort(files); !slices.Equal(files, []string{"A.json", "B.json", "D.json", "F.json"}) {
				t.Errorf("the line's folder has %q", files)
			}
			h, err := restarted.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine})
			if err != nil || len(h) != 3 {
				t.Errorf("the history is %+v, %v; want three revisions", h, err)
			}
		})
	}
	if len(seen) != 2 {
		t.Errorf("the crashes left %d contents, want the old and the new: the test shows nothing", len(seen))
	}
}

// What a delta needs of its parent and cannot read shows before the delta is
// decided: the line goes on without it.
func TestDeltaOnDamagedParent(t *testing.T) {
	for what, damage := range map[string]func(file string) error{
		"a missing object": os.Remove,
		"a changed object": func(file string) error { return os.WriteFile(file, []byte("{}"), 0o666) },
	} {
		t.Run(what, func(t *testing.T) {
			root := t.TempDir()
			d := newDir(t, root)
			parent := twoBackups(t, d)
			if err := damage(filepath.Join(root, "contoso", objectFile(objectName([]byte(body(1)))))); err != nil {
				t.Fatal(err)
			}
			if r, err := d.Backup(t.Context(), groupsBackup("three", parent, nil, nil)); err == nil || errors.Is(err, ErrNoRevision) {
				t.Errorf("got %+v, %v, want an error that is not about the revision", r, err)
			}
			if _, err := d.Backup(t.Context(), groupsBackup("three", "", nil, map[string]int{"A": 4})); err != nil {
				t.Errorf("the whole backup after it: %v", err)
			}
			if got, want := groupsOf(t, d), map[string]string{"A": `{"n":4}`}; !maps.Equal(got, want) {
				t.Errorf("there is %v, want %v", got, want)
			}
		})
	}
}

// A delta puts right the files that it changes; a whole backup all.
func TestDeltaAfterEditsByHand(t *testing.T) {
	root := t.TempDir()
	d := newDir(t, root)
	parent, err := d.Backup(t.Context(), groupsBackup("one", "", nil, map[string]int{"A": 1, "B": 1, "C": 1}))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "contoso", "backup", "groups")
	for _, name := range []string{"A.json", "B.json", "C.json", "D.json"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("by hand"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Backup(t.Context(), groupsBackup("two", parent.ID, []string{"B"}, map[string]int{"A": 2})); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"A.json": body(2), "C.json": "by hand", "D.json": "by hand"}
	if diff := cmp.Diff(want, filesOf(t, folder)); diff != "" {
		t.Errorf("after the delta (-want +got):\n%s", diff)
	}
	if got, want := groupsOf(t, d), map[string]string{"A": `{"n":2}`, "C": `{"n":1}`}; !maps.Equal(got, want) {
		t.Errorf("the snapshot has %v, want %v", got, want)
	}
	if _, err := d.Backup(t.Context(), groupsBackup("three", "", nil, map[string]int{"A": 2, "C": 1})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"A.json": body(2), "C.json": body(1)}, filesOf(t, folder)); diff != "" {
		t.Errorf("after the whole backup (-want +got):\n%s", diff)
	}
}
