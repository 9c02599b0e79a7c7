package graph_test

import (
	"context"
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

// A host lets a kind go from v1.0 to beta: what only beta shows is offered to the
// existing files, once, and nothing is written. The text that is offered, added to
// the file, makes it equal to the tenant.
func TestFromV1ToBetaWidensFiles(t *testing.T) {
	const kind = "deviceConfigurations"
	synctest.Test(t, func(t *testing.T) {
		cat := withReferred(catalogue.Default(), kind)
		server := graphtest.New(graphtest.Config{Catalogue: cat, Directory: authtest.DirectoryOf("contoso")})
		server.Fake.Seed(kind, `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"P","cameraBlocked":true,"roleScopeTagIds":["7"],"assignments":[]}`)
		server.Fake.Seed("roleScopeTags", `{"displayName":"Other"}`)
		store, repository := state.NewMemory(), tenant.NewMemoryRepository()
		sync := func(pin ...string) (syncer.Row, []string) {
			t.Helper()
			engine, err := syncer.New(syncer.Config{Store: store, Repository: repository,
				Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
				Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
					return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient(), Catalogue: cat, PinV1: pin})
				})})
			if err != nil {
				t.Fatal(err)
			}
			row, err := engine.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: kind}}}})
			if err != nil {
				t.Fatal(err)
			}
			report, err := engine.Report(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
			if err != nil {
				t.Fatal(err)
			}
			var notes []string
			for _, n := range report.Notes {
				if n.Class == "widening" {
					notes = append(notes, n.Message)
				}
			}
			return row, notes
		}
		file := func() string {
			t.Helper()
			line, err := repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
			if err != nil || len(line.Resources) != 1 {
				t.Fatalf("the line has %d files, %v", len(line.Resources), err)
			}
			return string(line.Resources[0].Body)
		}

		if row, notes := sync(kind); row.Outcome != syncer.Adopted || len(notes) > 0 || strings.Contains(file(), "roleScopeTagIds") {
			t.Fatalf("at v1.0: %s, %q, the file is %s", row.Outcome, notes, file())
		}
		before := file()
		row, notes := sync()
		if row.Outcome != syncer.NoChanges || len(notes) != 1 || file() != before {
			t.Fatalf("at beta: %s, %q, the file is %s", row.Outcome, notes, file())
		}
		_, offered, ok := strings.Cut(notes[0], "add them to the file: ")
		offered, _, ok2 := strings.Cut(offered, ". They are")
		more, err := decodeFields([]byte(offered))
		if !ok || !ok2 || err != nil || more["roleScopeTagIds"] == nil {
			t.Fatalf("the note %q offers no text with /roleScopeTagIds: %v", notes[0], err)
		}
		if row, notes := sync(); row.Outcome != syncer.NoChanges || len(notes) > 0 {
			t.Errorf("the next sync: %s, %q", row.Outcome, notes)
		}

		fields, err := decodeFields([]byte(before))
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range more {
			fields[name] = v
		}
		if err := repository.Edit("contoso", kind, "P", []byte(mustJSON(fields))); err != nil {
			t.Fatal(err)
		}
		if row, notes := sync(); row.Outcome != syncer.NoChanges || len(notes) > 0 {
			t.Errorf("with the offered text in the file: %s, %q", row.Outcome, notes)
		}
		for _, r := range server.Requests() {
			if r.Method != "GET" && !strings.HasSuffix(r.Path, "/$batch") {
				t.Errorf("something was written: %s %s", r.Method, r.Path)
			}
		}
	})
}
