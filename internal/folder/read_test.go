package folder

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"
)

// linked makes a folder with links in place of a file and of a folder.
func linked(t *testing.T) *opened {
	t.Helper()
	o := open(t)
	o.put(t, "a/f", "12345")
	o.put(t, "a/b/g", "x")
	for name, to := range map[string]string{"link": "a", "a/file": "f", "a/dangling": "none"} {
		if err := os.Symlink(to, filepath.Join(o.path, name)); err != nil {
			t.Fatal(err)
		}
	}
	return o
}

func TestHas(t *testing.T) {
	for _, tt := range []struct {
		name  string
		there bool
		says  string
	}{
		{".", true, ""},
		{"a", true, ""},
		{"a/b", true, ""},
		{"a/none", false, ""},
		{"none/b", false, ""},
		{"link", false, "tenant: contoso/link is a symbolic link, not a folder: mend link"},
		{"link/b", false, "tenant: contoso/link is a symbolic link, not a folder: mend link"},
		{"a/f", false, "tenant: contoso/a/f is a file, not a folder: mend a/f"},
		{"a/f/g", false, "tenant: contoso/a/f is a file, not a folder: mend a/f"},
	} {
		o := linked(t)
		for _, again := range []string{"", " again", " with its parent known"} {
			if strings.Contains(again, "parent") {
				if _, err := o.Has("a"); err != nil {
					t.Fatal(err)
				}
			}
			there, err := o.Has(tt.name)
			if there != tt.there || (err == nil) != (tt.says == "") || err != nil && err.Error() != tt.says {
				t.Errorf("%s%s: got %v, %v, want %v, %q", tt.name, again, there, err, tt.there, tt.says)
			}
		}
	}
}

func TestRead(t *testing.T) {
	for _, tt := range []struct {
		name  string
		limit int64
		want  string
		says  string
	}{
		{"a/f", 6, "12345", ""},
		{"a/f", 5, "12345", ""},
		{"a/f", 4, "", "tenant: contoso/a/f has 5 bytes, more than the limit of 4: mend a/f"},
		{"a/b", 9, "", "tenant: contoso/a/b is a folder, not a file: mend a/b"},
		{"a/file", 9, "", "tenant: contoso/a/file is a symbolic link, not a file: mend a/file"},
		{"link/f", 9, "", "tenant: contoso/link is a symbolic link, not a folder: mend link"},
	} {
		got, err := linked(t).Read(tt.name, tt.limit)
		if string(got) != tt.want || (err == nil) != (tt.says == "") || err != nil && err.Error() != tt.says {
			t.Errorf("%s, limit %d: got %q, %v, want %q, %q", tt.name, tt.limit, got, err, tt.want, tt.says)
		}
	}
	for _, name := range []string{"a/none", "none/f"} {
		if _, err := linked(t).Read(name, 9); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want fs.ErrNotExist with the name", name, err)
		}
	}
}

func TestLstat(t *testing.T) {
	for _, open := range []bool{false, true} {
		o := linked(t)
		if open {
			if _, err := o.Open("a"); err != nil {
				t.Fatal(err)
			}
		}
		if info, err := o.Lstat("a/f"); err != nil || info.Size() != 5 {
			t.Errorf("a file: got %v, %v", info, err)
		}
		if info, err := o.Lstat("a/file"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("a link: got %v, %v", info, err)
		}
		for _, name := range []string{"a/none", "none/f"} {
			if _, err := o.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: got %v, want fs.ErrNotExist", name, err)
			}
		}
		if _, err := o.Lstat("link/f"); err == nil || !strings.Contains(err.Error(), "symbolic link") {
			t.Errorf("below a link: got %v", err)
		}
	}
}

// Clear removes everything but a file.
func TestClear(t *testing.T) {
	o := linked(t)
	for _, name := range []string{"a/f", "a/none", "none/f", "a/file", "a/b", "a/dangling"} {
		if err := o.Clear(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	wantSteps(t, "the removals", o.taken(), "remove contoso/a/file", "remove contoso/a/b", "remove contoso/a/dangling")
	if there, err := o.Has("a/b"); there || err != nil {
		t.Errorf("a removed folder: got %v, %v", there, err)
	}
	if content, err := o.Read("a/f", 9); err != nil || string(content) != "12345" {
		t.Errorf("the file: got %q, %v", content, err)
	}
	if err := o.Clear("link/f"); err == nil {
		t.Error("below a link: got no error")
	}
	if err := os.Symlink("f", filepath.Join(o.path, "a/file")); err != nil {
		t.Fatal(err)
	}
	o.stop = 1
	if err := o.Clear("a/file"); !errors.Is(err, errStop) {
		t.Errorf("stopped: got %v", err)
	}
}

func TestNearest(t *testing.T) {
	o := linked(t)
	for name, want := range map[string]string{".": ".", "a/b": "a/b", "a/b/c/d": "a/b", "none/d": ".", "link/b": ".", "a/f/x": "a"} {
		if got := o.Nearest(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// A name in an error has at most 4,096 bytes, whole characters.
func TestShown(t *testing.T) {
	f := New(nil, Config{Name: "c"})
	for n, want := range map[int]string{
		maxShown - 1 - 2: "c/" + strings.Repeat("x", maxShown-3),
		maxShown - 2:     "c/" + strings.Repeat("x", maxShown-2),
		maxShown + 1 - 2: "c/" + strings.Repeat("x", maxShown-2) + "…",
	} {
		if got := f.Shown(strings.Repeat("x", n)); got != want {
			t.Errorf("%d bytes: got %d bytes that end in %q, want %d", n, len(got), got[len(got)-4:], len(want))
		}
	}
	if got := f.Shown(strings.Repeat("é", maxShown)); !utf8.ValidString(got) || len(got) != maxShown+len("…") {
		t.Errorf("characters of two bytes: got %d bytes, valid %v", len(got), utf8.ValidString(got))
	}
	if got := f.Shown("x" + strings.Repeat("é", maxShown)); !utf8.ValidString(got) || len(got) != maxShown-1+len("…") {
		t.Errorf("a character over the limit: got %d bytes, valid %v", len(got), utf8.ValidString(got))
	}
}

func TestTypeName(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		0: "a file", fs.ModeDir: "a folder", fs.ModeSymlink: "a symbolic link", fs.ModeNamedPipe: "a named pipe", fs.ModeSocket: "a socket",
		fs.ModeDevice: "a device", fs.ModeDevice | fs.ModeCharDevice: "a device", fs.ModeIrregular: "a special file",
	} {
		if got := TypeName(mode | 0o600); got != want {
			t.Errorf("%v: got %q, want %q", mode, got, want)
		}
	}
}

// A file's inode tells it from others, where the system tells it.
func TestInode(t *testing.T) {
	o := linked(t)
	inodes := map[uint64]bool{}
	for _, name := range []string{"a/f", "a/b/g"} {
		info, err := o.Lstat(name)
		if err != nil {
			t.Fatal(err)
		}
		inode, changed := Inode(info)
		inodes[inode] = true
		if known := runtime.GOOS == "linux"; (inode != 0) != known || (changed != 0) != known {
			t.Errorf("%s: got the inode %d, changed at %d", name, inode, changed)
		}
	}
	if runtime.GOOS == "linux" && len(inodes) != 2 {
		t.Errorf("got %v, want two inodes", inodes)
	}
}
