package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/folder"
)

const packFile = "pack"

var errNewer = errors.New("newer")

// testConfig is the configuration of the packs of tests.
func testConfig() Config {
	return Config{
		Name: packFile, Acknowledged: "acknowledged", Boot: Boot{1}, MaxContent: 1 << 20, Compressed: "compressed.json",
		CheckFormat: func(name string, text []byte) error {
			if bytes.Contains(text, []byte(`"format":3`)) {
				return errNewer
			}
			return nil
		},
		IsNewer: func(err error) bool { return errors.Is(err, errNewer) },
		CheckName: func(name string) error {
			if !fs.ValidPath(name) {
				return fmt.Errorf("it lists %q", name)
			}
			return nil
		},
	}
}

func testFolder(t testing.TB, dir string) *folder.Folder {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	f := folder.New(root, folder.Config{Temporary: "new", Remedy: func(string) string { return "restore it" }})
	t.Cleanup(f.Close)
	return f
}

// openIn opens the pack of a folder.
func openIn(t testing.TB, dir string) (*Pack, error) {
	t.Helper()
	p, err := Open(t.Context(), testFolder(t, dir), nil, testConfig())
	if err == nil {
		t.Cleanup(p.Close)
	}
	return p, err
}

// inMemory puts the folders of a test where syncing them costs nothing, if the
// system has such a place.
func inMemory(t testing.TB) {
	t.Helper()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		t.Setenv("TMPDIR", "/dev/shm")
	}
}

// filesOf returns a listing of new contents, and what returns them.
func filesOf(contents map[string]string) (Listing, func(string, Entry) ([]byte, error)) {
	files := Listing{}
	for name, content := range contents {
		files[name] = NewEntry([]byte(content))
	}
	return files, func(name string, _ Entry) ([]byte, error) { return []byte(contents[name]), nil }
}

func contentsOf(t testing.TB, p *Pack, r Record) (map[string]string, error) {
	t.Helper()
	files, err := p.Listing(t.Context(), r)
	if err != nil {
		return nil, err
	}
	contents := make(map[string]string)
	for name, e := range files {
		content, err := p.Content(e)
		if err != nil {
			return nil, err
		}
		contents[name] = string(content)
	}
	return contents, nil
}

// appendAll appends a revision for each of some contents.
func appendAll(t testing.TB, p *Pack, revisions ...map[string]string) {
	t.Helper()
	before := Listing{}
	for i, contents := range revisions {
		files, content := filesOf(contents)
		for name, e := range files {
			if old := before[name]; old.Sum == e.Sum {
				files[name] = old
			}
		}
		r := Revision{Number: i + 1, Digest: files.Digest(), Info: Info{Key: fmt.Sprint("key ", i)}, Files: files, Content: content}
		if err := p.Append(t.Context(), Desired, before, r); err != nil {
			t.Fatal(err)
		}
		before = files
	}
}

// Every revision is read as it was written, also by another process, whatever
// lists of changes lie between it and the last list of all files.
func TestRevisions(t *testing.T) {
	inMemory(t)
	dir := t.TempDir()
	p, err := openIn(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]string
	now := map[string]string{}
	for i := range 40 {
		now = maps.Clone(now)
		now[fmt.Sprintf("file %02d.json", i%17)] = fmt.Sprint("content ", i)
		now["compressed.json"] = strings.Repeat(fmt.Sprint(i), 1000)
		if i%3 == 2 {
			delete(now, fmt.Sprintf("file %02d.json", (i*5)%17))
		}
		want = append(want, now)
	}
	appendAll(t, p, want...)
	l := p.Line(Desired)
	if l.since > l.whole {
		t.Errorf("lists of changes of %d bytes must be read, and the list of all files has %d", l.since, l.whole)
	}
	wholes := 0
	for _, r := range l.Revisions {
		if r.whole {
			wholes++
		}
	}
	if wholes < 2 || wholes > 20 {
		t.Errorf("%d of 40 revisions list all files: the test shows nothing", wholes)
	}
	for what, p := range map[string]*Pack{"the same process": p, "another process": mustOpen(t, dir)} {
		for i, r := range p.Line(Desired).Revisions {
			got, err := contentsOf(t, p, r)
			if err != nil || !maps.Equal(got, want[i]) {
				t.Errorf("%s: revision %d is %v, %v, want %v", what, i+1, got, err, want[i])
			}
			if byKey, there := p.Line(Desired).ByKey(fmt.Sprint("key ", i)); !there || byKey != r {
				t.Errorf("%s: the key of revision %d belongs to %+v, %t", what, i+1, byKey, there)
			}
		}
		if n := len(p.Line(Desired).Revisions); n != len(want) {
			t.Errorf("%s: there are %d revisions, want %d", what, n, len(want))
		}
		if r, there := p.Line(Desired).ByKey("no key"); there {
			t.Errorf("%s: a key that was not used belongs to %+v", what, r)
		}
	}
}

func mustOpen(t testing.TB, dir string) *Pack {
	t.Helper()
	p, err := openIn(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Of revisions that are written together, the first of a line lists all files, and
// the others list what they change, as if they were written one by one.
func TestRevisionsWrittenTogether(t *testing.T) {
	inMemory(t)
	contents := make([]map[string]string, 4)
	for i := range contents {
		contents[i] = map[string]string{}
		for n := range 100 {
			contents[i][fmt.Sprintf("file %02d.json", n)] = fmt.Sprint("content ", max(n, i)) // so the ith changes the files up to i
		}
	}
	var states []LineState
	for _, together := range []bool{true, false} {
		dir := t.TempDir()
		p := mustOpen(t, dir)
		var revisions []Revision
		before := Listing{}
		for i, c := range contents {
			files, content := filesOf(c)
			r := Revision{Number: i + 1, Digest: files.Digest(), Files: files, Content: content}
			if revisions = append(revisions, r); together {
				continue
			}
			if err := p.Append(t.Context(), Desired, before, r); err != nil {
				t.Fatal(err)
			}
			before = files
		}
		if together {
			if err := p.Append(t.Context(), Desired, nil, revisions...); err != nil {
				t.Fatal(err)
			}
		}
		l := p.Line(Desired)
		for i, r := range l.Revisions {
			if r.whole != (i == 0) || r.together != (together && i > 0) {
				t.Errorf("together: %t: revision %d lists all: %t, belongs to the one before: %t", together, i+1, r.whole, r.together)
			}
			if got, err := contentsOf(t, p, r); err != nil || !maps.Equal(got, contents[i]) {
				t.Errorf("together: %t: revision %d is %v, %v", together, i+1, got, err)
			}
		}
		if again := mustOpen(t, dir).Line(Desired); again.whole != l.whole || again.since != l.since {
			t.Errorf("together: %t: the lists have %d and %d bytes, and another process finds %d and %d", together, l.whole, l.since, again.whole, again.since)
		}
		states = append(states, *l)
	}
	if states[0].whole != states[1].whole || states[0].since != states[1].since {
		t.Errorf("the lists have %d and %d bytes, written one by one %d and %d", states[0].whole, states[0].since, states[1].whole, states[1].since)
	}
}

// A content is stored once: for two files, for a file with another name, in two
// lines, and in revisions that are written together. The file whose contents are
// compressed is not looked up in the other line.
func TestContentIsStoredOnce(t *testing.T) {
	inMemory(t)
	p := mustOpen(t, t.TempDir())
	text := func(n int) string { return strings.Repeat(fmt.Sprint(n), 900) }
	listings := map[string]Listing{Desired: {}, Backup: {}}
	for i, tt := range []struct {
		what   string
		line   string
		files  []map[string]string
		stored int // contents that are new
	}{
		{"two files", Desired, []map[string]string{{"a": text(1), "b": text(1), "c": text(2)}}, 2},
		{"the same files", Desired, []map[string]string{{"a": text(1), "b": text(1), "c": text(2)}}, 0},
		{"another name", Desired, []map[string]string{{"a": text(1), "b": text(1), "x": text(2)}}, 0},
		{"another name, and a new content", Desired, []map[string]string{{"b": text(1), "d": text(2), "e": text(3)}}, 1},
		{"the other line", Backup, []map[string]string{{"x": text(2), "y": text(3), "z": text(4)}}, 1},
		{"back in the first line", Desired, []map[string]string{{"b": text(1), "z": text(4)}}, 0},
		{"written together", Desired, []map[string]string{{"b": text(5)}, {"c": text(5)}, {"d": text(6), "e": text(5)}}, 2},
		{"no longer in a head", Desired, []map[string]string{{"a": text(1)}}, 1},
		{"compressed", Desired, []map[string]string{{"compressed.json": text(7), "a": text(1)}}, 1},
		{"compressed, in the other line", Backup, []map[string]string{{"compressed.json": text(7)}}, 1},
	} {
		before := listings[tt.line]
		size := p.state.end
		var revisions []Revision
		for _, contents := range tt.files {
			files, content := filesOf(contents)
			number := 1
			if last, there := p.Line(tt.line).Last(); there {
				number = last.Number + 1
			}
			revisions = append(revisions, Revision{Number: number + len(revisions), Digest: files.Digest(), Files: files, Content: content})
			listings[tt.line] = files
		}
		if err := p.Append(t.Context(), tt.line, before, revisions...); err != nil {
			t.Fatal(err)
		}
		stored := 0
		all := p.Line(tt.line).Revisions
		for _, r := range all[len(all)-len(revisions):] {
			stored += int(r.contents)
		}
		want := 900 * tt.stored
		if tt.what == "compressed" || tt.what == "compressed, in the other line" {
			want = len(text(7)) // below the size from which contents are compressed
		}
		if stored != want || int(p.state.end-size) < stored {
			t.Errorf("%d. %s: %d bytes of contents were stored, want %d", i+1, tt.what, stored, want)
		}
	}
}

// A content that is damaged in the pack is stored again where a later revision brings
// it. A revision whose content is lost is refused.
func TestDamagedContentIsStoredAgain(t *testing.T) {
	inMemory(t)
	dir := t.TempDir()
	p := mustOpen(t, dir)
	one, two := strings.Repeat("1", 900), strings.Repeat("2", 900)
	first, content := filesOf(map[string]string{"a": one, "b": two})
	if err := p.Append(t.Context(), Desired, nil, Revision{Number: 1, Digest: first.Digest(), Files: first, Content: content}); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, p.Name), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteAt([]byte("x"), first["a"].At+7)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	number := 0
	for _, tt := range []struct {
		files map[string]string
		lost  bool
		want  int64 // bytes of contents that are stored
	}{
		{map[string]string{"x": one}, true, 0},
		{map[string]string{"x": two}, false, 0},
		{map[string]string{"x": one, "y": one, "z": two}, false, 900},
	} {
		files, content := filesOf(tt.files)
		r := Revision{Number: number + 1, Digest: files.Digest(), Files: files, Content: content}
		if tt.lost {
			r.Content = func(string, Entry) ([]byte, error) { return nil, gone }
		}
		err := p.Append(t.Context(), Backup, nil, r)
		if tt.lost {
			if _, there := p.Line(Backup).Last(); !errors.Is(err, gone) || there {
				t.Errorf("%v: got %v and a revision %v, want %v and none", tt.files, err, there, gone)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		number++
		last, _ := p.Line(Backup).Last()
		if last.contents != tt.want {
			t.Errorf("%v: %d bytes were stored, want %d", tt.files, last.contents, tt.want)
		}
		for name, e := range files {
			if got, err := p.Content(e); err != nil || string(got) != tt.files[name] {
				t.Errorf("%s of %v: got %d bytes, %v", name, tt.files, len(got), err)
			}
		}
	}
}

// A content lies behind the head of the pack, and neither it nor what is stored of
// it is larger than the limit.
func TestContentsWithinBounds(t *testing.T) {
	inMemory(t)
	p := mustOpen(t, t.TempDir())
	const limit = 1 << 20
	appendAll(t, p, map[string]string{"a": strings.Repeat("x", limit)})
	files, err := p.Listing(t.Context(), p.Line(Desired).last())
	if err != nil {
		t.Fatal(err)
	}
	largest := files["a"]
	text := make([]byte, p.state.head+8)
	if _, err := p.file.ReadAt(text, 0); err != nil {
		t.Fatal(err)
	}
	at := func(offset int64) Entry {
		e := NewEntry(text[offset : offset+4])
		e.At, e.Stored = offset, e.Size
		return e
	}
	for name, tt := range map[string]struct {
		e    Entry
		sane bool
	}{
		"the largest content":      {largest, true},
		"one byte more":            {Entry{Sum: largest.Sum, At: largest.At, Stored: limit + 1, Size: limit + 1}, false},
		"more when it is unpacked": {Entry{Sum: largest.Sum, At: largest.At, Stored: limit, Size: limit + 1}, false},
		"less when it is unpacked": {Entry{Sum: largest.Sum, At: largest.At, Stored: limit, Size: limit - 1}, false},
		"less than nothing":        {Entry{Sum: largest.Sum, At: largest.At, Stored: -1, Size: limit}, false},
		"nothing":                  {func() Entry { e := NewEntry(nil); e.At = largest.At; return e }(), true},
		"right behind the head":    {at(p.state.head), true},
		"the last byte of it":      {at(p.state.head - 1), false},
		"the head":                 {at(0), false},
	} {
		content, err := p.Content(tt.e)
		if tt.sane && (err != nil || int64(len(content)) != tt.e.Size) || !tt.sane && (err == nil || !strings.Contains(err.Error(), "it tells of a content of")) {
			t.Errorf("%s: got %d bytes, %v, sane: %t", name, len(content), err, tt.sane)
		}
	}
}

// Of a write that was cut off, nothing is left, wherever it was cut and whichever
// of its sectors are missing. A write of two revisions leaves none or the first.
func TestWriteCutOff(t *testing.T) {
	inMemory(t)
	dir := t.TempDir()
	p := mustOpen(t, dir)
	first := map[string]string{"a.json": "1", "b.json": strings.Repeat("b", 700)}
	appendAll(t, p, first)
	kept, err := os.ReadFile(filepath.Join(dir, packFile))
	if err != nil {
		t.Fatal(err)
	}
	before, err := p.Listing(t.Context(), p.Line(Desired).last())
	if err != nil {
		t.Fatal(err)
	}
	next := func(number int, contents map[string]string) Revision {
		files, content := filesOf(contents)
		return Revision{Number: number, Digest: files.Digest(), Files: files, Content: content}
	}
	second := map[string]string{"a.json": strings.Repeat("2", 900), "c.json": strings.Repeat("c", 300)}
	third := map[string]string{"a.json": strings.Repeat("3", 900)}
	if err := p.Append(t.Context(), Desired, before, next(2, second), next(3, third)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, packFile))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "acknowledged"))
	seen := make(map[int]int)
	check := func(about string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, packFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		p := mustOpen(t, dir)
		defer p.Close()
		all := p.Line(Desired).Revisions
		seen[len(all)]++
		want := []map[string]string{first, second, third}
		for i, r := range all {
			if got, err := contentsOf(t, p, r); err != nil || !maps.Equal(got, want[i]) {
				t.Errorf("%s: revision %d is %v, %v", about, i+1, got, err)
			}
		}
		if len(all) == 0 || len(all) == 3 && !bytes.Equal(text, whole) {
			t.Errorf("%s: there are %d revisions", about, len(all))
		}
		if err := p.MarkDone(Desired, len(all), true); err != nil {
			t.Errorf("%s: the next write: %v", about, err)
		}
		os.Remove(filepath.Join(dir, "acknowledged"))
		if again := mustOpen(t, dir).Line(Desired); again.Done != len(all) || len(again.Revisions) != len(all) {
			t.Errorf("%s: the next write left %d revisions, %d done, want %d", about, len(again.Revisions), again.Done, len(all))
		}
	}
	for at := len(kept); at < len(whole); at += 7 {
		check(fmt.Sprintf("cut at %d of %d", at, len(whole)), whole[:at])
		sector := bytes.Clone(whole)
		clear(sector[at:min(at+200, len(sector))])
		check(fmt.Sprintf("without 200 bytes at %d of %d", at, len(whole)), sector)
	}
	check("whole", whole)
	if seen[1] == 0 || seen[2] == 0 || seen[3] != 1 {
		t.Errorf("revisions by number of cuts: %v: the test shows nothing", seen)
	}
}

// A record that lacks sectors and has another one behind it is damage.
func TestDamageBeforeARecord(t *testing.T) {
	inMemory(t)
	dir := t.TempDir()
	p := mustOpen(t, dir)
	appendAll(t, p, map[string]string{"a.json": "1"}, map[string]string{"a.json": "2"}, map[string]string{"a.json": "3"})
	middle := p.Line(Desired).Revisions[1]
	text, err := os.ReadFile(filepath.Join(dir, packFile))
	if err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "acknowledged"))
	clear(text[middle.at : middle.at+headerSize])
	if err := os.WriteFile(filepath.Join(dir, packFile), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openIn(t, dir); err == nil || !strings.Contains(err.Error(), "pack is damaged") {
		t.Errorf("got %v, want an error that names the pack", err)
	}
}

// A write that the disk refuses leaves the pack as it was.
func TestRefusedWrite(t *testing.T) {
	inMemory(t)
	full := errors.New("disk full")
	// The write that makes the pack: create, sync, rename, sync the folder. The acts
	// after these write the file that helps to find damage, and may fail.
	for n := 1; n <= 5; n++ {
		p := mustOpen(t, t.TempDir())
		count := 0
		p.folder.Step = func(string, string) error {
			if count++; count == n {
				return full
			}
			return nil
		}
		files, content := filesOf(map[string]string{"a.json": "1"})
		err := p.Append(t.Context(), Desired, Listing{}, Revision{Number: 1, Digest: files.Digest(), Files: files, Content: content})
		p.folder.Step = nil
		if errors.Is(err, full) != (n <= 4) {
			t.Errorf("act %d of the write of a new pack is refused: got %v", n, err)
		}
	}
	for n := range 20 {
		dir := t.TempDir()
		p := mustOpen(t, dir)
		appendAll(t, p, map[string]string{"a.json": "1"})
		count := 0
		p.folder.Step = func(string, string) error {
			if count++; count == n+1 {
				return full
			}
			return nil
		}
		err := p.MarkDone(Desired, 1, true)
		p.folder.Step = nil
		if err == nil && count <= n {
			if n < 2 {
				t.Errorf("a write has %d acts", n)
			}
			return
		}
		again := mustOpen(t, dir)
		if isDone := again.Line(Desired).Done == 1; isDone == errors.Is(err, full) && n > 0 && n < 2 {
			t.Errorf("after act %d was refused, the error is %v and the write is there: %t", n, err, isDone)
		}
	}
}

// A known boot is one with itself alone, and the unknown boot with none.
func TestSameBoot(t *testing.T) {
	for _, tt := range []struct {
		a, b Boot
		want bool
	}{{Boot{1}, Boot{1}, true}, {Boot{1}, Boot{2}, false}, {Boot{1}, Boot{}, false}, {Boot{}, Boot{1}, false}, {Boot{}, Boot{}, false}} {
		if got := tt.a.Same(tt.b); got != tt.want {
			t.Errorf("%v and %v: got %t", tt.a, tt.b, got)
		}
	}
}

// A known state of the same pack is used again, and only the records after it are
// read. The state of another pack in its place is not used.
func TestKnownState(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, d := range []string{dir, other} {
		appendAll(t, mustOpen(t, d), map[string]string{"a.json": d})
	}
	known := mustOpen(t, dir).State()
	p, err := Open(t.Context(), testFolder(t, dir), known, testConfig())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if p.State() != known {
		t.Error("the state of an unchanged pack is not used again")
	}
	if p, err = Open(t.Context(), testFolder(t, other), known, testConfig()); err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if r, ok := p.Line(Desired).Last(); p.State() == known || !ok {
		t.Error("the state of another pack is used")
	} else if got, err := contentsOf(t, p, r); err != nil || got["a.json"] != other {
		t.Errorf("got %q, %v, want %q", got["a.json"], err, other)
	}
}

// builder makes packs whose sums are right.
type builder struct {
	salt [16]byte
	text []byte
	last map[string]int // the last revision of each line
}

func newBuilder() *builder {
	return &builder{salt: [16]byte{7}, text: []byte(`{"format":2,"salt":"07` + strings.Repeat("00", 15) + "\"}\n"), last: make(map[string]int)}
}

func (b *builder) add(r Record, contents string, meta []byte) {
	r.at, r.contents, r.meta, r.metaSum = int64(len(b.text)), int64(len(contents)), int64(len(meta)), metaSum(meta)
	b.text = append(b.text, r.encode(b.salt)...)
	b.text = append(b.text, contents...)
	b.text = append(b.text, meta...)
	if r.kind == revisionRecord {
		b.last[r.Line] = r.Number
	}
}

// done adds that all revisions were written into the lines' folders, so that no
// record is taken for a write that was cut off.
func (b *builder) done() {
	for line, number := range b.last {
		b.add(Record{kind: doneRecord, Line: line, Number: number}, "", nil)
	}
}

func metaOf(t testing.TB, changes ...Change) []byte {
	t.Helper()
	meta, err := encodeMeta(Info{Key: "k"}, changes)
	if err != nil {
		t.Fatal(err)
	}
	return meta
}

// readAll reads all that a pack holds.
func readAll(t testing.TB, dir string) error {
	t.Helper()
	p, err := openIn(t, dir)
	if err != nil {
		return err
	}
	defer p.Close()
	for _, line := range []string{Desired, Backup} {
		for _, r := range p.Line(line).Revisions {
			if _, e := contentsOf(t, p, r); e != nil {
				err = e
			}
		}
	}
	return err
}

// A pack whose sums are right, and that no version has written, is refused.
func TestHostilePacks(t *testing.T) {
	inMemory(t)
	const content = "{}\n"
	entry := func(b *builder, name string) Change {
		e := NewEntry([]byte(content))
		e.At, e.Stored = int64(len(b.text))+headerSize, e.Size
		return Change{Name: name, Entry: e}
	}
	one := func(change func(r *Record, c *Change)) func(b *builder) {
		return func(b *builder) {
			r, c := Record{kind: revisionRecord, Line: Desired, whole: true, Number: 1}, entry(b, "groups/A.json")
			change(&r, &c)
			b.add(r, content, metaOf(t, c))
		}
	}
	sound := one(func(*Record, *Change) {})
	second := func(change func(r *Record, c *Change)) []func(b *builder) {
		return []func(b *builder){sound, one(func(r *Record, c *Change) {
			r.Number, r.whole = 2, false
			change(r, c)
		})}
	}
	tests := map[string][]func(b *builder){
		"no such line":            {one(func(r *Record, _ *Change) { r.Line = "" })},
		"no such kind":            {one(func(r *Record, _ *Change) { r.kind = 9 })},
		"number 0":                {one(func(r *Record, _ *Change) { r.Number = 0 })},
		"a number that is large":  {one(func(r *Record, _ *Change) { r.Number = MaxRevision + 1 })},
		"a first list of changes": {one(func(r *Record, _ *Change) { r.whole = false })},
		"a gap":                   second(func(r *Record, _ *Change) { r.Number = 3 }),
		"a number twice":          second(func(r *Record, _ *Change) { r.Number = 1 }),
		"done before it":          {func(b *builder) { b.add(Record{kind: doneRecord, Line: Desired, Number: 1}, "", nil) }},
		"done with a content":     {sound, func(b *builder) { b.add(Record{kind: doneRecord, Line: Desired, Number: 1}, "x", nil) }},
		"done of another number":  {sound, func(b *builder) { b.add(Record{kind: doneRecord, Line: Desired, Number: 2}, "", nil) }},
		"a path outside":          second(func(_ *Record, c *Change) { c.Name = "../../x.json" }),
		"a content before all":    second(func(_ *Record, c *Change) { c.Entry.At = 1 }),
		"a content after all":     second(func(_ *Record, c *Change) { c.Entry.At = maxSize }),
		"a content that is large": second(func(_ *Record, c *Change) { c.Entry.Stored, c.Entry.Size = maxSize, maxSize }),
		"a content that unpacks":  second(func(_ *Record, c *Change) { c.Entry.Size = 1 << 20 }),
		"a content too large":     second(func(_ *Record, c *Change) { c.Entry.Size = 1<<20 + 1 }),
		"a content of none":       second(func(_ *Record, c *Change) { c.Entry.Stored = 0 }),
		"another content":         second(func(_ *Record, c *Change) { c.Entry.Sum[0]++ }),
		"a list that is cut short": {sound, func(b *builder) {
			meta := metaOf(t, entry(b, "groups/A.json"))
			b.add(Record{kind: revisionRecord, Line: Desired, Number: 2}, content, meta[:len(meta)-1])
		}},
		"a list in another order": {sound, func(b *builder) {
			b.add(Record{kind: revisionRecord, Line: Desired, Number: 2}, content, metaOf(t, entry(b, "groups/B.json"), entry(b, "groups/A.json")))
		}},
		"a file twice": {sound, func(b *builder) {
			b.add(Record{kind: revisionRecord, Line: Desired, Number: 2}, content, metaOf(t, entry(b, "groups/B.json"), entry(b, "groups/B.json")))
		}},
	}
	for what, records := range tests {
		b := newBuilder()
		for _, add := range records {
			add(b)
		}
		b.done()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, packFile), b.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, dir); err == nil || !strings.Contains(err.Error(), "pack is damaged") || !strings.Contains(err.Error(), "restore it") {
			t.Errorf("%s: got %v, want an error that names the pack and says what to do", what, err)
		}
	}
	// Without a fault, the same is read.
	b := newBuilder()
	for _, add := range second(func(*Record, *Change) {}) {
		add(b)
	}
	b.done()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, packFile), b.text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := readAll(t, dir); err != nil {
		t.Errorf("a pack without a fault: %v", err)
	}
}

// The first line of a pack says whether it can be read.
func TestPackHeads(t *testing.T) {
	inMemory(t)
	salt := strings.Repeat("07", 16)
	for text, newer := range map[string]bool{
		"": false, "x": false, "\n": false, "{}\n": false, `{"format":2}` + "\n": false,
		`{"format":2,"salt":"` + salt + `"}`: false, `{"format":2,"salt":"` + salt[1:] + `"}` + "\n": false, `{"format":2,"salt":[]}` + "\n": false,
		`{"format":1,"salt":"` + salt + `"}` + "\n": false, `{"format":3,"other":[]}` + "\n": true, strings.Repeat(" ", 2*maxHead) + "\n": false,
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, packFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openIn(t, dir)
		if isNewer := errors.Is(err, errNewer); err == nil || isNewer != newer || !newer && !strings.Contains(err.Error(), "pack is damaged") {
			t.Errorf("%.60q: got %v", text, err)
		}
	}
}

// Whatever a pack holds whose sums are right, reading ends with a result, or with
// an error that names it.
func FuzzPack(f *testing.F) {
	inMemory(f)
	entry := NewEntry([]byte("{}\n"))
	entry.At, entry.Stored = int64(len(newBuilder().text))+headerSize, entry.Size
	f.Add(uint8(1), uint8(1), uint8(2), uint32(1), "{}\n", metaOf(f, Change{Name: "groups/A.json", Entry: entry}))
	f.Add(uint8(1), uint8(2), uint8(2), uint32(1), "{}\n", metaOf(f, Change{Name: "compressed.json", Entry: entry}))
	f.Add(uint8(2), uint8(1), uint8(0), uint32(1), "", []byte(nil))
	f.Add(uint8(1), uint8(1), uint8(5), uint32(7), "{}", metaOf(f, Change{Name: "groups/A.json", Gone: true}))
	f.Fuzz(func(t *testing.T, kind, line, flags uint8, number uint32, contents string, meta []byte) {
		inMemory(t)
		r := Record{kind: recordKind(kind), Edited: flags&1 != 0, whole: flags&2 != 0, together: flags&4 != 0, Number: int(number)}
		if int(line) < len(lineNumbers) {
			r.Line = lineNumbers[line]
		}
		b := newBuilder()
		b.add(r, contents, meta)
		b.done()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, packFile), b.text, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := readAll(t, dir); err != nil && (!strings.Contains(err.Error(), "pack is damaged") || len(err.Error()) > 1000) {
			t.Errorf("got %v, want an error that names the pack", err)
		}
	})
}

// A list that can be decoded is encoded to the same changes again.
func FuzzMeta(f *testing.F) {
	f.Add(metaOf(f, Change{Name: "groups/A.json", Entry: NewEntry([]byte("{}"))}, Change{Name: "groups/B.json", Gone: true}, Change{Name: "groups/C.json"}))
	f.Add([]byte{})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, text []byte) {
		check := testConfig().CheckName
		info, changes, err := decodeMeta(text, check)
		if err != nil {
			return
		}
		again, err := encodeMeta(info, changes)
		if err != nil {
			t.Fatal(err)
		}
		_, same, err := decodeMeta(again, check)
		if err != nil || len(same) != len(changes) {
			t.Fatalf("%d changes are %d when they are decoded again: %v", len(changes), len(same), err)
		}
		for i := range changes {
			if changes[i] != same[i] {
				t.Errorf("%+v is %+v when it is decoded again", changes[i], same[i])
			}
		}
	})
}

// A list that could not be read again is not written.
func TestListsAreBounded(t *testing.T) {
	for _, over := range []int{-1, 0, 1} {
		empty, err := encodeMeta(Info{Message: "x"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		// The length of a long message takes three bytes more than that of a short one.
		message := strings.Repeat("x", MaxList-len(empty)-3+1+over)
		text, err := encodeMeta(Info{Message: message}, nil)
		if over <= 0 && (err != nil || len(text) != MaxList+over) || over > 0 && !errors.Is(err, ErrTooMany) {
			t.Errorf("a list of %d bytes beyond the limit: got %d bytes, %v", over, len(text), err)
		}
	}
}

// Contents of 1 KiB and more are compressed, and restored.
func TestCompressed(t *testing.T) {
	const smallest = 1024
	for _, size := range []int{smallest - 1, smallest, smallest + 1} {
		content := []byte(strings.Repeat("x", size))
		e := NewEntry(content)
		stored := compressed(content)
		e.Stored = int64(len(stored))
		if isSmaller := len(stored) < size; isSmaller != (size >= smallest) {
			t.Errorf("a content of %d bytes is stored in %d", size, len(stored))
		}
		got, err := e.restored(stored)
		if err != nil || string(got) != string(content) {
			t.Errorf("a content of %d bytes is restored as %d bytes, %v", size, len(got), err)
		}
		for _, by := range []int64{-1, 1} {
			wrong := e
			wrong.Size += by
			if _, err := wrong.restored(stored); err == nil && e.Stored != wrong.Size {
				t.Errorf("a content of %d bytes is restored as one of %d", size, wrong.Size)
			}
		}
	}
}

// A header is one only in its place and with its salt.
func TestRecordHeaders(t *testing.T) {
	salt := [16]byte{1}
	for _, r := range []Record{
		{kind: revisionRecord, Line: Desired, Edited: true, Number: 1, contents: 3, meta: 4, Boot: Boot{5}, key: [16]byte{6}, digest: Digest{7}, metaSum: [16]byte{8}},
		{kind: revisionRecord, Line: Backup, whole: true, Number: MaxRevision, contents: maxSize, meta: MaxList},
		{kind: doneRecord, Line: Backup, together: true, Number: 3},
	} {
		r.at = 77
		header := r.encode(salt)
		if got, ok := decodeRecord(header, salt, 77); !ok || got != r {
			t.Errorf("%+v is %+v, %t when it is decoded", r, got, ok)
		}
		if _, ok := decodeRecord(header, salt, 78); ok {
			t.Error("a header in another place is one")
		}
		if _, ok := decodeRecord(header, [16]byte{2}, 77); ok {
			t.Error("a header with another salt is one")
		}
		for i := range header {
			damaged := bytes.Clone(header)
			damaged[i] ^= 1
			if _, ok := decodeRecord(damaged, salt, 77); ok {
				t.Errorf("a header with another byte %d is one", i)
			}
		}
	}
	if _, ok := decodeRecord(nil, salt, 0); ok {
		t.Error("nothing is a header")
	}
}
