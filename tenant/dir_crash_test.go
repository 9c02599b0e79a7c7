package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
)

var errCrash = errors.New("the process died")

// crashAt returns a step function that lets n changes of the disk happen and
// none after, and a count of those asked for.
func crashAt(n int) (step func(act, path string) error, count *int) {
	count = new(int)
	return func(string, string) error {
		*count++
		if *count > n {
			return errCrash
		}
		return nil
	}, count
}

func newDir(t testing.TB, root string) *DirRepository {
	t.Helper()
	d, err := NewDirRepository(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// contents returns the desired line's bodies by key.
func contents(t *testing.T, d *DirRepository) map[string]string {
	t.Helper()
	got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Problems) > 0 {
		t.Errorf("problems: %v", got.Problems)
	}
	result := make(map[string]string)
	for _, r := range got.Resources {
		body, err := formatFile(r.Key, r.Body)
		if err != nil {
			t.Fatal(err)
		}
		result[r.Kind+"/"+r.Key] = string(body)
	}
	return result
}

func body(n int) string { return fmt.Sprintf("{\n  \"n\": %d\n}\n", n) }

func changeTo(kind, key string, n int) Change {
	return Change{Kind: kind, Key: key, Body: json.RawMessage(body(n))}
}

// A process that dies at any change of the disk leaves the old line or the new
// one, never a mixture, and the repeated request makes the revision just once.
func TestUpdateSurvivesCrashes(t *testing.T) {
	before := map[string]string{"groups/A": body(1), "groups/B": body(1), "groups/C": body(1), "groups/edited": body(9)}
	after := map[string]string{"groups/A": body(2), "groups/C": body(1), "groups/edited": body(9), "policies/D": body(2)}
	done := false
	for n := 0; !done; n++ {
		t.Run(fmt.Sprintf("after %d changes", n), func(t *testing.T) {
			root := t.TempDir()
			d := newDir(t, root)
			prepare(t, d, root)
			req := UpdateRequest{Tenant: "contoso", Key: "two", Parent: headOf(t, d), Changes: []Change{
				changeTo("groups", "A", 2), {Kind: "groups", Key: "B"}, changeTo("policies", "D", 2),
			}}
			step, count := crashAt(n)
			d.step = step
			first, err := d.Update(t.Context(), req)
			if done = err == nil; !done && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			if *count > 100 {
				t.Fatalf("there are %d changes of the disk", *count)
			}

			restarted := newDir(t, root)
			decided := headOf(t, restarted) != req.Parent
			want := before
			if decided {
				want = after
			}
			if got := contents(t, restarted); !maps.Equal(got, want) {
				t.Errorf("after the crash there is %q, want %q", got, want)
			}
			if done && !decided {
				t.Error("the update succeeded and the line has not moved")
			}
			again, err := restarted.Update(t.Context(), req)
			if err != nil {
				t.Fatalf("the repeated update: %v", err)
			}
			if got := contents(t, restarted); !maps.Equal(got, after) {
				t.Errorf("after the repetition there is %q, want %q", got, after)
			}
			if first.ID != "" && again.ID != first.ID {
				t.Errorf("the repeated update is %+v, the first was %+v", again, first)
			}
			history, err := restarted.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: DesiredLine})
			// The first update, the state edited by hand, the second update.
			if err != nil || len(history) != 3 || history[0].ID != again.ID || history[1].ID != req.Parent {
				t.Errorf("the history is %+v, %v", history, err)
			}
		})
	}
}

// prepare makes a line whose head was edited by hand.
func prepare(t *testing.T, d *DirRepository, root string) {
	t.Helper()
	_, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "one", Parent: headOf(t, d), Changes: []Change{
		changeTo("groups", "A", 1), changeTo("groups", "B", 1), changeTo("groups", "C", 1),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "contoso/desired/groups/edited.json"), []byte(`{"n":9}`), 0o666); err != nil {
		t.Fatal(err)
	}
}

func headOf(t *testing.T, d *DirRepository) string {
	t.Helper()
	got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	return got.Revision
}

func TestBackupSurvivesCrashes(t *testing.T) {
	snapshot := func(n int, keys ...string) Snapshot {
		s := Snapshot{Kinds: []KindState{{Kind: "groups", Completeness: Complete}}}
		for _, key := range keys {
			s.Resources = append(s.Resources, Resource{Kind: "groups", Key: key, Body: json.RawMessage(body(n))})
		}
		return s
	}
	done := false
	for n := 0; !done; n++ {
		t.Run(fmt.Sprintf("after %d changes", n), func(t *testing.T) {
			root := t.TempDir()
			d := newDir(t, root)
			if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: snapshot(1, "A", "B")}); err != nil {
				t.Fatal(err)
			}
			req := BackupRequest{Tenant: "contoso", Key: "two", Snapshot: snapshot(2, "B", "C")}
			d.step, _ = crashAt(n)
			_, err := d.Backup(t.Context(), req)
			if done = err == nil; !done && !errors.Is(err, errCrash) {
				t.Fatal(err)
			}
			restarted := newDir(t, root)
			s, err := restarted.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"})
			if err != nil || len(s.Resources) != 2 || string(s.Resources[0].Body) != string(s.Resources[1].Body) {
				t.Errorf("after the crash the snapshot is %+v, %v: a mixture", s, err)
			}
			for range 2 {
				if _, err := restarted.Backup(t.Context(), req); err != nil {
					t.Fatal(err)
				}
			}
			h, err := restarted.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine})
			if err != nil || len(h) != 2 {
				t.Errorf("the history is %+v, %v; want two revisions", h, err)
			}
			if _, err := os.Lstat(filepath.Join(root, "contoso/backup/groups/A.json")); !os.IsNotExist(err) {
				t.Errorf("the file of a removed resource is still there: %v", err)
			}
		})
	}
}

// A file that somebody edits between a crash and the next call keeps the edit.
func TestEditAfterCrashIsKept(t *testing.T) {
	kept := false
	for n := 0; ; n++ {
		root := t.TempDir()
		d := newDir(t, root)
		prepare(t, d, root)
		req := UpdateRequest{Tenant: "contoso", Key: "two", Parent: headOf(t, d), Changes: []Change{changeTo("groups", "A", 2), changeTo("groups", "B", 2)}}
		d.step, _ = crashAt(n)
		_, err := d.Update(t.Context(), req)
		if err == nil {
			break
		}
		file := filepath.Join(root, "contoso/desired/groups/B.json")
		if err := os.WriteFile(file, []byte(body(5)), 0o666); err != nil {
			t.Fatal(err)
		}
		restarted := newDir(t, root)
		got := contents(t, restarted)
		if got["groups/B"] != body(5) {
			t.Errorf("after %d changes and an edit, B is %s", n, got["groups/B"])
		}
		// Where the update was decided, the edit stands on top of it.
		if got["groups/A"] == body(2) {
			kept = true
			if _, err := restarted.Update(t.Context(), req); err != nil {
				t.Errorf("the repeated update: %v", err)
			}
		}
	}
	if !kept {
		t.Error("no crash left a decided update behind: the test shows nothing")
	}
}

// A call that is refused at any file operation for a passing reason leaves
// nothing half done for the next call of the same process.
func TestUpdateAfterFailedOperation(t *testing.T) {
	for n, failed := 0, true; failed; n++ {
		root := t.TempDir()
		d := newDir(t, root)
		prepare(t, d, root)
		parent := headOf(t, d)
		req := UpdateRequest{Tenant: "contoso", Key: "two", Parent: parent, Changes: []Change{changeTo("groups", "A", 2)}}
		count := 0
		d.step = func(string, string) error {
			count++
			if count == n+1 {
				return errors.New("disk full")
			}
			return nil
		}
		_, err := d.Update(t.Context(), req)
		failed = err != nil
		if _, err := d.Update(t.Context(), req); err != nil {
			t.Fatalf("the repeated update after failure %d: %v", n, err)
		}
		if got := contents(t, d)["groups/A"]; got != body(2) {
			t.Errorf("after failure %d, A is %s", n, got)
		}
	}
}
