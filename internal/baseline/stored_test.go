package baseline_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// blobs are a tenant's blobs in memory.
type blobs struct {
	data map[string][]byte // by hash
	puts []int             // their sizes
}

func newBlobs() *blobs { return &blobs{data: map[string][]byte{}} }

func (b *blobs) get(_ context.Context, ref state.BlobRef) ([]byte, error) {
	if ref.Tenant != "contoso" || ref.Kind != baseline.Kind {
		return nil, fmt.Errorf("asked for %+v", ref)
	}
	data, ok := b.data[ref.SHA256]
	if !ok {
		return nil, state.ErrNotFound
	}
	return data, nil
}

func (b *blobs) put(_ context.Context, data []byte) (*state.BlobRef, error) {
	ref := state.PutRequest{Tenant: "contoso", Run: fmt.Sprint("run-", len(b.puts)), Kind: baseline.Kind, Data: data}.Ref()
	b.data[ref.SHA256] = bytes.Clone(data)
	b.puts = append(b.puts, len(data))
	return &ref, nil
}

func (b *blobs) load(t interface{ Fatal(...any) }, root *baseline.Root) *baseline.Stored {
	s, err := baseline.Load(context.Background(), *root, "contoso", b.get)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// object returns an object of about 300 bytes.
func object(n, version int) *diff.BaseObject {
	return &diff.BaseObject{Kind: "policies", Key: fmt.Sprintf("P%05d", n), ID: fmt.Sprint("id-", n), BackupSum: fmt.Sprint("sum-", version),
		Body: json.RawMessage(fmt.Sprintf(`{"text":%q}`, strings.Repeat(fmt.Sprint(version%10), 200)))}
}

func baseOf(n int) *diff.Base {
	b := &diff.Base{Format: format.FormatVersion, Backup: "backup-1"}
	for i := range n {
		b.Objects = append(b.Objects, object(i, 0))
	}
	return b
}

// A base is read as it was saved, whatever objects stay, go, come and change from
// one save to the next, and the pages stay few.
func TestBasesAreReadAsSaved(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store, stored, root := newBlobs(), baseline.Unstored(nil), (*baseline.Root)(nil)
		now := map[int]*diff.BaseObject{}
		for save := range rapid.IntRange(1, 12).Draw(t, "saves") {
			for range rapid.IntRange(0, 8).Draw(t, "changes") {
				n := rapid.IntRange(0, 20).Draw(t, "object")
				if rapid.Bool().Draw(t, "goes") {
					delete(now, n)
				} else {
					now[n] = object(n, rapid.IntRange(0, 3).Draw(t, "version"))
				}
			}
			base := &diff.Base{Format: format.FormatVersion, Backup: fmt.Sprint("backup-", save)}
			for _, o := range now { // in any order
				base.Objects = append(base.Objects, o)
			}
			for range rapid.IntRange(0, 3).Draw(t, "unbound") {
				base.Unbound = append(base.Unbound, plan.Target{Kind: "groups", Key: rapid.StringMatching(`[a-c]`).Draw(t, "key")})
			}
			var err error
			if root, err = stored.Save(context.Background(), base, store.put); err != nil {
				t.Fatal(err)
			}
			if len(root.Pages) > baseline.MaxPages {
				t.Fatalf("%d pages, want at most %d", len(root.Pages), baseline.MaxPages)
			}
			stored = store.load(t, root)
			slices.SortFunc(base.Objects, func(a, b *diff.BaseObject) int { return strings.Compare(a.Key, b.Key) })
			if len(base.Objects) == 0 {
				base.Objects = []*diff.BaseObject{}
			}
			if d := cmp.Diff(base, stored.Base); d != "" {
				t.Fatalf("save %d (-saved +read)\n%s", save, d)
			}
		}
	})
}

// A save writes what has changed, and nothing if nothing has. Neither another
// revision of the backup nor objects at other addresses are a change.
func TestSaveWritesChanges(t *testing.T) {
	store := newBlobs()
	root, err := baseline.Unstored(nil).Save(t.Context(), baseOf(1000), store.put)
	if err != nil || len(store.puts) != 1 || store.puts[0] < 1000*200 {
		t.Fatalf("the first save: puts %v, %v", store.puts, err)
	}
	for _, tt := range []struct {
		name   string
		change func(*diff.Base)
		puts   int
		bytes  int // at most
	}{
		{"nothing", func(*diff.Base) {}, 0, 0},
		{"another backup", func(b *diff.Base) { b.Backup = "backup-2" }, 0, 0},
		{"equal objects", func(b *diff.Base) { b.Objects = baseOf(1000).Objects }, 0, 0},
		{"one changed", func(b *diff.Base) { b.Objects[500] = object(500, 1) }, 1, 400},
		{"one gone, one come", func(b *diff.Base) { b.Objects = append(b.Objects[1:], object(5000, 0)) }, 1, 500},
		{"ten changed", func(b *diff.Base) {
			for i := range 10 {
				b.Objects[i*99] = object(i*99, 1)
			}
		}, 1, 3500},
		{"an unbound object", func(b *diff.Base) { b.Unbound = []plan.Target{{Kind: "groups", Key: "A"}} }, 1, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			stored := store.load(t, root)
			base := *stored.Base
			base.Objects = slices.Clone(base.Objects)
			tt.change(&base)
			store.puts = nil
			next, err := stored.Save(t.Context(), &base, store.put)
			total := 0
			for _, n := range store.puts {
				total += n
			}
			if err != nil || len(store.puts) != tt.puts || total > tt.bytes {
				t.Errorf("puts %v, %v; want %d of at most %d bytes", store.puts, err, tt.puts, tt.bytes)
			}
			if next.Backup != base.Backup || tt.puts == 0 && !slices.Equal(next.Pages, root.Pages) {
				t.Errorf("got %+v", next)
			}
		})
	}
}

// The list of unbound objects is stored again only if it has changed.
func TestUnboundObjectsAreStoredOnce(t *testing.T) {
	store, stored, base := newBlobs(), baseline.Unstored(nil), baseOf(1)
	for i, tt := range []struct {
		unbound []plan.Target
		puts    int
	}{
		{[]plan.Target{{Kind: "groups", Key: "A"}}, 2}, // with the first page
		{[]plan.Target{{Kind: "groups", Key: "A"}}, 0},
		{[]plan.Target{{Kind: "groups", Key: "B"}}, 1},
		{nil, 0},
	} {
		store.puts, base.Unbound = nil, tt.unbound
		root, err := stored.Save(t.Context(), base, store.put)
		if err != nil || len(store.puts) != tt.puts {
			t.Fatalf("save %d: puts %v, %v, want %d", i, store.puts, err, tt.puts)
		}
		if stored = store.load(t, root); !slices.Equal(stored.Base.Unbound, tt.unbound) {
			t.Errorf("save %d: got %v, want %v", i, stored.Base.Unbound, tt.unbound)
		}
	}
}

// A stored base is the one of its own root alone.
func TestIs(t *testing.T) {
	store := newBlobs()
	root, err := baseline.Unstored(nil).Save(t.Context(), baseOf(1), store.put)
	if err != nil {
		t.Fatal(err)
	}
	other := *root
	other.Backup = "another"
	none, stored := (*baseline.Stored)(nil), store.load(t, root)
	if !stored.Is(root) || stored.Is(&other) || stored.Is(nil) || none.Is(root) || none.Is(nil) {
		t.Errorf("its root: %t, another root: %t, no root: %t, no base: %t and %t", stored.Is(root), stored.Is(&other), stored.Is(nil), none.Is(root), none.Is(nil))
	}
}

// A page that replaces all others is what a first save writes: it does not list
// what is gone.
func TestSaveOfManyChangesIsAFirstSave(t *testing.T) {
	store := newBlobs()
	root, err := baseline.Unstored(nil).Save(t.Context(), baseOf(1000), store.put)
	if err != nil {
		t.Fatal(err)
	}
	stored, changed := store.load(t, root), baseOf(500)
	for i := range changed.Objects {
		changed.Objects[i] = object(i, 1)
	}
	next, err := stored.Save(t.Context(), changed, store.put)
	if err != nil {
		t.Fatal(err)
	}
	first, err := baseline.Unstored(nil).Save(t.Context(), changed, store.put)
	if err != nil || len(next.Pages) != 1 || next.Pages[0].SHA256 != first.Pages[0].SHA256 {
		t.Errorf("got %+v, %v, want the content of %+v", next, err, first)
	}
}

// OfRecord reads a base in pages and one in a blob, and tells a record without
// one from a base that cannot be read.
func TestOfRecord(t *testing.T) {
	store := state.NewMemory()
	put := func(data []byte) *state.BlobRef {
		ref, err := store.Put(t.Context(), state.PutRequest{Tenant: "contoso", Run: "run", Kind: baseline.Kind, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		return &ref
	}
	want := baseOf(3)
	root, err := baseline.Unstored(nil).Save(t.Context(), want, func(_ context.Context, data []byte) (*state.BlobRef, error) { return put(data), nil })
	if err != nil {
		t.Fatal(err)
	}
	blob, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	absent := *root
	absent.Pages = []baseline.Page{{Run: "run", SHA256: strings.Repeat("0", 64), Size: 7}}
	for _, tt := range []struct {
		name string
		data any
		want *diff.Base
		err  string
	}{
		{"no base", struct{}{}, nil, ""},
		{"pages", map[string]any{"pages": root}, want, ""},
		{"one blob", map[string]any{"base": put(blob)}, want, ""},
		{"a record that is damaged", []int{1}, nil, "base of contoso"},
		{"a page that is lost", map[string]any{"pages": absent}, nil, "not found"},
		{"a blob that is lost", map[string]any{"base": state.BlobRef{Tenant: "contoso", Run: "run", Kind: baseline.Kind, SHA256: absent.Pages[0].SHA256}}, nil, "not found"},
	} {
		data, err := json.Marshal(tt.data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := baseline.OfRecord(t.Context(), store, state.Record{Tenant: "contoso", Data: data})
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got the error %v, want %q", tt.name, err, tt.err)
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, d)
		}
	}
}

// Many small changes rewrite an object seldom.
func TestSmallChangesAreNotRewrittenOften(t *testing.T) {
	store := newBlobs()
	base := baseOf(1000)
	root, err := baseline.Unstored(nil).Save(t.Context(), base, store.put)
	if err != nil {
		t.Fatal(err)
	}
	store.puts = nil
	const saves = 100
	for n := range saves {
		stored := store.load(t, root)
		b := *stored.Base
		b.Objects = slices.Clone(b.Objects)
		b.Objects[n*9%1000] = object(n*9%1000, n+1)
		if root, err = stored.Save(t.Context(), &b, store.put); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for _, n := range store.puts {
		total += n
	}
	if per := total / saves; per > 30*350 { // the whole base would be 1000 × 300
		t.Errorf("a save of one changed object wrote %d bytes on average, want at most those of 30 objects", per)
	}
}

// A base has at most four pages, and each is at least four times as large as the
// page after it: a save replaces the pages that would be smaller.
func TestPagesOfABase(t *testing.T) {
	t.Run("four", func(t *testing.T) {
		store, stored, base := newBlobs(), baseline.Unstored(nil), baseOf(2000)
		var pages []int
		for save, changed := range []int{0, 300, 45, 6, 1, 1} {
			for i := range changed {
				base.Objects[100*save+i] = object(100*save+i, save)
			}
			root, err := stored.Save(t.Context(), base, store.put)
			if err != nil {
				t.Fatal(err)
			}
			stored, pages = store.load(t, root), append(pages, len(root.Pages))
		}
		if d := cmp.Diff([]int{1, 2, 3, 4, 4, 4}, pages); d != "" {
			t.Errorf("the number of pages after each save (-want +got)\n%s", d)
		}
	})
	for beyond, want := range map[int]int{-1: 1, 0: 2, 1: 2} {
		t.Run(fmt.Sprint("four times as large and ", beyond), func(t *testing.T) {
			filled := func(size int) *diff.Base {
				b := baseOf(2)
				b.Objects[0].Body = json.RawMessage(fmt.Sprintf(`{"text":%q}`, strings.Repeat("x", size)))
				return b
			}
			// The sizes of a page with the change, and of a first page.
			store := newBlobs()
			for _, b := range []*diff.Base{{Objects: []*diff.BaseObject{object(1, 1)}}, filled(0)} {
				if _, err := baseline.Unstored(nil).Save(t.Context(), b, store.put); err != nil {
					t.Fatal(err)
				}
			}
			size := 4*store.puts[0] + beyond
			base := filled(size - store.puts[1])
			root, err := baseline.Unstored(nil).Save(t.Context(), base, store.put)
			if err != nil || root.Pages[0].Size != int64(size) {
				t.Fatalf("got %+v, %v, want a page of %d bytes", root, err, size)
			}
			stored := store.load(t, root)
			base.Objects[1] = object(1, 1)
			if root, err = stored.Save(t.Context(), base, store.put); err != nil || len(root.Pages) != want {
				t.Errorf("got %+v, %v, want %d pages", root, err, want)
			}
		})
	}
}

// Save does not change its base, and a base with an object twice is refused.
func TestSaveRefusesDuplicates(t *testing.T) {
	store := newBlobs()
	b := &diff.Base{Objects: []*diff.BaseObject{object(2, 0), object(1, 0)}}
	if _, err := baseline.Unstored(nil).Save(t.Context(), b, store.put); err != nil || b.Objects[0].Key != "P00002" {
		t.Errorf("got %v, first %s", err, b.Objects[0].Key)
	}
	root, err := baseline.Unstored(nil).Save(t.Context(), b, store.put)
	if err != nil {
		t.Fatal(err)
	}
	stored := store.load(t, root)
	b.Objects = append(b.Objects, object(1, 1))
	if _, err := stored.Save(t.Context(), b, store.put); err == nil || !strings.Contains(err.Error(), "policies/P00001") {
		t.Errorf("beside an object that is stored: got %v, want the duplicate named", err)
	}
	if _, err := baseline.Unstored(nil).Save(t.Context(), b, store.put); err == nil || !strings.Contains(err.Error(), "policies/P00001") {
		t.Errorf("got %v, want the duplicate named", err)
	}
	// Also if one of the two is stored already, in a page that is not written again.
	root, err = baseline.Unstored(nil).Save(t.Context(), baseOf(1000), store.put)
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []*diff.BaseObject{object(1, 1), object(1, 0)} {
		b := baseOf(1000)
		b.Objects = append(b.Objects, other)
		if _, err := store.load(t, root).Save(t.Context(), b, store.put); err == nil || !strings.Contains(err.Error(), "policies/P00001") {
			t.Errorf("%s beside a large base: got %v, want the duplicate named", other.BackupSum, err)
		}
	}
}

// What cannot be read is an error, and never an empty base.
func TestDamagedPages(t *testing.T) {
	errAway := errors.New("away")
	for _, tt := range []struct {
		name, page string
		newer      bool
	}{
		{"no JSON", `{"format":2,`, false},
		{"cut in the middle", `{"format":2,"objects":[{"kind":"a"`, false},
		{"no format", `{"objects":[]}`, false},
		{"a whole base of the former form", `{"format":1,"objects":[]}`, false},
		{"a newer format", `{"format":3,"objects":7}`, true},
		{"a newer format that is not first", `{"objects":7,"format":3}`, true},
		{"an unknown field", `{"format":2,"more":1}`, false},
		{"an object twice", `{"format":2,"objects":[{"kind":"a","key":"b"},{"kind":"a","key":"b"}]}`, false},
		{"out of order", `{"format":2,"objects":[{"kind":"b","key":"b"},{"kind":"a","key":"b"}]}`, false},
		{"null", `{"format":2,"objects":[null]}`, false},
		{"a name twice", `{"format":2,"objects":[],"objects":[]}`, false},
		{"removed twice", `{"format":2,"removed":[{"kind":"a","key":"b"},{"kind":"a","key":"b"}]}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := baseline.Load(t.Context(), baseline.Root{Pages: []baseline.Page{{SHA256: "x"}}}, "contoso",
				func(context.Context, state.BlobRef) ([]byte, error) { return []byte(tt.page), nil })
			if s != nil || err == nil || failure.IsNewer(err) != tt.newer {
				t.Errorf("got %+v, %v", s, err)
			}
		})
	}
	for _, root := range []baseline.Root{{Pages: []baseline.Page{{SHA256: "x"}}}, {Unbound: &baseline.Page{SHA256: "x"}}} {
		s, err := baseline.Load(t.Context(), root, "contoso", func(context.Context, state.BlobRef) ([]byte, error) { return nil, errAway })
		if s != nil || !errors.Is(err, errAway) {
			t.Errorf("a store that is away: got %+v, %v", s, err)
		}
	}
	away := func(context.Context, []byte) (*state.BlobRef, error) { return nil, errAway }
	for _, b := range []*diff.Base{baseOf(1), {Unbound: []plan.Target{{Kind: "groups"}}}} {
		if root, err := baseline.Unstored(nil).Save(t.Context(), b, away); root != nil && err == nil || !errors.Is(err, errAway) {
			t.Errorf("a store that is away: saved %+v, %v", root, err)
		}
	}
}

// A root names each of its blobs, and two roots are equal only if all is.
func TestRoot(t *testing.T) {
	full := func() *baseline.Root {
		return &baseline.Root{Backup: "b", Pages: []baseline.Page{{Run: "r", SHA256: "1", Size: 1}, {SHA256: "2"}}, Unbound: &baseline.Page{SHA256: "3"}}
	}
	var hashes []string
	for _, ref := range full().Blobs("contoso") {
		if ref.Tenant != "contoso" || ref.Kind != baseline.Kind {
			t.Errorf("got %+v", ref)
		}
		hashes = append(hashes, ref.SHA256)
	}
	if got := strings.Join(hashes, " "); got != "1 2 3" {
		t.Errorf("got the blobs %s", got)
	}
	if (*baseline.Root)(nil).Blobs("contoso") != nil || !(*baseline.Root)(nil).Equal(nil) || full().Equal(nil) || !full().Equal(full()) {
		t.Error("nil and equal roots")
	}
	for name, change := range map[string]func(*baseline.Root){
		"backup":     func(r *baseline.Root) { r.Backup = "c" },
		"a page":     func(r *baseline.Root) { r.Pages[1].Run = "s" },
		"fewer":      func(r *baseline.Root) { r.Pages = r.Pages[:1] },
		"no unbound": func(r *baseline.Root) { r.Unbound = nil },
		"unbound is a page": func(r *baseline.Root) {
			r.Pages, r.Unbound = append(r.Pages, *r.Unbound), nil
		},
	} {
		other := full()
		change(other)
		if full().Equal(other) || other.Equal(full()) {
			t.Errorf("%s: the roots are equal", name)
		}
	}
}

// Whatever a page holds, reading it ends with a base or an error, and a base can be
// saved and read again.
func FuzzPage(f *testing.F) {
	for _, text := range []string{`{"format":2}`, `{"format":2,"objects":[{"kind":"a","key":"b","body":{"c":1}}],"removed":[{"kind":"a"}]}`,
		`{"format":2,"unbound":[{"kind":"a","key":"b"}]}`, `{"format":3}`, `{"format":2,"objects":[null]}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := baseline.Load(t.Context(), baseline.Root{Pages: []baseline.Page{{}}}, "contoso",
			func(context.Context, state.BlobRef) ([]byte, error) { return raw, nil })
		if err != nil {
			return
		}
		store := newBlobs()
		root, err := baseline.Unstored(nil).Save(t.Context(), s.Base, store.put)
		if err != nil {
			t.Fatalf("a base that was read cannot be saved: %v", err)
		}
		if again := store.load(t, root); len(again.Base.Objects) != len(s.Base.Objects) {
			t.Errorf("%d objects became %d", len(s.Base.Objects), len(again.Base.Objects))
		}
	})
}
