package revert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/revert"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// world is a tenant with groups and its repository. The plan changes every group
// from red to blue.
type world struct {
	t *testing.T
	*tenant.MemoryRepository
	kinds *schema.Kinds
	// groups are the colors of the tenant's groups, by name.
	groups map[string]string
	base   *diff.Base
	state  tenant.KindState
	rules  plan.Rules
	scopes map[string]tenant.Scope
	// edits are made in the repository, one before each update.
	edits   []func()
	refuse  error
	updates []tenant.UpdateRequest
	log     strings.Builder
}

func newWorld(t *testing.T, groups ...string) *world {
	t.Helper()
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, MemoryRepository: tenant.NewMemoryRepository(), kinds: kinds, groups: map[string]string{},
		state: tenant.KindState{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.All}}
	for _, name := range groups {
		w.groups[name] = "red"
		w.edit(name, "red")
	}
	w.base = w.compare(false).Base
	for _, name := range groups {
		w.edit(name, "blue")
	}
	return w
}

func (w *world) Update(ctx context.Context, req tenant.UpdateRequest) (tenant.Revision, error) {
	w.updates = append(w.updates, req)
	if len(w.edits) > 0 {
		edit := w.edits[0]
		w.edits = w.edits[1:]
		edit()
	}
	if w.refuse != nil {
		return tenant.Revision{}, w.refuse
	}
	return w.MemoryRepository.Update(ctx, req)
}

// edit writes a group into the repository, as a person would; no color removes it.
func (w *world) edit(name, color string) {
	w.t.Helper()
	var body []byte
	if color != "" {
		body = fmt.Appendf(nil, `{"displayName":%q,"color":%q}`, name, color)
	}
	if err := w.Edit("contoso", "groups", name, body); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) desired() tenant.Desired {
	w.t.Helper()
	d, err := w.Desired(w.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

// comparison has the present objects of the tenant.
func (w *world) comparison(revert bool) *diff.Comparison {
	w.t.Helper()
	snap := tenant.Snapshot{Kinds: []tenant.KindState{w.state}}
	for name, color := range w.groups {
		snap.Resources = append(snap.Resources, tenant.Resource{Kind: "groups", ID: "id-" + name, Body: fmt.Appendf(nil, `{"displayName":%q,"color":%q}`, name, color)})
	}
	c, err := diff.Prepare(diff.Input{Tenant: "contoso", Kinds: w.kinds, Base: w.base, Desired: w.desired(), Current: snap, Rules: w.rules, Scopes: w.scopes, Now: time.Now(),
		Keys: schema.DeriveKeys(nil, "contoso"), Revert: revert})
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

func (w *world) compare(revert bool) *diff.Result {
	w.t.Helper()
	res, err := w.comparison(revert).Compare(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return res
}

// request asks to take p back.
func (w *world) request(p *plan.Plan) revert.Request {
	w.t.Helper()
	return revert.Request{Run: "run-1", Author: "bob, cem", Plan: p, Comparison: w.comparison(true), Log: slog.New(slog.NewTextHandler(&w.log, nil)),
		Lines: repo.Lines{Repository: w, Tenant: "contoso", MaxAttempts: 3, WriteTimeout: time.Minute, Kinds: w.kinds}}
}

// files returns the colors of the repository's groups, by name.
func (w *world) files() map[string]string {
	w.t.Helper()
	out := map[string]string{}
	for _, r := range w.desired().Resources {
		_, color, _ := strings.Cut(strings.ReplaceAll(string(r.Body), " ", ""), `"color":"`)
		out[r.Key], _, _ = strings.Cut(color, `"`)
	}
	return out
}

func TestTake(t *testing.T) {
	for _, tt := range []struct {
		name   string
		groups []string // in addition to A
		// change is what happens after the plan was made.
		change  func(w *world)
		files   map[string]string
		refused []string
		class   string
		message string
		updates int
	}{
		{name: "all", groups: []string{"B"}, files: map[string]string{"A": "red", "B": "red"}, updates: 1},
		{name: "one was edited", groups: []string{"B"}, change: func(w *world) { w.edit("A", "green") },
			files: map[string]string{"A": "green", "B": "red"}, updates: 1,
			refused: []string{"groups/A"}, class: "edited", message: "1 item not reverted, because edited since the plan was made: groups/A"},
		{name: "all were edited", groups: []string{"B"}, change: func(w *world) { w.edit("A", "green"); w.edit("B", "green") },
			files:   map[string]string{"A": "green", "B": "green"},
			refused: []string{"groups/A", "groups/B"}, class: "edited", message: "2 items not reverted, because edited since the plan was made: groups/A, groups/B"},
		{name: "both sides agree meanwhile", change: func(w *world) { w.groups["A"] = "blue" }, files: map[string]string{"A": "blue"}},
		{name: "the kind cannot be read", change: func(w *world) {
			w.state.Completeness, w.state.Reason = tenant.Forbidden, "no permission"
			w.groups = nil
		}, files: map[string]string{"A": "blue"}, refused: []string{"groups/A"}, class: "unread",
			message: "1 item not reverted, because their kind could not be read: groups/A"},
		{name: "the tenant has moved on", change: func(w *world) { w.groups["A"] = "yellow" }, files: map[string]string{"A": "yellow"}, updates: 1},
		{name: "its file was broken since", groups: []string{"B"}, change: func(w *world) {
			if err := w.EditFile("contoso", "groups/A.json", []byte(`{`)); err != nil {
				w.t.Fatal(err)
			}
		}, files: map[string]string{"B": "red"}, updates: 1, refused: []string{"groups/A"}, class: "edited",
			message: "1 item not reverted, because edited since the plan was made: groups/A"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, append([]string{"A"}, tt.groups...)...)
			p := w.compare(true).Plan
			if len(p.Items) != 1+len(tt.groups) {
				t.Fatalf("the plan has %+v", p.Items)
			}
			if tt.change != nil {
				tt.change(w)
			}
			got, err := revert.Take(t.Context(), w.request(p))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.files, w.files()); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(tt.refused, got.Refused); diff != "" || got.Class != tt.class || got.Message != tt.message {
				t.Errorf("got %q, %q, want %q, %q; refused (-want +got)\n%s", got.Class, got.Message, tt.class, tt.message, diff)
			}
			if len(w.updates) != tt.updates {
				t.Errorf("%d updates, want %d", len(w.updates), tt.updates)
			}
			if logged := strings.Contains(w.log.String(), `msg="not reverted"`); logged != (tt.message != "") {
				t.Errorf("the log is %s", w.log.String())
			}
			if got.Base == nil {
				t.Error("no base")
			}
		})
	}
}

// After a revert both sides agree, and the base says so: the next comparison has
// nothing to propose or to adopt. The revision names who rejected.
func TestTakeMovesTheBase(t *testing.T) {
	w := newWorld(t, "A")
	got, err := revert.Take(t.Context(), w.request(w.compare(true).Plan))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Base.Objects) != 1 || got.Base.Objects[0].AgreedSum == "" {
		t.Errorf("the base is %+v, want both sides to agree", got.Base.Objects)
	}
	w.base = got.Base
	if res := w.compare(false); len(res.Plan.Items)+len(res.Adopt) != 0 {
		t.Errorf("the next comparison has %+v and %+v", res.Plan.Items, res.Adopt)
	}
	revs, err := w.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.DesiredLine})
	if err != nil || revs[0].Message != "Take back 1 change proposed for contoso" || revs[0].Author != "bob, cem" {
		t.Errorf("the revision is %+v, %v", revs[0], err)
	}
	if key := w.updates[0].Key; !strings.HasPrefix(key, "run-1/revert/") {
		t.Errorf("the key is %s", key)
	}
	if !strings.Contains(w.log.String(), `msg="reverted in the repository" changes=1 revision=`+revs[0].ID) {
		t.Errorf("the log is %s", w.log.String())
	}
}

// A difference that is not proposed any more, and still there, is named.
func TestTakeNamesWhatItCannotCompare(t *testing.T) {
	w := newWorld(t, "A")
	w.edit("A", "") // the plan deletes it
	w.scopes, w.state.Scope = map[string]tenant.Scope{"groups": tenant.Listed}, tenant.Listed
	w.rules.Deletes = map[string]bool{"groups": true}
	p := w.compare(true).Plan
	if len(p.Items) != 1 || p.Items[0].Verb != tenant.Delete {
		t.Fatalf("the plan has %+v", p.Items)
	}
	w.rules.Deletes = nil
	got, err := revert.Take(t.Context(), w.request(p))
	if err != nil || got.Class != "unsupported" || got.Message != "1 item not reverted, because the plan cannot compare them any more: groups/A" || len(w.updates) != 0 {
		t.Errorf("got %+v, %v with %d updates", got, err, len(w.updates))
	}
	// If the plan said so already, it is known.
	p.Notes = append(p.Notes, plan.Note{Class: plan.NotRead, Kind: "groups", Key: "A"})
	if got, err = revert.Take(t.Context(), w.request(p)); err != nil || got.Class != "" || got.Refused != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A kind that may be read later is read again later, until the last attempt.
func TestTakeReadsAgainLater(t *testing.T) {
	for completeness, later := range map[tenant.Completeness]bool{tenant.Failed: true, tenant.Partial: true, tenant.Forbidden: false, tenant.Unlicensed: false} {
		for _, last := range []bool{false, true} {
			w := newWorld(t, "A")
			p := w.compare(true).Plan
			w.state.Completeness, w.state.Reason = completeness, "boom"
			req := w.request(p)
			req.LastAttempt = last
			got, err := revert.Take(t.Context(), req)
			if later && !last {
				if !errors.As(err, new(*failure.Retryable)) || failure.Classify(err) != "read" || err.Error() != "revert: groups could not be read: boom" {
					t.Errorf("%s: got %+v, %v, want another attempt", completeness, got, err)
				}
				continue
			}
			if err != nil || got.Class != "unread" {
				t.Errorf("%s, last attempt %t: got %+v, %v, want the kind to be named", completeness, last, got, err)
			}
		}
	}
	// A kind that the plan is not about does not matter.
	w := newWorld(t, "A")
	p := w.compare(true).Plan
	req := w.request(p)
	req.Comparison.SetStates([]tenant.KindState{w.state, {Kind: "apps", Completeness: tenant.Failed}})
	if got, err := revert.Take(t.Context(), req); err != nil || got.Class != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// An edit that comes between is compared first; one at every attempt is an error.
func TestTakeOnTopOfAnEdit(t *testing.T) {
	w := newWorld(t, "A", "B")
	p := w.compare(true).Plan
	w.edits = []func(){func() { w.edit("A", "green") }}
	got, err := revert.Take(t.Context(), w.request(p))
	if err != nil || len(w.updates) != 2 {
		t.Fatalf("got %+v, %v after %d updates", got, err, len(w.updates))
	}
	if diff := cmp.Diff(map[string]string{"A": "green", "B": "red"}, w.files()); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"groups/A"}, got.Refused); diff != "" {
		t.Errorf("refused (-want +got)\n%s", diff)
	}

	w = newWorld(t, "A", "B")
	n := 0
	again := func() { n++; w.edit("C", fmt.Sprint(n)) }
	w.edits = []func(){again, again, again, again}
	if got, err := revert.Take(t.Context(), w.request(p)); got != nil || !errors.Is(err, tenant.ErrMoved) || len(w.updates) != 3 {
		t.Errorf("got %+v, %v after %d updates, want the error of the third", got, err, len(w.updates))
	}
}

// An error of the repository is returned, with nothing taken back.
func TestTakeReturnsErrors(t *testing.T) {
	w := newWorld(t, "A")
	w.refuse = tenant.ErrInvalidRequest
	if got, err := revert.Take(t.Context(), w.request(w.compare(true).Plan)); got != nil || !errors.Is(err, tenant.ErrInvalidRequest) || !strings.HasPrefix(err.Error(), "revert: write the desired line") {
		t.Errorf("got %+v, %v", got, err)
	}
	ctx, stop := context.WithCancel(t.Context())
	req := w.request(w.compare(true).Plan)
	stop()
	if got, err := revert.Take(ctx, req); got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v, want the end of the context", got, err)
	}
}
