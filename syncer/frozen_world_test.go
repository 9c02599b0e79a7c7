package syncer_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/frozen"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// stored is a tenant in a store, as a frozen file keeps it.
type stored struct {
	Record  state.Record  `json:"record"`
	Entries []state.Entry `json:"entries"`
	Blobs   []storedBlob  `json:"blobs"`
}

type storedBlob struct {
	Run  string `json:"run"`
	Kind string `json:"kind"`
	Data string `json:"data"`
}

// frozenWorld is a world that comes to some point of a run, and what then
// happens in it.
type frozenWorld struct {
	name   string
	status state.Status
	begin  func(t *testing.T, h *syncertest.Harness, w *syncertest.Worker)
	goOn   func(t *testing.T, w *syncertest.Worker)
	want   syncer.Outcome
	groups int
}

var frozenWorlds = []frozenWorld{
	{"pending_authentication", state.PendingAuthentication,
		func(t *testing.T, h *syncertest.Harness, w *syncertest.Worker) {
			h.Auth.Revoke("contoso")
			if _, err := w.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}}); err != nil {
				t.Fatal(err)
			}
			w.KillAt("Store.Commit", 2, true) // started, begun, the code shown
			_, _ = w.Advance(w.Context(), "contoso")
		},
		func(t *testing.T, w *syncertest.Worker) { approvePending(t, w) }, syncer.Deployed, 3},
	{"pending_approval", state.PendingApproval,
		func(t *testing.T, _ *syncertest.Harness, w *syncertest.Worker) {
			advanceTo(t, w, state.PendingApproval)
		},
		func(t *testing.T, w *syncertest.Worker) { approvePending(t, w) }, syncer.Deployed, 3},
	{"in_progress", state.InProgress, // a write was sent, and the worker died before it knew what became of it
		func(t *testing.T, _ *syncertest.Harness, w *syncertest.Worker) {
			approvePending(t, w)
			w.KillAt("Client.Apply", 1, true)
			_, _ = w.Advance(w.Context(), "contoso")
		},
		func(*testing.T, *syncertest.Worker) {}, syncer.Deployed, 3},
	{"idle", state.Idle,
		func(t *testing.T, _ *syncertest.Harness, w *syncertest.Worker) {
			approvePending(t, w)
			advanceTo(t, w, state.Idle)
		},
		func(t *testing.T, w *syncertest.Worker) { start(t, w, "contoso") }, syncer.NoChanges, 3},
}

// advanceTo works on the tenant, started if it is at rest, until it is there.
func advanceTo(t *testing.T, w *syncertest.Worker, want state.Status) syncer.Row {
	t.Helper()
	row, err := w.Status(t.Context(), "contoso")
	if err == nil && row.Status.Resting() {
		start(t, w, "contoso")
	}
	if _, err := w.Advance(t.Context(), "contoso"); err != nil {
		t.Fatal(err)
	}
	row, err = w.Status(t.Context(), "contoso")
	if err != nil || row.Status != want {
		t.Fatalf("got %s (%+v), %v, want %s", row.Status, row.Error, err, want)
	}
	return row
}

// approvePending approves the plan, which is made first if need be. What was
// approved is for the next Advance to carry out.
func approvePending(t *testing.T, w *syncertest.Worker) {
	t.Helper()
	row, err := w.Status(t.Context(), "contoso")
	if err != nil {
		t.Fatal(err)
	}
	if row.Status != state.PendingApproval {
		row = advanceTo(t, w, state.PendingApproval)
	}
	if _, err := w.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: row.Run}, Digest: row.Digest, Actor: "bob", Verdict: syncer.Approve}); err != nil {
		t.Fatal(err)
	}
}

// A run that version 1 began, in each way in which it can wait, goes on under
// this version to its end. The store is version 1's, from the file; tenant and
// repository are what its run had made of them.
func TestFrozenRunsGoOn(t *testing.T) {
	files, err := filepath.Glob("testdata/v1/store_*.json")
	if err != nil || len(files) != len(frozenWorlds) {
		t.Errorf("got files %q, %v, want one for each of %d worlds", files, err, len(frozenWorlds))
	}
	for _, fw := range frozenWorlds {
		t.Run(fw.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{
					Auth: &authtest.AuthenticatorConfig{SignedIn: true, People: []authtest.Person{authtest.SignsIn(time.Minute)}},
				})
				h.Tenant("contoso").Seed("groups", `{"displayName":"Guests"}`)
				desire(t, h, "contoso", "groups", "Guests", `{"displayName":"Guests","description":"from outside"}`)
				desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
				desire(t, h, "contoso", "groups", "Leads", `{"displayName":"Leads"}`)
				desire(t, h, "contoso", "policies", "MFA", `{"displayName":"MFA","groups":["${groups/Staff}"]}`)
				tap := &tapped{Memory: h.Store}
				old := h.Worker("old", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
					c.WriteConcurrency = 1
					c.Store = state.Split{Records: c.Store, Leaser: c.Store, Blobs: tap}
				}})
				fw.begin(t, h, old)
				file := "store_" + fw.name + ".json"
				frozen.Update(t, file, tap.dump(t))

				var was stored
				if err := json.Unmarshal(frozen.Read(t, file), &was); err != nil {
					t.Fatal(err)
				}
				if was.Record.Status != fw.status {
					t.Fatalf("the file is of a tenant that is %s, want %s", was.Record.Status, fw.status)
				}
				store := was.load(t)
				w := h.Worker("new", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Store = store }})
				fw.goOn(t, w)
				if _, err := w.Advance(t.Context(), "contoso"); err != nil {
					t.Fatal(err)
				}
				row, err := w.Status(t.Context(), "contoso")
				if err != nil || row.Status != state.Idle || row.Outcome != fw.want {
					t.Errorf("got %s, %q (%+v), %v, want Idle, %q", row.Status, row.Outcome, row.Error, err, fw.want)
				}
				if n := len(h.Tenant("contoso").Objects("groups")); n != fw.groups {
					t.Errorf("got %d groups, want %d: nothing twice", n, fw.groups)
				}
				if n := len(h.Tenant("contoso").Overlapping()); n > 0 {
					t.Errorf("got %d overlapping writes", n)
				}
				for _, run := range []string{was.Record.Run, row.Run} {
					if rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: run}); err != nil || rep.Run != run {
						t.Errorf("Report of %s: got %+v, %v", run, rep, err)
					}
					if log, err := w.Logs(t.Context(), syncer.RunRef{Tenant: "contoso", Run: run}); err != nil || len(log) == 0 {
						t.Errorf("Logs of %s: got %q, %v", run, log, err)
					}
				}
				listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Limit: 1000})
				all := listed.Items
				if err != nil || len(all) <= len(was.Entries) {
					t.Errorf("History: got %d entries, %v, want more than the %d of the file", len(all), err, len(was.Entries))
				}
			})
		})
	}
}

// load returns a store that holds it.
func (s stored) load(t *testing.T) *state.Memory {
	t.Helper()
	m := state.NewMemory()
	for _, b := range s.Blobs {
		if _, err := m.Put(t.Context(), state.PutRequest{Tenant: "contoso", Run: b.Run, Kind: b.Kind, Data: []byte(b.Data)}); err != nil {
			t.Fatal(err)
		}
	}
	s.Record.Version = 0
	events := statetest.Path(state.NotRun, s.Record.Status)
	if _, err := m.Commit(t.Context(), state.CommitRequest{Record: s.Record, Events: events, Entries: s.Entries}); err != nil {
		t.Fatal(err)
	}
	return m
}

// tapped is a store that knows which blobs it has.
type tapped struct {
	*state.Memory
	blobs []storedBlob
}

func (p *tapped) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	p.blobs = append(p.blobs, storedBlob{Run: req.Run, Kind: req.Kind, Data: string(req.Data)})
	return p.Memory.Put(ctx, req)
}

// dump returns all that is stored of the tenant.
func (p *tapped) dump(t *testing.T) []byte {
	t.Helper()
	got, err := p.Load(t.Context(), state.LoadRequest{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	page, err := p.History(t.Context(), state.HistoryRequest{Tenant: "contoso", Limit: 1000})
	if err != nil || page.Next != "" {
		t.Fatalf("history: %v", err)
	}
	raw, err := json.Marshal(stored{Record: got.Record, Entries: page.Entries, Blobs: p.blobs})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
