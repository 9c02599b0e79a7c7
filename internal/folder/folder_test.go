package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// opened is a folder of a test, with the steps that it has asked for.
type opened struct {
	*Folder
	path  string
	steps []string
	// stop refuses the step of this number, the first has 1.
	stop int
}

var errStop = errors.New("stopped here")

func open(t *testing.T) *opened {
	t.Helper()
	o := &opened{path: t.TempDir()}
	root, err := os.OpenRoot(o.path)
	if err != nil {
		t.Fatal(err)
	}
	o.Folder = New(root, Config{Name: "contoso", Temporary: "hidden/new", Remedy: func(name string) string { return "mend " + name },
		Step: func(act, path string) error {
			o.steps = append(o.steps, act+" "+path)
			if len(o.steps) == o.stop {
				return errStop
			}
			return nil
		}})
	t.Cleanup(o.Close)
	return o
}

// taken returns the steps since the last call.
func (o *opened) taken() []string {
	steps := o.steps
	o.steps = nil
	return steps
}

// tree returns the files below the folder with their contents, and the folders
// without any.
func (o *opened) tree(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(o.path, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == o.path {
			return err
		}
		name, err := filepath.Rel(o.path, p)
		if err != nil || e.IsDir() {
			all[filepath.ToSlash(name)] = "(folder)"
			return err
		}
		content, err := os.ReadFile(p)
		all[filepath.ToSlash(name)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (o *opened) put(t *testing.T, name, content string) {
	t.Helper()
	p := filepath.Join(o.path, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, []byte(content), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func (o *opened) want(t *testing.T, about string, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(want, o.tree(t)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", about, diff)
	}
}

func wantSteps(t *testing.T, about string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: the steps (-want +got)\n%s", about, diff)
	}
}

// A file is written under another name and then renamed. Flush syncs the file and
// each folder in which a name is new, once.
func TestWrite(t *testing.T) {
	o := open(t)
	for _, content := range []string{"old", "new"} {
		if err := o.Write("a/b/f", []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	wantSteps(t, "two writes", o.taken(), "mkdir contoso/a/b", "mkdir contoso/hidden", "create contoso/hidden/new", "rename contoso/a/b/f",
		"create contoso/hidden/new", "rename contoso/a/b/f")
	o.want(t, "after two writes", map[string]string{"a": "(folder)", "a/b": "(folder)", "a/b/f": "new", "hidden": "(folder)"})
	for name, want := range map[string]fs.FileMode{"a": 0o700, "a/b": 0o700, "a/b/f": 0o600} {
		if info, err := os.Stat(filepath.Join(o.path, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want the mode %v", name, info.Mode(), err, want)
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "the flush", o.taken(), "sync contoso/a/b/f", "sync contoso", "sync contoso/a", "sync contoso/a/b")
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "the next flush", o.taken())
}

// Up to six files and folders are synced one by one, and more at once.
func TestFlushOfMany(t *testing.T) {
	for n := 5; n <= 7; n++ {
		o := open(t)
		var want []string
		for i := range n - 1 { // and the folder
			name := fmt.Sprint("f", i)
			o.put(t, name, "x")
			o.NotSynced(".", name)
			want = append(want, "sync contoso/"+name)
		}
		want = append(want, "sync contoso")
		if n > 6 && CanSyncAll {
			want = []string{"sync all contoso"}
		}
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, fmt.Sprint(n, " names"), o.taken(), want...)
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, fmt.Sprint(n, " names, the next flush"), o.taken())
	}
}

// A file or folder that another program has removed is no error of a flush. A flush
// that fails, at whatever step, is made again by the next one.
func TestFlushAgain(t *testing.T) {
	few := []string{"sync contoso/gone/f", "sync contoso/stays", "sync contoso", "sync contoso/gone"}
	for _, tt := range []struct {
		more int // files beside those of few
		want []string
	}{{0, few}, {MaxSyncs, []string{"sync all contoso"}}} {
		if tt.more > 0 && !CanSyncAll {
			continue
		}
		for n := range tt.want {
			o := open(t)
			o.put(t, "stays", "x")
			o.NotSynced("gone", "gone/f")
			o.NotSynced(".", "stays")
			for i := range tt.more {
				o.NotSynced(".", fmt.Sprint("f", i))
			}
			o.stop = n + 1
			if err := o.Flush(); !errors.Is(err, errStop) {
				t.Errorf("step %d is refused: got %v, want %v", n+1, err, errStop)
			}
			o.taken()
			o.stop = 0
			if err := o.Flush(); err != nil {
				t.Error(err)
			}
			wantSteps(t, "the second flush", o.taken(), tt.want...)
		}
	}
}

// A file that may be lost is not synced. Its folder is, if another file needs that.
func TestWriteCache(t *testing.T) {
	o := open(t)
	o.put(t, "a/other", "x")
	o.put(t, "hidden/old", "x")
	if err := o.WriteCache("a/f", []byte("cached")); err != nil {
		t.Fatal(err)
	}
	o.taken()
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "a cache alone", o.taken())
	o.NotSynced("a", "")
	if err := o.WriteCache("a/f", []byte("cached again")); err != nil {
		t.Fatal(err)
	}
	o.taken()
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "a cache beside another name", o.taken(), "sync contoso/a")
	o.want(t, "at the end", map[string]string{"a": "(folder)", "a/other": "x", "a/f": "cached again", "hidden": "(folder)", "hidden/old": "x"})
}

func TestWriteNew(t *testing.T) {
	o := open(t)
	o.put(t, "a/file", "mine")
	o.put(t, "a/folder/f", "mine")
	if err := os.Symlink("file", filepath.Join(o.path, "a/link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a/file", "a/folder", "a/link"} {
		if made, err := o.WriteNew(name, []byte("other")); made || err != nil {
			t.Errorf("%s: got %v, %v, want false", name, made, err)
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "names that are taken", o.taken(), "create contoso/a/file", "create contoso/a/folder", "create contoso/a/link")
	for _, name := range []string{"a/new", "b/new"} {
		if made, err := o.WriteNew(name, []byte("other")); !made || err != nil {
			t.Errorf("%s: got %v, %v, want true", name, made, err)
		}
	}
	if err := o.Flush(); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "free names", o.taken(), "create contoso/a/new", "mkdir contoso/b", "create contoso/b/new",
		"sync contoso/a/new", "sync contoso/b/new", "sync contoso", "sync contoso/a", "sync contoso/b")
	o.want(t, "at the end", map[string]string{"a": "(folder)", "a/file": "mine", "a/folder": "(folder)", "a/folder/f": "mine", "a/link": "mine",
		"a/new": "other", "b": "(folder)", "b/new": "other"})
}

// A synced write is on the disk when it returns: first the content, then the name.
func TestWriteSynced(t *testing.T) {
	o := open(t)
	o.put(t, "hidden/old", "x")
	if err := o.WriteSynced("f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, "the write", o.taken(), "create contoso/hidden/new", "sync contoso/hidden/new", "rename contoso/f", "sync contoso")
	o.want(t, "after it", map[string]string{"f": "x", "hidden": "(folder)", "hidden/old": "x"})
}

// A write that is interrupted leaves the old file whole, and can be made again.
func TestInterruptedWrites(t *testing.T) {
	for name, write := range map[string]func(o *opened) error{
		"Write":       func(o *opened) error { return o.Write("a/f", []byte("new")) },
		"WriteSynced": func(o *opened) error { return o.WriteSynced("a/f", []byte("new")) },
		"WriteCache":  func(o *opened) error { return o.WriteCache("a/f", []byte("new")) },
	} {
		stopped := 0
		for stop := 1; ; stop++ {
			o := open(t)
			o.put(t, "a/f", "old")
			o.stop = stop
			err := write(o)
			content := o.tree(t)["a/f"]
			if err == nil {
				if content != "new" {
					t.Errorf("%s: the file has %q", name, content)
				}
				break
			}
			stopped++
			renamed := slices.Contains(o.steps[:len(o.steps)-1], "rename contoso/a/f")
			if want := map[bool]string{true: "new", false: "old"}[renamed]; !errors.Is(err, errStop) || content != want {
				t.Errorf("%s, stopped at %q: got %v and %q, want %q", name, o.steps[len(o.steps)-1], err, content, want)
			}
			o.stop = 0
			if err := write(o); err != nil || o.tree(t)["a/f"] != "new" {
				t.Errorf("%s again: got %v and %q", name, err, o.tree(t)["a/f"])
			}
		}
		if stopped < 3 {
			t.Errorf("%s was stopped %d times", name, stopped)
		}
	}
}

// A folder with the name of a file is refused and stays.
func TestFolderInTheWay(t *testing.T) {
	o := open(t)
	o.put(t, "a/f/inner", "x")
	o.put(t, "hidden/new/inner", "x")
	for _, tt := range []struct {
		err  error
		want string
	}{
		{o.Write("a/f", nil), "tenant: contoso/a/f is a folder, not a file: mend a/f"},
		{o.WriteSynced("a/f", nil), "tenant: contoso/a/f is a folder, not a file: mend a/f"},
		{o.Write("g", nil), "tenant: contoso/hidden/new is in the way: mend hidden/new"},
		{o.Mkdir("a/f/inner"), "tenant: contoso/a/f/inner is a file, not a folder: mend a/f/inner"},
		{o.Write("a/f/inner/g", nil), "tenant: contoso/a/f/inner is a file, not a folder: mend a/f/inner"},
	} {
		if tt.err == nil || tt.err.Error() != tt.want {
			t.Errorf("got %v, want %s", tt.err, tt.want)
		}
	}
	o.want(t, "at the end", map[string]string{"a": "(folder)", "a/f": "(folder)", "a/f/inner": "x", "hidden": "(folder)", "hidden/new": "(folder)", "hidden/new/inner": "x"})
}

// A new file never goes through a link to another one.
func TestCreateReplacesALink(t *testing.T) {
	o := open(t)
	o.put(t, "other", "mine")
	if err := errors.Join(os.Mkdir(filepath.Join(o.path, "hidden"), 0o700), os.Symlink("../other", filepath.Join(o.path, "hidden", "new"))); err != nil {
		t.Fatal(err)
	}
	if err := o.Write("f", []byte("x")); err != nil {
		t.Fatal(err)
	}
	o.want(t, "at the end", map[string]string{"other": "mine", "f": "x", "hidden": "(folder)"})
}

// A removal takes the folders along that it leaves empty, up to one that is kept.
func TestRemove(t *testing.T) {
	for _, tt := range []struct {
		name, keep string
		want       map[string]string
		synced     string
	}{
		{"line/a/b/f", "line", map[string]string{"line": "(folder)", "line/c": "(folder)", "line/c/g": "x"}, "contoso/line"},
		{"line/a/b/f", "line/a", map[string]string{"line": "(folder)", "line/a": "(folder)", "line/c": "(folder)", "line/c/g": "x"}, "contoso/line/a"},
		{"line/c/g", "line", map[string]string{"line": "(folder)", "line/a": "(folder)", "line/a/b": "(folder)", "line/a/b/f": "x"}, "contoso/line"},
		{"line/a/b/none", "line", map[string]string{"line": "(folder)", "line/a": "(folder)", "line/a/b": "(folder)", "line/a/b/f": "x", "line/c": "(folder)", "line/c/g": "x"}, "contoso/line/a/b"},
	} {
		o := open(t)
		o.put(t, "line/a/b/f", "x")
		o.put(t, "line/c/g", "x")
		for _, folder := range []string{"line/a/b", "line/c"} { // known and opened, as by a write
			if there, err := o.Has(folder); !there || err != nil {
				t.Fatal(there, err)
			}
			if _, err := o.Open(folder); err != nil {
				t.Fatal(err)
			}
		}
		o.NotSynced(filepath.ToSlash(filepath.Dir(tt.name)), tt.name)
		if err := o.Remove(tt.name, tt.keep); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, tt.name, o.taken(), "remove contoso/"+tt.name)
		o.want(t, tt.name+" up to "+tt.keep, tt.want)
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		wantSteps(t, tt.name+" up to "+tt.keep+", the flush", o.taken(), "sync "+tt.synced)
		if err := o.Write(tt.name, []byte("again")); err != nil || o.tree(t)[tt.name] != "again" {
			t.Errorf("%s: written again: got %v, %q", tt.name, err, o.tree(t)[tt.name])
		}
		o.stop, o.steps = 1, nil
		if err := o.Remove(tt.name, tt.keep); !errors.Is(err, errStop) || o.tree(t)[tt.name] != "again" {
			t.Errorf("%s: stopped: got %v, want the file to stay", tt.name, err)
		}
	}
	o := open(t)
	if err := o.Remove("none/f", "."); err != nil || len(o.steps) > 0 {
		t.Errorf("of a missing folder: got %v and the steps %q, want none", err, o.steps)
	}
}

func TestRemoveAll(t *testing.T) {
	o := open(t)
	o.put(t, "a/b/f", "x")
	o.put(t, "c", "x")
	for range 2 { // the second finds nothing
		if err := o.RemoveAll("a"); err != nil {
			t.Fatal(err)
		}
	}
	wantSteps(t, "two removals", o.taken(), "remove contoso/a", "sync contoso")
	o.want(t, "after them", map[string]string{"c": "x"})
}

// A folder without a Step takes every step.
func TestNoStep(t *testing.T) {
	o := open(t)
	o.Step = nil
	if err := errors.Join(o.Write("line/a/f", []byte("x")), o.Flush(), o.Remove("line/a/f", "line"), o.Flush()); err != nil {
		t.Error(err)
	}
	o.want(t, "at the end", map[string]string{"hidden": "(folder)", "line": "(folder)"})
}

// Below a file nothing is written, removed or synced.
func TestBelowAFile(t *testing.T) {
	for name, do := range map[string]func(f *Folder) error{
		"mkdir":                      func(f *Folder) error { return f.Mkdir("file/x") },
		"write":                      func(f *Folder) error { return f.Write("file/x", nil) },
		"cache":                      func(f *Folder) error { return f.WriteCache("file/x", nil) },
		"new":                        func(f *Folder) error { return writeNew(f, "file/x") },
		"synced":                     func(f *Folder) error { return f.WriteSynced("file/x", nil) },
		"create":                     func(f *Folder) error { _, err := f.Create("file/x"); return err },
		"remove":                     func(f *Folder) error { return f.Remove("file/x", ".") },
		"a folder":                   func(f *Folder) error { return f.Remove("folder", ".") },
		"open":                       func(f *Folder) error { _, err := f.Open("file/x"); return err },
		"flush":                      func(f *Folder) error { f.NotSynced("file/x", ""); return f.Flush() },
		"temporary":                  func(f *Folder) error { f.Temporary = "file/x"; return f.Write("y", nil) },
		"temporary of a synced file": func(f *Folder) error { f.Temporary = "file/x"; return f.WriteSynced("y", nil) },
	} {
		o := open(t)
		o.put(t, "file", "theirs")
		o.put(t, "folder/x", "theirs")
		if err := do(o.Folder); err == nil || errors.Is(err, errWrote) {
			t.Errorf("%s: got %v, want an error", name, err)
		}
		if got := o.tree(t); got["file"] != "theirs" || got["folder/x"] != "theirs" {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

var errWrote = errors.New("it was written")

// writeNew is WriteNew for a file that cannot be written.
func writeNew(f *Folder, name string) error {
	wrote, err := f.WriteNew(name, nil)
	if wrote {
		return errWrote
	}
	return err
}

// Another program may be at work at the same time: its files are not replaced by
// folders, nor its folders by files.
func TestBesideAnotherProgram(t *testing.T) {
	for act, do := range map[string]func(f *Folder) error{
		"mkdir contoso/a/b":     func(f *Folder) error { return f.Mkdir("a/b") },
		"rename contoso/file":   func(f *Folder) error { return f.Write("file", nil) },
		"rename contoso/synced": func(f *Folder) error { return f.WriteSynced("synced", nil) },
		"create contoso/c/new":  func(f *Folder) error { return writeNew(f, "c/new") },
	} {
		o := open(t)
		o.put(t, "c/x", "")
		o.Step = func(got, path string) error {
			switch name := strings.TrimPrefix(path, "contoso/"); {
			case got+" "+path != act:
			case got == "mkdir":
				o.put(t, name, "")
			case got == "rename":
				o.put(t, name+"/x", "")
			default:
				return os.RemoveAll(filepath.Join(o.path, filepath.Dir(name)))
			}
			return nil
		}
		if err := do(o.Folder); err == nil || errors.Is(err, errWrote) {
			t.Errorf("%s: got %v, want an error", act, err)
		}
	}
}

// What is to be synced in a folder stays so when a file is written there that may
// be lost.
func TestCacheBesideUnsynced(t *testing.T) {
	for name, do := range map[string]func(f *Folder) error{
		"a note":         func(f *Folder) error { f.NotSynced("a", ""); return nil },
		"a new folder":   func(f *Folder) error { return f.Mkdir("a/new") },
		"a file":         func(f *Folder) error { return f.Write("a/x", nil) },
		"a new file":     func(f *Folder) error { return writeNew(f, "a/new") },
		"a file removed": func(f *Folder) error { return f.Remove("a/x", "a") },
	} {
		o := open(t)
		o.put(t, "a/x", "")
		o.put(t, "hidden/x", "")
		if err := errors.Join(do(o.Folder), o.WriteCache("a/cache", nil)); err != nil && !errors.Is(err, errWrote) {
			t.Errorf("%s: %v", name, err)
		}
		o.taken()
		if err := o.Flush(); err != nil {
			t.Fatal(err)
		}
		if steps := o.taken(); !slices.Contains(steps, "sync contoso/a") || slices.Contains(steps, "sync contoso/a/cache") {
			t.Errorf("%s: the steps are %q, want a sync of a, and none of the cache", name, steps)
		}
	}
}

// A closed Folder holds nothing open. After its folders alone were closed, they are
// opened again.
func TestClose(t *testing.T) {
	o := open(t)
	o.put(t, "a/x", "")
	first, err := o.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	o.CloseFolders()
	second, err := o.Open("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.Stat("x"); err != nil {
		t.Errorf("opened again: %v", err)
	}
	o.Close()
	for i, root := range []*os.Root{first, second, o.root} {
		if _, err := root.Stat("."); !errors.Is(err, os.ErrClosed) {
			t.Errorf("folder %d after the end: got %v, want that it is closed", i, err)
		}
	}
	for i := range MaxSyncs + 1 {
		o.NotSynced(string(rune('a'+i)), "")
	}
	if err := o.Flush(); err == nil {
		t.Error("synced after the end: got no error")
	}
}
