package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// rewriting is a service that answers in a form of its own: in all of its
// answers it replaces texts, pairs of an old and a new one.
type rewriting struct {
	under http.RoundTripper
	pairs []string
	// writes counts the requests that change something. Requests of one sync run
	// at the same time.
	writes atomic.Int64
}

func (r *rewriting) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method != http.MethodGet && !strings.Contains(req.URL.Path, "$batch") {
		r.writes.Add(1)
	}
	res, err := r.under.RoundTrip(req)
	if err != nil {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil {
		return res, err
	}
	text := strings.NewReplacer(r.pairs...).Replace(string(body))
	res.Body, res.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	res.Header.Del("Content-Length")
	return res, nil
}

// graphWorld is the engine with Graph behind a rewriting service. Everything
// is approved.
type graphWorld struct {
	t       *testing.T
	service *rewriting
	repo    *tenant.MemoryRepository
	engine  *syncer.Syncer
	rules   plan.Rules
	plans   []*plan.Plan
}

func newGraphWorld(t *testing.T, pairs ...string) *graphWorld {
	server := graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})
	w := &graphWorld{t: t, repo: tenant.NewMemoryRepository(), service: &rewriting{under: server.HTTPClient().Transport, pairs: pairs}}
	store := state.NewMemory()
	var err error
	w.engine, err = syncer.New(syncer.Config{
		Store: store, Repository: w.repo,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), Unproven: []string{"*"}, HTTPClient: &http.Client{Transport: w.service}})
		}),
		SettingsFor: func(context.Context, string) (syncer.Settings, error) { return syncer.Settings{Rules: w.rules}, nil },
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			w.plans = append(w.plans, r.Plan)
			d := r.Approve("bob", "go")
			for _, b := range r.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			return d, nil
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *graphWorld) sync(kind string) (syncer.Row, *syncer.Report) {
	w.t.Helper()
	row, err := w.engine.Sync(w.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: kind}}}})
	if err != nil {
		w.t.Fatal(err)
	}
	rep, err := w.engine.Report(w.t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		w.t.Fatal(err)
	}
	return row, rep
}

// A value that the service does not keep: the run that wrote it says so, the next
// plan is marked, and a deviation brings the tenant to rest for as long as the
// tenant has the accepted value and the deviation has not expired.
func TestServiceKeepsAnotherValue(t *testing.T) {
	const kind, key = "conditionalAccessPolicies", "P"
	synctest.Test(t, func(t *testing.T) {
		w := newGraphWorld(t, `"state":"enabled"`, `"state":"disabled"`)
		if err := w.repo.Edit("contoso", kind, key, []byte(`{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},`+
			`"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)); err != nil {
			t.Fatal(err)
		}

		row, rep := w.sync(kind)
		want := []syncer.NotKept{{Pointer: "/state", Wanted: json.RawMessage(`"enabled"`), Got: json.RawMessage(`"disabled"`)}}
		if diff := cmp.Diff(want, rep.Items[0].NotKept); diff != "" {
			t.Errorf("what the tenant has instead (-want +got)\n%s", diff)
		}
		if row.Status != state.PartiallySuccessful || row.Outcome != syncer.Deployed || rep.Items[0].Verified {
			t.Errorf("the first run: %s, %s, verified %v", row.Label, row.Outcome, rep.Items[0].Verified)
		}
		if rep.Error == nil || rep.Error.Class != "not_kept" || !strings.Contains(rep.Error.Message, `/state: wanted "enabled", the tenant has "disabled"`) {
			t.Errorf("the reason: %+v", rep.Error)
		}
		var text bytes.Buffer
		if err := rep.Text(&text); err != nil || !strings.Contains(text.String(), `/state: wanted "enabled", the tenant has "disabled"`) {
			t.Errorf("the report: %v\n%s", err, text.String())
		}

		row, _ = w.sync(kind)
		marked := w.plans[len(w.plans)-1]
		if len(marked.Items) != 1 || len(marked.Items[0].Changes) != 1 || !marked.Items[0].Changes[0].NotKept {
			t.Fatalf("the second plan: %+v", marked.Items)
		}
		if row.Status != state.PartiallySuccessful {
			t.Errorf("the second run: %s", row.Label)
		}

		offered := marked.Deviations()
		if diff := cmp.Diff([]plan.Deviation{{Kind: kind, Key: key, Pointer: "/state", Accepted: json.RawMessage(`"disabled"`)}}, offered); diff != "" {
			t.Fatalf("offered (-want +got)\n%s", diff)
		}
		offered[0].Owner, offered[0].Reason, offered[0].Expires = "ann", "security defaults are on", time.Now().Add(24*time.Hour)
		w.rules.Deviations = offered
		writes, plans := w.service.writes.Load(), len(w.plans)
		row, rep = w.sync(kind)
		if row.Status != state.Idle || row.Outcome != syncer.NoChanges || w.service.writes.Load() != writes || len(w.plans) != plans {
			t.Errorf("the run with the deviation: %s, %s, %d writes", row.Label, row.Outcome, w.service.writes.Load()-writes)
		}
		if !slices.ContainsFunc(rep.Notes, func(n plan.Note) bool {
			return n.Class == plan.Ignored && n.Pointer == "/state" && strings.Contains(n.Message, "security defaults are on")
		}) {
			t.Errorf("the notes: %+v", rep.Notes)
		}
		if len(rep.Adopted) > 0 {
			t.Errorf("adopted: %+v", rep.Adopted)
		}

		w.service.pairs[1] = `"state":"enabledForReportingButNotEnforced"`
		w.sync(kind)
		if len(w.plans) != plans+1 {
			t.Error("another value in the tenant: nothing is proposed")
		}
		w.service.pairs[1] = `"state":"disabled"`
		if row, _ = w.sync(kind); row.Outcome != syncer.NoChanges {
			t.Errorf("the accepted value again: %s", row.Outcome)
		}

		<-time.After(24 * time.Hour) // the deviation expires
		plans = len(w.plans)
		w.sync(kind)
		if len(w.plans) != plans+1 {
			t.Error("after the deviation has expired: nothing is proposed")
		}

		w.rules.Deviations, w.service.pairs = nil, []string{"never", "never"} // the service keeps it at last
		if row, rep = w.sync(kind); row.Status != state.Idle || len(rep.Items) > 0 && !rep.Items[0].Verified {
			t.Errorf("once the service keeps it: %s, %+v", row.Label, rep.Error)
		}
		if row, _ = w.sync(kind); row.Status != state.Idle || row.Outcome != syncer.NoChanges {
			t.Errorf("the run after that: %s, %s", row.Label, row.Outcome)
		}
	})
}

// A value that the tenant changes by itself between any two runs is drift: each
// run takes it over, and nothing is written to the tenant.
func TestServiceChangesItsOwnValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := deployed(t)
		writes := len(h.Tenant("contoso").Writes())
		for i := range 3 {
			city := fmt.Sprintf("City %d", i)
			h.Tenant("contoso").Set("locations", h.Tenant("contoso").Objects("locations")[0].ID, fmt.Sprintf(`{"displayName":%q}`, city))
			if row := syncTenant(t, w, "contoso"); row.Outcome != syncer.Adopted || row.Status != state.Idle {
				t.Errorf("run %d: %s, %s, want %s", i, row.Label, row.Outcome, syncer.Adopted)
			}
		}
		if now := len(h.Tenant("contoso").Writes()); now != writes {
			t.Errorf("%d writes", now-writes)
		}
	})
}

// Objects that are not as written are waited for side by side: many take as long
// as one, also where there are more of them than reads at a time.
func TestReadingBackWaitsSideBySide(t *testing.T) {
	for _, n := range []int{1, 40} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{})
			w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob"), Edit: func(c *syncer.Config) {
				c.ReadConcurrency, c.Settings.VerifyTimeout, c.Settings.RunTimeout = 2, 30*time.Second, time.Hour
			}})
			for i := range n {
				key := fmt.Sprintf("G%02d", i)
				h.Tenant("contoso").Seed("groups", fmt.Sprintf(`{"displayName":%q,"kind":"x"}`, key))
				desire(t, h, "contoso", "groups", key, fmt.Sprintf(`{"displayName":%q,"kind":"y"}`, key))
			}
			h.Tenant("contoso").Lag(10 * time.Hour)
			start := time.Now()
			row := syncTenant(t, w, "contoso")
			rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
			if err != nil {
				t.Fatal(err)
			}
			notKept := 0
			for _, it := range rep.Items {
				if len(it.NotKept) == 1 {
					notKept++
				}
			}
			if row.Status != state.PartiallySuccessful || notKept != n || row.Error.Class != "not_kept" {
				t.Errorf("%d items: %s, %d not kept, %+v", n, row.Label, notKept, row.Error)
			}
			if took := time.Since(start); took < 30*time.Second || took > time.Minute {
				t.Errorf("%d items took %s, want the time for reading back once", n, took)
			}
		})
	}
}

// An item that could not be read back is not confirmed. It does not count as not
// kept by the service, also if an earlier read has shown another value.
func TestNotReadBackIsNotNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		h.Tenant("contoso").Seed("groups", `{"displayName":"Staff","kind":"x"}`)
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff","kind":"y"}`)
		h.Tenant("contoso").Lag(time.Hour)
		time.AfterFunc(10*time.Second, func() { h.Tenant("contoso").FailReads("groups", tenant.Transient) })
		row := syncTenant(t, w, "contoso")
		rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if it := rep.Items[0]; it.Status != syncer.ItemApplied || it.Verified || it.NotKept != nil || row.Status != state.PartiallySuccessful || row.Undone.Unconfirmed != 1 {
			t.Errorf("%s, %+v", row.Label, it)
		}
	})
}

// A report names a bounded number of differences, counts the others, and cuts
// long values.
func TestReportBoundsWhatWasNotKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		body := func(value string) string {
			o := map[string]string{"displayName": "Staff", "long": strings.Repeat(value, 1000)}
			for i := range 30 {
				o[fmt.Sprintf("p%02d", i)] = value
			}
			raw, err := json.Marshal(o)
			if err != nil {
				t.Fatal(err)
			}
			return string(raw)
		}
		h.Tenant("contoso").Seed("groups", body("x"))
		desire(t, h, "contoso", "groups", "Staff", body("y"))
		h.Tenant("contoso").Lag(time.Hour)
		syncTenant(t, w, "contoso")
		rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if it := rep.Items[0]; len(it.NotKept) != syncer.NotKeptMax || it.NotKeptMore != 31-syncer.NotKeptMax {
			t.Errorf("%d differences and %d more", len(it.NotKept), it.NotKeptMore)
		}
		var text bytes.Buffer
		if err := rep.Text(&text); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"and 11 more", "… (1002 characters), the tenant has"} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("the report does not say %q:\n%s", want, text.String())
			}
		}
	})
}

// A secret that was not kept is told without its value.
func TestNotKeptSecretIsNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: []tenant.Kind{{Name: "accounts", NaturalKey: []string{"/displayName"}, ReadOnly: []string{"/id"}, Sensitive: []string{"/password"}, Create: true, Update: true}}})
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		h.Tenant("contoso").Seed("accounts", `{"displayName":"Robot","password":"0ld-Secret"}`)
		desire(t, h, "contoso", "accounts", "Robot", `{"displayName":"Robot","password":"n3w-Secret"}`)
		h.Tenant("contoso").Lag(time.Hour)
		row := syncTenant(t, w, "contoso")
		rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(rep)
		if err != nil || strings.Contains(string(raw), "0ld-Secret") || strings.Contains(string(raw), "n3w-Secret") {
			t.Errorf("the report has the secret: %s, %v", raw, err)
		}
		if row.Error == nil || !strings.Contains(row.Error.Message, "/password: the tenant has another secret") {
			t.Errorf("the reason: %+v", row.Error)
		}
	})
}

// A delete that the tenant does not keep is told too.
func TestNotKeptDelete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := deployed(t)
		desire(t, h, "contoso", "locations", "Office", "")
		h.Tenant("contoso").Lag(time.Hour)
		row := syncTenant(t, w, "contoso")
		if row.Status != state.PartiallySuccessful || row.Error == nil || !strings.Contains(row.Error.Message, "deleted, and the tenant still has it") {
			t.Errorf("%s, %+v", row.Label, row.Error)
		}
	})
}
