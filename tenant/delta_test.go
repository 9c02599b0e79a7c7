package tenant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// backupStep is one backup of a tenant: what the whole snapshot is, and how
// it is said in a delta.
type backupStep struct {
	whole Snapshot
	// back is how many revisions before the head the parent is; -1 for a whole
	// backup.
	back int
	// chatty: the delta also has resources that it need not have.
	chatty bool
}

var anyBackupSteps = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) backupStep {
	s := backupStep{back: rapid.IntRange(-1, 3).Draw(t, "back"), chatty: rapid.Bool().Draw(t, "chatty")}
	// Names that fall together where case does not count, so that paths depend
	// on what the line had before. A name has two paths at most.
	keys := map[string][]string{"groups": {"A", "a", "B", "b", "a/b", "c"}, "Groups": {"c"}, "policies": {"A", "a"}}
	for _, kind := range slices.Sorted(maps.Keys(keys)) {
		c := rapid.SampledFrom([]Completeness{Complete, Complete, Complete, Partial, Forbidden, ""}).Draw(t, kind)
		if c == "" {
			continue
		}
		s.whole.Kinds = append(s.whole.Kinds, KindState{Kind: kind, Completeness: c})
		for _, key := range rapid.SliceOfDistinct(rapid.SampledFrom(keys[kind]), rapid.ID[string]).Draw(t, "keys") {
			n := rapid.IntRange(1, 3).Draw(t, "n")
			s.whole.Resources = append(s.whole.Resources, Resource{Kind: kind, Key: key, Body: json.RawMessage(body(n))})
		}
	}
	s.whole.Taken = time.Unix(rapid.Int64Range(1, 9).Draw(t, "taken"), 0).UTC()
	return s
}), 1, 8)

// deltaOf says a whole snapshot as a delta, as slowly as it can be said.
func deltaOf(parent Snapshot, s backupStep) (Snapshot, []ResourceName) {
	delta := Snapshot{Taken: s.whole.Taken, Kinds: s.whole.Kinds}
	var removed []ResourceName
	for _, k := range s.whole.Kinds {
		now := make(map[string]string)
		for _, r := range s.whole.Resources {
			if r.Kind == k.Kind {
				now[r.Key] = compact(r.Body)
			}
		}
		was := make(map[string]string)
		for _, r := range parent.Resources {
			if r.Kind == k.Kind {
				was[r.Key] = compact(r.Body)
			}
		}
		for key, body := range now {
			if was[key] != body || s.chatty {
				delta.Resources = append(delta.Resources, Resource{Kind: k.Kind, Key: key, Body: json.RawMessage(body)})
			}
		}
		for key := range was {
			if now[key] == "" && k.Completeness == Complete {
				removed = append(removed, ResourceName{k.Kind, key})
			}
		}
	}
	return delta, removed
}

func compact(body json.RawMessage) string {
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		panic(err)
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// deltaT is a *testing.T or a *rapid.T.
type deltaT interface {
	Helper()
	Context() context.Context
	Fatalf(format string, args ...any)
}

// checkDeltas makes backups, whole in one repository and as deltas in another,
// and fails unless both hold the same after each, to the path of every file.
func checkDeltas(t deltaT, whole, deltas Repository, steps []backupStep) {
	t.Helper()
	ctx := t.Context()
	var ids []string
	for i, s := range steps {
		key := fmt.Sprint("step ", i)
		if _, err := whole.Backup(ctx, BackupRequest{Tenant: "contoso", Key: key, Snapshot: s.whole}); err != nil {
			t.Fatalf("step %d, whole: %v", i, err)
		}
		req := BackupRequest{Tenant: "contoso", Key: key, Snapshot: s.whole}
		if s.back >= 0 && s.back < len(ids) {
			req.Parent = ids[len(ids)-1-s.back]
			parent, err := deltas.Snapshot(ctx, SnapshotRequest{Tenant: "contoso", Revision: req.Parent})
			if err != nil {
				t.Fatalf("step %d: the parent: %v", i, err)
			}
			req.Snapshot, req.Removed = deltaOf(parent, s)
		}
		r, err := deltas.Backup(ctx, req)
		if err != nil {
			t.Fatalf("step %d, delta %+v: %v", i, req, err)
		}
		ids = append(ids, r.ID)
		want, wantErr := whole.Snapshot(ctx, SnapshotRequest{Tenant: "contoso"})
		got, gotErr := deltas.Snapshot(ctx, SnapshotRequest{Tenant: "contoso", Revision: r.ID})
		if diff := cmp.Diff(want, got); diff != "" || wantErr != nil || gotErr != nil {
			t.Fatalf("step %d (-whole +delta):\n%s%v %v", i, diff, wantErr, gotErr)
		}
	}
}

// A delta makes the same revision as the whole snapshot that it stands for.
func TestDeltaIsLikeTheWhole(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		checkDeltas(rt, NewMemoryRepository(), NewMemoryRepository(), anyBackupSteps.Draw(rt, "steps"))
	})
}

// In a folder too, where the files that people see are the same as well.
func TestDirDeltaIsLikeTheWhole(t *testing.T) {
	for seed := range 5 {
		whole, deltas := t.TempDir(), t.TempDir()
		checkDeltas(t, newDir(t, whole), newDir(t, deltas), anyBackupSteps.Example(seed))
		want, got := filesOf(t, filepath.Join(whole, "contoso", "backup")), filesOf(t, filepath.Join(deltas, "contoso", "backup"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: files (-whole +delta):\n%s", seed, diff)
		}
	}
}

// manyGroups returns a whole snapshot of n groups.
func manyGroups(n int) Snapshot {
	s := Snapshot{Kinds: []KindState{{Kind: "groups", Completeness: Complete}}}
	for i := range n {
		s.Resources = append(s.Resources, groupNumbered(i, 1))
	}
	return s
}

// groupNumbered is a group with a body of some length, which no other has.
func groupNumbered(i, version int) Resource {
	text := fmt.Sprintf(`{"number":%d,"version":%d,"description":%q}`, i, version, strings.Repeat("x", 2000))
	return Resource{Kind: "groups", Key: fmt.Sprintf("group %06d", i), Body: json.RawMessage(text)}
}

// onlyChanged returns a delta that changes one group, adds one and removes one.
func onlyChanged(parent string) BackupRequest {
	s := manyGroups(0)
	s.Taken = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	s.Resources = []Resource{groupNumbered(1, 2), groupNumbered(999_999, 1)}
	return BackupRequest{Tenant: "contoso", Key: "delta", Parent: parent, Snapshot: s, Removed: []ResourceName{{"groups", groupNumbered(2, 1).Key}}}
}

// A revision in memory shares the bodies that a delta did not change.
func TestMemoryDeltaSharesBodies(t *testing.T) {
	const n = 100
	m := NewMemoryRepository()
	parent, err := m.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "whole", Snapshot: manyGroups(n)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Backup(t.Context(), onlyChanged(parent.ID)); err != nil {
		t.Fatal(err)
	}
	line := m.lines[memoryLine{"contoso", BackupLine}]
	shared := 0
	for path, content := range line[1].tree {
		if before := line[0].tree[path]; before != nil && &before[0] == &content[0] {
			shared++
		}
	}
	// But the one that was changed, the one that was removed, and the snapshot's file.
	if want := n - 2; shared != want {
		t.Errorf("%d contents are shared, want %d", shared, want)
	}
}

// What a newer version appended is no parent for this one, and not overwritten.
func TestDeltaRefusesNewerTrees(t *testing.T) {
	sound, err := Tree{}.WithSnapshot(manyGroups(1))
	if err != nil {
		t.Fatal(err)
	}
	newer := sound.withFile(snapshotFile, []byte(`{"format":2}`))
	damaged := sound.withFile(snapshotFile, []byte(`{`))
	req := BackupRequest{Tenant: "contoso", Key: "two", Parent: "any", Snapshot: manyGroups(0)}
	for _, tt := range []struct {
		name         string
		head, parent Tree
		want         error
	}{
		{"both sound", sound, sound, nil},
		{"newer head", newer, sound, ErrNewerFormat},
		{"newer parent", sound, newer, ErrNewerFormat},
		{"damaged head", damaged, sound, nil},
	} {
		got, err := tt.head.WithDelta(tt.parent, req)
		if !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
		if s, err := got.Snapshot(); tt.want == nil && (err != nil || len(s.Resources) != 1) {
			t.Errorf("%s: the snapshot is %+v, %v", tt.name, s, err)
		}
	}
	if _, err := sound.WithDelta(sound, BackupRequest{Tenant: "contoso", Key: "two", Snapshot: manyGroups(0), Removed: []ResourceName{{"groups", "x"}}}); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("removals without a parent: got %v", err)
	}
}
