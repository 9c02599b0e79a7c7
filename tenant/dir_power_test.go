package tenant

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/folder"
	"github.com/tenantsync/tenantsync/internal/pack"
)

// forgetfulDisk stands for a disk below a repository's folder whose machine can
// lose power: it knows what was synced, and makes of the folder one that the
// machine may find after a power cut. What was not synced is there, is not, or
// is there in part, each file and each name for itself.
type forgetfulDisk struct {
	t    testing.TB
	root string
	// files are all that were seen, by the file system's number, held open so
	// that no number is used twice.
	files map[uint64]*os.File
	// content is what was synced of files, names what was synced of folders.
	content map[uint64][]byte
	names   map[uint64]map[string]uint64
	last    func() // takes note of the act that was asked for last
}

func newForgetfulDisk(t testing.TB, root string) *forgetfulDisk {
	d := &forgetfulDisk{t: t, root: root, files: make(map[uint64]*os.File), content: make(map[uint64][]byte), names: make(map[uint64]map[string]uint64)}
	t.Cleanup(func() {
		for _, f := range d.files {
			f.Close()
		}
	})
	d.syncAll()
	return d
}

func (d *forgetfulDisk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// look notes all files below a folder, and returns their numbers by path.
func (d *forgetfulDisk) look() map[string]uint64 {
	d.t.Helper()
	numbers := make(map[string]uint64)
	d.must(filepath.WalkDir(d.root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(name)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		number, _ := folder.Inode(info)
		if d.files[number] == nil {
			d.files[number] = f
		} else {
			f.Close()
		}
		rel, err := filepath.Rel(d.root, name)
		numbers[rel] = number
		return err
	}))
	return numbers
}

func (d *forgetfulDisk) isDir(number uint64) bool {
	info, err := d.files[number].Stat()
	d.must(err)
	return info.IsDir()
}

func (d *forgetfulDisk) now(number uint64) []byte {
	info, err := d.files[number].Stat()
	d.must(err)
	text := make([]byte, info.Size())
	if _, err := d.files[number].ReadAt(text, 0); len(text) > 0 {
		d.must(err)
	}
	return text
}

// children are the names in a folder that is there.
func children(numbers map[string]uint64, folder string) map[string]uint64 {
	names := make(map[string]uint64)
	for name, number := range numbers {
		if name != "." && filepath.Dir(name) == folder {
			names[filepath.Base(name)] = number
		}
	}
	return names
}

func (d *forgetfulDisk) syncAll() {
	numbers := d.look()
	for name := range numbers {
		d.sync(numbers, name)
	}
}

func (d *forgetfulDisk) sync(numbers map[string]uint64, name string) {
	number, there := numbers[name]
	if !there {
		return
	}
	if d.isDir(number) {
		d.names[number] = children(numbers, name)
	} else {
		d.content[number] = d.now(number)
	}
}

// before is told of each act before it is done.
func (d *forgetfulDisk) before(act, name string) {
	numbers := d.look()
	if d.last != nil {
		d.last()
	}
	d.last = nil
	switch act {
	case "sync":
		// Nothing else happens until the next act: as it is now, it is synced then.
		d.last = func() { d.sync(numbers, filepath.FromSlash(name)) }
	case "sync all":
		d.last = d.syncAll
	}
}

// done is told that no act follows.
func (d *forgetfulDisk) done() {
	d.look()
	if d.last != nil {
		d.last()
	}
	d.last = nil
}

// afterCut makes a folder as a machine finds it that has lost power.
func (d *forgetfulDisk) afterCut(r *rand.Rand, choose func(r *rand.Rand) int) string {
	numbers := d.look()
	paths := make(map[uint64]string)
	for name, number := range numbers {
		paths[number] = name
	}
	root := d.t.TempDir()
	var restore func(number uint64, target string)
	restore = func(number uint64, target string) {
		if !d.isDir(number) {
			d.must(os.WriteFile(target, d.lose(r, choose, number), 0o600))
			return
		}
		d.must(os.MkdirAll(target, 0o700))
		synced, now := d.names[number], map[string]uint64{}
		if name, there := paths[number]; there {
			now = children(numbers, name)
		}
		all := maps.Clone(now)
		maps.Copy(all, synced)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			from := synced
			if choose(r) > 0 {
				from = now
			}
			if child, there := from[name]; there {
				restore(child, filepath.Join(target, name))
			}
		}
	}
	restore(numbers["."], root)
	return root
}

// lose returns what may be left of a file.
func (d *forgetfulDisk) lose(r *rand.Rand, choose func(r *rand.Rand) int, number uint64) []byte {
	synced, now := d.content[number], d.now(number)
	switch choose(r) {
	case 0:
		return synced
	case 1:
		return now
	}
	// A part of what was appended or written, with sectors that are empty.
	from := 0
	if strings.HasPrefix(string(now), string(synced)) {
		from = len(synced)
	}
	left := slices.Clone(now)
	if r.IntN(2) == 0 {
		left = left[:from+r.IntN(len(now)-from+1)]
	}
	for at := from; at < len(left); at += 512 {
		if r.IntN(3) == 0 {
			clear(left[at:min(at+512, len(left))])
		}
	}
	return left
}

// cutChoices say what of the things that were not synced is there after a power
// cut: nothing of them (0), all (1), or some of them (2: in part).
var cutChoices = []func(r *rand.Rand) int{
	func(*rand.Rand) int { return 0 },
	func(*rand.Rand) int { return 1 },
	func(r *rand.Rand) int { return r.IntN(2) },
	func(r *rand.Rand) int { return r.IntN(3) },
	func(r *rand.Rand) int { return 1 + r.IntN(2) },
	func(r *rand.Rand) int { return r.IntN(3) },
}

// powerWrite is a write that the power cuts off.
type powerWrite struct {
	name string
	// prepare makes the repository that it is made in.
	prepare func(t *testing.T, d *DirRepository, root string)
	write   func(t *testing.T, d *DirRepository) (Revision, error)
	// before and after are the contents of the desired line and of the backup
	// line, by "line/kind/key"; edited says that the desired line has a state
	// before that people made.
	before, after map[string]string
	edited        bool
}

func snapshotOf(n int, keys ...string) Snapshot {
	s := Snapshot{Kinds: []KindState{{Kind: "groups", Completeness: Complete}}}
	for _, key := range keys {
		s.Resources = append(s.Resources, Resource{Kind: "groups", Key: key, Body: json.RawMessage(body(n))})
	}
	return s
}

// long is a body of several sectors.
func long(n int) string {
	return fmt.Sprintf("{\n  \"n\": %d,\n  \"text\": %q\n}\n", n, strings.Repeat(fmt.Sprint(n), 3000))
}

func updateHead(t *testing.T, d *DirRepository, changes ...Change) (Revision, error) {
	head, err := d.Desired(t.Context(), DesiredRequest{Tenant: "contoso"})
	if err != nil {
		return Revision{}, err
	}
	return d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "power", Parent: head.Revision, Changes: changes})
}

func powerWrites() []powerWrite {
	prepared := func(t *testing.T, d *DirRepository, root string) {
		prepare(t, d, root)
		if _, err := d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "one", Snapshot: snapshotOf(1, "A", "B", "C")}); err != nil {
			t.Fatal(err)
		}
	}
	nothing := func(*testing.T, *DirRepository, string) {}
	desired := map[string]string{"desired/groups/A": body(1), "desired/groups/B": body(1), "desired/groups/C": body(1), "desired/groups/edited": body(9)}
	backup := map[string]string{"backup/groups/A": body(1), "backup/groups/B": body(1), "backup/groups/C": body(1)}
	both := func(desired, backup map[string]string) map[string]string {
		all := maps.Clone(desired)
		maps.Copy(all, backup)
		return all
	}
	var many []Change
	manyAfter := make(map[string]string)
	for i := range folder.MaxSyncs + 1 {
		key := fmt.Sprint("group ", i)
		many = append(many, Change{Kind: "groups", Key: key, Body: json.RawMessage(long(i))})
		manyAfter["desired/groups/"+key] = long(i)
	}
	backUpFrom := func(t *testing.T, d *DirRepository, whole bool) (Revision, error) {
		req := BackupRequest{Tenant: "contoso", Key: "power", Snapshot: snapshotOf(2, "B", "D")}
		req.Snapshot.Resources = append(req.Snapshot.Resources, Resource{Kind: "groups", Key: "C", Body: json.RawMessage(body(1))})
		if !whole {
			h, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine})
			if err != nil {
				return Revision{}, err
			}
			req.Parent = h[len(h)-1].ID
			req.Snapshot.Resources = req.Snapshot.Resources[:2]
			req.Removed = []ResourceName{{"groups", "A"}}
		}
		return d.Backup(t.Context(), req)
	}
	backupAfter := map[string]string{"backup/groups/B": body(2), "backup/groups/C": body(1), "backup/groups/D": body(2)}
	return []powerWrite{
		{
			name: "an update on an edited state", prepare: prepared, edited: true, before: both(desired, backup),
			after: both(map[string]string{"desired/groups/A": body(2), "desired/groups/C": body(1), "desired/groups/edited": body(9), "desired/policies/D": long(2)}, backup),
			write: func(t *testing.T, d *DirRepository) (Revision, error) {
				return updateHead(t, d, changeTo("groups", "A", 2), Change{Kind: "groups", Key: "B"}, Change{Kind: "policies", Key: "D", Body: json.RawMessage(long(2))})
			},
		},
		{
			name: "an update that removes", prepare: prepared, edited: true, before: both(desired, backup),
			after: both(map[string]string{"desired/groups/A": body(1), "desired/groups/C": body(1), "desired/groups/edited": body(9)}, backup),
			write: func(t *testing.T, d *DirRepository) (Revision, error) {
				return updateHead(t, d, Change{Kind: "groups", Key: "B"})
			},
		},
		{
			name: "the first update, of many files", prepare: nothing, before: map[string]string{}, after: manyAfter,
			write: func(t *testing.T, d *DirRepository) (Revision, error) {
				return d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "power", Parent: emptyRevision, Changes: many})
			},
		},
		{
			name: "the first backup", prepare: nothing, before: map[string]string{}, after: backup,
			write: func(t *testing.T, d *DirRepository) (Revision, error) {
				return d.Backup(t.Context(), BackupRequest{Tenant: "contoso", Key: "power", Snapshot: snapshotOf(1, "A", "B", "C")})
			},
		},
		{
			name: "a whole backup", prepare: prepared, edited: true, before: both(desired, backup), after: both(desired, backupAfter),
			write: func(t *testing.T, d *DirRepository) (Revision, error) { return backUpFrom(t, d, true) },
		},
		{
			name: "a delta", prepare: prepared, edited: true, before: both(desired, backup), after: both(desired, backupAfter),
			write: func(t *testing.T, d *DirRepository) (Revision, error) { return backUpFrom(t, d, false) },
		},
		{
			name: "the first write on format 1", edited: true,
			prepare: func(t *testing.T, d *DirRepository, root string) {
				if err := os.CopyFS(root, os.DirFS(filepath.Join("testdata", "v1", "dir", "interrupted"))); err != nil {
					t.Fatal(err)
				}
			},
			before: map[string]string{"desired/groups/CON: a/b": body(2), "desired/groups/By hand": body(7)},
			after:  map[string]string{"desired/groups/CON: a/b": body(2), "desired/groups/By hand": body(7), "desired/groups/A": body(2)},
			write: func(t *testing.T, d *DirRepository) (Revision, error) {
				return updateHead(t, d, changeTo("groups", "A", 2))
			},
		},
	}
}

// bothLines returns the bodies of both lines.
func bothLines(t *testing.T, d *DirRepository) (map[string]string, string) {
	t.Helper()
	all := make(map[string]string)
	for name, content := range contents(t, d) {
		all["desired/"+name] = content
	}
	head := headOf(t, d)
	s, err := d.Snapshot(t.Context(), SnapshotRequest{Tenant: "contoso"})
	if errors.Is(err, ErrNoRevision) {
		return all, head
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.Resources {
		content, err := formatFile(r.Key, r.Body)
		if err != nil {
			t.Fatal(err)
		}
		all["backup/"+r.Kind+"/"+r.Key] = string(content)
	}
	return all, head
}

// stopAfter makes a write whose process dies after n acts. done reports that the write
// had ended before. disk knows which of the acts are on the disk.
func (w powerWrite) stopAfter(t *testing.T, n int) (root string, disk *forgetfulDisk, first Revision, done bool) {
	t.Helper()
	root = t.TempDir()
	d := newDir(t, root)
	w.prepare(t, d, root)
	disk = newForgetfulDisk(t, root)
	count := 0
	d.step = func(act, name string) error {
		if count++; count > n {
			return errCrash
		}
		disk.before(act, name)
		return nil
	}
	first, err := w.write(t, d)
	if err != nil && !errors.Is(err, errCrash) {
		t.Fatal(err)
	}
	disk.done() // the act that failed was not done, and those before it were
	d.step = nil
	return root, disk, first, err == nil
}

// The power goes at every write and sync of a write, and what was not synced is
// lost in whole, in part or not at all. Nothing that was acknowledged is lost, no
// edit is made up or lost, and the write can be repeated.
func TestPowerCuts(t *testing.T) {
	inMemory(t)
	for _, w := range powerWrites() {
		t.Run(w.name, func(t *testing.T) {
			cuts := 0
			for n, done := 0, false; !done; n++ {
				for sample, choose := range cutChoices {
					_, disk, first, written := w.stopAfter(t, n)
					done = written
					found := disk.afterCut(rand.New(rand.NewPCG(uint64(n), uint64(sample))), choose)
					cuts++
					checkAfterCut(t, fmt.Sprintf("after %d acts, sample %d", n, sample), w, found, first, done)
					if t.Failed() {
						return
					}
				}
			}
			if cuts < 10*len(cutChoices) {
				t.Errorf("the power was cut %d times: the test shows nothing", cuts)
			}
		})
	}
}

func checkAfterCut(t *testing.T, about string, w powerWrite, root string, first Revision, done bool) {
	t.Helper()
	d := newDir(t, root)
	defer d.Close()
	d.boot = pack.Boot{99}
	got, head := bothLines(t, d)
	isAfter, isBefore := maps.Equal(got, w.after), maps.Equal(got, w.before)
	if !isAfter && (done || !isBefore) {
		t.Errorf("%s: there is %q, want %q", about, got, w.after)
	}
	isUpdate := strings.Contains(w.name, "update") || strings.Contains(w.name, "write")
	if strings.Contains(head, "+") && (!w.edited || isUpdate && isAfter && !isBefore) {
		t.Errorf("%s: an edit was made up: the head is %s", about, head)
	}
	if done && isUpdate && head != first.ID {
		t.Errorf("%s: the head is %s, want %s", about, head, first.ID)
	}
	again, err := w.write(t, d)
	if err != nil || done && again.ID != first.ID {
		t.Errorf("%s: the repetition is %+v, %v, want %+v", about, again, err, first)
	}
	if got, _ := bothLines(t, d); !maps.Equal(got, w.after) {
		t.Errorf("%s: after the repetition there is %q, want %q", about, got, w.after)
	}
	// The next writes of both lines succeed, and people see the backup as it is.
	if _, err := d.Update(t.Context(), UpdateRequest{Tenant: "contoso", Key: "next", Parent: headOf(t, d), Changes: []Change{changeTo("groups", "N", 1)}}); err != nil {
		t.Errorf("%s: the next update: %v", about, err)
	}
	next := BackupRequest{Tenant: "contoso", Key: "next", Snapshot: Snapshot{Kinds: []KindState{{Kind: "other", Completeness: Complete}}}}
	if h, err := d.History(t.Context(), RepositoryHistoryRequest{Tenant: "contoso", Line: BackupLine}); err == nil && len(h) > 0 {
		next.Parent = h[0].ID
	}
	if _, err := d.Backup(t.Context(), next); err != nil {
		t.Errorf("%s: the next backup: %v", about, err)
	}
	want := make(map[string]string)
	for name, content := range w.after {
		if file, isBackup := strings.CutPrefix(name, "backup/"); isBackup {
			want[file+".json"] = content
		}
	}
	files := filesOf(t, filepath.Join(root, "contoso", "backup"))
	delete(files, "snapshot.json")
	if !maps.Equal(files, want) {
		t.Errorf("%s: people see the backup %q, want %q", about, files, want)
	}
}

// A process dies, the next one completes its write, and then the power goes: what
// was completed stays.
func TestPowerCutAfterCompletion(t *testing.T) {
	inMemory(t)
	for _, w := range powerWrites() {
		for n, done := 0, false; !done; n++ {
			root, disk, _, written := w.stopAfter(t, n)
			done = written
			next := newDir(t, root)
			next.step = func(act, name string) error {
				disk.before(act, name)
				return nil
			}
			completed, _ := bothLines(t, next)
			disk.done()
			found := newDir(t, disk.afterCut(rand.New(rand.NewPCG(1, 1)), cutChoices[0]))
			found.boot = pack.Boot{99}
			// Before a write is decided, nothing of it need be there.
			if got, _ := bothLines(t, found); maps.Equal(completed, w.after) && !maps.Equal(got, w.after) {
				t.Errorf("%s, after %d acts: there is %q, and before the power cut there was %q", w.name, n, got, completed)
			}
		}
	}
}

// What a person does to the files of an update, once it has returned, is no lost
// write.
func TestPowerCutAfterEdits(t *testing.T) {
	inMemory(t)
	for what, edit := range map[string]func(file string) error{
		"deleted":  os.Remove,
		"emptied":  func(file string) error { return os.WriteFile(file, nil, 0o600) },
		"reverted": func(file string) error { return os.WriteFile(file, []byte(body(1)), 0o600) },
	} {
		root := t.TempDir()
		d := newDir(t, root)
		prepare(t, d, root)
		disk := newForgetfulDisk(t, root)
		d.step = func(act, name string) error {
			disk.before(act, name)
			return nil
		}
		if _, err := updateHead(t, d, changeTo("groups", "A", 2), changeTo("groups", "B", 2)); err != nil {
			t.Fatal(err)
		}
		disk.done()
		name := filepath.Join("contoso", "desired", "groups", "A.json")
		if err := edit(filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
		numbers := disk.look()
		disk.sync(numbers, filepath.Dir(name))
		disk.sync(numbers, name)
		want, err := os.ReadFile(filepath.Join(root, name))
		found := disk.afterCut(rand.New(rand.NewPCG(1, 1)), cutChoices[0])
		after := newDir(t, found)
		after.boot = pack.Boot{99}
		headOf(t, after)
		got, gotErr := os.ReadFile(filepath.Join(found, name))
		if string(got) != string(want) || errors.Is(err, fs.ErrNotExist) != errors.Is(gotErr, fs.ErrNotExist) {
			t.Errorf("a file was %s: after the power cut it is %q, %v, want %q, %v", what, got, gotErr, want, err)
		}
	}
}

func TestWasLost(t *testing.T) {
	content := []byte(long(7))
	holes := slices.Clone(content)
	clear(holes[512:1024])
	all := make([]byte, len(content))
	edited := slices.Clone(content)
	edited[700] = 'x'
	for what, tt := range map[string]struct {
		now   []byte
		state fileState
		want  bool
	}{
		"missing":                  {nil, fileAbsent, true},
		"something else":           {nil, fileOther, false},
		"empty":                    {nil, fileThere, true},
		"a part":                   {content[:700], fileThere, true},
		"a part with a hole":       {holes[:1500], fileThere, true},
		"all but a hole":           {holes, fileThere, true},
		"a hole":                   {all, fileThere, true},
		"a byte more":              {append(slices.Clone(content), '\n'), fileThere, false},
		"zeros and a byte more":    {append(slices.Clone(all), 0), fileThere, false},
		"an edit":                  {edited, fileThere, false},
		"an edit of the last byte": {append(slices.Clone(content[:len(content)-1]), ' '), fileThere, false},
	} {
		if got := wasLost(tt.now, tt.state, content); got != tt.want {
			t.Errorf("a file that is %s was lost: got %t, want %t", what, got, tt.want)
		}
	}
}
