package graph_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// hardNames mean something to a query, an address, a reference or a file system.
var hardNames = []string{
	"Research and Development", "either or neither", "displayName eq 'x' and id eq 'y'", "O'Neill's ''quoted''", `say "hi"`, "Team #1", "R&D & more",
	"100% of %41 %2e%2e", "a+b = c", "Sales/Europe", `back\slash`, "${groups/Staff}", "$100 $$ ${var:x}", "?q=1;x", "(a) [b] {c} <d>|*:", "..", "CON", " blanks  ", "Ünïcödé — 漢字 😀",
	strings.Repeat("long name ", 30), strings.Repeat("x", 300), strings.Repeat("漢", 300),
}

// namesHost is a host of one tenant with a repository of its own.
type namesHost struct {
	*testing.T
	server     *graphtest.Server
	catalogue  *catalogue.Catalogue
	repository tenant.Repository
	engine     *syncer.Syncer
	edits      int
}

// newNamesHost returns a host of a tenant with one kind and those that it refers to.
func newNamesHost(t *testing.T, kind string, repository tenant.Repository) *namesHost {
	cat := withReferred(catalogue.Default(), kind)
	return &namesHost{T: t, catalogue: cat, repository: repository,
		server: graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso"), PageSize: 5})}
}

// forget gives the host an engine that knows nothing.
func (h *namesHost) forget(kind string) {
	h.Helper()
	engine, err := syncer.New(syncer.Config{
		Store: state.NewMemory(), Repository: h.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: h.server.URL(), HTTPClient: h.server.HTTPClient(),
				Catalogue: h.catalogue, Unproven: []string{"*"}})
		}),
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
			d := r.Approve("bob", "go")
			for _, b := range r.Plan.Broken {
				d.Accept = append(d.Accept, b.Rule)
			}
			return d, nil
		}),
		Settings: syncer.Settings{Rules: plan.Rules{Deletes: map[string]bool{kind: true}}},
	})
	if err != nil {
		h.Fatal(err)
	}
	h.engine = engine
}

func (h *namesHost) sync(kind, what string, want ...syncer.Outcome) {
	h.Helper()
	row, err := h.engine.Sync(h.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: kind}}}})
	if err != nil {
		h.Fatalf("%s: %v", what, err)
	}
	if row.Status == state.Idle && slices.Contains(want, row.Outcome) {
		return
	}
	report, err := h.engine.Report(h.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		h.Fatal(err)
	}
	var text strings.Builder
	_ = report.Text(&text) // to memory
	h.Fatalf("%s: %s, %s, want %v\n%s", what, row.Label, row.Outcome, want, text.String())
}

// files are the kind's files.
func (h *namesHost) files(kind string) map[string]string {
	h.Helper()
	line, err := h.repository.Desired(h.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil || len(line.Problems) > 0 {
		h.Fatalf("the line has %v, %v", line.Problems, err)
	}
	out := map[string]string{}
	for _, r := range line.Resources {
		if r.Kind == kind {
			out[r.Key] = string(r.Body)
		}
	}
	return out
}

func (h *namesHost) write(kind string, files map[string]string) {
	h.Helper()
	line, err := h.repository.Desired(h.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		h.Fatal(err)
	}
	h.edits++
	req := tenant.UpdateRequest{Tenant: "contoso", Key: fmt.Sprint("edit ", h.edits), Parent: line.Revision, Message: "edit", Author: "ann"}
	for key, body := range files {
		change := tenant.Change{Kind: kind, Key: key}
		if body != "" {
			change.Body = []byte(body)
		}
		req.Changes = append(req.Changes, change)
	}
	if _, err := h.repository.Update(h.Context(), req); err != nil {
		h.Fatal(err)
	}
}

// names are the names of the tenant's objects.
func (h *namesHost) names(kind, property string) []string {
	h.Helper()
	var out []string
	for _, o := range h.server.Fake.Objects(kind) {
		fields, err := decodeFields(o.Body)
		if err != nil {
			h.Fatal(err)
		}
		out = append(out, fields[property].(string))
	}
	slices.Sort(out)
	return out
}

// Whatever an object is called, it is backed up, changed, matched by its name,
// deleted and restored, over HTTP: for a kind whose objects are looked up by $filter,
// for each property that it filters by, for kinds whose whole list is read, with files
// in memory and in a folder.
func TestHardNames(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk of all kinds take minutes: run without -race")
	}
	kinds := map[string]string{"namedLocations": `"@odata.type":"#microsoft.graph.countryNamedLocation","countriesAndRegions":["DE"],"includeUnknownCountriesAndRegions":%t`,
		"administrativeUnits": `"description":"%t"`}
	for _, e := range catalogue.Default().Entries {
		if len(e.List.Filter) > 0 && e.Create && e.Update && e.Delete {
			kinds[e.Name] = `"visibility":"%t"`
			if e.Name == "groups" {
				kinds[e.Name] = `"mailEnabled":false,"mailNickname":"n","securityEnabled":true,"visibility":"%t"`
			}
			if e.Name == "applications" {
				kinds[e.Name] = `"isFallbackPublicClient":%t`
			}
			if e.Name == "servicePrincipals" {
				kinds[e.Name] = `"appId":"0f1e2d3c-0000-4000-8000-abcdefabcdef","appRoleAssignmentRequired":%t`
			}
		}
	}
	if len(kinds) < 4 {
		t.Fatalf("only %d kinds are tried", len(kinds))
	}
	for kind, more := range kinds {
		for _, folder := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, in a folder %t", kind, folder), func(t *testing.T) {
				repository := newRepository(t, folder)
				synctest.Test(t, func(t *testing.T) {
					walkNames(newNamesHost(t, kind, repository), kind, more)
				})
			})
		}
	}
}

func walkNames(h *namesHost, kind, more string) {
	e, _ := catalogue.Default().Entry(kind)
	want := slices.Sorted(slices.Values(hardNames))
	body := func(name string, flag bool) string {
		return fmt.Sprintf(`{"displayName":%s,%s}`, mustJSON(strings.ReplaceAll(name, "${", "$${")), fmt.Sprintf(more, flag))
	}
	deployed := map[string]string{}
	for _, name := range hardNames {
		deployed[keyFor(name)] = body(name, true)
	}
	h.forget(kind)
	h.write(kind, deployed)
	h.sync(kind, "create", syncer.Deployed)
	if got := h.names(kind, "displayName"); !slices.Equal(got, want) {
		h.Fatalf("the tenant has\n%q, want\n%q", got, want)
	}
	h.sync(kind, "after the creates", syncer.NoChanges)

	// An engine that knows nothing matches by name: for a listed kind by $filter.
	h.forget(kind)
	before := len(h.server.Requests())
	changed := map[string]string{}
	for _, name := range hardNames {
		changed[keyFor(name)] = body(name, false)
	}
	h.write(kind, changed)
	h.sync(kind, "update", syncer.Deployed)
	if got := h.names(kind, "displayName"); !slices.Equal(got, want) {
		h.Fatalf("the tenant has\n%q after an update, want\n%q", got, want)
	}
	for _, o := range h.server.Fake.Objects(kind) {
		if !strings.Contains(string(o.Body), "false") {
			h.Errorf("it was not updated: %s", o.Body)
		}
	}
	if len(e.List.Filter) > 0 {
		asked := h.filters(before)
		for _, name := range hardNames {
			if filter := "displayName eq '" + strings.ReplaceAll(name, "'", "''") + "'"; !asked[filter] {
				h.Errorf("no request asks for %s", filter)
			}
		}
	}
	h.sync(kind, "after the updates", syncer.NoChanges)

	// The names in a backup, and of files that are made of it.
	snap, err := h.repository.Snapshot(h.Context(), tenant.SnapshotRequest{Tenant: "contoso"})
	if err != nil {
		h.Fatal(err)
	}
	n := 0
	for _, r := range snap.Resources {
		if r.Kind == kind {
			n++
		}
	}
	if n != len(hardNames) {
		h.Errorf("the backup has %d objects, want %d", n, len(hardNames))
	}

	gone := map[string]string{}
	for key := range changed {
		gone[key] = ""
	}
	h.write(kind, gone)
	h.sync(kind, "delete", syncer.Deployed)
	if left := h.names(kind, "displayName"); len(left) > 0 {
		h.Fatalf("a delete has left %q", left)
	}
	h.write(kind, changed)
	h.sync(kind, "restore", syncer.Deployed)
	if got := h.names(kind, "displayName"); !slices.Equal(got, want) {
		h.Fatalf("the tenant has\n%q after the restore, want\n%q", got, want)
	}
	h.sync(kind, "after the restore", syncer.NoChanges)

	// What the tenant has becomes files, if its kind is in scope as a whole.
	if e.Scope == tenant.Listed {
		return
	}
	h.write(kind, gone)
	h.forget(kind)
	h.sync(kind, "adopt", syncer.Adopted)
	if files := h.files(kind); len(files) != len(hardNames) {
		h.Errorf("%d files were made of %d objects", len(files), len(hardNames))
	}
	h.sync(kind, "after the adoption", syncer.NoChanges)
}

// keyFor is a key of a file for an object of that name: the name, or its beginning
// where that is too long for a key.
func keyFor(name string) string {
	const longest = 512
	if len(name) <= longest {
		return name
	}
	return name[:longest-longest%len("漢")]
}

// Policies refer to groups by whatever name these have: an engine that knows nothing
// writes the names into the file, and another one finds the groups by them.
func TestHardNamesInReferences(t *testing.T) {
	for _, folder := range []bool{false, true} {
		t.Run(fmt.Sprintf("in a folder %t", folder), func(t *testing.T) {
			repository := newRepository(t, folder)
			synctest.Test(t, func(t *testing.T) {
				h := newNamesHost(t, conditionalAccess, repository)
				var ids, asked []string
				for _, name := range hardNames {
					if len(name) > len(keyFor(name)) {
						continue // its key is cut, so an engine that knows nothing cannot look for it
					}
					ids = append(ids, h.server.Fake.Seed("groups", mustJSON(map[string]any{"displayName": name, "securityEnabled": true, "mailEnabled": false, "mailNickname": fmt.Sprint("g", len(ids))})))
					asked = append(asked, "displayName eq '"+strings.ReplaceAll(name, "'", "''")+"'")
				}
				h.server.Fake.Seed(conditionalAccess, fmt.Sprintf(`{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},
					"users":{"includeUsers":["All"],"excludeGroups":%s}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`, mustJSON(ids)))

				h.forget(conditionalAccess)
				h.sync(conditionalAccess, "adopt", syncer.Adopted)
				file := h.files(conditionalAccess)["P"]
				for _, id := range ids {
					if strings.Contains(file, id) {
						t.Errorf("the file has an id: %s", file)
					}
				}
				h.forget(conditionalAccess)
				before := len(h.server.Requests())
				h.write(conditionalAccess, map[string]string{"P": strings.Replace(file, `"disabled"`, `"enabledForReportingButNotEnforced"`, 1)})
				h.sync(conditionalAccess, "update", syncer.Deployed)
				filters := h.filters(before)
				for _, filter := range asked {
					if !filters[filter] {
						t.Errorf("no request asks for %s", filter)
					}
				}
				now := string(h.server.Fake.Objects(conditionalAccess)[0].Body)
				for _, id := range ids {
					if !strings.Contains(now, id) {
						t.Errorf("the policy has lost the group %s", id)
					}
				}
				if !strings.Contains(now, "ReportingBut") {
					t.Errorf("the policy was not changed: %s", now)
				}
				h.sync(conditionalAccess, "after the update", syncer.NoChanges)
			})
		})
	}
}

// newRepository returns an empty repository, in memory or in a folder.
func newRepository(t *testing.T, folder bool) tenant.Repository {
	t.Helper()
	if !folder {
		return tenant.NewMemoryRepository()
	}
	dir, err := tenant.NewDirRepository(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() }) // nothing more is written
	return dir
}

// filters are the filters of the requests since the first so many.
func (h *namesHost) filters(since int) map[string]bool {
	asked := map[string]bool{}
	for _, r := range h.server.Requests()[since:] {
		if u, err := url.ParseRequestURI(r.Path); err == nil && u.Query().Get("$filter") != "" {
			asked[u.Query().Get("$filter")] = true
		}
	}
	return asked
}
