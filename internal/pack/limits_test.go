package pack

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A list of changes costs 256 bytes beside its own. A revision whose list would make
// the lists since the last list of all files cost more than that one lists all
// files itself.
func TestListsOfChangesCost(t *testing.T) {
	inMemory(t)
	const unchanged = 256 + 4 // the list of a revision without changes is "\x03{}\n"
	opened := func(message int) (*Pack, Listing) {
		p := mustOpen(t, t.TempDir())
		files, content := filesOf(map[string]string{"a.json": "1"})
		r := Revision{Number: 1, Digest: files.Digest(), Info: Info{Message: strings.Repeat("x", message)}, Files: files, Content: content}
		if err := p.Append(t.Context(), Desired, nil, r); err != nil {
			t.Fatal(err)
		}
		return p, files
	}
	p, _ := opened(500)
	for size, want := range map[int]int{3*unchanged - 1: 2, 3 * unchanged: 3, 3*unchanged + 1: 3} {
		p, files := opened(500 + size - int(p.Line(Desired).whole))
		for n := 2; n <= 5; n++ {
			if err := p.Append(t.Context(), Desired, files, Revision{Number: n, Digest: files.Digest(), Files: files}); err != nil {
				t.Fatal(err)
			}
		}
		next := slices.IndexFunc(p.Line(Desired).Revisions[1:], func(r Record) bool { return r.whole })
		if first := p.Line(Desired).Revisions[0]; first.meta != int64(size) || next != want {
			t.Errorf("after a list of %d bytes, want %d, %d revisions list changes, want %d", first.meta, size, next, want)
		}
	}
}

// A content that the revision before has without a place is stored, or found in the
// other line.
func TestContentWithoutAPlaceBefore(t *testing.T) {
	inMemory(t)
	p := mustOpen(t, t.TempDir())
	for _, tt := range []struct {
		line, before, name string
		stored             int64
	}{
		{Desired, "a.json", "a.json", 7},
		{Backup, "b.json", "c.json", 0},
	} {
		before, _ := filesOf(map[string]string{tt.before: "content"})
		files, content := filesOf(map[string]string{tt.name: "content"})
		if err := p.Append(t.Context(), tt.line, before, Revision{Number: 1, Digest: files.Digest(), Files: files, Content: content}); err != nil {
			t.Fatal(err)
		}
		r, _ := p.Line(tt.line).Last()
		if got, err := contentsOf(t, p, r); r.contents != tt.stored || err != nil || got[tt.name] != "content" {
			t.Errorf("%s: %d bytes were stored, want %d; got %v, %v", tt.line, r.contents, tt.stored, got, err)
		}
	}
}

// A pack may have 2^50 bytes.
func TestLargestPack(t *testing.T) {
	inMemory(t)
	stopped := errors.New("stopped")
	for _, beyond := range []int64{-1, 0, 1} {
		p := mustOpen(t, t.TempDir())
		appendAll(t, p, map[string]string{"a.json": "1"})
		p.state.end = 1<<50 - headerSize + beyond
		p.folder.Step = func(string, string) error { return stopped }
		err := p.MarkDone(Desired, 1, true)
		if errors.Is(err, stopped) != (beyond <= 0) || beyond > 0 && (err == nil || !strings.Contains(err.Error(), "cannot have more")) {
			t.Errorf("a write that ends %d bytes beyond the limit: got %v", beyond, err)
		}
	}
}

// Only bytes behind the last record are cut off before a write.
func TestCutBeforeAWrite(t *testing.T) {
	inMemory(t)
	for cut := range 3 {
		dir := t.TempDir()
		appendAll(t, mustOpen(t, dir), map[string]string{"a.json": "1"})
		name := filepath.Join(dir, packFile)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, append(text, make([]byte, cut)...), 0o600); err != nil {
			t.Fatal(err)
		}
		p := mustOpen(t, dir)
		var steps []string
		p.folder.Step = func(act, path string) error {
			steps = append(steps, act+" "+path)
			return nil
		}
		if err := p.MarkDone(Desired, 1, true); err != nil {
			t.Fatal(err)
		}
		if isCut := slices.Contains(steps, "truncate "+packFile); isCut != (cut > 0) || len(steps) == 0 {
			t.Errorf("%d bytes behind the last record: the steps are %q", cut, steps)
		}
		if info, err := os.Stat(name); err != nil || info.Size() != int64(len(text))+headerSize {
			t.Errorf("%d bytes behind the last record: the pack has %v bytes, %v, want %d", cut, info.Size(), err, len(text)+headerSize)
		}
	}
}

// A content is compressed only if that makes it smaller. A content with as many bytes
// as its compressed form would not be known as compressed.
func TestCompressedOnlyIfSmaller(t *testing.T) {
	found := map[int][]byte{} // by the bytes that the compressed form has more
	random := rand.New(rand.NewPCG(1, 2))
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	for try := 0; try < 20_000 && len(found) < 3; try++ {
		content := make([]byte, 1500)
		for i := range content {
			if content[i] = byte(random.IntN(256)); i >= try%len(content) {
				content[i] &= 0x7f // which makes the content compressible
			}
		}
		b.Reset()
		w.Reset(&b)
		if _, err := w.Write(content); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if more := b.Len() - len(content); more >= -1 && more <= 1 {
			found[more] = content
		}
	}
	if len(found) < 3 {
		t.Fatalf("no content for each difference: %v", slices.Sorted(maps.Keys(found)))
	}
	for more, content := range found {
		stored := compressed(content)
		if isSmaller := len(stored) < len(content); isSmaller != (more < 0) {
			t.Errorf("a content whose compressed form has %d bytes more is stored in %d of %d bytes", more, len(stored), len(content))
		}
		e := NewEntry(content)
		e.Stored = int64(len(stored))
		if got, err := e.restored(stored); err != nil || !bytes.Equal(got, content) {
			t.Errorf("a content whose compressed form has %d bytes more is restored as %d bytes, %v", more, len(got), err)
		}
	}
}

// A list that is cut short at any byte, or has one byte more, is refused. Cut between
// two files, it is a list of fewer files.
func TestListCutShort(t *testing.T) {
	entry := NewEntry([]byte("{}"))
	entry.At, entry.Stored, entry.Size = 300, 1, 40_000
	changes := []Change{{Name: "groups/A.json", Gone: true}, {Name: "groups/B.json", Entry: entry}, {Name: "groups/C.json", Entry: entry}}
	files := map[int]int{} // by the length of their list
	for n := range len(changes) + 1 {
		files[len(metaOf(t, changes[:n]...))] = n
	}
	text := append(metaOf(t, changes...), 0)
	for n := range len(text) + 1 {
		_, got, err := decodeMeta(text[:n], testConfig().CheckName)
		if want, isWhole := files[n]; isWhole && (err != nil || len(got) != want) || !isWhole && !errors.Is(err, errCutShort) {
			t.Errorf("%d of %d bytes: got %d files, %v", n, len(text)-1, len(got), err)
		}
	}
}

// A number in a list is at most 2^50.
func TestLargestNumber(t *testing.T) {
	for n, want := range map[string]int64{
		"\xff\xff\xff\xff\xff\xff\xff\x01": 1<<50 - 1, "\x80\x80\x80\x80\x80\x80\x80\x02": 1 << 50, "\x81\x80\x80\x80\x80\x80\x80\x02": 0, "": 0, "\x80": 0,
	} {
		r := Reader{Text: []byte(n)}
		if got := r.Number(); got != want || (r.Err == nil) != (want > 0) {
			t.Errorf("%q: got %d, %v, want %d", n, got, r.Err, want)
		}
	}
}

// A missing pack is damage once a byte of it was acknowledged.
func TestMissingPack(t *testing.T) {
	inMemory(t)
	for _, acknowledged := range []int{-1, 0, 1, 500} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "acknowledged"), fmt.Appendf(nil, `{"format":2,"pack":%d}`, acknowledged), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openIn(t, dir)
		if (err == nil) != (acknowledged <= 0) || err != nil && !strings.Contains(err.Error(), "pack is missing") {
			t.Errorf("%d bytes were acknowledged: got %v", acknowledged, err)
		}
	}
}

// The contents and the list of a record lie within the pack.
func TestRecordWithinThePack(t *testing.T) {
	inMemory(t)
	const at, room = 77, 10
	name := filepath.Join(t.TempDir(), packFile)
	for _, tt := range []struct {
		contents, meta int64
		want           bool
	}{
		{0, room - 1, true}, {0, room, true}, {0, room + 1, false}, {room - 1, 0, true}, {room, 0, true}, {room + 1, 0, false},
		{room - 4, 3, true}, {room - 3, 3, true}, {room - 2, 3, false}, {-1, 0, false}, {-1, room, false}, {-room, room, false},
		{math.MinInt64, 0, false}, {math.MaxInt64, 0, false}, {math.MaxInt64 - at - headerSize, 0, false}, {math.MaxInt64, room, false},
	} {
		r := Record{kind: revisionRecord, Line: Desired, whole: true, Number: 1, at: at, contents: tt.contents, meta: tt.meta}
		text := slices.Concat(make([]byte, at), r.encode([16]byte{1}), make([]byte, room))
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p := &Pack{file: file}
		if got, ok := p.recordAt([16]byte{1}, at, int64(len(text))); ok != tt.want || ok && got != r {
			t.Errorf("%d bytes of contents and %d of a list, with room for %d: got %+v, %t", tt.contents, tt.meta, room, got, ok)
		}
		p.Close()
	}
}

// A record behind damage is found wherever it begins, and also if the damaged header
// still begins as one.
func TestRecordBehindDamage(t *testing.T) {
	inMemory(t)
	const step = 1 << 20 // bytes that are searched at once
	for _, between := range []int{1, 3, step - 5, step - 4, step - 3, step - 1, step, step + 1, 2 * step} {
		for _, start := range []string{"", string(recordMagic)} {
			b := newBuilder()
			b.add(Record{kind: revisionRecord, Line: Desired, whole: true, Number: 1}, "", metaOf(t))
			end := len(b.text)
			b.text = append(b.text, start...)
			b.text = append(b.text, make([]byte, max(between-len(start), 0))...)
			at := len(b.text)
			b.done()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, packFile), b.text, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := openIn(t, dir); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("between the bytes %d and %d)", end, at)) {
				t.Errorf("%d damaged bytes that begin with %q: got %v", between, start, err)
			}
		}
	}
}

// A content that reaches into the list of its revision is refused with the list.
func TestContentReachesIntoTheList(t *testing.T) {
	inMemory(t)
	for more := int64(-1); more <= 1; more++ {
		b := newBuilder()
		e := NewEntry([]byte("{}"))
		e.At, e.Stored = int64(len(b.text))+headerSize, int64(len("{}\n"))+more
		b.add(Record{kind: revisionRecord, Line: Desired, whole: true, Number: 1}, "{}\n", metaOf(t, Change{Name: "groups/A.json", Entry: e}))
		b.done()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, packFile), b.text, 0o600); err != nil {
			t.Fatal(err)
		}
		p := mustOpen(t, dir)
		if _, _, err := p.Meta(p.Line(Desired).last()); (err == nil) != (more <= 0) {
			t.Errorf("a content of %d bytes more than there are: got %v", more, err)
		}
	}
}

// endingContext ends when it is asked for the nth time.
type endingContext struct {
	context.Context
	left int
}

func (c *endingContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// A call that ends while a pack is read reports that, wherever it ends.
func TestOpenOfAnEndedCall(t *testing.T) {
	inMemory(t)
	for _, done := range []bool{true, false} {
		testOpenOfAnEndedCall(t, done)
	}
}

// testOpenOfAnEndedCall reads a pack whose revision was written into the line's folder,
// or is still to be checked.
func testOpenOfAnEndedCall(t *testing.T, done bool) {
	dir := t.TempDir()
	p := mustOpen(t, dir)
	appendAll(t, p, map[string]string{"a.json": "1"})
	if done {
		if err := p.MarkDone(Desired, 1, true); err != nil {
			t.Fatal(err)
		}
	}
	name := filepath.Join(dir, packFile)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(text, "cut off"...), 0o600); err != nil {
		t.Fatal(err)
	}
	for n := range 100 {
		ctx := &endingContext{t.Context(), n}
		p, err := Open(ctx, testFolder(t, dir), nil, testConfig())
		if err == nil {
			p.Close()
		}
		if ended := ctx.left < 0; errors.Is(err, context.Canceled) != ended || !ended && err != nil {
			t.Errorf("done: %t: the call ends at step %d: %t; got %v", done, n, ended, err)
		} else if !ended {
			if n < 3 {
				t.Errorf("a call has %d steps: the test shows nothing", n)
			}
			return
		}
	}
	t.Error("no call ends well")
}

// A header names one of the two lines, and other numbers name none.
func TestLineNumbers(t *testing.T) {
	salt := [16]byte{1}
	for number, want := range map[byte]string{0: "", 1: Desired, 2: Backup, 3: "", 255: ""} {
		header := Record{kind: revisionRecord, Line: Desired, whole: true, Number: 1}.encode(salt)
		header[5] = number
		header = append(header[:headerSize-8], headerSum(header[:headerSize-8], salt, 0)...)
		r, ok := decodeRecord(header, salt, 0)
		if !ok || r.Line != want || (r.check(newState()) == nil) != (want != "") {
			t.Errorf("line number %d: got the line %q, %t, %v, want %q", number, r.Line, ok, r.check(newState()), want)
		}
	}
}

// A revision has a number from 1 to 2^30, and a list of at most 128 MiB.
func TestRecordLimits(t *testing.T) {
	for _, tt := range []struct {
		number int
		meta   int64
		want   bool
	}{
		{-1, 0, false}, {0, 0, false}, {1, 0, true}, {1<<30 - 1, 0, true}, {1 << 30, 0, true}, {1<<30 + 1, 0, false},
		{1, 128<<20 - 1, true}, {1, 128 << 20, true}, {1, 128<<20 + 1, false},
	} {
		r := Record{kind: revisionRecord, Line: Desired, whole: true, Number: tt.number, meta: tt.meta}
		if err := r.check(newState()); (err == nil) != tt.want {
			t.Errorf("number %d, a list of %d bytes: got %v", tt.number, tt.meta, err)
		}
	}
}

// A revision is found by its number in a line that does not begin with 1.
func TestNumbered(t *testing.T) {
	l := LineState{byKey: make(map[[16]byte]int)}
	for n := 5; n <= 7; n++ {
		l.add(Record{kind: revisionRecord, Number: n, whole: true})
	}
	for n, want := range map[int]bool{-1: false, 0: false, 3: false, 4: false, 5: true, 6: true, 7: true, 8: false, 9: false} {
		if r, there := l.Numbered(n); there != want || there && r.Number != n {
			t.Errorf("revision %d: got %+v, %t", n, r, there)
		}
	}
}

// The first line of a pack has at most 4096 bytes.
func TestLongestHead(t *testing.T) {
	inMemory(t)
	for _, size := range []int{4095, 4096, 4097} {
		begin := `{"format":2,"salt":"` + strings.Repeat("07", 16) + `"`
		text := begin + strings.Repeat(" ", size-len(begin)-2) + "}\n"
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, packFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openIn(t, dir); len(text) != size || (err == nil) != (size <= 4096) {
			t.Errorf("a first line of %d bytes, want %d: got %v", len(text), size, err)
		}
	}
}

// The bytes of a header are a stored format.
func TestHeaderBytes(t *testing.T) {
	var salt [16]byte
	for i := range salt {
		salt[i] = byte(i)
	}
	for _, tt := range []struct {
		r    Record
		want string
	}{
		{Record{kind: revisionRecord, Line: Desired, Edited: true, whole: true, Number: 0x01020304, at: 77, contents: 0x0102030405, meta: 0x060708,
			Boot: Boot{0xb0}, key: [16]byte{0xe1}, digest: Digest{0xd1}, metaSum: [16]byte{0xa1}}, "" +
			"00545302" + "01010300" + "01020304" + "00060708" + "0000000102030405" + "b0000000000000000000000000000000" +
			"e1000000000000000000000000000000" + "d1000000000000000000000000000000" + "a1000000000000000000000000000000" + "f5f25b6d3195f836"},
		{Record{kind: doneRecord, Line: Backup, together: true, Number: 1}, "" +
			"00545302" + "02020400" + "00000001" + "00000000" + "0000000000000000" + strings.Repeat("00", 64) + "599767a79fee4f3f"},
	} {
		if got := hex.EncodeToString(tt.r.encode(salt)); got != tt.want {
			t.Errorf("%+v: got\n%s, want\n%s", tt.r, got, tt.want)
		}
	}
}
