package tenant

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// paths returns where each resource is, and fails on problems.
func paths(t *testing.T, tree Tree) map[string]string {
	t.Helper()
	resources, problems := tree.Resources()
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	got := make(map[string]string)
	for _, r := range resources {
		got[r.Kind+"/"+r.Key] = r.Source
	}
	return got
}

// A change to a resource whose name is too close to another's gives it a name
// of its own.
func TestTreeResolvesClashes(t *testing.T) {
	tree := Tree{"groups/Foo.json": []byte(`{}`), "groups/foo.json": []byte(`{}`)}
	if _, problems := tree.Resources(); len(problems) != 2 {
		t.Errorf("problems = %v, want one of each file", problems)
	}
	changed, err := tree.With([]Change{{Kind: "groups", Key: "foo", Body: json.RawMessage(`{"n":1}`)}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"groups/Foo": "groups/Foo.json", "groups/foo": "groups/foo~2c26b46b.json"}
	if diff := cmp.Diff(want, paths(t, changed)); diff != "" {
		t.Errorf("after a change (-want +got):\n%s", diff)
	}
	removed, err := tree.With([]Change{{Kind: "groups", Key: "foo"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"groups/Foo": "groups/Foo.json"}, paths(t, removed)); diff != "" {
		t.Errorf("after a removal (-want +got):\n%s", diff)
	}
	if len(tree) != 2 || string(tree["groups/foo.json"]) != `{}` {
		t.Errorf("the tree itself has changed: %v", tree)
	}
}

func TestTreeResolvesThreeClashes(t *testing.T) {
	tree := Tree{"groups/Foo.json": []byte(`{}`), "groups/foo.json": []byte(`{}`), "groups/FOO.json": []byte(`{}`)}
	var changes []Change
	for _, key := range []string{"FOO", "Foo", "foo"} {
		changes = append(changes, Change{Kind: "groups", Key: key, Body: json.RawMessage(`{"n":1}`)})
	}
	changed, err := tree.With(changes)
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(t, changed); len(got) != 3 {
		t.Errorf("the resources are %v, want all three", got)
	}
	for i := range changes {
		changes[i].Body = nil
	}
	if removed, err := tree.With(changes); err != nil || len(removed) != 0 {
		t.Errorf("after all are removed there is %v, %v", removed, err)
	}
}

func TestTreeRefusesWhenEveryNameIsTaken(t *testing.T) {
	tree := Tree{"groups/Foo.json": []byte(`{}`), "groups/FOO~2C26B46B.json": []byte(`{}`)}
	_, err := tree.With([]Change{{Kind: "groups", Key: "foo", Body: json.RawMessage(`{}`)}})
	if !errors.Is(err, ErrInvalidRequest) || !strings.Contains(err.Error(), "groups/foo") {
		t.Errorf("With = %v, want ErrInvalidRequest that names the resource", err)
	}
}

func TestTreeDigest(t *testing.T) {
	base := Tree{"groups/a.json": []byte("x"), "groups/b.json": []byte("y")}
	same := Tree{"groups/b.json": []byte("y"), "groups/a.json": []byte("x"), "README.md": []byte("z"), "groups/.c.json": nil}
	if base.Digest() != same.Digest() {
		t.Error("ignored files count")
	}
	for name, other := range map[string]Tree{
		"content":  {"groups/a.json": []byte("x"), "groups/b.json": []byte("z")},
		"name":     {"groups/a.json": []byte("x"), "groups/c.json": []byte("y")},
		"boundary": {"groups/a.json": []byte("xgroups/b.json"), "y.json": nil},
		"empty":    {},
	} {
		if base.Digest() == other.Digest() {
			t.Errorf("%s does not count", name)
		}
	}
}

func TestTreeSnapshotErrors(t *testing.T) {
	for name, tree := range map[string]Tree{
		"none":         {},
		"newer format": {snapshotFile: []byte(`{"format":2}`)},
		"no snapshot":  {snapshotFile: []byte(`{"format":1,"kinds":7}`)},
		"broken file":  {snapshotFile: []byte(`{"format":1}`), "groups/a.json": []byte(`{`)},
	} {
		if s, err := tree.Snapshot(); err == nil {
			t.Errorf("%s: Snapshot = %+v, want an error", name, s)
		}
	}
	two := Snapshot{Kinds: []KindState{{Kind: "groups"}, {Kind: "groups"}}}
	if _, err := (Tree{}).WithSnapshot(two); !errors.Is(err, ErrInvalidRequest) {
		t.Errorf("WithSnapshot of two states of one kind = %v, want ErrInvalidRequest", err)
	}
}

// Whatever a backup's files hold, the snapshot is read or refused with a reason
// that names a file; one that was read can be written and is read as the same.
func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(`{"format":1,"taken":"2026-01-02T03:04:05Z","kinds":[{"kind":"groups","completeness":"complete"}]}`), "groups/A.json", []byte(`{"a":1}`))
	f.Add([]byte(`{"format":1}`), "groups/A.json", []byte(`{"a":1}`))
	f.Add([]byte(`{"format":1,"kinds":[{"kind":"groups"},{"kind":"groups"},{"kind":""}]}`), "", []byte(``))
	f.Add([]byte(`{"format":1,"kinds":null,"taken":"0000-01-01T00:00:00Z"}`), "snapshot.json", []byte(`[]`))
	f.Add([]byte(`{"format":2}`), "x.json", []byte(`{}`))
	f.Fuzz(func(t *testing.T, index []byte, name string, content []byte) {
		tree := Tree{name: content}
		tree[snapshotFile] = index
		got, err := tree.Snapshot()
		if err != nil {
			if text := err.Error(); !strings.Contains(text, ".json") && !strings.Contains(text, name) || len(text) > 1000+8*len(name)+8*len(content) {
				t.Errorf("the reason names no file or has %d bytes: %.300s", len(text), text)
			}
			return
		}
		if got.check() != nil {
			return // the states of kinds are another's, and so is what they hold
		}
		made, err := Tree{}.WithSnapshot(got)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := made.Snapshot()
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		replaces := got.replaces()
		kept := slices.DeleteFunc(got.Resources, func(r Resource) bool { return !replaces(r.Kind) })
		if len(kept) != len(again.Resources) || !again.Taken.Equal(got.Taken) || len(again.Kinds) != len(got.Kinds) {
			t.Errorf("got %+v, and read %+v again", got, again)
		}
	})
}
