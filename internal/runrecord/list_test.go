package runrecord_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

func items(t *testing.T, digest string, ids ...string) runrecord.Content {
	t.Helper()
	c, err := owner.ListItems(digest, ids)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func targets(t *testing.T, all ...plan.Target) runrecord.Content {
	t.Helper()
	c, err := owner.ListTargets(all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The blobs of the lists are written as version 1 wrote them, and read as what was
// written.
func TestFrozenLists(t *testing.T) {
	ids := items(t, "d1g357", "policies/<B>", "groups/Staff")
	frozen.JSON(t, "items.json", ids.Blob.Data)
	got, err := owner.DecodeItems(&ids.List, "d1g357", frozen.Read(t, "items.json"))
	if diff := cmp.Diff([]string{"groups/Staff", "policies/<B>"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	list := targets(t, plan.Target{Kind: "policies", Key: "<B>"}, plan.Target{Kind: "groups"})
	frozen.JSON(t, "targets.json", list.Blob.Data)
	what, err := owner.DecodeTargets(&list.List, frozen.Read(t, "targets.json"))
	if diff := cmp.Diff([]plan.Target{{Kind: "groups"}, {Kind: "policies", Key: "<B>"}}, what); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// A list's name depends on its entries and on the plan, and not on their order.
func TestListsAreNamedByTheirEntries(t *testing.T) {
	same := items(t, "d1", "groups/A", "groups/B")
	for name, tt := range map[string]struct {
		got  runrecord.Content
		same bool
	}{
		"another order":    {items(t, "d1", "groups/B", "groups/A"), true},
		"one twice":        {items(t, "d1", "groups/A", "groups/B", "groups/A"), true},
		"one less":         {items(t, "d1", "groups/A"), false},
		"another one":      {items(t, "d1", "groups/A", "groups/C"), false},
		"another plan":     {items(t, "d2", "groups/A", "groups/B"), false},
		"one that is both": {items(t, "d1", "groups/A\ngroups/B"), false},
	} {
		if equal := tt.got.List == same.List; equal != tt.same {
			t.Errorf("%s: named %+v, beside %+v", name, tt.got.List, same.List)
		}
	}
	if want := (runrecord.List{Len: 2, Run: "run-2", SHA256: same.Blob.Ref().SHA256, Size: int64(len(same.Blob.Data))}); same.List != want {
		t.Errorf("got %+v, want %+v", same.List, want)
	}
	a, b := plan.Target{Kind: "groups", Key: "A"}, plan.Target{Kind: "groups", Key: "B"}
	if one, two := targets(t, a, b, a), targets(t, b, a); one.List != two.List || one.Len != 2 {
		t.Errorf("equal targets are named %+v and %+v", one.List, two.List)
	}
}

// A former release kept the items in the record. They count as the same as an equal
// list in a blob.
func TestChosen(t *testing.T) {
	list := items(t, "d1", "groups/A", "groups/B").List
	for _, tt := range []struct {
		name   string
		chosen runrecord.Chosen
		all    bool
		n      int
		sum    string
	}{
		{"all", runrecord.Chosen{}, true, 0, ""},
		{"in a blob", runrecord.Chosen{List: &list}, false, 2, list.SHA256},
		{"in the record", runrecord.Chosen{Items: []string{"groups/B", "groups/A"}}, false, 2, list.SHA256},
		{"no item", runrecord.Chosen{Items: []string{}}, false, 0, items(t, "d1").SHA256},
	} {
		c := tt.chosen
		if c.All() != tt.all || c.Len() != tt.n || c.Sum("d1") != tt.sum {
			t.Errorf("%s: all %t, %d items, sum %q, want %t, %d, %q", tt.name, c.All(), c.Len(), c.Sum("d1"), tt.all, tt.n, tt.sum)
		}
		want := state.BlobRef{Tenant: "contoso", Run: "run-2", Kind: "items", SHA256: list.SHA256, Size: list.Size}
		if got := c.Blob("contoso"); (got != nil) != (c.List != nil) || got != nil && *got != want {
			t.Errorf("%s: the blob is %+v", tt.name, got)
		}
	}
}

// A list that is not as the record names it is refused.
func TestListsAreChecked(t *testing.T) {
	ids, what := items(t, "d1", "groups/A", "groups/B"), targets(t, plan.Target{Kind: "groups", Key: "A"}, plan.Target{Kind: "policies"})
	for _, tt := range []struct {
		name          string
		edit          func(l *runrecord.List)
		items, target string // the blobs
		is            error
		says          string
	}{
		{name: "as stored"},
		{name: "of an earlier run", edit: func(l *runrecord.List) { l.Run = "run-1" }},
		{name: "longer than the record says", edit: func(l *runrecord.List) { l.Len = 1 }, says: "it has 2 entries, and the record says 1"},
		{name: "shorter than the record says", edit: func(l *runrecord.List) { l.Len = 3 }, says: "it has 2 entries, and the record says 3"},
		{name: "empty", edit: func(l *runrecord.List) { l.Len = 0 }, items: `{"format":1,"plan":"d1","items":[]}`, target: `{"format":1,"targets":[]}`, says: "it has 0 entries"},
		{name: "without entries", edit: func(l *runrecord.List) { l.Len = 0 }, items: `{"format":1,"plan":"d1"}`, target: `{"format":1}`, says: "it has 0 entries"},
		{name: "not sorted", items: `{"format":1,"plan":"d1","items":["groups/B","groups/A"]}`, target: `{"format":1,"targets":[{"kind":"policies"},{"kind":"groups"}]}`, says: "not sorted"},
		{name: "twice the same", items: `{"format":1,"plan":"d1","items":["groups/B","groups/B"]}`, target: `{"format":1,"targets":[{"kind":"policies"},{"kind":"policies"}]}`, says: "not sorted"},
		{name: "cut short", items: `{"format":1,"plan":"d1","items":["gro`, target: `{"format":1,"targets":[{"kind"`, says: "unexpected EOF"},
		{name: "of another shape", items: `{"format":1,"plan":"d1","items":{}}`, target: `{"format":1,"targets":{}}`, says: "unmarshal"},
		{name: "of a newer version", items: `{"format":2,"items":7}`, target: `{"format":2,"targets":7}`, is: failure.ErrNewer, says: "upgrade"},
	} {
		decoded := map[string]func() error{
			"items": func() error {
				l, raw := ids.List, ids.Blob.Data
				if tt.edit != nil {
					tt.edit(&l)
				}
				if tt.items != "" {
					raw = []byte(tt.items)
				}
				got, err := owner.DecodeItems(&l, "d1", raw)
				if err == nil && !slices.Equal(got, []string{"groups/A", "groups/B"}) {
					t.Errorf("%s: got %q", tt.name, got)
				}
				return err
			},
			"targets": func() error {
				l, raw := what.List, what.Blob.Data
				if tt.edit != nil {
					tt.edit(&l)
				}
				if tt.target != "" {
					raw = []byte(tt.target)
				}
				got, err := owner.DecodeTargets(&l, raw)
				if err == nil && !slices.Equal(got, []plan.Target{{Kind: "groups", Key: "A"}, {Kind: "policies"}}) {
					t.Errorf("%s: got %+v", tt.name, got)
				}
				return err
			},
		}
		for kind, decode := range decoded {
			err := decode()
			if tt.says == "" {
				if err != nil {
					t.Errorf("%s: %s: %v", tt.name, kind, err)
				}
				continue
			}
			if err == nil || !strings.Contains(err.Error(), tt.says) || !errors.Is(err, tt.is) && tt.is != nil {
				t.Errorf("%s: %s: got %v, want it to say %q", tt.name, kind, err, tt.says)
				continue
			}
			if newer := failure.IsNewer(err); newer != (tt.is == failure.ErrNewer) || !newer && failure.Classify(err) != word.ClassStorage ||
				!newer && !strings.Contains(err.Error(), "start the sync again") {
				t.Errorf("%s: %s: got %v, of class %s, want what to do", tt.name, kind, err, failure.Classify(err))
			}
		}
	}
	if _, err := owner.DecodeItems(&ids.List, "d2", ids.Blob.Data); !errors.Is(err, runrecord.ErrStalePlan) || failure.Classify(err) != word.ClassStorage {
		t.Errorf("the items of another plan: got %v, want ErrStalePlan", err)
	}
}

// A list that is read is one that is written the same way.
func FuzzDecodeItems(f *testing.F) {
	for _, seed := range []string{``, `null`, `{}`, `{"format":1,"plan":"d1","items":["groups/A"]}`, `{"format":2}`, `{"format":1,"plan":"d1","items":["b","a"]}`,
		`{"format":1,"plan":"d1","items":["a",null]}`, `{"format":1,"plan":"d1","items":["","\u0000"]}`} {
		f.Add([]byte(seed), 1)
	}
	f.Fuzz(func(t *testing.T, raw []byte, n int) {
		l := runrecord.List{Len: n}
		got, err := owner.DecodeItems(&l, "d1", raw)
		if err != nil {
			return
		}
		if len(got) != n || n == 0 {
			t.Fatalf("%s: got %d items, want %d", raw, len(got), n)
		}
		again := items(t, "d1", got...)
		if back, err := owner.DecodeItems(&again.List, "d1", again.Blob.Data); err != nil || !slices.Equal(back, got) {
			t.Fatalf("%s: %q became %q, %v", raw, got, back, err)
		}
		if !json.Valid(again.Blob.Data) {
			t.Fatalf("%q is no JSON", again.Blob.Data)
		}
	})
}
