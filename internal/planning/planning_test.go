package planning_test

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
	"github.com/tenantsync/tenantsync/internal/planning"
	"github.com/tenantsync/tenantsync/internal/repo"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// world is a tenant with groups, by name with their colors, and its repository.
type world struct {
	t *testing.T
	*tenant.MemoryRepository
	kinds  *schema.Kinds
	groups map[string]string
	base   *diff.Base
	// drift is a property that group A has in the tenant.
	drift string
	// gone are objects whose absence is confirmed.
	gone []diff.Object
	// targets are the run's. anyTargets allows those that name no object.
	targets    []plan.Target
	anyTargets bool
}

// newWorld returns a tenant with the groups A, B and C, in red, and the base of a
// first sync. backup is what that sync has backed up.
func newWorld(t *testing.T) (w *world, first string) {
	t.Helper()
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "groups", Create: true, Update: true, Delete: true}})
	if err != nil {
		t.Fatal(err)
	}
	w = &world{t: t, MemoryRepository: tenant.NewMemoryRepository(), kinds: kinds, groups: map[string]string{"A": "red", "B": "red", "C": "red"}}
	for name, color := range w.groups {
		w.edit(name, color)
	}
	made := w.made(true)
	p, err := planning.Make(t.Context(), w.request(made, word.Full))
	if err != nil {
		t.Fatal(err)
	}
	w.base = p.Base
	return w, p.Summary.Backup
}

func body(name, color string) []byte {
	return fmt.Appendf(nil, `{"displayName":%q,"color":%q}`, name, color)
}

func (w *world) edit(name, color string) {
	w.t.Helper()
	if err := w.Edit("contoso", "groups", name, body(name, color)); err != nil {
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

func (w *world) lines() repo.Lines {
	return repo.Lines{Repository: w, Tenant: "contoso", MaxAttempts: 1, WriteTimeout: time.Minute, Kinds: w.kinds}
}

func (w *world) Store(context.Context, []byte) error { return nil }

// made backs the tenant up, and adopts its drift if adopt is set.
func (w *world) made(adopt bool) *backup.Made {
	w.t.Helper()
	snap := tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.All}}}
	for name, color := range w.groups {
		text := body(name, color)
		if name == "A" && w.drift != "" {
			text = fmt.Appendf(nil, `{"displayName":%q,"color":%q,"text":%q}`, name, color, w.drift)
		}
		snap.Resources = append(snap.Resources, tenant.Resource{Kind: "groups", ID: "id-" + name, Body: text})
	}
	c, err := diff.Prepare(diff.Input{Tenant: "contoso", Kinds: w.kinds, Base: w.base, Desired: w.desired(), Current: snap, Now: time.Now(), Keys: schema.DeriveKeys(nil, "contoso"),
		Targets: w.targets, Gone: w.gone})
	if err != nil {
		w.t.Fatal(err)
	}
	made, err := backup.Make(w.t.Context(), backup.Request{Run: "run-1", Comparison: c, Lines: w.lines(), Adopt: adopt, AnyTargets: w.anyTargets, Log: slog.New(slog.DiscardHandler), Port: w})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func (w *world) request(made *backup.Made, mode string) planning.Request {
	return planning.Request{Made: made, Mode: mode, Lines: w.lines(), Failed: failure.OfCall}
}

// document returns a proposal's document.
func document(t *testing.T, p *planning.Proposal, kind string) []byte {
	t.Helper()
	for _, d := range p.Documents {
		if d.Kind == kind {
			return d.Data
		}
	}
	t.Fatalf("no %s", kind)
	return nil
}

// changes returns the plan's items as "verb key after".
func changes(p *plan.Plan) (out []string) {
	for _, it := range p.Items {
		text := string(it.Verb) + " " + it.Key
		for _, c := range it.Changes {
			if c.Pointer == "/color" {
				text += " " + string(c.After)
			}
		}
		out = append(out, text)
	}
	return out
}

// Each way to plan has its own desired side, and moves the base only where that
// side is the line's.
func TestMake(t *testing.T) {
	for _, tt := range []struct {
		name  string
		mode  string
		adopt bool
		back  bool // roll back to the first backup
		// change edits either side after the first sync.
		change    func(w *world)
		items     []string
		adopted   int
		unchanged map[string]int
		agreed    int // objects of the base on which both sides agree
	}{
		{name: "nothing has changed", mode: word.Full, adopt: true, unchanged: map[string]int{"groups": 3}, agreed: 3},
		{name: "an edit", mode: word.Full, adopt: true, change: func(w *world) { w.edit("A", "blue") },
			items: []string{`update A "blue"`}, unchanged: map[string]int{"groups": 2}, agreed: 2},
		{name: "an edit and drift", mode: word.Full, adopt: true, change: func(w *world) { w.edit("A", "blue"); w.groups["B"] = "green" },
			items: []string{`update A "blue"`}, adopted: 1, unchanged: map[string]int{"groups": 1}, agreed: 2},
		{name: "a new file", mode: word.Full, adopt: true, change: func(w *world) { w.edit("D", "blue") },
			items: []string{"create D"}, unchanged: map[string]int{"groups": 3}, agreed: 3},
		{name: "a preview of both", mode: word.Preview, change: func(w *world) { w.edit("A", "blue"); w.groups["B"] = "green" },
			items: []string{`update A "blue"`}, adopted: 1, unchanged: map[string]int{"groups": 1}, agreed: 1},
		{name: "a backup of both", mode: word.BackupOnly, change: func(w *world) { w.edit("A", "blue"); w.groups["B"] = "green" },
			items: []string{`update A "blue"`}, unchanged: map[string]int{"groups": 2}, agreed: 1},
		{name: "a backup rolls nothing back", mode: word.BackupOnly, back: true, change: func(w *world) { w.edit("A", "blue"); w.groups["A"] = "blue" },
			unchanged: map[string]int{"groups": 3}, agreed: 3},
		{name: "a roll back undoes drift", mode: word.Full, back: true, change: func(w *world) { w.edit("A", "blue"); w.groups["A"] = "blue"; w.groups["B"] = "green" },
			items: []string{`update A "red"`, `update B "red"`}, unchanged: map[string]int{"groups": 1}, agreed: 2},
		{name: "a roll back to what there is", mode: word.Full, back: true, unchanged: map[string]int{"groups": 3}, agreed: 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, first := newWorld(t)
			if tt.change != nil {
				tt.change(w)
			}
			made := w.made(tt.adopt)
			req := w.request(made, tt.mode)
			if tt.back {
				req.RollBackTo = first
			}
			p, err := planning.Make(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.items, changes(p.Plan)); diff != "" {
				t.Errorf("items (-want +got)\n%s", diff)
			}
			if p.Plan.Revision != w.desired().Revision || p.Summary.Backup != made.Summary.Backup {
				t.Errorf("the plan is of %s with backup %s, want the head %s and %s", p.Plan.Revision, p.Summary.Backup, w.desired().Revision, made.Summary.Backup)
			}
			sum := p.Summary
			if diff := cmp.Diff(tt.unchanged, sum.Unchanged); diff != "" || len(sum.Adopted) != tt.adopted {
				t.Errorf("adopted %d, want %d; unchanged (-want +got)\n%s", len(sum.Adopted), tt.adopted, diff)
			}
			if diff := cmp.Diff(map[string]int{"groups": 3}, sum.Read); diff != "" || len(sum.Kinds) != 1 || sum.Backup != p.Summary.Backup {
				t.Errorf("the summary is %+v", sum)
			}
			base, agreed := p.Base, 0
			for _, o := range base.Objects {
				if o.AgreedSum != "" {
					agreed++
				}
			}
			if agreed != tt.agreed || base.Backup != p.Summary.Backup {
				t.Errorf("the base agrees on %d objects and names the backup %s, want %d and %s", agreed, base.Backup, tt.agreed, p.Summary.Backup)
			}
		})
	}
}

// A preview's plan is the one that a full run would make, also of an object that
// was edited and has drifted.
func TestPreviewIsTheFullRunsPlan(t *testing.T) {
	w, _ := newWorld(t)
	w.edit("A", "blue")
	w.drift = "by hand"
	preview, err := planning.Make(t.Context(), w.request(w.made(false), word.Preview))
	if err != nil {
		t.Fatal(err)
	}
	full, err := planning.Make(t.Context(), w.request(w.made(true), word.Full))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(full.Plan.Items, preview.Plan.Items); diff != "" || len(full.Plan.Items) != 1 {
		t.Errorf("(-full +preview)\n%s", diff)
	}
}

// The documents come in the order in which they are stored, and can be read again.
func TestDocuments(t *testing.T) {
	w, _ := newWorld(t)
	w.edit("A", "blue")
	p, err := planning.Make(t.Context(), w.request(w.made(true), word.Full))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, d := range p.Documents {
		kinds = append(kinds, d.Kind)
	}
	if diff := cmp.Diff([]string{"plan", "bindings", "comparison"}, kinds); diff != "" || !p.Asks {
		t.Errorf("asks %t (-want +got)\n%s", p.Asks, diff)
	}
	// A run that ends with its plan stores nothing else.
	for mode, agree := range map[string]bool{word.Preview: false, word.BackupOnly: false, word.Full: true} {
		if agree {
			w.edit("A", w.groups["A"])
		}
		if p, err := planning.Make(t.Context(), w.request(w.made(true), mode)); err != nil || len(p.Documents) != 1 || p.Asks {
			t.Errorf("%s, sides that agree %t: got %d documents, asks %t, %v", mode, agree, len(p.Documents), p.Asks, err)
		}
	}
	stored, err := plan.DecodePlan(document(t, p, planning.PlanDocument))
	if err != nil || stored.Digest != p.Plan.Digest {
		t.Errorf("got %+v, %v", stored, err)
	}
	ids, err := planning.DecodeBindings(document(t, p, planning.BindingsDocument))
	if err != nil || ids["groups"]["A"] != "id-A" {
		t.Errorf("got %v, %v", ids, err)
	}
	for _, raw := range []string{`{"format":2,"bindings":[]}`, `{"format":1,"bindings":[]}`, ``} {
		if ids, err := planning.DecodeBindings([]byte(raw)); ids != nil || err == nil || failure.IsNewer(err) != strings.Contains(raw, "2") {
			t.Errorf("%s: got %v, %v", raw, ids, err)
		}
	}
}

// The summary's texts are bounded, and the ids are not.
func TestDocumentsAreBounded(t *testing.T) {
	w, _ := newWorld(t)
	w.edit("A", "blue")
	made := w.made(true)
	long := strings.Repeat("x", 10_000)
	made.Comparison.SetStates([]tenant.KindState{{Kind: "groups", Completeness: tenant.Complete, Scope: tenant.All, Reason: long}})
	made.Summary.Backup = long
	p, err := planning.Make(t.Context(), w.request(made, word.Full))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := backup.DecodeSummary(document(t, p, planning.SummaryDocument))
	if err != nil {
		t.Fatal(err)
	}
	if len(sum.Kinds[0].Reason) >= len(long) || sum.Backup != long {
		t.Errorf("the reason has %d bytes and the id %d", len(sum.Kinds[0].Reason), len(sum.Backup))
	}
}

// The run's own summary stays as the backup made it, so that planning can be
// repeated.
func TestMakeCanBeRepeated(t *testing.T) {
	w, _ := newWorld(t)
	w.edit("A", "blue")
	w.groups["B"] = "green"
	made := w.made(false)
	var first *planning.Proposal
	for range 2 {
		p, err := planning.Make(t.Context(), w.request(made, word.Preview))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = p
		}
		if diff := cmp.Diff(first.Summary, p.Summary); diff != "" || p.Plan.Digest != first.Plan.Digest {
			t.Errorf("the second time (-first +second)\n%s", diff)
		}
	}
	if made.Summary.Adopted != nil || made.Summary.Read != nil {
		t.Errorf("the backup's summary is now %+v", made.Summary)
	}
}

// A roll back to a backup that is not kept cannot be planned.
func TestRollBackToNothing(t *testing.T) {
	w, _ := newWorld(t)
	req := w.request(w.made(false), word.Full)
	req.RollBackTo = "b-gone"
	if p, err := planning.Make(t.Context(), req); p != nil || !errors.Is(err, tenant.ErrNoRevision) || failure.Classify(err) != "repository" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// guarded is a client that is asked about plans.
type guarded struct {
	tenant.Client
	found []tenant.Violation
	err   error
	asked []tenant.GuardRequest
}

func (g *guarded) Guard(_ context.Context, req tenant.GuardRequest) ([]tenant.Violation, error) {
	g.asked = append(g.asked, req)
	return g.found, g.err
}

// A client that guards its tenant is asked about each plan with items. What it
// finds is a broken rule.
func TestGuard(t *testing.T) {
	broken := tenant.Violation{Rule: "lockout", Message: "nobody can sign in", Items: []string{"groups/A"}}
	for _, tt := range []struct {
		name  string
		edit  bool
		found []tenant.Violation
		err   error
		asked int
		rules []string
	}{
		{name: "nothing to ask about"},
		{name: "nothing found", edit: true, asked: 1},
		{name: "a broken rule", edit: true, found: []tenant.Violation{broken}, asked: 1, rules: []string{"lockout"}},
		{name: "a failed request", edit: true, err: &tenant.Error{Class: tenant.Transient, Message: "busy"}, asked: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, _ := newWorld(t)
			if tt.edit {
				w.edit("A", "blue")
			}
			g := &guarded{found: tt.found, err: tt.err}
			req := w.request(w.made(true), word.Full)
			req.Client = g
			p, err := planning.Make(t.Context(), req)
			if len(g.asked) != tt.asked {
				t.Errorf("asked %d times, want %d", len(g.asked), tt.asked)
			}
			if tt.err != nil {
				if p != nil || !errors.Is(err, tt.err) || !errors.As(err, new(*failure.Retryable)) || !strings.HasPrefix(err.Error(), "plan: guard: ") {
					t.Errorf("got %+v, %v, want the client's error for another attempt", p, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			stored, err := plan.DecodePlan(document(t, p, planning.PlanDocument))
			if err != nil {
				t.Fatal(err)
			}
			var rules []string
			for _, v := range stored.Broken {
				rules = append(rules, v.Rule)
			}
			if diff := cmp.Diff(tt.rules, rules); diff != "" {
				t.Errorf("broken rules (-want +got)\n%s", diff)
			}
		})
	}
}
