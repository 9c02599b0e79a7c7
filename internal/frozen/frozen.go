package frozen

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update-frozen", false, "rewrite the files of persisted forms: only for a form that no release has written yet")

// Updating reports whether to rewrite the files, for forms of more than one
// file.
func Updating() bool { return *update }

// path is the folder of a package's frozen files.
func path(name string) string { return filepath.Join("testdata", "v1", name) }

// Read returns a file of testdata/v1.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(path(name))
	if err != nil {
		t.Fatalf("frozen: %v", err)
	}
	return data
}

// Bytes compares the present form with the file, byte for byte.
func Bytes(t testing.TB, name string, now []byte) {
	t.Helper()
	if write(t, name, now) {
		return
	}
	if want := Read(t, name); !bytes.Equal(want, now) {
		t.Errorf("%s: the form has changed. %s\nfrozen: %q\nnow:    %q", path(name), advice, want, now)
	}
}

// JSON compares the present form with the file: the same members in the same
// order. The file is indented, so that people can read it.
func JSON(t testing.TB, name string, now []byte) {
	t.Helper()
	Bytes(t, name, indent(t, name, now))
}

// Update writes a file of JSON with -update-frozen. It is for a form with times
// and random names, which differ each time.
func Update(t testing.TB, name string, now []byte) {
	t.Helper()
	write(t, name, indent(t, name, now))
}

func indent(t testing.TB, name string, raw []byte) []byte {
	t.Helper()
	var indented bytes.Buffer
	if err := json.Indent(&indented, raw, "", "  "); err != nil {
		t.Fatalf("%s: the present form is not JSON: %v", path(name), err)
	}
	indented.WriteByte('\n')
	return indented.Bytes()
}

const advice = "A released form is never changed, and its file never rewritten: give the new form a number of its own"

func write(t testing.TB, name string, now []byte) bool {
	t.Helper()
	if !*update {
		return false
	}
	if err := os.MkdirAll(filepath.Dir(path(name)), 0o755); err != nil {
		t.Fatalf("frozen: %v", err)
	}
	if err := os.WriteFile(path(name), now, 0o644); err != nil {
		t.Fatalf("frozen: %v", err)
	}
	return true
}

// Without returns a JSON object without one of its members.
func Without(t testing.TB, object []byte, names ...string) []byte {
	t.Helper()
	return edit(t, object, names, func(at map[string]any, name string) { delete(at, name) })
}

// With returns a JSON object with the member at the path of names set to value,
// which is JSON, as another version might have written it.
func With(t testing.TB, object []byte, value string, names ...string) []byte {
	t.Helper()
	return edit(t, object, names, func(at map[string]any, name string) { at[name] = json.RawMessage(value) })
}

func edit(t testing.TB, object []byte, names []string, change func(at map[string]any, name string)) []byte {
	t.Helper()
	var root any
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.UseNumber()
	if err := dec.Decode(&root); err != nil {
		t.Fatalf("frozen: %v", err)
	}
	at, ok := root.(map[string]any)
	for _, name := range names[:len(names)-1] {
		if ok {
			at, ok = at[name].(map[string]any)
		}
	}
	if !ok {
		t.Fatalf("frozen: there is no object at %q", names)
	}
	change(at, names[len(names)-1])
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatalf("frozen: %v", err)
	}
	return out
}
