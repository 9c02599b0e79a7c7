package planning_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Targets of a roll back that name no object are refused, unless any targets are
// allowed.
func TestRollBackOfUnknownTargets(t *testing.T) {
	for _, tt := range []struct {
		key     string
		any, ok bool
	}{{"A", false, true}, {"Zz", false, false}, {"Zz", true, true}, {"A", true, true}} {
		w, first := newWorld(t)
		w.groups["A"] = "green"
		w.targets = []plan.Target{{Kind: "groups", Key: tt.key}}
		w.anyTargets = true // the backup does not refuse them
		req := w.request(w.made(false), word.Full)
		req.RollBackTo, req.AnyTargets = first, tt.any
		p, err := planning.Make(t.Context(), req)
		if tt.ok {
			if err != nil || (len(p.Plan.Items) == 1) != (tt.key == "A") {
				t.Errorf("%s, any %v: got %+v, %v", tt.key, tt.any, p, err)
			}
			continue
		}
		if p != nil || failure.Classify(err) != "invalid_target" || !strings.Contains(err.Error(), "groups/Zz") {
			t.Errorf("%s, any %v: got %+v, %v, want the target refused", tt.key, tt.any, p, err)
		}
	}
}

// brokenBackup is a repository whose backup has a group that is not JSON.
type brokenBackup struct{ *world }

func (r brokenBackup) Snapshot(ctx context.Context, req tenant.SnapshotRequest) (tenant.Snapshot, error) {
	snap, err := r.world.Snapshot(ctx, req)
	snap.Resources = []tenant.Resource{{Kind: "groups", Key: "A", Body: json.RawMessage(`{`)}}
	return snap, err
}

// A backup that cannot be read cannot be rolled back to.
func TestRollBackToBrokenBackup(t *testing.T) {
	w, first := newWorld(t)
	req := w.request(w.made(false), word.Full)
	req.RollBackTo, req.Lines.Repository = first, brokenBackup{w}
	if p, err := planning.Make(t.Context(), req); p != nil || err == nil || !strings.HasPrefix(err.Error(), "roll back groups/A: decode the snapshot: ") {
		t.Errorf("got %+v, %v, want the backup's error", p, err)
	}
}

// A comparison that is cut short makes no plan.
func TestMakeEndsWithContext(t *testing.T) {
	w, first := newWorld(t)
	w.edit("A", "blue")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for mode, back := range map[string]string{word.Preview: "", word.Full: first} {
		req := w.request(w.made(false), mode)
		req.RollBackTo = back
		if p, err := planning.Make(ctx, req); p != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %+v, %v, want the end of the context", mode, p, err)
		}
	}
}

// A plan that cannot be sealed or encoded is no proposal. A plan that a guard
// objects to must not lose the objection.
func TestMakeOfUnreadablePlan(t *testing.T) {
	objects := &guarded{found: []tenant.Violation{{Rule: "lockout"}}}
	for _, tt := range []struct {
		breaks func(it *plan.Item)
		client tenant.Client
		want   string
	}{
		{func(it *plan.Item) { it.After = json.RawMessage(`{`) }, nil, "plan: encode plan: "},
		{func(it *plan.Item) { it.After = json.RawMessage(`{`) }, objects, "plan: guard: plan: groups/A: for guards: "},
		{func(it *plan.Item) { it.Changes[0].Before = json.RawMessage(`{`) }, objects, "plan: guard: digest: "},
	} {
		w, _ := newWorld(t)
		w.edit("A", "blue")
		made := w.made(true)
		tt.breaks(&made.Result.Plan.Items[0])
		req := w.request(made, word.Full)
		req.Client = tt.client
		if p, err := planning.Make(t.Context(), req); p != nil || err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("got %+v, %v, want %s", p, err, tt.want)
		}
	}
}

// A preview does not adopt drift, and its plan is as if it had: an item has the
// file after the adoption. A run that could not adopt plans from the file as it is.
func TestPreviewPlansFromAdoptedFile(t *testing.T) {
	w, _ := newWorld(t)
	const file = `{"color":%q,"displayName":"A","text":"old"}`
	edit := func(color string) {
		if err := w.Edit("contoso", "groups", "A", []byte(strings.Replace(file, "%q", `"`+color+`"`, 1))); err != nil {
			t.Fatal(err)
		}
	}
	edit("red")
	w.drift = "old" // both sides agree on the text
	p, err := planning.Make(t.Context(), w.request(w.made(true), word.Full))
	if err != nil {
		t.Fatal(err)
	}
	w.base = p.Base
	edit("blue")
	w.drift = "by hand"

	made := w.made(false)
	if len(made.Result.Adopt) != 1 {
		t.Fatalf("the result adopts %+v, want the text", made.Result.Adopt)
	}
	sums := map[string]string{}
	for _, mode := range []string{word.Preview, word.Full} {
		p, err := planning.Make(t.Context(), w.request(made, mode))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{`update A "blue"`}, changes(p.Plan)); diff != "" {
			t.Errorf("%s: items (-want +got)\n%s", mode, diff)
		}
		sums[mode] = p.Plan.Items[0].DesiredSum
	}
	adopted, err := planning.Make(t.Context(), w.request(w.made(true), word.Full))
	if err != nil {
		t.Fatal(err)
	}
	if want := adopted.Plan.Items[0].DesiredSum; sums[word.Preview] != want || sums[word.Full] == want {
		t.Errorf("the files have the sums %v, and %s after the adoption", sums, want)
	}
}

// A kind whose objects are all touched has no count of unchanged objects, and an
// object that is touched twice counts once.
func TestUnchangedOfTouchedKind(t *testing.T) {
	w, _ := newWorld(t)
	w.edit("A", "blue")
	w.groups["B"], w.groups["C"] = "green", "green"
	p, err := planning.Make(t.Context(), w.request(w.made(true), word.Full))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Summary.Adopted) != 2 || len(p.Plan.Items) != 1 {
		t.Fatalf("got %+v and %d items", p.Summary.Adopted, len(p.Plan.Items))
	}
	if diff := cmp.Diff(map[string]int{}, p.Summary.Unchanged); diff != "" {
		t.Errorf("unchanged (-want +got)\n%s", diff)
	}
}
