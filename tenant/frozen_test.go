package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/frozen"
)

// The folders in testdata/v1/dir are what version 1 of DirRepository leaves on a
// disk. They are never rewritten once that version is released: a test that
// fails here says that hosts' repositories cannot be read any more.

// frozenDir is a repository's folder: "whole", or "interrupted", in which a
// process has died in the middle of a write that it had decided on.
func frozenDir(t testing.TB, name string) string {
	t.Helper()
	root := t.TempDir()
	if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", "v1", "dir", name))); err != nil {
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
	revisionOne    = "1-a583d3a377c3df8c53672d26b552da74"
	revisionEdited = "1+4f725c1ae5510f68240ca52db337f902"
	revisionTwo    = "3-fbc7a54d8a58c753432e0674c4ee2376"
	backupOne      = "1-e91dd7747c3ffe4e7776de0edc5355db"
	backupTwo      = "2-790c9c4b92b485d84e7195b5e6948523"
)

// requestTwo is made in a folder with a file that was edited by hand.
func requestTwo() UpdateRequest {
	return frozenRequest(revisionEdited, "two", changeTo("groups", "CON: a/b", 2), Change{Kind: "groups", Key: "Gone"})
}

// makeFrozen makes the folders anew, with this version.
func makeFrozen(t *testing.T, under string) {
	for _, name := range []string{"whole", "interrupted"} {
		root := filepath.Join(under, name)
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
		d := newDir(t, root)
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
		if name == "whole" {
			must(d.Update(t.Context(), requestTwo()))
			must(d.Backup(t.Context(), frozenBackup("one", Resource{Kind: "groups", Key: "Guests", Body: json.RawMessage(`{"n":1}`)})))
			must(d.Backup(t.Context(), frozenBackup("two", Resource{Kind: "groups", Key: "Guests", Body: json.RawMessage(`{"n":2}`)})))
			continue
		}
		d.step = func(act, path string) error {
			if act == "rename" && strings.HasPrefix(path, "desired/") {
				return errCrash // it is decided, and not yet carried out
			}
			return nil
		}
		if _, err := d.Update(t.Context(), requestTwo()); !errors.Is(err, errCrash) {
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

// This version writes what version 1 has written, file by file.
func TestFrozenDirIsWrittenTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose time is always the same
		if frozen.Updating() {
			makeFrozen(t, filepath.Join("testdata", "v1", "dir"))
		}
		now := t.TempDir()
		makeFrozen(t, now)
		if diff := cmp.Diff(filesOf(t, filepath.Join("testdata", "v1", "dir")), filesOf(t, now)); diff != "" {
			t.Errorf("files (-frozen +now):\n%s", diff)
		}
	})
}

// This version reads all that version 1 has written, and goes on with it.
func TestFrozenDirIsRead(t *testing.T) {
	d := newDir(t, frozenDir(t, "whole"))
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	for line, want := range map[Line][]Revision{
		DesiredLine: {{ID: revisionTwo, Time: at, Message: "message of two", Author: "author of two"}, {ID: revisionEdited, Message: "edited by hand"},
			{ID: revisionOne, Time: at, Message: "message of one", Author: "author of one"}},
		BackupLine: {{ID: backupTwo, Time: at, Message: "message of two", Author: "author of two"}, {ID: backupOne, Time: at, Message: "message of one", Author: "author of one"}},
	} {
		got, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: line})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
	for revision, want := range map[string]map[string]string{
		revisionOne:    {"CON: a/b": `{"n":1}`, "Gone": `{"n":1}`},
		revisionEdited: {"CON: a/b": `{"n":1}`, "Gone": `{"n":1}`, "By hand": `{"n":7}`},
		revisionTwo:    {"CON: a/b": `{"n":2}`, "By hand": `{"n":7}`},
		"":             {"CON: a/b": `{"n":2}`, "By hand": `{"n":7}`},
	} {
		got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, bodies(t, got.Resources)); diff != "" || len(got.Problems) > 0 {
			t.Errorf("desired at %q (-want +got):\n%s%v", revision, diff, got.Problems)
		}
	}
	for revision, n := range map[string]string{backupOne: `{"n":1}`, backupTwo: `{"n":2}`, "": `{"n":2}`} {
		got, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso", Revision: revision})
		if err != nil {
			t.Fatal(err)
		}
		want := frozenBackup("", Resource{Kind: "groups", Key: "Guests", Body: json.RawMessage(n), Source: "backup/groups/Guests.json"}).Snapshot
		if diff := cmp.Diff(want.Kinds, got.Kinds); diff != "" || !got.Taken.Equal(want.Taken) || bodies(t, got.Resources)["Guests"] != n {
			t.Errorf("snapshot at %q: got %+v, want %+v", revision, got, want)
		}
	}
	for key, id := range map[string]string{"one": revisionOne, "two": revisionTwo} {
		if again, err := d.Update(t.Context(), frozenRequest("any", key)); err != nil || again.ID != id {
			t.Errorf("the update %q again: got %s, %v, want %s", key, again.ID, err, id)
		}
	}
	if again, err := d.Backup(t.Context(), frozenBackup("one")); err != nil || again.ID != backupOne {
		t.Errorf("the backup again: got %s, %v, want %s", again.ID, err, backupOne)
	}
	if next, err := d.Update(t.Context(), frozenRequest(revisionTwo, "three", changeTo("groups", "New", 3))); err != nil || !strings.HasPrefix(next.ID, "4-") {
		t.Errorf("the next update: got %s, %v, want the 4th revision", next.ID, err)
	}
}

// What a process of version 1 had decided on when it died is carried out.
func TestFrozenDirIsCompleted(t *testing.T) {
	root := frozenDir(t, "interrupted")
	d := newDir(t, root)
	got, err := d.Update(t.Context(), requestTwo())
	if err != nil || got.ID != revisionTwo {
		t.Errorf("got %s, %v, want %s", got.ID, err, revisionTwo)
	}
	whole := filesOf(t, filepath.Join("testdata", "v1", "dir", "whole", "contoso", "desired"))
	if diff := cmp.Diff(whole, filesOf(t, filepath.Join(root, "contoso", "desired"))); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
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
	var revisions []dirRevision
	var pending dirPending
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
		var r dirRevision
		read(&r, "whole", "contoso", hidden, "desired", n)
		revisions = append(revisions, r)
	}
	read(&pending, "interrupted", "contoso", hidden, "pending.json")
	read(&snapshot, "whole", "contoso", "backup", "snapshot.json")
	frozen.Covers(t, revisions)
	frozen.Covers(t, []dirPending{pending})
	frozen.Covers(t, []snapshotData{snapshot})
}

func TestFrozenWords(t *testing.T) {
	frozen.Words(t, "Verb", "Completeness", "Scope", "Line", "Class")
}
