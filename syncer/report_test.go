package syncer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// sampleReport has something of everything that a report shows.
func sampleReport() *syncer.Report {
	return &syncer.Report{
		Format: 1, RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Actor: "ann", Status: state.PartiallySuccessful, Outcome: syncer.Deployed,
		Reason:  "one change was refused",
		Error:   &syncer.ErrorInfo{Class: "partial", Phase: syncer.PhaseDeploy, Message: "1 of 3 changes applied", RequestID: "request-7", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600))},
		Started: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), Ended: time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC),
		Kinds: []syncer.KindReport{
			{KindState: tenant.KindState{Kind: "groups", Completeness: tenant.Complete}, Read: 7, Created: 1, Failed: 1, Skipped: 1},
			{KindState: tenant.KindState{Kind: "policies", Completeness: tenant.Partial, Reason: "the list was cut short"}, Read: 2},
			{KindState: tenant.KindState{Kind: "settings", Completeness: tenant.NotInScope}},
		},
		Items: []syncer.ItemResult{
			{Item: "groups/Staff", Kind: "groups", Key: "Staff", Verb: tenant.Create, Status: syncer.ItemApplied, Verified: true},
			{Item: "groups/Late", Kind: "groups", Key: "Late", Verb: tenant.Update, Status: syncer.ItemApplied},
			{Item: "groups/Bad", Kind: "groups", Key: "Bad", Verb: tenant.Update, Status: syncer.ItemFailed, Class: "invalid", Message: "the name\nis taken", RequestID: "request-7"},
		},
		Notes:   []plan.Note{{Class: plan.BadFile, Kind: "groups", Key: "Broken", Message: "no JSON"}, {Class: plan.NotRead, Kind: "policies", Message: "not read whole"}},
		Missing: []syncer.MissingPermission{{AnyOf: []string{"Policies.Read", "Policies.Write"}, Kinds: []string{"policies"}}},
	}
}

func TestReportText(t *testing.T) {
	var out bytes.Buffer
	if err := sampleReport().Text(&out); err != nil {
		t.Fatal(err)
	}
	want := `contoso: Partially successful (deployed)
  one change was refused
  error in deploy (partial): 1 of 3 changes applied
  kind      read  created  updated  deleted  unchanged  adopted  skipped  failed
  groups       7        1        0        0          0        0        1       1
  policies     2        0        0        0          0        0        0       0  partial: the list was cut short
  applied       create groups/Staff
  applied       update groups/Late
                written, and not confirmed by reading it back
  failed        update groups/Bad
                the name\nis taken
  bad_file      groups/Broken: no JSON
  not_read      policies: not read whole
  missing       Policies.Read or Policies.Write, for policies
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if err := sampleReport().Text(brokenWriter{}); !errors.Is(err, errBrokenWriter) {
		t.Errorf("got %v, want %v", err, errBrokenWriter)
	}
}

func TestCopyError(t *testing.T) {
	want := `Tenant:  contoso
Run:     run-1
Status:  Partially successful
Phase:   deploy
Class:   partial
Error:   1 of 3 changes applied
Request: request-7
Time:    2026-01-02T02:04:05Z
`
	rep := sampleReport()
	if diff := cmp.Diff(want, rep.CopyError()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	rep.Error = &syncer.ErrorInfo{Class: "read", Message: "first\nRun: another"}
	got := rep.CopyError()
	if strings.Contains(got, "\nRun: another") || !strings.Contains(got, "Time:    2026-01-02T03:05:00Z") || strings.Contains(got, "Request") {
		t.Errorf("got %q, want no line that a message made up, the end as the time, and no empty line", got)
	}
	rep.Error = nil
	if got := rep.CopyError(); got != "" {
		t.Errorf("without an error: got %q, want nothing", got)
	}
}

func TestReportJSON(t *testing.T) {
	want := sampleReport()
	raw, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := syncer.DecodeReport(raw)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}

// A report names the decision and both values of each property.
func TestReportOfADeploy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := deployed(t)
		desire(t, h, "contoso", "locations", "Office", `{"displayName":"Office","city":"Basel"}`)
		syncTenant(t, w, "contoso")
		rep, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso"})
		if err != nil {
			t.Fatal(err)
		}
		if rep.Decision == nil || rep.Decision.Actor != "bob" || rep.Decision.Verdict != syncer.Approve || rep.Decision.Digest != rep.Digest {
			t.Errorf("got decision %+v, want bob's approval of the plan", rep.Decision)
		}
		if len(rep.Items) != 1 || len(rep.Items[0].Changes) != 1 {
			t.Fatalf("got %+v, want one item with one change", rep.Items)
		}
		it := rep.Items[0]
		if c := it.Changes[0]; c.Pointer != "/city" || c.Before != nil || string(c.After) != `"Basel"` {
			t.Errorf("got change %+v, want the city before and after", c)
		}
		if it.Status != syncer.ItemApplied || !it.Verified || it.Attempts != 1 {
			t.Errorf("got %+v, want it applied at once, and seen", it)
		}
		first, err := w.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil || first.Run != "run-1" || first.Items[0].Verb != tenant.Create {
			t.Errorf("got %+v, %v, want the first run's report", first, err)
		}
	})
}

func TestErrors(t *testing.T) {
	active := error(&syncer.ActiveError{RunRef: syncer.RunRef{Tenant: "contoso", Run: "run-1"}, Status: state.PendingApproval})
	broken := &syncer.BrokenRulesError{Tenant: "contoso", Rules: []string{"max-deletes", "protected"}}
	if !errors.Is(active, syncer.ErrActive) || errors.Is(active, syncer.ErrPaused) {
		t.Error("an ActiveError is ErrActive and nothing else")
	}
	for _, tt := range []struct {
		err   error
		words []string
	}{
		{active, []string{"contoso", "run-1", "Pending approval"}},
		{broken, []string{"contoso", "max-deletes, protected", "accept"}},
	} {
		for _, word := range tt.words {
			if !strings.Contains(tt.err.Error(), word) {
				t.Errorf("got %q, want %q in it", tt.err, word)
			}
		}
	}
}

// Requests that can never succeed say so, and do nothing.
func TestRefusedRequests(t *testing.T) {
	h := syncertest.New(syncertest.Config{})
	forbidden := errors.New("not in your ring")
	w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Authorize = func(_ context.Context, actor string, _ syncer.Action, _ string) error {
			if actor == "mallory" {
				return forbidden
			}
			return nil
		}
	}})
	starts := []struct {
		name string
		req  syncer.StartRequest
		want error
	}{
		{"no tenant", syncer.StartRequest{Actor: "ann"}, syncer.ErrInvalid},
		{"long tenant", syncer.StartRequest{Tenant: strings.Repeat("x", 257), Actor: "ann"}, syncer.ErrInvalid},
		{"tenant of two lines", syncer.StartRequest{Tenant: "a\nb", Actor: "ann"}, syncer.ErrInvalid},
		{"tenant not UTF-8", syncer.StartRequest{Tenant: "a\xff", Actor: "ann"}, syncer.ErrInvalid},
		{"nobody", syncer.StartRequest{Tenant: "contoso"}, syncer.ErrNoActor},
		{"somebody who may not", syncer.StartRequest{Tenant: "contoso", Actor: "mallory"}, forbidden},
		{"unknown mode", syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Mode: "fast"}}, syncer.ErrInvalid},
		{"roll back of a backup", syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Mode: syncer.BackupOnly, DesiredFrom: "1"}}, syncer.ErrInvalid},
		{"label without a name", syncer.StartRequest{Tenant: "contoso", Actor: "ann", Labels: map[string]string{"": "1"}}, syncer.ErrInvalid},
		{"label of two lines", syncer.StartRequest{Tenant: "contoso", Actor: "ann", Labels: map[string]string{"ring": "1\n2"}}, syncer.ErrInvalid},
		{"target without a kind", syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Key: "Staff"}}}}, syncer.ErrInvalid},
	}
	for _, tt := range starts {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := w.Start(t.Context(), tt.req); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if row, err := w.Status(t.Context(), "contoso"); err != nil || row.Version != 0 {
		t.Errorf("got version %d, %v, want nothing stored", row.Version, err)
	}
}

// Each report names the identity that the run used, also if the commit that ends the
// run is the first since it connected.
func TestReportsNameTheIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		w := h.Worker("a", syncertest.WorkerConfig{})
		for _, want := range []syncer.Outcome{syncer.Adopted, syncer.NoChanges} {
			row := syncTenant(t, w, "contoso")
			rep, err := w.Report(t.Context(), row.RunRef)
			if err != nil || rep.Outcome != want || rep.Identity == nil || rep.Identity.Username != "admin@contoso.example" {
				t.Errorf("%s: got %+v, identity %+v", want, err, rep.Identity)
			}
		}
	})
}
