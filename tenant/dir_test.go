package tenant_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
)

// write makes a file of the tenant contoso, with its folders.
func write(t *testing.T, root, name, content string) {
	t.Helper()
	file := filepath.Join(root, "contoso", filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, root, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "contoso", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func desired(t *testing.T, r tenant.Repository) tenant.Desired {
	t.Helper()
	d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// update makes changes against the head.
func update(t *testing.T, r tenant.Repository, key string, changes ...tenant.Change) tenant.Revision {
	t.Helper()
	revision, err := r.Update(t.Context(), tenant.UpdateRequest{
		Tenant: "contoso", Parent: desired(t, r).Revision, Key: key, Changes: changes,
	})
	if err != nil {
		t.Fatal(err)
	}
	return revision
}

func put(kind, key, body string) tenant.Change {
	return tenant.Change{Kind: kind, Key: key, Body: json.RawMessage(body)}
}

// sources returns where each resource is.
func sources(d tenant.Desired) map[string]string {
	result := make(map[string]string)
	for _, r := range d.Resources {
		result[r.Kind+"/"+r.Key] = r.Source
	}
	return result
}

func TestDirLayout(t *testing.T) {
	root := t.TempDir()
	r := openDir(t, root)
	update(t, r, "one", put("groups", "CA/BreakGlass", `{"b":1,"a":{"x":[]}}`))
	_, err := r.Backup(t.Context(), tenant.BackupRequest{Tenant: "contoso", Key: "one", Snapshot: tenant.Snapshot{
		Taken:     time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Kinds:     []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete}},
		Resources: []tenant.Resource{{Kind: "groups", Key: "X", Body: json.RawMessage(`{"z":1}`)}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"desired/groups/CA%2FBreakGlass.json": "{\n  \"a\": {\n    \"x\": []\n  },\n  \"b\": 1\n}\n",
		"backup/groups/X.json":                "{\n  \"z\": 1\n}\n",
		"backup/snapshot.json":                "{\n  \"format\": 1,\n  \"taken\": \"2026-01-02T03:04:05Z\",\n  \"kinds\": [\n    {\n      \"kind\": \"groups\",\n      \"completeness\": \"complete\"\n    }\n  ]\n}\n",
	}
	for name, content := range want {
		if diff := cmp.Diff(content, read(t, root, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDirTakesWhatPeopleWrite(t *testing.T) {
	root := t.TempDir()
	write(t, root, "desired/groups/By Hand.json", "\xef\xbb\xbf{ \"n\": 1 }\r\n")
	write(t, root, "desired/groups/a%3Ab.JSON", `{}`)
	write(t, root, "desired/README.md", "read me")
	write(t, root, "desired/groups/.swp.json", "junk")
	write(t, root, "desired/.git/x.json", "junk")
	write(t, root, "desired/groups/notes.txt", "junk")
	r := openDir(t, root)
	d := desired(t, r)
	want := map[string]string{"groups/By Hand": "desired/groups/By Hand.json", "groups/a:b": "desired/groups/a%3Ab.JSON"}
	if diff := cmp.Diff(want, sources(d)); diff != "" || len(d.Problems) > 0 {
		t.Errorf("(-want +got):\n%s\nproblems: %v", diff, d.Problems)
	}
	// A change that says what the file says leaves it as it is; another one
	// keeps its name.
	update(t, r, "one", put("groups", "By Hand", `{"n":1}`), put("groups", "a:b", `{"n":2}`))
	if got := read(t, root, "desired/groups/By Hand.json"); !strings.HasPrefix(got, "\xef\xbb\xbf{ ") {
		t.Errorf("an unchanged file was written anew: %q", got)
	}
	if got := read(t, root, "desired/groups/a%3Ab.JSON"); got != "{\n  \"n\": 2\n}\n" {
		t.Errorf("the changed file is %q", got)
	}
	if got := read(t, root, "desired/README.md"); got != "read me" {
		t.Errorf("the README is %q", got)
	}
	// Removing the last resource removes the folder, unless something is left.
	update(t, r, "two", put("policies", "P", `{}`))
	update(t, r, "three", tenant.Change{Kind: "policies", Key: "P"}, tenant.Change{Kind: "groups", Key: "By Hand"}, tenant.Change{Kind: "groups", Key: "a:b"})
	if _, err := os.Lstat(filepath.Join(root, "contoso/desired/policies")); !os.IsNotExist(err) {
		t.Errorf("an empty folder is left: %v", err)
	}
	if got := read(t, root, "desired/groups/notes.txt"); got != "junk" {
		t.Errorf("the notes are %q", got)
	}
}

func TestDirProblems(t *testing.T) {
	root := t.TempDir()
	write(t, root, "desired/stray.json", `{}`)
	write(t, root, "desired/groups/sub/deep.json", `{}`)
	write(t, root, "desired/groups/folder.json/x.json", `{}`)
	write(t, root, "desired/groups/a%3Ab.json", `{}`)
	write(t, root, "desired/groups/a%3ab.json", `{}`)
	write(t, root, "desired/groups/Case.json", `{}`)
	write(t, root, "desired/groups/case.json", `{}`)
	write(t, root, "desired/groups/bad.json", "{\n  \"n\": 1,\n  \"n\": 2\n}")
	write(t, root, "desired/groups/good.json", `{}`)
	outside := filepath.Join(t.TempDir(), "secret.json")
	if err := os.WriteFile(outside, []byte(`{"secret":true}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for link, target := range map[string]string{"groups/out.json": outside, "groups/in.json": "good.json", "linked": "groups"} {
		if err := os.Symlink(target, filepath.Join(root, "contoso/desired", link)); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
	}
	r := openDir(t, root)
	d := desired(t, r)
	if diff := cmp.Diff(map[string]string{"groups/good": "desired/groups/good.json"}, sources(d)); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"desired/stray.json":           "move it into the folder of its kind",
		"desired/groups/sub/deep.json": "folders within a kind are not read",
		"desired/groups/folder.json":   "folder with the name of a file",
		"desired/groups/a%3Ab.json":    "groups/a%3Ab.json, groups/a%3ab.json",
		"desired/groups/Case.json":     "groups/case.json only in case",
		"desired/groups/case.json":     "groups/Case.json only in case",
		"desired/groups/bad.json":      "stands twice",
		"desired/groups/out.json":      "links are not followed",
		"desired/groups/in.json":       "links are not followed",
		"desired/linked":               "links are not followed",
	}
	for _, p := range d.Problems {
		message, expected := want[p.Path]
		if !expected || !strings.Contains(p.Message, message) {
			t.Errorf("problem %v, want one with %q", &p, message)
		}
		if p.Path == "desired/groups/bad.json" && (p.Line != 3 || p.Key != "bad" || p.Kind != "groups") {
			t.Errorf("problem %+v, want groups/bad at line 3", p)
		}
		delete(want, p.Path)
	}
	if len(want) > 0 {
		t.Errorf("problems that are missing: %v", want)
	}

	// What is in the way is not overwritten.
	for _, key := range []string{"folder", "in", "out"} {
		_, err := r.Update(t.Context(), tenant.UpdateRequest{
			Tenant: "contoso", Parent: d.Revision, Key: key, Changes: []tenant.Change{put("groups", key, `{}`)},
		})
		if !errors.Is(err, tenant.ErrInvalidRequest) {
			t.Errorf("Update of groups/%s = %v, want ErrInvalidRequest", key, err)
		}
	}
	// A change to a resource with several files leaves one, and no content is lost.
	update(t, r, "one", put("groups", "a:b", `{"n":1}`))
	if got := sources(desired(t, r))["groups/a:b"]; got != "desired/groups/a%3Ab.json" {
		t.Errorf("the source is %q", got)
	}
	old, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso", Revision: d.Revision})
	if err != nil || len(old.Problems) != 6 {
		t.Errorf("the state before has the problems %v, %v; want all 6 that are of regular files", old.Problems, err)
	}
}

func TestDirKeepsEditedStates(t *testing.T) {
	root := t.TempDir()
	r := openDir(t, root)
	first := update(t, r, "one", put("groups", "A", `{"n":1}`))
	write(t, root, "desired/groups/A.json", `{"n":2}`)
	onlyRead := desired(t, r).Revision
	history, err := r.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.DesiredLine})
	if err != nil || len(history) != 2 || history[0].ID != onlyRead || !history[0].Time.IsZero() || history[1].ID != first.ID {
		t.Errorf("the history is %+v, %v; want the edited state first, without a time", history, err)
	}
	write(t, root, "desired/groups/A.json", `{"n":3}`)
	replaced := desired(t, r).Revision
	update(t, r, "two", put("groups", "A", `{"n":4}`))
	if _, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso", Revision: onlyRead}); !errors.Is(err, tenant.ErrNoRevision) {
		t.Errorf("a state that was only read: %v, want ErrNoRevision", err)
	}
	d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso", Revision: replaced})
	if err != nil || string(d.Resources[0].Body) != `{"n":3}` {
		t.Errorf("the edited state that an update replaced is %+v, %v", d, err)
	}
}

func TestDirPutsBackupRight(t *testing.T) {
	root := t.TempDir()
	r := openDir(t, root)
	backup := func(key string) {
		t.Helper()
		_, err := r.Backup(t.Context(), tenant.BackupRequest{Tenant: "contoso", Key: key, Snapshot: tenant.Snapshot{
			Kinds:     []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete}},
			Resources: []tenant.Resource{{Kind: "groups", Key: "A", Body: json.RawMessage(`{}`)}, {Kind: "groups", Key: "B", Body: json.RawMessage(`{}`)}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	backup("one")
	write(t, root, "backup/groups/A.json", "changed by hand")
	write(t, root, "backup/groups/junk.json", "{}")
	if err := os.Remove(filepath.Join(root, "contoso/backup/groups/B.json")); err != nil {
		t.Fatal(err)
	}
	write(t, root, "backup/groups/B.json/in the way", "")
	s, err := r.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
	if err != nil || len(s.Resources) != 2 || string(s.Resources[0].Body) != "{}" {
		t.Errorf("the snapshot is %+v, %v; want it as it was taken", s, err)
	}
	backup("two")
	for _, name := range []string{"A", "B"} {
		if got := read(t, root, "backup/groups/"+name+".json"); got != "{}\n" {
			t.Errorf("%s is %q", name, got)
		}
	}
	if _, err := os.Lstat(filepath.Join(root, "contoso/backup/groups/junk.json")); !os.IsNotExist(err) {
		t.Errorf("junk is still there: %v", err)
	}
}

func TestDirNoticesDamage(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, root, hidden string){
		"changed content": func(t *testing.T, root, hidden string) {
			pack := read(t, root, ".tenantsync/pack")
			write(t, root, ".tenantsync/pack", strings.ReplaceAll(pack, `"n": 1`, `"n": 9`))
		},
		"newer format": func(t *testing.T, root, hidden string) {
			write(t, root, ".tenantsync/pack", `{"format":3}`+"\n")
		},
		"no JSON": func(t *testing.T, root, hidden string) {
			write(t, root, ".tenantsync/pending.json", `{`)
		},
		"desired is a file": func(t *testing.T, root, hidden string) {
			if err := os.RemoveAll(filepath.Join(root, "contoso/desired")); err != nil {
				t.Fatal(err)
			}
			write(t, root, "desired", "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			r := openDir(t, root)
			first := update(t, r, "one", put("groups", "A", `{"n":1}`))
			update(t, r, "two", put("groups", "A", `{"n":2}`))
			damage(t, root, filepath.Join(root, "contoso/.tenantsync"))
			d, err := r.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso", Revision: first.ID})
			if err == nil {
				t.Errorf("Desired = %+v, want an error", d)
			}
		})
	}
}

// Two repositories over one folder stand for two processes: the lock on the
// file is between open files, not processes.
func TestDirTwoProcesses(t *testing.T) {
	root := t.TempDir()
	a, b := openDir(t, root), openDir(t, root)
	const each = 5
	done := make(chan error)
	for _, r := range []tenant.Repository{a, b} {
		go func() {
			var failed error
			for i := range each {
				failed = errors.Join(failed, addOne(t.Context(), r, string(rune('a'+i))))
			}
			done <- failed
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var got struct{ N int }
	if err := json.Unmarshal(desired(t, a).Resources[0].Body, &got); err != nil || got.N != each {
		t.Errorf("the counter is %d, %v; want %d: each key counts once, whoever comes first", got.N, err, each)
	}
}

// addOne counts a counter up under a key, again when the line has moved.
func addOne(ctx context.Context, r tenant.Repository, key string) error {
	for {
		d, err := r.Desired(ctx, tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil {
			return err
		}
		var counter struct{ N int }
		if len(d.Resources) > 0 {
			if err := json.Unmarshal(d.Resources[0].Body, &counter); err != nil {
				return err
			}
		}
		counter.N++
		body, _ := json.Marshal(counter)
		_, err = r.Update(ctx, tenant.UpdateRequest{
			Tenant: "contoso", Parent: d.Revision, Key: key, Changes: []tenant.Change{{Kind: "counters", Key: "c", Body: body}},
		})
		if !errors.Is(err, tenant.ErrMoved) {
			return err
		}
	}
}

func TestDirReadLeavesNoTrace(t *testing.T) {
	root := t.TempDir()
	desired(t, openDir(t, root))
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) > 0 {
		t.Errorf("reading an unknown tenant made %v, %v", entries, err)
	}
}
