package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// Each action refuses a text that is too long, and names the field and the
// bound. The host is not asked about it, and nothing changes.
func TestActionsRefuseLongTexts(t *testing.T) {
	const name, comment = 256, 4096
	long := strings.Repeat("x", 10<<20)
	ctx := context.Background()
	ref := syncer.RunRef{Tenant: "contoso", Run: "run-1"}
	start := func(edit func(*syncer.StartRequest)) func(*syncertest.Worker) error {
		return func(w *syncertest.Worker) error {
			req := syncer.StartRequest{Tenant: "contoso", Actor: "ann"}
			edit(&req)
			_, err := w.Start(ctx, req)
			return err
		}
	}
	decide := func(edit func(*syncer.Decision)) func(*syncertest.Worker) error {
		return func(w *syncertest.Worker) error {
			d := syncer.Decision{RunRef: ref, Digest: "d", Verdict: syncer.Approve, Actor: "bob"}
			edit(&d)
			_, err := w.Decide(ctx, d)
			return err
		}
	}
	for _, tt := range []struct {
		field string
		limit int
		do    func(w *syncertest.Worker) error
	}{
		{"Actor", name, start(func(r *syncer.StartRequest) { r.Actor = long })},
		{"Actor", name, start(func(r *syncer.StartRequest) { r.Actor = strings.Repeat("x", name+1) })},
		{"Comment", comment, start(func(r *syncer.StartRequest) { r.Comment = long })},
		{"Mode", name, start(func(r *syncer.StartRequest) { r.Mode = syncer.Mode(long) })},
		{"DesiredFrom", name, start(func(r *syncer.StartRequest) { r.DesiredFrom = long })},
		{"RetryOf", name, start(func(r *syncer.StartRequest) { r.RetryOf = long })},
		{"Labels", name, start(func(r *syncer.StartRequest) { r.Labels = map[string]string{"a": long} })},
		{"Labels", name, start(func(r *syncer.StartRequest) { r.Labels = map[string]string{long: "a"} })},
		{"Targets", name, start(func(r *syncer.StartRequest) { r.Targets = []plan.Target{{Kind: long}} })},
		{"Targets", 1024, start(func(r *syncer.StartRequest) { r.Targets = []plan.Target{{Kind: "groups", Key: long}} })},
		{"Targets", 10_000, start(func(r *syncer.StartRequest) { r.Targets = make([]plan.Target, 10_001) })},
		{"Tenant", name, start(func(r *syncer.StartRequest) { r.Tenant = long })},
		{"Actor", name, decide(func(d *syncer.Decision) { d.Actor = long })},
		{"Comment", comment, decide(func(d *syncer.Decision) { d.Comment = long })},
		{"Run", name, decide(func(d *syncer.Decision) { d.Run = long })},
		{"Digest", name, decide(func(d *syncer.Decision) { d.Digest = long })},
		{"Actor", name, func(w *syncertest.Worker) error {
			_, err := w.Cancel(ctx, syncer.CancelRequest{RunRef: ref, Actor: long})
			return err
		}},
		{"Comment", comment, func(w *syncertest.Worker) error {
			_, err := w.Cancel(ctx, syncer.CancelRequest{RunRef: ref, Actor: "ann", Comment: long})
			return err
		}},
		{"Run", name, func(w *syncertest.Worker) error {
			_, err := w.Cancel(ctx, syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso", Run: long}, Actor: "ann"})
			return err
		}},
		{"Actor", name, func(w *syncertest.Worker) error {
			_, err := w.Retry(ctx, syncer.RetryRequest{RunRef: ref, Actor: long})
			return err
		}},
		{"Run", name, func(w *syncertest.Worker) error {
			_, err := w.Retry(ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: "contoso", Run: long}, Actor: "ann"})
			return err
		}},
		{"Actor", name, func(w *syncertest.Worker) error {
			_, err := w.Recheck(ctx, syncer.RecheckRequest{Tenant: "contoso", Actor: long})
			return err
		}},
		{"Actor", name, func(w *syncertest.Worker) error {
			_, err := w.Pause(ctx, syncer.PauseRequest{Tenant: "contoso", Actor: long})
			return err
		}},
		{"Reason", comment, func(w *syncertest.Worker) error {
			_, err := w.Pause(ctx, syncer.PauseRequest{Tenant: "contoso", Actor: "ann", Reason: long})
			return err
		}},
		{"Actor", name, func(w *syncertest.Worker) error {
			_, err := w.Resume(ctx, syncer.ResumeRequest{Tenant: "contoso", Actor: long})
			return err
		}},
		{"Actor", name, func(w *syncertest.Worker) error {
			return w.Remove(ctx, syncer.RemoveRequest{Tenant: "contoso", Actor: long})
		}},
		{"Comment", comment, func(w *syncertest.Worker) error {
			return w.Remove(ctx, syncer.RemoveRequest{Tenant: "contoso", Actor: "ann", Comment: long})
		}},
		{"Actor", 0, start(func(r *syncer.StartRequest) { r.Actor = "ann\x1b[2J" })},
		{"Actor", 0, start(func(r *syncer.StartRequest) { r.Actor = "ann\xff" })},
		{"Comment", 0, start(func(r *syncer.StartRequest) { r.Comment = "by hand\x00" })},
	} {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Authorize = func(context.Context, string, syncer.Action, string) error {
				t.Errorf("%s: the host was asked", tt.field)
				return nil
			}
		}})
		err := tt.do(w)
		if !errors.Is(err, syncer.ErrInvalid) || !strings.Contains(err.Error(), tt.field) || tt.limit > 0 && !strings.Contains(err.Error(), fmt.Sprint(tt.limit)) {
			t.Errorf("%s: got %.200v, want ErrInvalid with the field and %d", tt.field, err, tt.limit)
		}
		if err != nil && len(err.Error()) > 500 {
			t.Errorf("%s: the message has %d bytes", tt.field, len(err.Error()))
		}
		if row, _ := w.Status(ctx, "contoso"); row.Status != state.NotRun {
			t.Errorf("%s: the tenant is %s", tt.field, row.Status)
		}
	}
}

// A request may name as many targets and labels as the limits say, and not one more.
func TestStartAtTheLimits(t *testing.T) {
	for _, tt := range []struct {
		targets, labels int
		ok              bool
	}{{9_999, 63, true}, {10_000, 64, true}, {10_001, 64, false}, {10_000, 65, false}} {
		req := syncer.StartRequest{Tenant: "contoso", Actor: "ann", Labels: map[string]string{}}
		for i := range tt.targets {
			req.Targets = append(req.Targets, plan.Target{Kind: "groups", Key: fmt.Sprint("G", i)})
		}
		for i := range tt.labels {
			req.Labels[fmt.Sprint("l", i)] = "x"
		}
		h := syncertest.New(syncertest.Config{})
		row, err := h.Worker("a", syncertest.WorkerConfig{}).Start(t.Context(), req)
		if tt.ok && (err != nil || row.Status != state.Starting) || !tt.ok && !errors.Is(err, syncer.ErrInvalid) {
			t.Errorf("%d targets and %d labels: got %s, %.200v, want them accepted: %v", tt.targets, tt.labels, row.Status, err, tt.ok)
		}
	}
}

// A comment may have lines, and is stored as it was written.
func TestCommentsMayHaveLines(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	w := h.Worker("a", syncertest.WorkerConfig{})
	comment := strings.Repeat("é", 1024) + "\n\tsecond line"
	if _, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Comment: comment}}); err != nil {
		t.Fatal(err)
	}
	listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso"})
	if err != nil || len(listed.Items) == 0 || listed.Items[0].Comment != comment {
		t.Errorf("got %+v, %v, want the comment as written", listed.Items, err)
	}
}

// A service that answers with megabytes gets some kilobytes of record, history,
// log, report and events.
func TestHugeAnswersAreBounded(t *testing.T) {
	huge := strings.Repeat("é", 5<<19)
	answer := &tenant.Error{Class: tenant.Permanent, Op: "create", Code: huge, Message: huge, RequestID: huge, Missing: []string{huge}, Err: errors.New(huge)}
	for name, harm := range map[string]func(h *syncertest.Harness, c *syncer.Config){
		"a write": func(h *syncertest.Harness, _ *syncer.Config) {
			h.Tenant("contoso").FailWrite(func(tenant.Operation) tenanttest.WriteFault { return tenanttest.WriteFault{Err: answer} })
		},
		"a write of unknown outcome": func(h *syncertest.Harness, _ *syncer.Config) {
			unknown := *answer
			unknown.MaybeApplied = true
			h.Tenant("contoso").FailWrite(func(tenant.Operation) tenanttest.WriteFault { return tenanttest.WriteFault{Err: &unknown} })
		},
		"the connection": func(_ *syncertest.Harness, c *syncer.Config) {
			c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) { return nil, answer })
		},
		"the settings": func(_ *syncertest.Harness, c *syncer.Config) {
			n := 0
			c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
				if n++; n > 1 {
					return syncer.Settings{}, errors.New(huge)
				}
				return syncer.Settings{}, nil
			}
		},
		"a panic": func(_ *syncertest.Harness, c *syncer.Config) {
			c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) { panic(huge) })
		},
		"a property's name": func(h *syncertest.Harness, _ *syncer.Config) {
			name := strings.Repeat("n", 1<<20)
			h.Tenant("contoso").Seed("groups", `{"displayName":"Old","`+name+`":"a"}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log lockedBuffer
				var mu sync.Mutex // items are written at the same time
				var told int
				h := syncertest.New(syncertest.Config{})
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
					c.Logger = slog.New(slog.NewTextHandler(&log, nil))
					c.Observer = syncer.ObserverFunc(func(_ context.Context, e syncer.Event) {
						raw, _ := json.Marshal(e)
						mu.Lock()
						defer mu.Unlock()
						told = max(told, len(raw))
					})
					harm(h, c)
				}})
				row := syncTenant(t, w, "contoso")
				rec, err := h.Store.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
				if err != nil {
					t.Fatal(err)
				}
				check := func(what string, n, limit int) {
					t.Helper()
					if n > limit {
						t.Errorf("%s has %d bytes, want at most %d", what, n, limit)
					}
				}
				check("the record", len(rec.Record.Data), 40<<10)
				check("the longest event", told, 40<<10)
				for line := range strings.Lines(log.String()) {
					check("a line of the host's log", len(line), 60<<10)
				}
				raw, err := w.Logs(t.Context(), row.RunRef)
				if err != nil {
					t.Fatal(err)
				}
				for line := range bytes.Lines(raw) {
					check("a line of the run's log", len(line), 60<<10)
				}
				entries, err := h.Store.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Limit: 1000})
				if err != nil {
					t.Fatal(err)
				}
				for _, e := range entries.Entries {
					check("an entry of type "+e.Type, len(e.Data), 40<<10)
				}
				rep, err := w.Report(t.Context(), row.RunRef)
				if err != nil {
					t.Fatal(err)
				}
				form, err := json.Marshal(rep)
				if err != nil {
					t.Fatal(err)
				}
				check("the report", len(form), 100<<10)
				var text bytes.Buffer
				if err := rep.Text(&text); err != nil {
					t.Fatal(err)
				}
				check("the report's text", text.Len(), 100<<10)
			})
		})
	}
}
