package graph_test

import (
	"context"
	"fmt"
	"net/http"
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

// pieceHost is a host of one tenant that asks for pieces.
type pieceHost struct {
	t          *testing.T
	server     *graphtest.Server
	repository *tenant.MemoryRepository
	store      *state.Memory
	catalogue  *catalogue.Catalogue // nil for the whole
	parts      []string
	enforce    bool
	deletes    map[string]bool // kinds of which only those in files are looked at
	// transport, if not nil, is between the host and the server.
	transport http.RoundTripper
	// plans are those that were reviewed. reviewed, if not nil, is called after each review.
	plans    []*plan.Plan
	reviewed func()
}

// sync runs one sync, which must end in Idle.
func (h *pieceHost) sync(outcomes ...syncer.Outcome) *syncer.Report {
	h.t.Helper()
	row, report := h.run(syncer.Options{})
	if row.Status != state.Idle || len(outcomes) > 0 && !slices.Contains(outcomes, row.Outcome) {
		var text strings.Builder
		_ = report.Text(&text)
		h.t.Fatalf("it ended %s, %s\n%s", row.Status, row.Outcome, text.String())
	}
	return report
}

// run runs one sync.
func (h *pieceHost) run(options syncer.Options) (syncer.Row, *syncer.Report) {
	h.t.Helper()
	web := h.server.HTTPClient()
	if h.transport != nil {
		web = &http.Client{Transport: h.transport}
	}
	connect := func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
		return graph.New(graph.Config{Catalogue: h.catalogue, Credential: graphtest.Credential(), Endpoint: h.server.URL(), HTTPClient: web, Directory: h.server.Fake.Directory(), Parts: h.parts, Unproven: []string{"*"}})
	}
	approve := func(_ context.Context, review syncer.Review) (syncer.Decision, error) {
		h.plans = append(h.plans, review.Plan)
		if h.reviewed != nil {
			h.reviewed()
		}
		d := review.Approve("ann", "")
		for _, b := range review.Plan.Broken {
			d.Accept = append(d.Accept, b.Rule)
		}
		return d, nil
	}
	engine, err := syncer.New(syncer.Config{Secret: []byte("the same for each engine of the test"), Store: h.store, Repository: h.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector:     syncer.ConnectorFunc(connect), Approver: syncer.ApproverFunc(approve),
		Settings: syncer.Settings{Approval: syncer.ApprovalRules{AllowRequester: true}, Rules: plan.Rules{Enforce: h.enforce, Deletes: h.deletes}}})
	if err != nil {
		h.t.Fatal(err)
	}
	row, err := engine.Sync(h.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: options})
	if err != nil {
		h.t.Fatal(err)
	}
	report, err := engine.Report(h.t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		h.t.Fatal(err)
	}
	return row, report
}

// file returns the repository's file of an object.
func (h *pieceHost) file(kind, key string) string {
	h.t.Helper()
	desired, err := h.repository.Desired(h.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range desired.Resources {
		if r.Kind == kind && r.Key == key {
			return string(r.Body)
		}
	}
	return ""
}

func (h *pieceHost) edit(kind, key, body string) {
	h.t.Helper()
	if err := h.repository.Edit("contoso", kind, key, []byte(body)); err != nil {
		h.t.Fatal(err)
	}
}

// Members are backed up by name where they are managed groups, come back after the
// group was deleted, and are left alone by a file that does not name them.
func TestMembersRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const user = "aaaaaaaa-0000-4000-8000-000000000001"
		h := &pieceHost{t: t, server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")}), repository: tenant.NewMemoryRepository(), store: state.NewMemory(), parts: []string{"groups/members"}}
		sales := h.server.Fake.Seed("groups", `{"displayName":"Sales","mailNickname":"sales","mailEnabled":false,"securityEnabled":true}`)
		staff := h.server.Fake.Seed("groups", fmt.Sprintf(`{"displayName":"Staff","mailNickname":"staff","mailEnabled":false,"securityEnabled":true,"members":[%q,%q]}`, sales, user))
		members := func(id string) string {
			text := string(h.server.Fake.Object("groups", id))
			_, after, _ := strings.Cut(text, `"members":`)
			list, _, _ := strings.Cut(after, "]")
			return list
		}
		h.edit("groups", "Sales", `{"displayName":"Sales","mailNickname":"sales","mailEnabled":false,"securityEnabled":true}`)
		h.edit("groups", "Staff", `{"displayName":"Staff","mailNickname":"staff","mailEnabled":false,"securityEnabled":true}`)
		h.sync()
		if !strings.Contains(members(staff), user) || !strings.Contains(members(staff), sales) {
			t.Errorf("a file without members changed them: %s", members(staff))
		}
		for _, list := range []string{`["${groups/Sales}","` + user + `"]`, `["${groups/Sales}"]`} {
			h.edit("groups", "Staff", `{"displayName":"Staff","mailNickname":"staff","mailEnabled":false,"securityEnabled":true,"members":`+list+`}`)
			h.sync()
		}
		if strings.Contains(members(staff), user) || !strings.Contains(members(staff), sales) {
			t.Errorf("the members are %s, want Sales alone", members(staff))
		}
		h.server.Fake.Remove("groups", staff)
		h.server.Fake.Remove("groups", sales)
		h.edit("groups", "Staff", `{"displayName":"Staff","mailNickname":"staff","description":"again","mailEnabled":false,"securityEnabled":true,"members":["${groups/Sales}","`+user+`"]}`)
		h.edit("groups", "Sales", `{"displayName":"Sales","mailNickname":"sales","description":"again","mailEnabled":false,"securityEnabled":true}`)
		h.sync()
		sales, staff = h.server.Fake.Find("groups", "Sales"), h.server.Fake.Find("groups", "Staff")
		if staff == "" || !strings.Contains(members(staff), user) || !strings.Contains(members(staff), sales) {
			t.Errorf("after a restore: %s", members(staff))
		}
		if r := h.sync(); len(r.Items) > 0 {
			t.Errorf("the next sync has %d items", len(r.Items))
		}
		// Without the piece the file keeps it, and nothing is written.
		h.parts = nil
		h.server.Fake.Set("groups", staff, `{"description":"changed elsewhere"}`)
		h.sync()
		if file := h.file("groups", "Staff"); !strings.Contains(file, user) || !strings.Contains(file, "changed elsewhere") {
			t.Errorf("the host no longer asks for members, and the file becomes %s", file)
		}
	})
}
