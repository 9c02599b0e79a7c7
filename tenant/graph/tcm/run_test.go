package tcm_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm/tcmtest"
)

// host syncs a tenant of a fake Graph and a fake Tenant Configuration Management.
type host struct {
	t      *testing.T
	tcm    *tcmtest.Server
	repo   *tenant.MemoryRepository
	engine *syncer.Syncer
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{t: t, tcm: newServer(), repo: tenant.NewMemoryRepository()}
	server := graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})
	var err error
	h.engine, err = syncer.New(syncer.Config{
		Store: state.NewMemory(), Repository: h.repo,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			g, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient(), Directory: authtest.DirectoryOf("contoso")})
			if err != nil {
				return nil, err
			}
			c, err := tcm.New(tcm.Config{Credential: graphtest.Credential(), Endpoint: h.tcm.URL(), HTTPClient: h.tcm.HTTPClient(), Kinds: []string{rules, meetings}})
			return tenant.Join(g, c), err
		}),
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) { return r.Approve("bob", "go"), nil }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// sync syncs the two kinds.
func (h *host) sync() (syncer.Row, *syncer.Report) {
	h.t.Helper()
	row, err := h.engine.Sync(h.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann",
		Options: syncer.Options{Targets: []plan.Target{{Kind: rules}, {Kind: meetings}, {Kind: "namedLocations"}}}})
	if err != nil {
		h.t.Fatal(err)
	}
	report, err := h.engine.Report(h.t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		h.t.Fatal(err)
	}
	return row, report
}

func (h *host) edit(kind, key, body string) {
	h.t.Helper()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	if err := h.repo.Edit("contoso", kind, key, content); err != nil {
		h.t.Fatal(err)
	}
}

// backup returns the keys and bodies of the backup line.
func (h *host) backup() map[string]string {
	h.t.Helper()
	snapshot, err := h.repo.Snapshot(h.t.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
	if err != nil {
		h.t.Fatal(err)
	}
	all := map[string]string{}
	for _, r := range snapshot.Resources {
		all[r.Kind+"/"+r.Key] = string(r.Body)
	}
	return all
}

// unsupported are the notes of a report that say why a change is not made, by object.
func unsupported(r *syncer.Report) map[string]string {
	notes := map[string]string{}
	for _, n := range r.Notes {
		if n.Class == plan.Unsupported {
			notes[n.Kind+"/"+n.Key] = n.Message
		}
	}
	return notes
}

// The first sync backs up both kinds. A change of the tenant goes to the repository, and a
// change of the repository is shown with the reason, and never made.
func TestBackupAndDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		row, _ := h.sync()
		all := h.backup()
		if len(all) != 3 || !strings.Contains(all[rules+"/A"], `"Priority"`) || !strings.Contains(all[meetings+"/Global"], `"AllowMeetNow"`) {
			t.Fatalf("%s, the backup has %v", row.Label, all)
		}

		// The tenant changes: a rule's priority, a removed rule, a policy's setting.
		h.tcm.Set(ruleType, `{"Name":"A","Priority":7,"Ensure":"Present"}`)
		h.tcm.Set(meetType, `{"Identity":"Global","AllowMeetNow":true,"Ensure":"Present"}`)
		h.sync()
		if all := h.backup(); strings.Contains(all[rules+"/A"], "7") {
			t.Error("a second snapshot was taken within a week")
		}
		<-time.After(tcm.EveryDefault)
		_, _ = h.sync()
		all = h.backup()
		if _, there := all[rules+"/B"]; there || !strings.Contains(all[rules+"/A"], "7") || !strings.Contains(all[meetings+"/Global"], "true") {
			t.Errorf("after a week the backup has %v", all)
		}
		desired, err := h.repo.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
		if err != nil || len(desired.Resources) != 2 {
			t.Errorf("the repository has %d files, %v; want the tenant's 2", len(desired.Resources), err)
		}

		// The repository changes: a create, an update and a delete.
		h.edit(rules, "New", `{"Name":"New","Priority":3}`)
		h.edit(rules, "A", `{"Name":"A","Priority":1}`)
		h.edit(meetings, "Global", "")
		before := len(h.tcm.Requests())
		row, report := h.sync()
		notes := unsupported(report)
		for _, object := range []string{rules + "/New", rules + "/A", meetings + "/Global"} {
			if !strings.Contains(notes[object], "cannot write it; make the change in the tenant") {
				t.Errorf("%s: the note is %q", object, notes[object])
			}
		}
		if len(report.Items) > 0 || row.Outcome == syncer.Deployed {
			t.Errorf("%s (%s), items %+v", row.Outcome, row.Label, report.Items)
		}
		for _, r := range h.tcm.Requests()[before:] {
			if !strings.HasPrefix(r, "GET ") {
				t.Errorf("the sync sent %s", r)
			}
		}
	})
}

// A kind that a snapshot could not read keeps its backup and its files.
func TestUnreadKindIsNotAbsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		h.sync()
		h.tcm.Deny(meetType, meetType+": Error exporting resource: Access Denied.")
		<-time.After(tcm.EveryDefault)
		row, report := h.sync()
		if all := h.backup(); all[meetings+"/Global"] == "" || len(all) != 3 {
			t.Errorf("%s: the backup has %v", row.Label, all)
		}
		if desired, err := h.repo.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"}); err != nil || len(desired.Resources) != 3 {
			t.Errorf("the repository has %d files, %v", len(desired.Resources), err)
		}
		if !slices.ContainsFunc(report.Kinds, func(k syncer.KindReport) bool {
			return k.Kind == meetings && k.Completeness == tenant.Forbidden && strings.Contains(k.Reason, "Access Denied")
		}) {
			t.Errorf("the report has %+v", report.Kinds)
		}
	})
}

// Daily syncs of a month take five snapshots, and their resources are a fraction of the
// quota.
func TestMonthOfDailySyncs(t *testing.T) {
	if underRace {
		t.Skip("a month takes a minute with the race detector: run it without -race")
	}
	synctest.Test(t, func(t *testing.T) {
		h := newHost(t)
		many(h.tcm, 100)
		<-time.After(time.Until(time.Date(2000, 2, 1, 3, 0, 0, 0, time.UTC)))
		for day := range 31 {
			row, _ := h.sync()
			if n := len(h.backup()); n != 101 {
				t.Fatalf("day %d: %s, the backup has %d objects", day, row.Label, n)
			}
			<-time.After(24 * time.Hour)
		}
		if h.tcm.Created() != 5 {
			t.Errorf("%d snapshots, want 5", h.tcm.Created())
		}
		if n := len(h.tcm.Jobs()); n > 2 {
			t.Errorf("%d jobs are visible", n)
		}
		t.Logf("%d snapshots, %d requests", h.tcm.Created(), len(h.tcm.Requests()))
	})
}
