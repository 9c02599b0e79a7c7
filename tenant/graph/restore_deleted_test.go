package graph_test

import (
	"fmt"
	"io"
	"net/http"
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
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// rollBackHost is a host of a tenant whose objects are deleted and rolled back.
type rollBackHost struct {
	*pieceHost
	revision string   // of the backup to roll back to
	sent     []string // the writes
}

// newRollBackHost returns a host of a tenant with files, which were deployed and backed
// up.
func newRollBackHost(t *testing.T, files map[string]map[string]string) *rollBackHost {
	h := &rollBackHost{pieceHost: &pieceHost{t: t, server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")}), repository: tenant.NewMemoryRepository(), store: state.NewMemory(), catalogue: restoredKinds(), deletes: map[string]bool{"groups": true, "applications": true}}}
	h.transport = round(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "$batch") {
			body := ""
			if r.Body != nil {
				b, _ := io.ReadAll(r.Body)
				body = string(b)
				r.Body = io.NopCloser(strings.NewReader(body))
			}
			h.sent = append(h.sent, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+body))
		}
		return h.server.HTTPClient().Transport.RoundTrip(r)
	})
	for kind, bodies := range files {
		for key, body := range bodies {
			h.edit(kind, key, body)
		}
	}
	h.sync(syncer.Deployed)
	h.sync(syncer.NoChanges)
	revs, err := h.repository.History(t.Context(), tenant.RepositoryHistoryRequest{Tenant: "contoso", Line: tenant.BackupLine})
	if err != nil {
		t.Fatal(err)
	}
	h.revision, h.sent = revs[0].ID, nil
	return h
}

// restoredKinds are the kinds of these tests.
func restoredKinds() *catalogue.Catalogue {
	return onlyKinds("conditionalAccessPolicies", "namedLocations", "groups", "applications", "servicePrincipals", "administrativeUnits", "deviceConfigurations", "roleDefinitions")
}

// rollBack rolls the tenant back, and returns the plan.
func (h *rollBackHost) rollBack() (syncer.Row, *syncer.Report, *plan.Plan) {
	h.t.Helper()
	h.sent, h.plans = nil, nil
	row, report := h.run(syncer.Options{DesiredFrom: h.revision})
	if len(h.plans) == 0 {
		h.t.Fatalf("no plan: %s, %s, %+v", row.Label, row.Outcome, row.Error)
	}
	return row, report, h.plans[len(h.plans)-1]
}

// id returns the id of an object.
func (h *rollBackHost) id(kind, name string) string {
	return h.server.Fake.Find(kind, name)
}

const restorable = `{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["None"],"includeGroups":["${groups/Staff}"]},"applications":{"includeApplications":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":["${namedLocations/Office}"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`

func restorableFiles() map[string]map[string]string {
	return map[string]map[string]string{
		"groups":          {"Staff": `{"displayName":"Staff","mailNickname":"staff","mailEnabled":false,"securityEnabled":true,"groupTypes":[]}`},
		"namedLocations":  {"Office": `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":false,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.0/24"}]}`},
		conditionalAccess: {"P": restorable},
	}
}

// What a sync deleted is restored by a roll back, with its ids: a policy that comes
// back enabled, the location and the group that it refers to. The plan says so, and which
// calls are a preview.
func TestRollBackRestores(t *testing.T) {
	for _, lag := range []time.Duration{0, 30 * time.Second} {
		t.Run(lag.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRollBackHost(t, restorableFiles())
				ids := map[string]string{}
				for kind, files := range restorableFiles() {
					for key := range files {
						ids[kind] = h.id(kind, key)
						h.removeFile(kind, key)
					}
				}
				h.sync(syncer.Deployed)
				h.server.Fake.Lag(lag)
				<-time.After(time.Minute)
				row, report, p := h.rollBack()
				if row.Status != state.Idle || row.Outcome != syncer.Deployed {
					t.Errorf("%s, %s: %+v", row.Label, row.Outcome, report.Items)
				}
				for kind, files := range restorableFiles() {
					for key := range files {
						it := p.Item(kind + "/" + key)
						if it == nil || it.Verb != tenant.Create || !it.Restored || it.TenantID != ids[kind] || it.Preview != (kind != "groups") || len(it.Changes) != 1 {
							t.Errorf("the item is %+v", it)
						}
						if id := h.id(kind, key); id != ids[kind] {
							t.Errorf("%s/%s has the id %s, want %s", kind, key, id, ids[kind])
						}
					}
				}
				if policy := string(h.server.Fake.Object(conditionalAccess, ids[conditionalAccess])); !strings.Contains(policy, `"state":"enabled"`) {
					t.Errorf("the policy is back as %s", policy)
				}
				var shown strings.Builder
				err := p.TextWidth(&shown, 100)
				if text := shown.String(); err != nil || !strings.Contains(text, "restored with its id \""+ids[conditionalAccess]) || !strings.Contains(text, "by a preview of the service") || !strings.Contains(text, "enabled") {
					t.Errorf("the plan is shown as\n%s", text)
				}
				slices.Sort(h.sent)
				want := []string{
					"POST /beta/identity/conditionalAccess/deletedItems/namedLocations/" + ids["namedLocations"] + "/restore",
					"POST /beta/identity/conditionalAccess/deletedItems/policies/" + ids[conditionalAccess] + "/restore",
					"POST /v1.0/directory/deletedItems/" + ids["groups"] + "/restore",
				}
				if !slices.Equal(h.sent, want) {
					t.Errorf("sent %q, want %q", h.sent, want)
				}
				<-time.After(time.Minute)
				h.sync(syncer.NoChanges)
			})
		})
	}
}

// A policy comes back in its former form, which differs from the backup: the plan
// shows that form and then the difference, guards judge both, and the difference is written
// after the restore.
func TestRollBackRestoresAndChanges(t *testing.T) {
	for name, lost := range map[string]bool{"all is answered": false, "the answer to the restore is lost": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				files := restorableFiles()
				files[conditionalAccess]["P"] = strings.Replace(restorable, `"enabled"`, `"disabled"`, 1)
				h := newRollBackHost(t, files)
				id := h.id(conditionalAccess, "P")
				h.server.Fake.Set(conditionalAccess, id, `{"state":"enabled","conditions":{"locations":null,"users":{"includeUsers":["All"]}},"grantControls":{"builtInControls":["block"]}}`)
				h.server.Fake.Remove(conditionalAccess, id)
				h.sync() // adopts the removal
				if lost {
					under := h.transport
					h.transport = round(func(r *http.Request) (*http.Response, error) {
						a, err := under.RoundTrip(r)
						if lost && err == nil && strings.HasSuffix(r.URL.Path, "/restore") {
							lost = false
							a.Body.Close()
							return nil, io.ErrUnexpectedEOF
						}
						return a, err
					})
				}
				row, report, p := h.rollBack()
				if row.Outcome != syncer.Deployed || row.Status != state.Idle {
					t.Errorf("%s, %s: %+v", row.Label, row.Outcome, report.Items)
				}
				it := p.Item(conditionalAccess + "/P")
				if it == nil || !it.Restored || it.TenantID != id {
					t.Fatalf("the item is %+v", it)
				}
				var changed []string
				for _, c := range it.Changes {
					changed = append(changed, c.Pointer)
				}
				if form := string(it.Changes[0].After); changed[0] != "" || !slices.Contains(changed, "/state") || !strings.Contains(form, `"state":"enabled"`) || !strings.Contains(form, `"includeUsers":["All"]`) {
					t.Errorf("the plan changes %q after %s", changed, form)
				}
				if len(p.Broken) == 0 {
					t.Error("no rule is broken by a policy that comes back and blocks everyone")
				}
				if body := string(h.server.Fake.Object(conditionalAccess, id)); !strings.Contains(body, `"state":"disabled"`) || !strings.Contains(body, `"mfa"`) {
					t.Errorf("the policy is %s", body)
				}
				if len(h.sent) != 2 || !strings.HasPrefix(h.sent[1], "PATCH ") {
					t.Errorf("sent %q, want a restore and a patch", h.sent)
				}
				h.sync(syncer.NoChanges)
			})
		})
	}
}

// An application comes back with its service principal, whether the service restores
// that by itself or not.
func TestRollBackRestoresServicePrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newRollBackHost(t, map[string]map[string]string{"applications": {"App": `{"displayName":"App"}`}})
		app := h.id("applications", "App")
		h.server.Fake.Set("applications", app, `{"appId":"`+guidB+`"}`)
		other := h.server.Fake.Seed("servicePrincipals", `{"displayName":"Other","appId":"`+guidA+`"}`)
		principal := h.server.Fake.Seed("servicePrincipals", `{"displayName":"App","appId":"`+guidB+`"}`)
		h.server.Fake.Remove("servicePrincipals", principal)
		h.server.Fake.Remove("servicePrincipals", other)
		h.removeFile("applications", "App")
		h.sync(syncer.Deployed)
		row, report, _ := h.rollBack()
		if row.Outcome != syncer.Deployed {
			t.Errorf("%s, %s: %+v", row.Label, row.Outcome, report.Items)
		}
		if h.id("applications", "App") != app || h.server.Fake.Object("servicePrincipals", principal) == nil || h.server.Fake.Object("servicePrincipals", other) != nil {
			t.Errorf("the application is %s, and sent was %q", h.id("applications", "App"), h.sent)
		}
	})
}

// What cannot be restored is created anew, and the plan says so and why: after 30 days, if
// it was removed for good, a group of a directory on premises, a kind that is not kept, and where reads
// of deleted objects fail.
func TestRollBackRecreates(t *testing.T) {
	group := restorableFiles()["groups"]["Staff"]
	for name, tt := range map[string]struct {
		kind, key, body string
		before          string // a patch before the delete
		after           func(h *rollBackHost, id string)
		twin            bool
		why             string
	}{
		"after 30 days":        {"groups", "Staff", group, "", func(*rollBackHost, string) { <-time.After(30 * 24 * time.Hour) }, false, "too long ago"},
		"removed for good":     {"groups", "Staff", group, "", (*rollBackHost).purge, false, "removed for good"},
		"a synchronized group": {"groups", "Staff", group, `{"onPremisesSyncEnabled":true}`, nil, false, "removed for good"},
		"a kind that is gone":  {"assignmentFilters", "F", `{"displayName":"F","platform":"windows10AndLater","rule":"(device.model -eq \"x\")"}`, "", nil, false, "keeps no deleted objects"},
		"the reads are refused": {"groups", "Staff", group, "", func(h *rollBackHost, _ string) {
			under := h.transport
			h.transport = round(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/deletedItems/") {
					return refusal(r, http.StatusForbidden)
				}
				return under.RoundTrip(r)
			})
		}, false, "could not be read"},
		"two of its name": {"groups", "Staff", group, "", nil, true, "several deleted objects"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRollBackHost(t, map[string]map[string]string{tt.kind: {tt.key: tt.body}})
				id := h.id(tt.kind, tt.key)
				if tt.before != "" {
					h.server.Fake.Set(tt.kind, id, tt.before)
				}
				h.server.Fake.Remove(tt.kind, id)
				if tt.twin {
					h.server.Fake.Remove(tt.kind, h.server.Fake.Seed(tt.kind, tt.body))
				}
				h.removeFile(tt.kind, tt.key)
				h.sync()
				if _, err := h.client().Deleted(t.Context(), tenant.DeletedRequest{Kind: tt.kind}); err != nil {
					t.Fatal(err) // from now on the server counts the days
				}
				if tt.after != nil {
					tt.after(h, id)
				}
				row, report, p := h.rollBack()
				if row.Outcome != syncer.Deployed {
					t.Errorf("%s, %s: %+v", row.Label, row.Outcome, report.Items)
				}
				if it := p.Item(tt.kind + "/" + tt.key); it == nil || it.Restored || it.TenantID != "" {
					t.Errorf("the item is %+v", it)
				}
				if notes := fmt.Sprint(p.Notes); !strings.Contains(notes, "created anew and gets another id") || !strings.Contains(notes, tt.why) {
					t.Errorf("the notes are %s, want %q", notes, tt.why)
				}
				if now := h.id(tt.kind, tt.key); now == id || now == "" {
					t.Errorf("it has the id %q", now)
				}
			})
		})
	}
}

// An object that is purged, or whose name another object has got, after the plan was made
// is not restored, and no other object takes its place.
func TestRestoreAfterThePlan(t *testing.T) {
	for name, change := range map[string]func(h *rollBackHost, id string){
		"purged":         (*rollBackHost).purge,
		"another object": func(h *rollBackHost, _ string) { h.server.Fake.Seed("groups", restorableFiles()["groups"]["Staff"]) },
		"its form": func(h *rollBackHost, id string) {
			h.server.Fake.Undelete("groups", id)
			h.server.Fake.Set("groups", id, `{"description":"theirs"}`)
			h.server.Fake.Remove("groups", id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRollBackHost(t, map[string]map[string]string{"groups": restorableFiles()["groups"]})
				id := h.id("groups", "Staff")
				h.removeFile("groups", "Staff")
				h.sync(syncer.Deployed)
				h.reviewed = func() { change(h, id) }
				_, report, _ := h.rollBack()
				if len(report.Items) != 1 || report.Items[0].Status != syncer.ItemConflict {
					t.Errorf("got %+v, want a conflict", report.Items)
				}
				if h.server.Fake.Object("groups", id) != nil || len(h.sent) > 0 {
					t.Errorf("sent %q", h.sent)
				}
			})
		})
	}
}

// client returns a client of the host's tenant.
func (h *rollBackHost) client() *graph.Client {
	return newClient(h.t, h.server, nil)
}

// purge removes a deleted object for good.
func (h *rollBackHost) purge(id string) {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), http.MethodDelete, h.server.URL()+"/v1.0/directory/deletedItems/"+id, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer anything")
	if a, err := h.server.HTTPClient().Do(r); err != nil || a.StatusCode != http.StatusNoContent {
		h.t.Fatal(err, a)
	}
}

// A restored group comes back with its members. A policy of the tenant that blocks the group
// may then block the break-glass account.
func TestGuardOfRestoredGroup(t *testing.T) {
	const glass, group = "0f1e2d3c-0000-4000-8000-abcdefabcdef", "aaaaaaaa-0000-4000-8000-00000000000a"
	server := graphtest.New(graphtest.Config{})
	server.Fake.Seed(conditionalAccess, `{"displayName":"P","state":"enabled","conditions":{"clientAppTypes":["all"],"users":{"includeGroups":["`+group+`"]},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["block"]}}`)
	c := newClient(t, server, func(cfg *graph.Config) { cfg.BreakGlass = []string{glass} })
	change := tenant.GuardChange{Item: "groups/G", Kind: "groups", Key: "G", Verb: tenant.Create, ID: group, Restored: true, After: []byte(`{"displayName":"G"}`)}
	found, err := c.Guard(t.Context(), tenant.GuardRequest{Changes: []tenant.GuardChange{change}})
	if err != nil || !strings.Contains(fmt.Sprint(found), glass) || strings.Contains(fmt.Sprint(found), graph.RuleUnreadable) {
		t.Errorf("got %+v, %v, want the break-glass account named", found, err)
	}
}
