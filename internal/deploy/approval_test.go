package deploy_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// held is the error of a write that the service holds.
func held(code string, begun bool) error {
	return &tenant.Error{Class: tenant.AwaitsApproval, RequestID: "req-1",
		Approval: &tenant.Approval{Code: code, Sum: "sum", Until: time.Now().Add(time.Hour), Begun: begun}}
}

// fileRequest lets a first run file a request for an update of groups/Staff.
func fileRequest(t *testing.T, begun bool) (*world, deploy.Request) {
	t.Helper()
	w := newWorld(t)
	w.update("groups", "Staff")
	w.strike = on("apply", 1, fault{before: held("r-1", begun)})
	if err := w.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	res := w.result("groups/Staff")
	if res.Status != deploy.Waits || res.Class != "awaits_approval" || res.Attempts != 1 || res.RequestID != "req-1" || res.Approval == nil {
		t.Fatalf("got %+v", res)
	}
	w.lines, w.strike = nil, nil // another run begins
	return w, *res.Approval
}

// A write that the service holds is no failure: the rest of the plan is carried out, and
// what depends on the item is not. The request has what a later run needs.
func TestAHeldWriteWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.options.StopOnFailure = true
		first := w.update("groups", "A")
		w.update("groups", "B").Wave = 1
		last := w.update("groups", "C")
		last.Wave, last.DependsOn = 1, []string{first.ID}
		w.strike = on("apply", 1, fault{before: held("r-1", false)})
		if err := w.run(t.Context()); err != nil {
			t.Fatal(err)
		}
		res := w.result(first.ID)
		want := &deploy.Request{Code: "r-1", Until: time.Now().Add(time.Hour), Sum: "sum", Before: first.Before, KeyID: schema.KeyID(key)}
		if diff := cmp.Diff(want, res.Approval, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Change" }, cmp.Ignore())); diff != "" || res.Approval.Change == "" {
			t.Errorf("the request (-want +got):\n%s", diff)
		}
		for id, status := range map[string]deploy.Status{first.ID: deploy.Waits, "groups/B": deploy.Applied, "groups/C": deploy.Skipped} {
			if got := w.result(id); got.Status != status {
				t.Errorf("%s: got %+v, want %s", id, got, status)
			}
		}
	})
}

// A later run acts by the state of the request that it finds.
func TestWhatBecomesOfARequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		begun  bool // a part was carried out before the request was filed
		given  func(w *world, it *plan.Item, r *deploy.Request)
		state  tenant.ApprovalState // "" for a request that the tenant does not know
		strike func(string, int) fault
		status deploy.Status
		class  string
		words  string
		sent   int  // writes
		coded  bool // with the code
	}{
		{name: "pending", state: tenant.ApprovalPending, status: deploy.Waits, class: "awaits_approval", words: "request r-1 waits for approval"},
		{name: "pending, and the change was edited", state: tenant.ApprovalPending, given: edited, status: deploy.Waits, class: "awaits_approval", words: "earlier form"},
		{name: "approved", state: tenant.ApprovalApproved, status: deploy.Applied, sent: 1, coded: true},
		{name: "approved, the rest of a change", begun: true, given: edited, state: tenant.ApprovalApproved, status: deploy.Applied, sent: 1, coded: true},
		{name: "approved, and the object was changed", state: tenant.ApprovalApproved, given: moved, status: deploy.Conflict, class: "conflict", words: "object has been changed"},
		{name: "approved, and the change was edited", state: tenant.ApprovalApproved, given: edited, status: deploy.Conflict, class: "conflict", words: "earlier form"},
		{name: "approved, and the secret was replaced", state: tenant.ApprovalApproved, given: func(_ *world, _ *plan.Item, r *deploy.Request) { r.KeyID = "other" },
			status: deploy.Conflict, class: "conflict", words: "Config.Secret"},
		{name: "rejected", state: tenant.ApprovalRejected, status: deploy.Failed, class: "approval_rejected", words: "rejected"},
		{name: "withdrawn", state: tenant.ApprovalWithdrawn, status: deploy.Failed, class: "approval_withdrawn", words: "withdrawn"},
		{name: "lapsed", state: tenant.ApprovalLapsed, status: deploy.Failed, class: "approval_lapsed", words: "lapsed"},
		{name: "not known", status: deploy.Failed, class: "approval_lapsed", words: "lapsed"},
		{name: "rejected, and the change was edited", state: tenant.ApprovalRejected, given: edited, status: deploy.Applied, sent: 1},
		{name: "completed", state: tenant.ApprovalCompleted, status: deploy.Applied, sent: 1},
		{name: "of another item", state: tenant.ApprovalPending, given: func(w *world, _ *plan.Item, r *deploy.Request) {
			w.requests["groups/Other"] = *r
			r.Code = "" // it has none
		}, status: deploy.Applied, sent: 1},
		{name: "read at the second attempt", state: tenant.ApprovalApproved, strike: on("approval", 1, fault{before: refusal(tenant.Transient)}), status: deploy.Applied, sent: 1, coded: true},
		{name: "not readable", state: tenant.ApprovalApproved, strike: on("approval", 0, fault{before: refusal(tenant.AccessDenied)}), status: deploy.Failed, class: "forbidden", words: "request for approval"},
		{name: "sent, and the answer was lost", state: tenant.ApprovalApproved, strike: on("apply", 2, fault{after: noAnswer()}), status: deploy.Applied, sent: 1, coded: true},
		{name: "held again", state: tenant.ApprovalApproved, strike: on("apply", 2, fault{before: held("r-2", false)}), status: deploy.Waits, class: "awaits_approval", words: "r-2", sent: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, r := fileRequest(t, tt.begun)
				w.requests = map[string]deploy.Request{}
				if tt.given != nil {
					tt.given(w, w.items[0], &r)
				}
				if r.Code != "" {
					w.requests["groups/Staff"] = r
				}
				if tt.state != "" {
					w.shown = map[string]tenant.ApprovalRequest{"r-1": {State: tt.state, Until: time.Now().Add(2 * time.Hour)}}
				}
				w.strike = tt.strike
				before := w.called("apply")
				if err := w.run(t.Context()); err != nil {
					t.Fatal(err)
				}
				res := w.result("groups/Staff")
				if res.Status != tt.status || res.Class != tt.class || !strings.Contains(res.Message, tt.words) {
					t.Errorf("got %+v, want %s, %q, %q", res, tt.status, tt.class, tt.words)
				}
				if sent := w.called("apply") - before; sent != tt.sent {
					t.Errorf("%d writes were sent, want %d", sent, tt.sent)
				}
				if coded := slices.ContainsFunc(w.approved, func(a tenant.Approval) bool { return a.Code == "r-1" && a.Sum == "sum" }); coded != tt.coded {
					t.Errorf("sent with %+v", w.approved)
				}
				if tt.status == deploy.Waits && tt.words != "r-2" && !res.Approval.Until.Equal(time.Now().Add(2*time.Hour)) {
					t.Errorf("it lapses at %s", res.Approval.Until)
				}
			})
		})
	}
}

// edited changes what the item writes.
func edited(_ *world, it *plan.Item, _ *deploy.Request) {
	it.After = []byte(strings.Replace(string(it.After), "new", "newer", 1))
	it.Changes[0].After = []byte(`"newer"`)
}

// moved lets the object be another than the one that the request was filed for.
func moved(_ *world, _ *plan.Item, r *deploy.Request) { r.Before = "another fingerprint" }

// A request that needs a person cannot be read without one. The deploy ends, and the
// item gets no result.
func TestARequestIsReadWithAPerson(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, r := fileRequest(t, false)
		w.requests = map[string]deploy.Request{"groups/Staff": r}
		w.strike = on("approval", 0, fault{before: refusal(tenant.Unauthenticated)})
		if err := w.run(t.Context()); err == nil || w.result("groups/Staff").Status != "" {
			t.Errorf("got %v, %+v", err, w.result("groups/Staff"))
		}
	})
}

// A request is kept until it is closed, or has lapsed long ago.
func TestStillOpen(t *testing.T) {
	now := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	request := func(code string, lapses time.Duration) deploy.Request {
		return deploy.Request{Code: code, Until: now.Add(lapses)}
	}
	before := map[string]deploy.Request{}
	var results []deploy.Result
	item := func(id string, status deploy.Status, class string, r *deploy.Request) {
		before[id] = request(id, time.Hour)
		results = append(results, deploy.Result{Item: id, Status: status, Class: class, Approval: r})
	}
	later := request("later", 2*time.Hour)
	item("applied", deploy.Applied, "", nil)
	item("rejected", deploy.Failed, deploy.Rejected, nil)
	item("withdrawn", deploy.Failed, deploy.Withdrawn, nil)
	item("lapsed", deploy.Failed, deploy.Lapsed, nil)
	item("refiled", deploy.Waits, "awaits_approval", &later)
	item("nameless", deploy.Waits, "awaits_approval", &deploy.Request{})
	item("conflict", deploy.Conflict, "conflict", nil)
	item("failed", deploy.Failed, "forbidden", nil)
	before["not planned"] = request("not planned", -29*24*time.Hour)
	before["forgotten"] = request("forgotten", -30*24*time.Hour)
	results = append(results, deploy.Result{Item: "new", Status: deploy.Waits, Approval: &later})
	want := map[string]deploy.Request{"refiled": later, "new": later, "nameless": before["nameless"], "conflict": before["conflict"], "failed": before["failed"], "not planned": before["not planned"]}
	if diff := cmp.Diff(want, deploy.StillOpen(before, results, now)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
