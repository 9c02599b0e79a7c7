package diff

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// texts returns the objects of the backup branch after this backup. parent has
// the objects of its parent, and head those of the branch's head.
func (b *Backup) texts(parent, head map[plan.Target]string) map[plan.Target]string {
	out := map[plan.Target]string{}
	if !b.Whole() {
		maps.Copy(out, parent)
	}
	maps.DeleteFunc(out, func(id plan.Target, _ string) bool { return !b.complete(id.Kind) })
	for id, text := range head {
		if !b.complete(id.Kind) {
			out[id] = text
		}
	}
	for _, t := range b.Removed {
		delete(out, plan.Target{Kind: t.Kind, Key: t.Key})
	}
	for _, r := range b.Resources {
		out[plan.Target{Kind: r.Kind, Key: r.Key}] = string(r.Body)
	}
	return out
}

// The difference and its parent always make the backup that would have been
// made without a parent.
func TestBackupIsADifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		line, head := map[string]map[plan.Target]string{}, map[plan.Target]string(nil)
		for range rapid.IntRange(1, 5).Draw(t, "runs") {
			in := w.input()
			w.partial["groups"] = rapid.IntRange(0, 4).Draw(t, "partial") == 0
			in = w.input()
			switch rapid.IntRange(0, 5).Draw(t, "run") {
			case 0: // a comparison without a backup, as for a revert
				in.NoBackup = true
			case 1: // only some objects, as after a deploy
				in.Targets = []plan.Target{{Kind: rapid.SampledFrom([]string{"groups", "policies"}).Draw(t, "target")}}
			}
			r, err := compareOnce(in)
			if err != nil {
				t.Fatal(err)
			}
			if in.Targets == nil && !in.NoBackup {
				got := r.Backup.texts(line[r.Backup.Parent], head)
				if in.Base != nil {
					base := *in.Base
					base.Backup, base.Unbound = "", nil
					in.Base = &base
				}
				alone, err := compareOnce(in)
				if err != nil || !alone.Backup.Whole() {
					t.Fatalf("%v, %+v", err, alone)
				}
				want := alone.Backup.texts(nil, head)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("(-whole +parent and difference)\n%s\n%s", diff, w.show())
				}
				held := 0
				for id := range want {
					if !r.Backup.complete(id.Kind) {
						continue
					}
					if held++; !r.Backup.Holds(id.Kind, id.Key) {
						t.Fatalf("Holds(%v) = false, want true", id)
					}
				}
				if n := r.Backup.Counts["groups"] + r.Backup.Counts["policies"]; n != held {
					t.Fatalf("got a count of %d objects, want %d", n, held)
				}
				revision := string(rune('a' + len(line)))
				line[revision], head = got, got
				r.Backup.MarkIn(r.Base, revision)
			}
			if raw, err := r.Base.Encode(); err != nil {
				t.Fatal(err)
			} else if r.Base, err = DecodeBase(raw); err != nil {
				t.Fatal(err)
			}
			if rapid.IntRange(0, 4).Draw(t, "dies") > 0 { // otherwise the run is resumed from the old base
				w.base, w.written = r.Base, nil
			}
			if rapid.Bool().Draw(t, "deploy") && in.Targets == nil && !in.NoBackup {
				w.deploy(t, r)
			}
			w.change(t)
		}
	})
}

// Two bases share the objects that agree. MarkIn changes the new base, and not
// the one before.
func TestMarkInLeavesTheBaseBefore(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/A {"displayName":"A"}`,
		current: `groups 1 {"displayName":"A"}`,
	}
	first, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	before := cloned(first.Base.Objects)
	tc.adjust = func(in *Input) { in.Base = first.Base }
	second, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	if first.Base.Objects[0] != second.Base.Objects[0] {
		t.Errorf("got another object, want the same one in both bases")
	}
	second.Backup.MarkIn(second.Base, "r1")
	if diff := cmp.Diff(before, first.Base.Objects); diff != "" {
		t.Errorf("the base before changed (-before +after)\n%s", diff)
	}
	if second.Base.Objects[0].BackupSum == "" {
		t.Error("the new base has no hash of the backup's text")
	}
}

// A backup without changes has no objects. The next backup has only the changed
// objects.
func TestUnchangedIsNotBackedUpAgain(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/A {"displayName":"A"}` + "\n" + `groups/B {"displayName":"B"}` + "\n" + `groups/C {"displayName":"C"}`,
		current: `groups 1 {"displayName":"A","id":"1"}` + "\n" + `groups 2 {"displayName":"B"}` + "\n" + `groups 3 {"displayName":"C"}`,
	}
	first, err := compareOnce(tc.input(t))
	if err != nil || len(first.Backup.Resources) != 3 || !first.Backup.Whole() {
		t.Fatalf("%v: %+v", err, first)
	}
	first.Backup.MarkIn(first.Base, "r1")
	tc.adjust = func(in *Input) { in.Base = first.Base }
	again, err := compareOnce(tc.input(t))
	if err != nil || again.Backup.Parent != "r1" || len(again.Backup.Resources)+len(again.Backup.Removed) != 0 || again.Backup.Counts["groups"] != 3 {
		t.Errorf("unchanged: %v: %+v", err, again.Backup)
	}
	tc.current = `groups 1 {"displayName":"A","description":"new"}` + "\n" + `groups 3 {"id":"3","displayName":"C"}`
	tc.adjust = func(in *Input) { in.Base, in.Gone = first.Base, []Object{{"groups", "2"}} }
	changed, err := compareOnce(tc.input(t))
	if err != nil || len(changed.Backup.Resources) != 1 || changed.Backup.Resources[0].Key != "A" ||
		!slices.Equal(changed.Backup.Removed, []tenant.ResourceName{{Kind: "groups", Key: "B"}}) {
		t.Errorf("changed: %v: %+v", err, changed.Backup)
	}
}

// A kind was not completely read for the backup. The branch keeps the kind's
// objects, which may come from a run that was lost before it stored its base.
// So the next backup with the whole kind is whole, because a difference could
// not name their removed objects. The backup after it is a difference again.
func TestBackupAfterAnIncompleteOne(t *testing.T) {
	tc := comparisonCase{current: `groups 1 {"displayName":"A"}`}
	var base *Base
	run := func(revision string, c tenant.Completeness) *Backup {
		t.Helper()
		tc.adjust = func(in *Input) {
			in.Base = base
			for i := range in.Current.Kinds {
				if in.Current.Kinds[i].Kind == "groups" {
					in.Current.Kinds[i].Completeness = c
				}
			}
		}
		r, err := compareOnce(tc.input(t))
		if err != nil {
			t.Fatal(err)
		}
		r.Backup.MarkIn(r.Base, revision)
		base = r.Base
		return &r.Backup
	}
	for _, step := range []struct {
		revision string
		complete tenant.Completeness
		parent   string
	}{
		{"r1", tenant.Failed, ""},
		{"r2", tenant.Failed, "r1"},
		{"r3", tenant.Complete, ""},
		{"r4", tenant.Complete, "r3"},
		{"r5", tenant.Failed, "r4"},
		{"r6", tenant.Complete, ""},
	} {
		if got := run(step.revision, step.complete).Parent; got != step.parent {
			t.Errorf("%s: the parent is %q, want %q", step.revision, got, step.parent)
		}
	}
}

// A comparison of some targets, and one without a backup, is no difference from
// the backup before.
func TestBackupOfSomeHasNoParent(t *testing.T) {
	tc := comparisonCase{
		desired: `groups/A {"displayName":"A"}`,
		current: `groups 1 {"displayName":"A"}`,
	}
	first, err := compareOnce(tc.input(t))
	if err != nil {
		t.Fatal(err)
	}
	first.Backup.MarkIn(first.Base, "r1")
	for _, tt := range []struct {
		name   string
		adjust func(*Input)
		want   string
	}{
		{"all", func(*Input) {}, "r1"},
		{"some targets", func(in *Input) { in.Targets = []plan.Target{{Kind: "groups", Key: "A"}} }, ""},
		{"no backup", func(in *Input) { in.NoBackup = true }, ""},
		{"no base", func(in *Input) { in.Base = nil }, ""},
	} {
		tc.adjust = func(in *Input) {
			in.Base = first.Base
			tt.adjust(in)
		}
		r, err := compareOnce(tc.input(t))
		if err != nil || r.Backup.Parent != tt.want {
			t.Errorf("%s: got the parent %q, %v, want %q", tt.name, r.Backup.Parent, err, tt.want)
		}
	}
}

// Objects that the base does not have are listed anew for kinds that were read
// completely, and stay listed for the others.
func TestMarkInListsUnboundObjects(t *testing.T) {
	b := &Backup{objects: []*object{}, complete: func(kind string) bool { return kind == "groups" }}
	b.Kinds = []tenant.KindState{{Kind: "groups"}, {Kind: "policies"}}
	base := &Base{Unbound: []plan.Target{{Kind: "groups", Key: "Old"}, {Kind: "policies", Key: "Kept"}, {Kind: "groups"}, {Kind: "policies"}}}
	b.MarkIn(base, "r1")
	if diff := cmp.Diff([]plan.Target{{Kind: "policies", Key: "Kept"}, {Kind: "policies"}}, base.Unbound); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
