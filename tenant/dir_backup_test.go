package tenant

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// backedUp makes a repository with one backup, of n groups, and returns the
// backup's revision.
func backedUp(t *testing.T, root string, n int) string {
	t.Helper()
	r, err := newDir(t, root).Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "whole", Snapshot: manyGroups(n)})
	if err != nil {
		t.Fatal(err)
	}
	return r.ID
}

// packSize is the number of bytes that the tenant's pack has.
func packSize(t *testing.T, root string) int64 {
	t.Helper()
	info, err := os.Stat(filepath.Join(root, "contoso", packName))
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// acts notes what a repository does to the disk: the names that each act has in
// the tenant's folder.
func acts(d *DirRepository) map[string][]string {
	done := make(map[string][]string)
	d.step = func(act, name string) error {
		done[act] = append(done[act], strings.TrimPrefix(name, "contoso/"))
		return nil
	}
	return done
}

// A delta writes the files that it changes and appends their contents, whatever
// else the tenant has.
func TestDirDeltaWritesOnlyChanges(t *testing.T) {
	stored := make(map[int]int64) // bytes by size of the tenant
	for _, n := range []int{100, 1000} {
		root := t.TempDir()
		parent := backedUp(t, root, n)
		before := packSize(t, root)
		d := newDir(t, root)
		done := acts(d)
		r, err := d.Backup(t.Context(), onlyChanged(parent))
		if err != nil {
			t.Fatal(err)
		}
		d.step = nil
		stored[n] = packSize(t, root) - before
		want := map[string][]string{
			"append": {packName, packName}, // the revision, and that it is done
			"sync":   {packName},
			"create": {newName, newName, "backup/groups/group 999999.json", newName},
			"rename": {ackName, "backup/groups/group 000001.json", "backup/snapshot.json"},
			"remove": {"backup/groups/group 000002.json"},
		}
		if diff := cmp.Diff(want, done); diff != "" {
			t.Errorf("of %d groups, the repository did (-want +got):\n%s", n, diff)
		}
		s, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso", Revision: r.ID})
		if err != nil || len(s.Resources) != n {
			t.Errorf("of %d groups, the snapshot has %d, %v", n, len(s.Resources), err)
		}
	}
	// Two bodies, and the two headers of records.
	if more := stored[1000] - stored[100]; more < 0 || more > 10 || stored[100] > 5_000 {
		t.Errorf("bytes stored, by number of groups: %v; want the same, and little more than two bodies", stored)
	}
}

// A delta reads no content that it does not change: it is made with all of them
// damaged, and with the files gone, and brings none of them back.
func TestDirDeltaReadsOnlyChanges(t *testing.T) {
	const n = 1000
	root := t.TempDir()
	parent := backedUp(t, root, n)
	gone := 0
	for name := range filesOf(t, filepath.Join(root, "contoso")) {
		if strings.HasPrefix(name, "backup/groups/") {
			gone++
			if err := os.Remove(filepath.Join(root, "contoso", name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if gone != n {
		t.Fatalf("%d files were removed, want %d", gone, n)
	}
	pack := filepath.Join(root, "contoso", packName)
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := strings.ReplaceAll(string(text), strings.Repeat("x", 2000), strings.Repeat("y", 2000))
	if err := os.WriteFile(pack, []byte(spoilt), 0o600); err != nil || spoilt == string(text) {
		t.Fatal("the pack has no contents", err)
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
	if _, err := newDir(t, root).Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"}); err == nil || !strings.Contains(err.Error(), packName) {
		t.Errorf("the snapshot of damaged contents: got %v, want an error that names the pack", err)
	}
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
	root := t.TempDir()
	d := newDir(t, root)
	parent := twoBackups(t, d)
	pack := filepath.Join(root, "contoso", packName)
	text, err := os.ReadFile(pack)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pack, []byte(strings.Replace(string(text), body(1), body(7), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	many := make(map[string]int)
	for i := range 20 {
		many[fmt.Sprint("new ", i)] = 100 + i
	}
	for _, groups := range []map[string]int{nil, many} {
		if r, err := d.Backup(t.Context(), groupsBackup("three", parent, nil, groups)); err == nil || errors.Is(err, ErrNoRevision) || !strings.Contains(err.Error(), packName) {
			t.Errorf("with %d new groups: got %+v, %v, want an error about the pack, not about the revision", len(groups), r, err)
		}
	}
	if h, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine}); err != nil || len(h) != 2 {
		t.Errorf("the history has %d revisions, %v, want the 2 before", len(h), err)
	}
	if _, err := d.Backup(t.Context(), groupsBackup("three", "", nil, map[string]int{"A": 4})); err != nil {
		t.Errorf("the whole backup after it: %v", err)
	}
	if got, want := groupsOf(t, d), map[string]string{"A": `{"n":4}`}; !maps.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
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
