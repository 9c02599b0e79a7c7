package tenant

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// inMemory puts the folders of a test where syncing them costs nothing, if the
// system has such a place.
func inMemory(t testing.TB) {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm")
	}
}

// inTime returns the error of a call that must end soon, whatever its context.
func inTime(t testing.TB, call func() error) error {
	t.Helper()
	result := make(chan error, 1)
	go func() { result <- call() }()
	select {
	case err := <-result:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("the call hangs")
		return nil
	}
}

// hiddenNames are all that the folder "whole" of frozenDir has in the hidden
// folder, the pending file, and the name of the file that is being written.
func hiddenNames(t testing.TB, format string) (folders, files []string) {
	t.Helper()
	root := frozenDirOf(t, format, "whole")
	tree := os.DirFS(filepath.Join(root, "contoso"))
	err := fs.WalkDir(tree, hidden, func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() {
			folders = append(folders, name)
		} else if err == nil {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, newName)
	if format == "v1" {
		files = append(files, pendingFile)
	} else {
		files = append(files, indexName(DesiredLine), indexName(BackupLine))
	}
	if want := map[string][2]int{"v1": {9, 16}, "v2": {1, 7}}[format]; len(folders) != want[0] || len(files) != want[1] {
		t.Fatalf("there are the folders %q and the files %q: a new one needs tests of its own", folders, files)
	}
	return folders, files
}

// place puts something in the place of a file or folder of the tenant.
func place(t testing.TB, root, name string, make func(file string) error) {
	t.Helper()
	file := filepath.Join(root, "contoso", filepath.FromSlash(name))
	if err := os.RemoveAll(file); err != nil {
		t.Fatal(err)
	}
	if err := make(file); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, root, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "contoso", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func withContent(text string) func(file string) error {
	return func(file string) error { return os.WriteFile(file, []byte(text), 0o600) }
}

// visible are the files of a repository that people see.
func visible(t testing.TB, root string) map[string]string {
	t.Helper()
	seen := make(map[string]string)
	for _, line := range []Line{DesiredLine, BackupLine} {
		files := filesOf(t, filepath.Join(root, "contoso", string(line)))
		for name, content := range files {
			seen[string(line)+"/"+name] = content
		}
	}
	return seen
}

// checkHiddenError holds the error of a call against what each must have: the
// name of a file or folder in the repository, and what to do about it.
func checkHiddenError(t testing.TB, about string, err error) {
	t.Helper()
	if errors.Is(err, ErrNoRevision) || errors.Is(err, ErrMoved) {
		return // the folder looks as one in which less was written
	}
	text := err.Error()
	if !strings.Contains(text, "contoso/"+hidden) {
		t.Errorf("%s: the error names no file: %s", about, text)
	}
	if !strings.Contains(text, "restore it") && !strings.Contains(text, "delete it") && !errors.Is(err, ErrNewerFormat) {
		t.Errorf("%s: the error does not say what to do: %s", about, text)
	}
	if len(text) > 1000 {
		t.Errorf("%s: the error has %d bytes", about, len(text))
	}
}

// readsFirst are the names of calls, with those that write at the end.
func readsFirst(calls map[string]func(d *DirRepository) error) []string {
	writes := func(name string) int {
		if strings.HasPrefix(name, "Update") || strings.HasPrefix(name, "Backup") {
			return 1
		}
		return 0
	}
	return slices.SortedFunc(maps.Keys(calls), func(a, b string) int {
		return cmp.Or(writes(a)-writes(b), strings.Compare(a, b))
	})
}

// Whatever lies in the place of whichever file or folder of the hidden folder:
// a call ends, and its error says which it is and what to do. What people see is
// not changed by a call that fails, and nothing outside the repository ever.
func TestDirHiddenFolderReplaced(t *testing.T) {
	inMemory(t)
	outside := t.TempDir()
	secret := filepath.Join(outside, "secret.json")
	if err := os.WriteFile(secret, []byte(`{"format":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	replacements := map[string]func(file string) error{
		"an empty folder": func(file string) error { return os.Mkdir(file, 0o700) },
		"a folder with a file": func(file string) error {
			return errors.Join(os.Mkdir(file, 0o700), os.WriteFile(filepath.Join(file, "x"), nil, 0o600))
		},
		"a link to a file outside":   func(file string) error { return os.Symlink(secret, file) },
		"a link to a folder outside": func(file string) error { return os.Symlink(outside, file) },
		"a link to a file inside":    func(file string) error { return os.Symlink("lock", file) },
		"a link to a folder inside":  func(file string) error { return os.Symlink("desired", file) },
		"a link to what people see":  func(file string) error { return os.Symlink("../desired", file) },
		"a link to itself":           func(file string) error { return os.Symlink(filepath.Base(file), file) },
		"an empty file":              withContent(""),
		"a file":                     withContent("\x00\xff"),
		"a huge file": func(file string) error {
			return errors.Join(os.WriteFile(file, []byte(`{"format":1,`), 0o600), os.Truncate(file, 1<<40))
		},
	}
	maps.Copy(replacements, specialFiles)
	for _, format := range frozenFormats {
		folders, files := hiddenNames(t, format)
		failed := make(map[string]bool)
		do := repositoryCallsOf(t, format)
		calls := readsFirst(do)
		for what, make := range replacements {
			for _, name := range append(folders, files...) {
				root := frozenDirOf(t, format, "whole")
				place(t, root, name, make)
				d := newDir(t, root)
				for _, call := range calls {
					before := visible(t, root)
					about := fmt.Sprintf("%s, with %s in place of %s (%s)", call, what, name, format)
					err := inTime(t, func() error { return do[call](d) })
					if err == nil {
						continue
					}
					failed[name] = true
					checkHiddenError(t, about, err)
					if diff := gocmp.Diff(before, visible(t, root)); diff != "" {
						t.Errorf("%s: it failed and changed files (-before +after):\n%s", about, diff)
					}
				}
				d.Close()
			}
		}
		for _, name := range append(folders, files...) {
			if isCache := name == ackName || strings.HasSuffix(name, ".index"); failed[name] == isCache {
				t.Errorf("%s: with something else in place of %s, a call fails: %t", format, name, failed[name])
			}
		}
	}
	if diff := gocmp.Diff(map[string]string{"secret.json": `{"format":1}`}, filesOf(t, outside)); diff != "" {
		t.Errorf("files outside were changed (-want +got):\n%s", diff)
	}
}

const object = "abbda3b04c3748d7b6c313556484c3cd1d49d86cb65fc1a0d9a305776031611a" // is kept in the folder "whole"

// pendingWith is a pending file that could be carried out, but for a change of
// its text. It would remove every file of the desired line but one.
func pendingWith(old, new string) string {
	text := `{"format":1,"line":"desired","revisions":[
		{"format":1,"id":"3+4f725c1ae5510f68240ca52db337f902","number":4,"files":{"groups/A.json":"OBJECT"}},
		{"format":1,"id":"5-fbc7a54d8a58c753432e0674c4ee2376","number":5,"key":"five","files":{"groups/A.json":"OBJECT"}}],
		"before":{"groups/By hand.json":"b867a3a25c79830e76cfe31656f01a7ba653332984d850df2cb480ca7502ced9"}}`
	if !strings.Contains(text, old) {
		panic(old)
	}
	return strings.ReplaceAll(strings.Replace(text, old, new, 1), "OBJECT", object)
}

// A pending file decides what is written and removed. One that no version can
// have left there is refused by every call, and nothing is changed.
func TestDirHiddenPending(t *testing.T) {
	inMemory(t)
	long := strings.Repeat("a/", maxPath/2) + "b.json"
	tests := map[string]string{
		"no revisions":                    `{"format":1,"revisions":[]}`,
		"no members":                      `{"format":1}`,
		"null revisions":                  `{"format":1,"line":"desired","revisions":null}`,
		"an empty revision":               `{"format":1,"line":"desired","revisions":[{}]}`,
		"a null revision":                 `{"format":1,"line":"desired","revisions":[null]}`,
		"revisions of another type":       `{"format":1,"line":"desired","revisions":{"a":1}}`,
		"a revision of another type":      `{"format":1,"line":"desired","revisions":["a"]}`,
		"a number of another type":        pendingWith(`"number":5`, `"number":"5"`),
		"a time that is none":             pendingWith(`"key":"five"`, `"time":"yesterday"`),
		"more revisions than are written": pendingWith(`"revisions":[`, `"revisions":[`+strings.Repeat(`{},`, 1_000_000)),
		"no format":                       pendingWith(`{"format":1,"line"`, `{"line"`),
		"a negative format":               pendingWith(`{"format":1,"line"`, `{"format":-1,"line"`),
		"a format that is none":           pendingWith(`{"format":1,"line"`, `{"format":"1","line"`),
		"a list":                          `[]`,
		"null":                            `null`,
		"half of it":                      pendingWith("", "")[:100],
		"deep":                            `{"format":1,"x":` + strings.Repeat("[", 1_000_000),
		"no line":                         pendingWith(`"line":"desired",`, ``),
		"another line":                    pendingWith(`"line":"desired"`, `"line":".tenantsync"`),
		"a line outside":                  pendingWith(`"line":"desired"`, `"line":"../fabrikam/desired"`),
		"a line of other case":            pendingWith(`"line":"desired"`, `"line":"Desired"`),
		"the other line":                  pendingWith(`"line":"desired"`, `"line":"backup"`),
		"a file outside":                  pendingWith(`groups/A.json`, `../../outside.json`),
		"a file of the other line":        pendingWith(`groups/A.json`, `../backup/groups/A.json`),
		"a file at the root":              pendingWith(`groups/A.json`, `/etc/A.json`),
		"a hidden file":                   pendingWith(`groups/A.json`, `groups/.A.json`),
		"a file of a hidden folder":       pendingWith(`groups/A.json`, `.git/A.json`),
		"a file that is not JSON":         pendingWith(`groups/A.json`, `groups/A.exe`),
		"a file without a name":           pendingWith(`groups/A.json`, ``),
		"a path that is not clean":        pendingWith(`groups/A.json`, `groups//A.json`),
		"a path that is too long":         pendingWith(`groups/A.json`, long),
		"a file before that is outside":   pendingWith(`groups/By hand.json`, `../../outside.json`),
		"a file of the hidden folder":     pendingWith(`groups/By hand.json`, `../.tenantsync/desired/00000001.json`),
		"no object":                       pendingWith(`OBJECT`, ``),
		"an object that is a path":        pendingWith(`OBJECT`, `../../../../../../../../../../../../../../../../../../../etc/passwd`),
		"an object in capitals":           pendingWith(`OBJECT`, strings.ToUpper(object)),
		"an object before that is none":   pendingWith(`b867`, `B867`),
		"an object that is missing":       pendingWith(`"number":5,"key":"five","files":{"groups/A.json":"OBJECT"`, `"number":5,"files":{"groups/A.json":"`+objectName([]byte("x"))+`"`),
		"no id":                           pendingWith(`"id":"5-fbc7a54d8a58c753432e0674c4ee2376",`, ``),
		"an id that is none":              pendingWith(`5-fbc7a54d8a58c753432e0674c4ee2376`, `5-fbc7`),
		"an id of another number":         pendingWith(`5-fbc7a54d8a58c753432e0674c4ee2376`, `6-fbc7a54d8a58c753432e0674c4ee2376`),
		"a number that is no number":      pendingWith(`"number":5`, `"number":0`),
		"a number without end":            pendingWith(`"number":5`, `"number":9223372036854775807`),
		"numbers with a gap":              strings.NewReplacer(`"number":5`, `"number":7`, `5-fbc7`, `7-fbc7`).Replace(pendingWith("", "")),
		"an older write":                  strings.NewReplacer(`"number":5`, `"number":2`, `5-fbc7`, `2-fbc7`, `"number":4`, `"number":1`, `3+`, `0+`).Replace(pendingWith("", "")),
		"another revision in the place":   strings.NewReplacer(`"number":5`, `"number":4`, `5-fbc7`, `4-fbc7`, `"number":4`, `"number":3`, `3+`, `2+`).Replace(pendingWith("", "")),
		"a number that is too large":      strings.NewReplacer(`"number":5`, `"number":1073741825`, `5-fbc7`, `1073741825-fbc7`, `"number":4`, `"number":1073741824`, `3+`, `1073741823+`).Replace(pendingWith("", "")),
		"a key that is too long":          pendingWith(`"key":"five"`, `"key":"`+strings.Repeat("k", maxRequestKey+1)+`"`),
	}
	do := repositoryCalls(t)
	for name, text := range tests {
		root := frozenDir(t, "whole")
		place(t, root, pendingFile, withContent(text))
		before := filesOf(t, root)
		d := newDir(t, root)
		for _, call := range readsFirst(do) {
			about := name + ": " + call
			if err := inTime(t, func() error { return do[call](d) }); err == nil {
				t.Errorf("%s: got no error", about)
			} else {
				checkHiddenError(t, about, err)
			}
		}
		d.Close()
		if diff := gocmp.Diff(before, filesOf(t, root)); diff != "" {
			t.Errorf("%s: files were changed (-before +after):\n%.2000s", name, diff)
		}
	}

	// The same text, unchanged, is carried out: the changes are what is refused.
	root := frozenDir(t, "whole")
	place(t, root, pendingFile, withContent(pendingWith("", "")))
	if got, err := newDir(t, root).Desired(t.Context(), DesiredRequest{Tenant: "contoso"}); err != nil || !strings.HasPrefix(got.Revision, "5+") {
		t.Errorf("the pending file without a fault: got %s, %v, want an edited state on revision 5", got.Revision, err)
	}
}

// A pending write is carried out only on a line that has not gone on without it, be
// it with one revision or with several.
func TestDirPendingBehindTheLine(t *testing.T) {
	for name, tt := range map[string]struct {
		numbers []string // of the revisions that the line has
		want    string   // "" for a write that is carried out
	}{
		"nothing before it":           {nil, ""},
		"before it":                   {[]string{"00000001"}, ""},
		"behind it alone":             {[]string{"00000004"}, "holds revision 3 and the line is at 4 already"},
		"before it and behind it":     {[]string{"00000001", "00000004"}, "holds revision 3 and the line is at 4 already"},
		"far behind it":               {[]string{"00000001", "00000099"}, "holds revision 3 and the line is at 99 already"},
		"one that is none":            {[]string{"00000001", "00000002"}, "00000002.json is damaged (it has the number 1)"},
		"one that is none at its end": {[]string{"00000001", "00000003"}, "00000003.json is damaged (it has the number 1)"},
	} {
		root := frozenDir(t, "interrupted")
		folder := filepath.Join(root, "contoso", hidden, "desired")
		first, err := os.ReadFile(filepath.Join(folder, "00000001.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(folder, "00000001.json")); err != nil {
			t.Fatal(err)
		}
		for _, number := range tt.numbers {
			if err := os.WriteFile(filepath.Join(folder, number+".json"), first, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := newDir(t, root).Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
		switch {
		case tt.want == "" && (err != nil || !strings.HasPrefix(got.Revision, "3-")):
			t.Errorf("%s: got %s, %v, want revision 3", name, got.Revision, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %s, %v, want an error with %q", name, got.Revision, err, tt.want)
		}
	}
}

// The last revision that there can be is written, and none after it.
func TestDirLastRevision(t *testing.T) {
	inMemory(t)
	d := newDir(t, t.TempDir())
	err := d.with(t.Context(), "contoso", true, func(td *tenantDir) error {
		number := pack.MaxRevision - 1
		return errors.Join(td.pack.Append(t.Context(), pack.Desired, nil, pack.Revision{Number: number, Digest: pack.Listing{}.Digest(), Files: pack.Listing{}}),
			td.pack.MarkDone(pack.Desired, number, true))
	})
	if err != nil {
		t.Fatal(err)
	}
	last, err := d.Update(t.Context(), frozenRequest(headOf(t, d), "last", changeTo("groups", "A", 1)))
	if err != nil || !strings.HasPrefix(last.ID, fmt.Sprint(pack.MaxRevision, "-")) {
		t.Fatalf("the last one: got %q, %v", last.ID, err)
	}
	if r, err := d.Update(t.Context(), frozenRequest(last.ID, "more", changeTo("groups", "A", 2))); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has revision %d, the last number that there can be", pack.MaxRevision)) {
		t.Errorf("one more: got %q, %v", r.ID, err)
	}
	if got := contents(t, d); got["groups/A"] != body(1) {
		t.Errorf("got %v, want the last revision", got)
	}
}

// Revisions, keys and objects are refused when they cannot be what was written.
func TestDirHiddenContents(t *testing.T) {
	inMemory(t)
	const third = hidden + "/desired/00000003.json"
	changed := func(name, old, new string) func(t *testing.T, root string) {
		return func(t *testing.T, root string) {
			file := filepath.Join(root, "contoso", filepath.FromSlash(name))
			text, err := os.ReadFile(file)
			if err != nil || !strings.Contains(string(text), old) {
				t.Fatalf("%s has no %s: %v", name, old, err)
			}
			place(t, root, name, withContent(strings.Replace(string(text), old, new, 1)))
		}
	}
	put := func(name, text string) func(t *testing.T, root string) {
		return func(t *testing.T, root string) { place(t, root, name, withContent(text)) }
	}
	two := keyFile(DesiredLine, "two")
	tests := []struct {
		name   string
		change func(t *testing.T, root string)
		call   string
		says   string
	}{
		{"a revision with another number", changed(third, `"number": 3`, `"number": 2`), "Desired", "number 2"},
		{"another revision in its place", func(t *testing.T, root string) {
			dir := filepath.Join(root, "contoso", hidden, "desired")
			if err := os.Rename(filepath.Join(dir, "00000002.json"), filepath.Join(dir, "00000003.json")); err != nil {
				t.Fatal(err)
			}
		}, "Desired", "it has the number 2"},
		{"a revision with another id", changed(third, `"3-`, `"4-`), "Update", "00000003.json"},
		{"a revision with an id that is none", changed(third, revisionTwo, `3-\u001b[2J`), "History of desired", "id of a revision"},
		{"a revision that is a list", put(third, `[]`), "Desired", "names no format"},
		{"a revision with a number of another type", changed(third, `"number": 3`, `"number": "3"`), "Desired", "damaged"},
		{"a revision with a file outside", changed(third, `groups/By hand.json`, `../x.json`), "Desired", `"../x.json"`},
		{"a revision with an object outside", changed(third, `"b867`, `"../7`), "Update", `"groups/By hand.json"`},
		{"a backup without its snapshot", changed(hidden+"/backup/00000002.json", `"snapshot.json"`, `"groups/snapshot.json"`), "Snapshot", "lists no snapshot.json"},
		{"a backup without its snapshot, as parent", changed(hidden+"/backup/00000001.json", `"snapshot.json"`, `"groups/snapshot.json"`), "Backup on an older revision", "lists no snapshot.json"},
		{"an older revision that is damaged", put(hidden+"/desired/00000001.json", `{"format":1}`), "History of desired", "00000001.json"},
		{"the last revision of all", func(t *testing.T, root string) {
			changed(third, `"number": 3`, `"number": 1073741824`)(t, root)
			changed(third, `"3-`, `"1073741824-`)(t, root)
			dir := filepath.Join(root, "contoso", hidden, "desired")
			if err := os.Rename(filepath.Join(dir, "00000003.json"), filepath.Join(dir, "1073741824.json")); err != nil {
				t.Fatal(err)
			}
		}, "Update on the head", "last number"},
		{"a key that is no number", put(two, "x"), "Update again", "holds no number"},
		{"a key that is empty", put(two, ""), "Update again", "holds no number"},
		{"a key with a negative number", put(two, "-1"), "Update again", "is missing"},
		{"a key with a large number", put(two, "99999999999999999999"), "Update again", "holds no number"},
		{"a key that names another's revision", put(two, "1"), "Update again", "another key"},
		{"a key that names an edited state", put(two, "2"), "Update again", "another key"},
		{"an object with another content", put(hidden+"/objects/b8/67a3a25c79830e76cfe31656f01a7ba653332984d850df2cb480ca7502ced9", "{}"), "Desired of an edited state", "another content"},
		{"an object that is missing", func(t *testing.T, root string) {
			place(t, root, objectFile(object), func(string) error { return nil })
		}, "Desired of an older revision", "is missing"},
	}
	do := repositoryCalls(t)
	do["Update on the head"] = func(d *DirRepository) error {
		_, err := d.Update(t.Context(), frozenRequest(headOf(t, d), "three", changeTo("groups", "New", 3)))
		return err
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := frozenDir(t, "whole")
			tt.change(t, root)
			before := filesOf(t, root)
			d := newDir(t, root)
			err := inTime(t, func() error { return do[tt.call](d) })
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want an error with %q", err, tt.says)
			}
			checkHiddenError(t, tt.call, err)
			for name, content := range visible(t, root) {
				if before["contoso/"+name] != content {
					t.Errorf("%s was changed", name)
				}
			}
		})
	}
}

// Copies of revisions beside them, as sync tools and editors make them, are no
// revisions.
func TestDirHiddenStrangers(t *testing.T) {
	inMemory(t)
	root := frozenDir(t, "whole")
	for _, name := range []string{"00000003 (copy).json", "00000009", "9.json", "+0000009.json", "-0000009.json", "000000009.json", "00000009.json~", "9999999999999.json", "99999999999999999999999.json", "x.json"} {
		place(t, root, hidden+"/desired/"+name, withContent("junk"))
	}
	d := newDir(t, root)
	if got := headOf(t, d); got != revisionTwo {
		t.Errorf("the head is %s, want %s", got, revisionTwo)
	}
	if next, err := d.Update(t.Context(), frozenRequest(revisionTwo, "three", changeTo("groups", "New", 3))); err != nil || !strings.HasPrefix(next.ID, "4-") {
		t.Errorf("the next update: got %s, %v, want the 4th revision", next.ID, err)
	}
}

// A content that format 1 kept and that is damaged is stored anew with the first
// write of format 2, if a file has it.
func TestDirReplacesDamagedObject(t *testing.T) {
	inMemory(t)
	const name = hidden + "/objects/b8/67a3a25c79830e76cfe31656f01a7ba653332984d850df2cb480ca7502ced9"
	replacements := map[string]func(file string) error{
		"nothing":                   func(string) error { return nil },
		"an empty file":             withContent(""),
		"another content of a size": withContent(`{"n": 9}`),
		"a link":                    func(file string) error { return os.Symlink("/etc/hostname", file) },
	}
	maps.Copy(replacements, specialFiles)
	for what, make := range replacements {
		root := frozenDir(t, "whole")
		place(t, root, name, make)
		d := newDir(t, root)
		three := Revision{}
		err := inTime(t, func() (err error) {
			three, err = d.Update(t.Context(), frozenRequest(revisionTwo, "three", changeTo("groups", "New", 3)))
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if _, err := d.Update(t.Context(), frozenRequest(three.ID, "four", Change{Kind: "groups", Key: "By hand"})); err != nil {
			t.Errorf("%s: the next update: %v", what, err)
		}
		got, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso", Revision: three.ID})
		if err != nil || bodies(t, got.Resources)["By hand"] != `{"n":7}` {
			t.Errorf("%s: the revision is %v, %v", what, got.Resources, err)
		}
	}
}

// A write does not go through a link or a file in place of a folder that people
// see, and does not wait for a pipe there.
func TestDirLinksInLines(t *testing.T) {
	inMemory(t)
	for what, target := range map[string]string{"the hidden folder": "../" + hidden, "the other line": "../backup", "nowhere": "gone"} {
		root := frozenDir(t, "whole")
		link := filepath.Join(root, "contoso", "desired", "policies")
		if err := os.Symlink(target, link); err != nil {
			t.Skipf("no symbolic links here: %v", err)
		}
		before := filesOf(t, filepath.Join(root, "contoso", "backup"))
		d := newDir(t, root)
		_, err := d.Update(t.Context(), frozenRequest(headOf(t, d), "three", changeTo("policies", "New", 3)))
		if err == nil || !strings.Contains(err.Error(), "contoso/desired/policies is a symbolic link") {
			t.Errorf("a link to %s: got %v, want an error that names the link", what, err)
		}
		if diff := gocmp.Diff(before, filesOf(t, filepath.Join(root, "contoso", "backup"))); diff != "" {
			t.Errorf("a link to %s: the other line was changed:\n%s", what, diff)
		}
	}
	for what, make := range specialFiles {
		for _, name := range []string{"", "desired", "backup", "desired/groups", "backup/groups"} {
			root := frozenDir(t, "whole")
			place(t, root, name, make)
			d := newDir(t, root)
			for call, do := range repositoryCalls(t) {
				if err := inTime(t, func() error { return do(d) }); err != nil && name == "" && !strings.Contains(err.Error(), what) {
					t.Errorf("%s, with %s in place of the tenant's folder: %v", call, what, err)
				}
			}
			d.Close()
		}
	}
}

// A call ends with its context, however long the lists in the hidden folder are.
func TestDirHiddenEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := newDir(t, t.TempDir())
	update := func(key, group string) error {
		_, err := d.Update(t.Context(), frozenRequest(headOf(t, d), key, changeTo("groups", group, 1)))
		return err
	}
	if err := errors.Join(update("one", "A"), update("two", "B")); err != nil {
		t.Fatal(err)
	}
	err := d.with(t.Context(), "contoso", true, func(td *tenantDir) error {
		last := packRevision(td.pack.Line(pack.Desired).Revisions[1])
		files, err := td.listing(t.Context(), last)
		if err != nil {
			return err
		}
		for name, call := range map[string]func() error{
			"listing": func() error { _, err := td.listing(ctx, last); return err },
			"tree":    func() error { _, err := td.tree(ctx, last); return err },
			"scan":    func() error { _, err := td.scan(ctx, DesiredLine, scanChanged, files); return err },
			"scanned": func() error { _, err := td.scanned(ctx, lineScan{files: files}); return err },
			"Open":    func() error { _, err := pack.Open(ctx, td.folder, nil, td.packs); return err },
			"append": func() error {
				return td.pack.Append(ctx, pack.Desired, files, pack.Revision{Number: 3, Files: files})
			},
			"carryOut": func() error {
				return td.carryOut(ctx, carrying{line: DesiredLine, before: pack.Listing{}, after: files})
			},
		} {
			if err := call(); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want %v", name, err, context.Canceled)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever any file of the hidden folder holds, a call ends with a result or
// with an error that says which file it is and what to do, and an error means
// that nothing that people see was changed.
func FuzzDirHidden(f *testing.F) {
	inMemory(f)
	_, files := hiddenNames(f, "v1")
	old := len(files)
	_, newFiles := hiddenNames(f, "v2")
	slices.Sort(files)
	slices.Sort(newFiles)
	files = append(files, newFiles...)
	formatOf := func(i int) string {
		if i < old {
			return "v1"
		}
		return "v2"
	}
	for i, name := range files {
		content, err := os.ReadFile(filepath.Join("testdata", formatOf(i), "dir", "whole", "contoso", filepath.FromSlash(name)))
		if err == nil {
			f.Add(uint8(i), content)
		}
		if name == pendingFile {
			f.Add(uint8(i), []byte(pendingWith("", "")))
			f.Add(uint8(i), []byte(`{"format":1,"revisions":[]}`))
			f.Add(uint8(i), []byte(pendingWith("groups/A.json", "../../x.json")))
			f.Add(uint8(i), []byte(pendingWith(`"line":"desired"`, `"line":""`)))
		}
		f.Add(uint8(i), []byte(`{"format":1,"files":{"../x.json":""},"number":1e9}`))
	}
	f.Fuzz(func(t *testing.T, file uint8, content []byte) {
		inMemory(t)
		at := int(file) % len(files)
		name, format := files[at], formatOf(at)
		do := repositoryCallsOf(t, format)
		root := frozenDirOf(t, format, "whole")
		place(t, root, name, withContent(string(content)))
		if err := os.WriteFile(filepath.Join(root, "outside.json"), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := newDir(t, root)
		before := visible(t, root)
		for _, call := range []string{"Desired", "Desired of an older revision", "Snapshot", "Update again", "Backup", "Update"} {
			err := do[call](d)
			if err == nil {
				before = visible(t, root)
				continue
			}
			checkHiddenError(t, call, err)
			if after := visible(t, root); !maps.Equal(before, after) {
				t.Errorf("%s failed (%v) and changed files (-before +after):\n%s", call, err, gocmp.Diff(before, after))
			}
		}
		top, err := os.ReadDir(root)
		if err != nil || len(top) != 2 {
			t.Errorf("the repository's folder has %v, %v", top, err)
		}
	})
}
