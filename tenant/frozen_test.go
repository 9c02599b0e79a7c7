package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// The folders in testdata/v1/dir and v2/dir are what the formats 1 and 2 of
// DirRepository leave on a disk. They are never rewritten once a version with
// that format is released: a test that fails here says that hosts' repositories
// cannot be read any more.

// frozenFormats are the formats that are read. The last one is written.
var frozenFormats = []string{"v1", "v2"}

// frozenDir is a repository's folder in format 1: "whole", or "interrupted", in
// which a process has died in the middle of a write that it had decided on.
func frozenDir(t testing.TB, name string) string { return frozenDirOf(t, "v1", name) }

func frozenDirOf(t testing.TB, format, name string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", format, "dir", name))); err != nil {
		t.Fatal(err)
	}
	return root
}

// frozenRequest is one of the writes that made the folders.
func frozenRequest(parent, key string, changes ...Change) UpdateRequest {
	return UpdateRequest{Tenant: "contoso", Parent: parent, Key: key, Changes: changes, Message: "message of " + key, Author: "author of " + key}
}

func frozenBackup(key string, resources ...Resource) BackupRequest {
	return BackupRequest{Tenant: "contoso", Key: key, Message: "message of " + key, Author: "author of " + key, Snapshot: Snapshot{
		Taken: time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC),
		Kinds: []KindState{
			{Kind: "groups", Completeness: Complete, Scope: All},
			{Kind: "policies", Completeness: Forbidden, Scope: Listed, Reason: "no permission", Missing: []string{"Policy.Read.All"}, RequestID: "req-1"},
		},
		Resources: resources,
	}}
}

const (
	// As format 1 named them.
	revisionOne    = "1-a583d3a377c3df8c53672d26b552da74"
	revisionEdited = "1+4f725c1ae5510f68240ca52db337f902"
	revisionTwo    = "3-fbc7a54d8a58c753432e0674c4ee2376"
	backupOne      = "1-e91dd7747c3ffe4e7776de0edc5355db"
	backupTwo      = "2-790c9c4b92b485d84e7195b5e6948523"
)

// frozenIDs are the ids of the revisions of the folder "whole".
type frozenIDs struct{ one, edited, two, backupOne, backupTwo string }

var frozenIDsOf = map[string]frozenIDs{
	"v1": {revisionOne, revisionEdited, revisionTwo, backupOne, backupTwo},
	"v2": {"1-8ab3d7ae4ce4a4c0059a75667dc39339", "1+7897f6fb7a4e2627c72bc3b13644b51c", "3-94c9a821f65bfe995b007bd72377cb62", "1-ef9da363f7dd6568abd7d635f75025d8", "2-52ebed84e9f883263cfb82aa2d2a9468"},
}

// requestTwoOn is made in a folder with a file that was edited by hand.
func requestTwoOn(parent string) UpdateRequest {
	return frozenRequest(parent, "two", changeTo("groups", "CON: a/b", 2), Change{Kind: "groups", Key: "Gone"})
}

// makeFrozen makes the folders anew, with this version.
func makeFrozen(t *testing.T, under string) {
	for _, name := range []string{"whole", "interrupted"} {
		root := filepath.Join(under, name)
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		d := newDir(t, root)
		d.boot = pack.Boot{1}
		d.newSalt = func() ([16]byte, error) { return [16]byte{2}, nil }
		must := func(r Revision, err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(d.Update(t.Context(), frozenRequest(emptyRevision, "one", changeTo("groups", "CON: a/b", 1), changeTo("groups", "Gone", 1))))
		if err := os.WriteFile(filepath.Join(root, "contoso", "desired", "groups", "By hand.json"), []byte("{\"n\": 7}"), 0o644); err != nil {
			t.Fatal(err)
		}
		two := requestTwoOn(headOf(t, d))
		if name == "whole" {
			must(d.Update(t.Context(), two))
			must(d.Backup(t.Context(), frozenBackup("one", Resource{Kind: "groups", Key: "Guests", Body: json.RawMessage(`{"n":1}`)})))
			must(d.Backup(t.Context(), frozenBackup("two", Resource{Kind: "groups", Key: "Guests", Body: json.RawMessage(`{"n":2}`)})))
			continue
		}
		d.step = func(act, path string) error {
			if act == "rename" && strings.HasPrefix(path, "contoso/desired/") {
				return errCrash // it is decided, and not yet carried out
			}
			return nil
		}
		if _, err := d.Update(t.Context(), two); !errors.Is(err, errCrash) {
			t.Fatalf("got %v, want it interrupted", err)
		}
	}
}

// filesOf returns the content of every file below a folder.
func filesOf(t testing.TB, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		content, err := fs.ReadFile(tree, name)
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// withoutIndexes leaves out what tells of the disk that the files were on.
func withoutIndexes(files map[string]string) map[string]string {
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasSuffix(name, ".index") || strings.HasSuffix(name, "/new") })
	return files
}

// This version writes format 2 as it was frozen, file by file.
func TestFrozenDirIsWrittenTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose time is always the same
		frozenNow := filepath.Join("testdata", "v2", "dir")
		now := t.TempDir()
		makeFrozen(t, now)
		if frozen.Updating() {
			if err := os.RemoveAll(frozenNow); err != nil {
				t.Fatal(err)
			}
			for name, content := range withoutIndexes(filesOf(t, now)) {
				file := filepath.Join(frozenNow, filepath.FromSlash(name))
				if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(withoutIndexes(filesOf(t, frozenNow)), withoutIndexes(filesOf(t, now))); diff != "" {
			t.Errorf("files (-frozen +now):\n%s", diff)
		}
	})
}

// This version reads all that the formats 1 and 2 hold, and goes on with it.
func TestFrozenDirIsRead(t *testing.T) {
	for _, format := range frozenFormats {
		t.Run(format, func(t *testing.T) { checkFrozenRead(t, frozenDirOf(t, format, "whole"), frozenIDsOf[format]) })
	}
}

func checkFrozenRead(t *testing.T, root string, ids frozenIDs) {
	d := newDir(t, root)
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	desired := []Revision{{ID: ids.two, Time: at, Message: "message of two", Author: "author of two"}, {ID: ids.edited, Message: "edited by hand"},
		{ID: ids.one, Time: at, Message: "message of one", Author: "author of one"}}
	backups := []Revision{{ID: ids.backupTwo, Time: at, Message: "message of two", Author: "author of two"}, {ID: ids.backupOne, Time: at, Message: "message of one", Author: "author of one"}}
	checkHistory := func(line Line, want []Revision) {
		t.Helper()
		got, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: line})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
	checkContents := func() {
		t.Helper()
		for revision, want := range map[string]map[string]string{
			ids.one:    {"CON: a/b": `{"n":1}`, "Gone": `{"n":1}`},
			ids.edited: {"CON: a/b": `{"n":1}`, "Gone": `{"n":1}`, "By hand": `{"n":7}`},
			ids.two:    {"CON: a/b": `{"n":2}`, "By hand": `{"n":7}`},
		} {
			got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: revision})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, bodies(t, got.Resources)); diff != "" || len(got.Problems) > 0 {
				t.Errorf("desired at %q (-want +got):\n%s%v", revision, diff, got.Problems)
			}
		}
		for revision, n := range map[string]string{ids.backupOne: `{"n":1}`, ids.backupTwo: `{"n":2}`} {
			got, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso", Revision: revision})
			if err != nil {
				t.Fatal(err)
			}
			want := frozenBackup("").Snapshot
			if diff := cmp.Diff(want.Kinds, got.Kinds); diff != "" || !got.Taken.Equal(want.Taken) || bodies(t, got.Resources)["Guests"] != n {
				t.Errorf("snapshot at %q: got %+v, want %+v", revision, got, want)
			}
		}
		for key, id := range map[string]string{"one": ids.one, "two": ids.two} {
			if again, err := d.Update(t.Context(), frozenRequest("any", key)); err != nil || again.ID != id {
				t.Errorf("the update %q again: got %s, %v, want %s", key, again.ID, err, id)
			}
		}
		if again, err := d.Backup(t.Context(), frozenBackup("one")); err != nil || again.ID != ids.backupOne {
			t.Errorf("the backup again: got %s, %v, want %s", again.ID, err, ids.backupOne)
		}
	}
	checkHistory(DesiredLine, desired)
	checkHistory(BackupLine, backups)
	checkContents()
	if got := headOf(t, d); got != ids.two {
		t.Errorf("the head is %s, want %s", got, ids.two)
	}

	next, err := d.Update(t.Context(), frozenRequest(ids.two, "three", changeTo("groups", "New", 3)))
	if err != nil || !strings.HasPrefix(next.ID, "4-") {
		t.Errorf("the next update: got %s, %v, want the 4th revision", next.ID, err)
	}
	delta := frozenBackup("three", Resource{Kind: "groups", Key: "New", Body: json.RawMessage(`{"n":3}`)})
	delta.Parent = ids.backupOne
	saved, err := d.Backup(t.Context(), delta)
	if err != nil || !strings.HasPrefix(saved.ID, "3-") {
		t.Errorf("the next backup: got %s, %v, want the 3rd revision", saved.ID, err)
	}
	checkHistory(DesiredLine, append([]Revision{next}, desired...))
	checkHistory(BackupLine, append([]Revision{saved}, backups...))
	checkContents()
	if got := groupsOf(t, d); !maps.Equal(got, map[string]string{"Guests": `{"n":1}`, "New": `{"n":3}`}) {
		t.Errorf("the next backup is %v", got)
	}
	want := map[string]string{"groups/CON: a/b": body(2), "groups/By hand": body(7), "groups/New": body(3)}
	if got := contents(t, newDir(t, root)); !maps.Equal(got, want) {
		t.Errorf("the next update is %v", got)
	}
}

// What a process had decided on when it died is carried out, whichever format it
// wrote.
func TestFrozenDirIsCompleted(t *testing.T) {
	for _, format := range frozenFormats {
		root := frozenDirOf(t, format, "interrupted")
		d := newDir(t, root)
		got, err := d.Update(t.Context(), requestTwoOn(frozenIDsOf[format].edited))
		if err != nil || got.ID != frozenIDsOf[format].two {
			t.Errorf("%s: got %s, %v, want %s", format, got.ID, err, frozenIDsOf[format].two)
		}
		whole := filesOf(t, filepath.Join("testdata", format, "dir", "whole", "contoso", "desired"))
		if diff := cmp.Diff(whole, filesOf(t, filepath.Join(root, "contoso", "desired"))); diff != "" {
			t.Errorf("%s: files (-want +got):\n%s", format, diff)
		}
		if old, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: frozenIDsOf[format].edited}); err != nil || len(old.Resources) != 3 {
			t.Errorf("%s: the edited state has %d resources, %v", format, len(old.Resources), err)
		}
	}
}

func bodies(t *testing.T, resources []Resource) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range resources {
		var b bytes.Buffer
		if err := json.Compact(&b, r.Body); err != nil {
			t.Fatal(err)
		}
		out[r.Key] = b.String()
	}
	return out
}

// Every field of what is stored is set somewhere in the files.
func TestFrozenDirIsWhole(t *testing.T) {
	var revisions []oldRevision
	var pending oldPending
	var snapshot snapshotData
	read := func(v any, names ...string) {
		raw, err := os.ReadFile(filepath.Join(append([]string{"testdata", "v1", "dir"}, names...)...))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range []string{"00000001.json", "00000002.json", "00000003.json"} {
		var r oldRevision
		read(&r, "whole", "contoso", hidden, "desired", n)
		revisions = append(revisions, r)
	}
	read(&pending, "interrupted", "contoso", hidden, "pending.json")
	read(&snapshot, "whole", "contoso", "backup", "snapshot.json")
	frozen.Covers(t, revisions)
	frozen.Covers(t, []oldPending{pending})
	frozen.Covers(t, []snapshotData{snapshot})
}

func TestFrozenWords(t *testing.T) {
	frozen.Words(t, "Verb", "Completeness", "Scope", "Line", "Class")
}
