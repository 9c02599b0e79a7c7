package backup_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

var errAway = errors.New("away")

// world is a tenant with groups, its repository, and the engine's side.
type world struct {
	t *testing.T
	*tenant.MemoryRepository
	kinds *schema.Kinds
	// groups are the tenant's, by name, with the bodies.
	groups   map[string]string
	base     *diff.Base
	kindsAre tenant.Completeness

	// edits are made in the repository, one before each update.
	edits []func()
	// refuse has errors of the backup line, by call.
	refuse []error
	// events are the stores and writes, in order.
	events []string
	asked  []tenant.BackupRequest

	stored   []byte
	storeErr error
	log      strings.Builder
}

func newWorld(t *testing.T, groups ...string) *world {
	t.Helper()
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, MemoryRepository: tenant.NewMemoryRepository(), kinds: kinds, groups: map[string]string{}, kindsAre: tenant.Complete}
	for _, name := range groups {
		w.groups[name] = body(name, "red")
	}
	return w
}

func body(name, color string) string {
	return fmt.Sprintf(`{"displayName":%q,"color":%q}`, name, color)
}

func (w *world) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	if len(w.edits) > 0 {
		edit := w.edits[0]
		w.edits = w.edits[1:]
		edit()
	}
	rev, err := w.MemoryRepository.Update(ctx, req)
	w.event("update", err)
	return rev, err
}

func (w *world) Backup(ctx context.Context, req tenant.BackupRequest) (tenant.Revision, error) {
	w.asked = append(w.asked, req)
	if len(w.refuse) > 0 {
		err := w.refuse[0]
		w.refuse = w.refuse[1:]
		if err != nil {
			w.event("backup", err)
			return tenant.Revision{}, err
		}
	}
	rev, err := w.MemoryRepository.Backup(ctx, req)
	w.event("backup", err)
	return rev, err
}

func (w *world) event(name string, err error) {
	switch {
	case errors.Is(err, tenant.ErrMoved):
		name += ": moved"
	case err != nil:
		name += ": refused"
	}
	w.events = append(w.events, name)
}

func (w *world) Store(_ context.Context, adoption []byte) error {
	w.event("store", w.storeErr)
	w.stored = adoption
	return w.storeErr
}

// edit writes a group into the repository, as a person would.
func (w *world) edit(name, color string) {
	w.t.Helper()
	if err := w.Edit("contoso", "groups", name, []byte(body(name, color))); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) lines() repo.Lines {
	return repo.Lines{Repository: w, Tenant: "contoso", MaxAttempts: 3, WriteTimeout: time.Minute, Kinds: w.kinds}
}

func (w *world) desired() tenant.Desired {
	w.t.Helper()
	d, err := w.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// request asks for a backup of the tenant's present objects.
func (w *world) request() backup.Request {
	w.t.Helper()
	snap := tenant.Snapshot{Taken: time.Now(), Kinds: []tenant.KindState{{Kind: "groups", Completeness: w.kindsAre, Scope: tenant.All}}}
	for name, text := range w.groups {
		snap.Resources = append(snap.Resources, tenant.Resource{Kind: "groups", ID: "id-" + name, Body: []byte(text)})
	}
	cmp, err := diff.Prepare(diff.Input{Tenant: "contoso", Kinds: w.kinds, Base: w.base, Desired: w.desired(), Current: snap, Now: time.Now(),
		Keys: schema.DeriveKeys(nil, "contoso")})
	if err != nil {
		w.t.Fatal(err)
	}
	return backup.Request{Run: "run-1", Actor: "ann", Comparison: cmp, Lines: w.lines(), Adopt: true, Log: slog.New(slog.NewTextHandler(&w.log, nil)), Port: w}
}

// synced makes a first run, and keeps its base with the backup marked in it.
func (w *world) synced() *backup.Made {
	w.t.Helper()
	made := w.make(w.request())
	made.Backup.MarkIn(made.Result.Base, made.Summary.Backup)
	w.base, w.events, w.asked = made.Result.Base, nil, nil
	return made
}

func (w *world) make(req backup.Request) *backup.Made {
	w.t.Helper()
	made, err := backup.Make(w.t.Context(), req)
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

// want compares the events.
func (w *world) want(events ...string) {
	w.t.Helper()
	if diff := cmp.Diff(events, w.events); diff != "" {
		w.t.Errorf("events (-want +got)\n%s", diff)
	}
}

// keys returns the adopted keys.
func keys(adopted []plan.AdoptedChange) (out []string) {
	for _, a := range adopted {
		out = append(out, string(a.Verb)+" "+a.Key)
	}
	return out
}

// The order is: the backup, the adopted changes in the store, the write. The
// result is of the line after the write.
func TestMake(t *testing.T) {
	w := newWorld(t, "A", "B")
	made := w.make(w.request())
	w.want("backup", "store", "update")
	line := w.desired()
	if len(line.Resources) != 2 || made.Comparison.Desired().Revision != line.Revision || made.Summary.Written != line.Revision {
		t.Errorf("the line is %+v, and the result is of %s and names %s", line, made.Comparison.Desired().Revision, made.Summary.Written)
	}
	if diff := cmp.Diff([]string{"create A", "create B"}, keys(made.Summary.Adopted)); diff != "" {
		t.Errorf("adopted (-want +got)\n%s", diff)
	}
	if len(made.Result.Adopt) != 0 || len(made.Result.Plan.Items) != 0 || len(made.Result.Base.Objects) != 2 {
		t.Errorf("after adopting both sides differ still: %+v", made.Result)
	}
	snap, err := w.Snapshot(t.Context(), tenant.SnapshotRequest{Tenant: "contoso", Revision: made.Summary.Backup})
	if err != nil || len(snap.Resources) != 2 {
		t.Errorf("the backup is %+v, %v", snap, err)
	}
	a, err := backup.DecodeAdoption(w.stored)
	if err != nil || len(a.Adopts) != 2 || !strings.HasPrefix(a.Key, "run-1/adopt/") {
		t.Errorf("stored %+v, %v", a, err)
	}
	if !strings.Contains(w.log.String(), `msg="drift adopted" changes=2 revision=`+line.Revision) {
		t.Errorf("the log is %s", w.log.String())
	}
	if req := w.asked[0]; req.Author != "ann" || req.Message != "Backup of contoso" || req.Tenant != "contoso" {
		t.Errorf("the backup was asked for with %+v", req)
	}
	revs, err := w.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.DesiredLine})
	if err != nil || revs[0].Message != "Adopt 2 changes made in contoso" || revs[0].Author != "tenantsync" {
		t.Errorf("the revision is %+v, %v", revs, err)
	}
}

// A run that does not adopt writes the backup alone, and its result keeps what
// could be adopted.
func TestMakeWithoutAdopting(t *testing.T) {
	w := newWorld(t, "A")
	req := w.request()
	req.Adopt = false
	made := w.make(req)
	w.want("backup")
	if len(made.Result.Adopt) != 1 || made.Summary.Adopted != nil || made.Summary.Written != "" {
		t.Errorf("got %+v with %+v, want the drift in the result and nothing adopted", made.Summary, made.Result.Adopt)
	}
}

// Targets that name no object end the run before it stores anything, unless any
// targets are allowed. The error names a few of them.
func TestMakeOfUnknownTargets(t *testing.T) {
	for _, tt := range []struct {
		keys []string
		want string
	}{
		{[]string{"A"}, ""},
		{[]string{"Zz"}, "no object is called groups/Zz: the repository, the last sync and the tenant do not have it; correct the run's targets"},
		{[]string{"Marketting", "Zz"}, "groups/Marketting (did you mean Marketing?), groups/Zz: "},
		{[]string{"1", "2", "3", "4", "5"}, "groups/4, groups/5: "},
		{[]string{"1", "2", "3", "4", "5", "6"}, "groups/4, groups/5, 1 more: "},
		{[]string{"1", "2", "3", "4", "5", "6", "7"}, "groups/4, groups/5, 2 more: "},
	} {
		w := newWorld(t, "A", "Marketing")
		req := w.request()
		cmp, err := req.Comparison.With(func(in *diff.Input) error {
			for _, key := range tt.keys {
				in.Targets = append(in.Targets, plan.Target{Kind: "groups", Key: key})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		req.Comparison = cmp
		if tt.want == "" {
			w.make(req)
			w.want("backup", "store", "update")
			continue
		}
		_, err = backup.Make(t.Context(), req)
		if failure.Classify(err) != "invalid_target" || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %s", tt.keys, err, tt.want)
		}
		w.want()
		req.AnyTargets = true
		w.make(req)
		w.want("backup")
	}
}

// Without drift nothing is adopted, and the changes that the run adopted before it was
// interrupted stays known.
func TestMakeKnowsWhatWasAdoptedBefore(t *testing.T) {
	w := newWorld(t, "A")
	w.edit("A", "red")
	req := w.request()
	req.Before = backup.Adopted{Changes: []plan.AdoptedChange{{Kind: "groups", Key: "Z", Verb: tenant.Create}}, Revision: "r-9"}
	made := w.make(req)
	w.want("backup")
	if diff := cmp.Diff([]string{"create Z"}, keys(made.Summary.Adopted)); diff != "" || made.Summary.Written != "r-9" {
		t.Errorf("written %q, adopted (-want +got)\n%s", made.Summary.Written, diff)
	}

	// It is stored beside the changes that are adopted now.
	w.groups["B"] = body("B", "red")
	again := w.request()
	again.Before = req.Before
	made = w.make(again)
	if diff := cmp.Diff([]string{"create Z", "create B"}, keys(made.Summary.Adopted)); diff != "" || made.Summary.Written != w.desired().Revision {
		t.Errorf("written %q, adopted (-want +got)\n%s", made.Summary.Written, diff)
	}
	a, err := backup.DecodeAdoption(w.stored)
	if diff := cmp.Diff([]string{"create Z"}, keys(a.Before)); err != nil || diff != "" {
		t.Errorf("%v, before (-want +got)\n%s", err, diff)
	}
}

// A second backup is the difference to the first. A line that has lost the first,
// or refuses the difference, gets the whole tenant; any other error is returned.
func TestBackupLine(t *testing.T) {
	for _, tt := range []struct {
		name   string
		first  bool // of the tenant
		refuse []error
		err    error
		events []string
		sent   []int // resources by request
	}{
		{name: "the difference", events: []string{"backup"}, sent: []int{1}},
		{name: "the parent is lost", refuse: []error{fmt.Errorf("pruned: %w", tenant.ErrNoRevision)}, events: []string{"backup: refused", "backup"}, sent: []int{1, 2}},
		{name: "the difference does not fit", refuse: []error{tenant.ErrInvalidRequest}, events: []string{"backup: refused", "backup"}, sent: []int{1, 2}},
		{name: "the line has moved on", refuse: []error{tenant.ErrMoved}, events: []string{"backup: moved", "backup"}, sent: []int{1, 2}},
		{name: "the whole tenant, and the line has moved on", first: true, refuse: []error{tenant.ErrMoved}, err: tenant.ErrMoved,
			events: []string{"backup: moved"}, sent: []int{2}},
		{name: "both are refused", refuse: []error{tenant.ErrNoRevision, tenant.ErrInvalidRequest}, err: tenant.ErrInvalidRequest,
			events: []string{"backup: refused", "backup: refused"}, sent: []int{1, 2}},
		{name: "the whole tenant is refused", first: true, refuse: []error{tenant.ErrInvalidRequest}, err: tenant.ErrInvalidRequest,
			events: []string{"backup: refused"}, sent: []int{2}},
		{name: "a newer repository", refuse: []error{tenant.ErrNewerFormat}, err: tenant.ErrNewerFormat, events: []string{"backup: refused"}, sent: []int{1}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "A", "B")
			if !tt.first {
				w.synced()
				w.groups["B"] = body("B", "blue")
			}
			w.refuse = tt.refuse
			req := w.request()
			req.Adopt = false
			made, err := backup.Make(t.Context(), req)
			if !errors.Is(err, tt.err) || (made != nil) != (tt.err == nil) {
				t.Errorf("got %+v, %v, want %v", made, err, tt.err)
			}
			w.want(tt.events...)
			var sent []int
			for _, asked := range w.asked {
				sent = append(sent, len(asked.Snapshot.Resources))
			}
			if diff := cmp.Diff(tt.sent, sent); diff != "" {
				t.Errorf("resources by request (-want +got)\n%s", diff)
			}
			if made != nil && made.Backup.Whole() != (len(tt.sent) == 2) {
				t.Errorf("the backup in the result is whole: %t", made.Backup.Whole())
			}
		})
	}
}

// The same content has the same key, whenever it was read.
func TestBackupIsRepeatable(t *testing.T) {
	w := newWorld(t, "A")
	w.edit("A", "red")
	w.make(w.request())
	w.make(w.request())
	w.groups["A"] = body("A", "blue")
	req := w.request()
	req.Adopt = false
	w.make(req)
	other := w.request()
	other.Run, other.Adopt = "run-2", false
	w.make(other)
	k := []string{w.asked[0].Key, w.asked[1].Key, w.asked[2].Key, w.asked[3].Key}
	if k[0] != k[1] || k[1] == k[2] || k[2] == k[3] || strings.TrimPrefix(k[2], "run-1") != strings.TrimPrefix(k[3], "run-2") || !strings.HasPrefix(k[0], "run-1/backup/") {
		t.Errorf("got the keys %q, want the first two equal, another for other content, and each run's own", k)
	}
}

// An edit that comes between is compared first, and drift is adopted on top of
// it; the backup stays the first comparison's.
func TestAdoptOnTopOfAnEdit(t *testing.T) {
	w := newWorld(t, "A")
	w.edits = []func(){func() { w.edit("B", "red") }}
	made := w.make(w.request())
	w.want("backup", "store", "update: moved", "store", "update")
	if line := w.desired(); len(line.Resources) != 2 || made.Comparison.Desired().Revision != line.Revision {
		t.Errorf("the line is %+v, want both groups, and the result to be of it", line)
	}
	if len(made.Result.Plan.Items) != 1 || made.Result.Plan.Items[0].Key != "B" {
		t.Errorf("the plan has %+v, want the edit", made.Result.Plan.Items)
	}
	if !made.Result.Backup.Holds("groups", "A") || made.Result.Backup.Holds("groups", "B") {
		t.Error("the result has another backup than the one that was stored")
	}
	if diff := cmp.Diff([]string{"create A"}, keys(made.Summary.Adopted)); diff != "" {
		t.Errorf("adopted (-want +got)\n%s", diff)
	}
	if !strings.Contains(w.log.String(), "the desired line was edited meanwhile; comparing again") {
		t.Errorf("the log is %s", w.log.String())
	}
}

// After an edit that makes the drift the line's own there is nothing to adopt.
func TestAdoptNothingAfterAnEdit(t *testing.T) {
	w := newWorld(t, "A")
	w.edits = []func(){func() { w.edit("A", "red") }}
	made := w.make(w.request())
	w.want("backup", "store", "update: moved")
	if made.Summary.Written != "" || made.Summary.Adopted != nil {
		t.Errorf("got %+v, want nothing adopted", made.Summary)
	}
}

// A line that moves at every attempt is a matter for a later one.
func TestAdoptGivesUp(t *testing.T) {
	w := newWorld(t, "A")
	n := 0
	again := func() { n++; w.edit("B", fmt.Sprint(n)) }
	w.edits = []func(){again, again, again, again}
	made, err := backup.Make(t.Context(), w.request())
	w.want("backup", "store", "update: moved", "store", "update: moved", "store", "update: moved")
	if made != nil || !errors.Is(err, tenant.ErrMoved) || !errors.As(err, new(*failure.Retryable)) {
		t.Errorf("got %+v, %v, want the last error, for another attempt", made, err)
	}
}

// What could not be stored as about to be adopted is not written.
func TestAdoptOnlyWhatIsStored(t *testing.T) {
	w := newWorld(t, "A")
	w.storeErr = errAway
	head := w.desired().Revision
	made, err := backup.Make(t.Context(), w.request())
	w.want("backup", "store: refused")
	if made != nil || err != errAway || w.desired().Revision != head {
		t.Errorf("got %+v, %v, and the line at %s, want the error of the store and the line at %s", made, err, w.desired().Revision, head)
	}
}

// A run finds out which changes it has adopted, also after edits of the line.
func TestFind(t *testing.T) {
	for _, tt := range []struct {
		name string
		// before is what happened: the write itself, an edit, both.
		write, edit bool
		want        []string
	}{
		{"interrupted before the write", false, false, []string{"create Z"}},
		{"interrupted after it", true, false, []string{"create Z", "create A"}},
		{"and the line was edited since", true, true, []string{"create Z", "create A"}},
		{"the line was edited instead", false, true, []string{"create Z"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, "A")
			req := w.request()
			req.Before.Changes = []plan.AdoptedChange{{Kind: "groups", Key: "Z", Verb: tenant.Create}}
			wrote := ""
			if tt.write {
				wrote = w.make(req).Summary.Written
			} else {
				w.storeErr = errAway // the run ends there
				_, _ = backup.Make(t.Context(), req)
			}
			if tt.edit {
				w.edit("B", "red")
			}
			head := w.desired().Revision
			got, err := backup.Find(t.Context(), w.lines(), w.stored)
			if diff := cmp.Diff(tt.want, keys(got.Changes)); err != nil || diff != "" || got.Revision != wrote {
				t.Errorf("got revision %q, %v, want %q; changes (-want +got)\n%s", got.Revision, err, wrote, diff)
			}
			if w.desired().Revision != head {
				t.Error("it wrote the line")
			}
		})
	}
	w := newWorld(t)
	if got, err := backup.Find(t.Context(), w.lines(), nil); err != nil || got.Changes != nil || got.Revision != "" || w.events != nil {
		t.Errorf("nothing stored: got %+v, %v", got, err)
	}
	if _, err := backup.Find(t.Context(), w.lines(), []byte(`{"format":1,"parent":7}`)); !failure.Dispose(t.Context(), err).Lost || !strings.Contains(err.Error(), "start the sync again") {
		t.Errorf("a corrupt adoption: got %v, want one that the store has lost", err)
	}
	if _, err := backup.Find(t.Context(), w.lines(), []byte(`{"format":2}`)); !failure.IsNewer(err) || !strings.Contains(err.Error(), "adoption format 2") {
		t.Errorf("a newer form: got %v", err)
	}
}

// A form of a newer version is refused, and one that is no JSON is an error.
func TestDecode(t *testing.T) {
	for _, raw := range []string{`{"format":2,"kinds":7}`, `{"format":`, `[]`} {
		newer := strings.Contains(raw, "2")
		if s, err := backup.DecodeSummary([]byte(raw)); s != nil || err == nil || failure.IsNewer(err) != newer {
			t.Errorf("%s: got %+v, %v", raw, s, err)
		}
		if a, err := backup.DecodeAdoption([]byte(raw)); a != nil || err == nil || failure.IsNewer(err) != newer {
			t.Errorf("%s: got %+v, %v", raw, a, err)
		}
	}
	s, err := backup.DecodeSummary([]byte(`{"format":1,"backup":"b-1","read":{"groups":2}}`))
	if err != nil || s.Backup != "b-1" || s.Read["groups"] != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
}

// Again compares with another line and keeps the backup that was stored.
func TestAgain(t *testing.T) {
	w := newWorld(t, "A", "B")
	made := w.make(w.request())
	line := made.Comparison.Desired()
	line.Resources = line.Resources[:1]
	res, err := made.Again(t.Context(), made.Comparison.WithDesired(line))
	if err != nil || len(res.Adopt) != 1 {
		t.Fatalf("got %+v, %v, want a difference", res, err)
	}
	if diff := cmp.Diff(made.Backup.Snapshot, res.Backup.Snapshot); diff != "" {
		t.Errorf("the backup (-want +got)\n%s", diff)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := made.Again(ctx, made.Comparison); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
}

// Nothing was read if kinds are in scope and none of them shows anything.
func TestNothingRead(t *testing.T) {
	for _, tt := range []struct {
		kinds []tenant.Completeness
		want  bool
	}{
		{nil, false},
		{[]tenant.Completeness{tenant.NotInScope}, false},
		{[]tenant.Completeness{tenant.Failed}, true},
		{[]tenant.Completeness{tenant.Forbidden, tenant.NotInScope, tenant.Failed}, true},
		{[]tenant.Completeness{tenant.Failed, tenant.Complete}, false},
		{[]tenant.Completeness{tenant.Failed, tenant.Partial}, false},
		{[]tenant.Completeness{tenant.Failed, tenant.Unlicensed}, false},
	} {
		var kinds []tenant.KindState
		for _, c := range tt.kinds {
			kinds = append(kinds, tenant.KindState{Kind: "k", Completeness: c})
		}
		if got := backup.NothingRead(kinds); got != tt.want {
			t.Errorf("%v: got %t", tt.kinds, got)
		}
	}
}
