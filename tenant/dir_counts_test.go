package tenant

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// manyKinds is a snapshot of n resources with the states of as many kinds as a
// tenant has.
func manyKinds(n int) Snapshot {
	s := manyGroups(n)
	s.Taken = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for i := range 50 {
		s.Kinds = append(s.Kinds, KindState{Kind: fmt.Sprint("deviceManagementKind", i), Completeness: Forbidden, Scope: All,
			Reason: "Forbidden: a permission is missing", Missing: []string{"DeviceManagementConfiguration.Read.All"}, RequestID: fmt.Sprintf("%08x-0000-4000-8000-000000000000", i*7919)})
	}
	return s
}

func manyChanges(n int) []Change {
	var changes []Change
	for _, r := range manyGroups(n).Resources {
		changes = append(changes, Change{Kind: r.Kind, Key: r.Key, Body: r.Body})
	}
	return changes
}

// A first sync calls fsync as often for many resources as for few: ten times in
// a first backup, and eight in the update that adopts the resources.
func TestDirSyncsCounted(t *testing.T) {
	inMemory(t)
	counted := make(map[int][2]int)
	for _, n := range []int{3 * folder.MaxSyncs, 1000} {
		d := newDir(t, t.TempDir())
		syncs := func(write func() error) int {
			done := acts(d)
			if err := write(); err != nil {
				t.Fatal(err)
			}
			return len(done["sync"]) + len(done["sync all"])
		}
		backup := syncs(func() error {
			_, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: manyKinds(n)})
			return err
		})
		update := syncs(func() error {
			_, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: manyChanges(n)})
			return err
		})
		counted[n] = [2]int{backup, update}
		if backup > 10 || folder.CanSyncAll && update > 8 {
			t.Errorf("of %d resources, the first backup calls fsync %d times, and the update %d times", n, backup, update)
		}
	}
	if small, large := counted[3*folder.MaxSyncs], counted[1000]; small[0] != large[0] || folder.CanSyncAll && small != large {
		t.Errorf("calls of fsync in the first backup and update, by number of resources: %v", counted)
	}
}

// A repository has one file for a resource of each line, and a handful more.
func TestDirFilesCounted(t *testing.T) {
	inMemory(t)
	const n = 300
	root := t.TempDir()
	d := newDir(t, root)
	parent := ""
	for i := range 20 {
		s := manyKinds(n)
		if parent != "" {
			s.Resources = s.Resources[:i]
		}
		r, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: fmt.Sprint(i), Parent: parent, Snapshot: s})
		if err != nil {
			t.Fatal(err)
		}
		parent = r.ID
	}
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: manyChanges(n)}); err != nil {
		t.Fatal(err)
	}
	headOf(t, d)
	if files := filesOf(t, root); len(files) > 2*n+10 {
		t.Errorf("of %d resources in both lines, the repository has %d files", n, len(files))
	}
}

// The contents that both lines have are stored once.
func TestDirSharesContents(t *testing.T) {
	inMemory(t)
	root := t.TempDir()
	d := newDir(t, root)
	const n = 100
	if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: manyGroups(n)}); err != nil {
		t.Fatal(err)
	}
	before := packSize(t, root)
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: manyChanges(n)}); err != nil {
		t.Fatal(err)
	}
	if more := packSize(t, root) - before; more > n*100 {
		t.Errorf("an update to the %d contents of the backup line stores %d bytes", n, more)
	}
}

// A backup in which nothing has changed stores at most two kilobytes, whatever
// the tenant has, and one in which some resources have changed stores these.
func TestDirBytesCounted(t *testing.T) {
	inMemory(t)
	stored := make(map[int][2]int64)
	for _, n := range []int{100, 1000} {
		root := t.TempDir()
		d := newDir(t, root)
		parent := ""
		bytes := func(key string, s Snapshot) int64 {
			before := int64(0)
			if parent != "" {
				before = packSize(t, root)
			}
			r, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: key, Parent: parent, Snapshot: s, Message: "backup before sync 1234", Author: "tenantsync"})
			if err != nil {
				t.Fatal(err)
			}
			parent = r.ID
			return packSize(t, root) - before
		}
		bytes("one", manyKinds(n))
		s := manyKinds(n)
		s.Resources = nil
		s.Taken = s.Taken.Add(time.Hour)
		unchanged := bytes("two", s)
		s.Resources = []Resource{groupNumbered(1, 2), groupNumbered(2, 2), groupNumbered(3, 2)}
		changed := bytes("three", s)
		stored[n] = [2]int64{unchanged, changed}
		if unchanged > 2048 || changed > unchanged+3*2500 {
			t.Errorf("of %d resources, a backup stores %d bytes, and one with 3 changes %d", n, unchanged, changed)
		}
	}
	for i := range 2 {
		if more := stored[1000][i] - stored[100][i]; more < -50 || more > 50 {
			t.Errorf("bytes that a backup stores without changes and with three, by number of resources: %v", stored)
		}
	}
}

// Many backups store no more for each than one.
func TestDirListsAreBounded(t *testing.T) {
	inMemory(t)
	const n, backups = 100, 200
	root := t.TempDir()
	d := newDir(t, root)
	parent := ""
	var first int64
	for i := range backups + 1 {
		s := manyGroups(n)
		if i > 0 {
			s.Resources = nil
		}
		s.Taken = time.Unix(int64(i), 0)
		r, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: fmt.Sprint(i), Parent: parent, Snapshot: s})
		if err != nil {
			t.Fatal(err)
		}
		if parent = r.ID; i == 0 {
			first = packSize(t, root)
		}
	}
	if each := (packSize(t, root) - first) / backups; each > 2048 {
		t.Errorf("%d backups store %d bytes each", backups, each)
	}
}

// waitForTick returns once the file system's clock has gone on.
func waitForTick(t testing.TB, root string) {
	t.Helper()
	var first time.Time
	for {
		file := filepath.Join(root, "tick")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		os.Remove(file)
		if first.IsZero() {
			first = info.ModTime()
		} else if info.ModTime().After(first) {
			return
		}
	}
}

// A file of a line that has not changed is not read: not by Desired, whose bodies
// come from the pack, nor by Update, History and a whole Backup.
func TestDirReadsCounted(t *testing.T) {
	inMemory(t)
	const n = 200
	root := t.TempDir()
	d := newDir(t, root)
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: manyChanges(n)}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: manyGroups(n)}); err != nil {
		t.Fatal(err)
	}
	reads := func(d *DirRepository, call func(d *DirRepository) error) []string {
		t.Helper()
		done := acts(d)
		if err := call(d); err != nil {
			t.Fatal(err)
		}
		d.step = nil
		return done["read"]
	}
	desired := func(d *DirRepository) error {
		got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
		if err == nil && len(got.Resources) != n {
			err = fmt.Errorf("there are %d resources", len(got.Resources))
		}
		return err
	}
	calls := map[string]func(d *DirRepository) error{
		"Desired": desired,
		"History": func(d *DirRepository) error {
			_, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: DesiredLine})
			return err
		},
		"Backup": func(d *DirRepository) error {
			_, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: fmt.Sprint(time.Now()), Snapshot: manyGroups(n)})
			return err
		},
	}
	waitForTick(t, root)
	for _, call := range calls { // make the indexes
		if err := call(d); err != nil {
			t.Fatal(err)
		}
	}
	waitForTick(t, root)
	if err := calls["Backup"](d); err != nil {
		t.Fatal(err)
	}
	again := newDir(t, root) // another process
	for name, call := range calls {
		for what, d := range map[string]*DirRepository{"the same": d, "another": again} {
			got := reads(d, call)
			if name == "Backup" && len(got) == 1 && got[0] == "backup/snapshot.json" {
				continue // it is new in every backup
			}
			if len(got) > 0 {
				t.Errorf("%s of %s process reads %d files, with nothing changed: %q", name, what, len(got), got)
			}
		}
	}
	// One is edited, one goes, one comes.
	folder := filepath.Join(root, "contoso", "desired", "groups")
	if err := os.WriteFile(filepath.Join(folder, "group 000001.json"), []byte(`{}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(folder, "group 000002.json"), filepath.Join(folder, "group 999999.json")); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(reads(d, desired)), "[desired/groups/group 000001.json desired/groups/group 999999.json]"; got != want {
		t.Errorf("after edits, Desired reads %s, want %s", got, want)
	}
}

// A file that is changed within one tick of the clock, to a content of the same
// size, is seen as changed.
func TestDirSeesChangesWithinATick(t *testing.T) {
	inMemory(t)
	root := t.TempDir()
	d := newDir(t, root)
	file := filepath.Join(root, "contoso", "desired", "groups", "A.json")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	for n := range 300 {
		if err := os.WriteFile(file, []byte(body(100+n)), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, d)["groups/A"]; got != body(100+n) {
			t.Fatalf("after change %d, the file is %s", n, got)
		}
	}
}

// A content that was put in place with the time of the old one is seen.
func TestDirSeesChangesWithOldTimes(t *testing.T) {
	inMemory(t)
	for what, change := range map[string]func(file string) error{
		"in place": func(file string) error { return os.WriteFile(file, []byte(body(2)), 0o600) },
		"another file": func(file string) error {
			if err := os.WriteFile(file+"x", []byte(body(2)), 0o600); err != nil {
				return err
			}
			return os.Rename(file+"x", file)
		},
	} {
		root := t.TempDir()
		d := newDir(t, root)
		if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: []Change{changeTo("groups", "A", 1), changeTo("groups", "B", 1)}}); err != nil {
			t.Fatal(err)
		}
		waitForTick(t, root)
		headOf(t, d)
		file := filepath.Join(root, "contoso", "desired", "groups", "A.json")
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(file); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
			t.Fatal(err)
		}
		if inode, _ := folder.Inode(info); inode == 0 {
			t.Skip("this system does not tell when an inode was changed")
		}
		if got := contents(t, d)["groups/A"]; got != body(2) {
			t.Errorf("%s: the file is %s", what, got)
		}
	}
}

// An index that is damaged, or is that of another boot, is made anew.
func TestDirIndexIsRebuilt(t *testing.T) {
	inMemory(t)
	root := t.TempDir()
	d := newDir(t, root)
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: emptyRevision, Changes: manyChanges(3)}); err != nil {
		t.Fatal(err)
	}
	waitForTick(t, root)
	head := headOf(t, d)
	index := read(t, root, indexName(DesiredLine))
	if names := strings.Count(index, "group 00000"); names != 3 {
		t.Fatalf("the index has %d files", names)
	}
	for name, text := range map[string]string{
		"empty": "", "cut short": index[:len(index)/2], "longer": index + "x", "of another format": strings.Replace(index, "index 2", "index 3", 1),
		"with another byte": strings.Replace(index, "group 000001", "group 000009", 1),
	} {
		place(t, root, indexName(DesiredLine), withContent(text))
		if got := headOf(t, d); got != head {
			t.Errorf("with an index that is %s, the head is %s, want %s", name, got, head)
		}
		if got := read(t, root, indexName(DesiredLine)); got != index {
			t.Errorf("an index that is %s was not made anew", name)
		}
	}
	// After a start of the machine nothing is taken from the index: a file may
	// have lost its content and kept its times.
	d.boot = pack.Boot{1, 2, 3}
	done := acts(d)
	if got := headOf(t, d); got != head || len(done["read"]) != 3 {
		t.Errorf("after a start, the head is %s, want %s, and %d files were read, want 3", got, head, len(done["read"]))
	}
	d.step = func(act, name string) error {
		t.Errorf("a look at an unchanged line does %s %s", act, name)
		return nil
	}
	headOf(t, d)
}

// A compressed snapshot's file is restored.
func TestDirCompressesSnapshots(t *testing.T) {
	inMemory(t)
	d := newDir(t, t.TempDir())
	want := manyKinds(2)
	if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: want}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"})
	if err != nil || len(got.Kinds) != len(want.Kinds) || len(got.Resources) != 2 {
		t.Errorf("the snapshot has %d kinds and %d resources, %v", len(got.Kinds), len(got.Resources), err)
	}
}
