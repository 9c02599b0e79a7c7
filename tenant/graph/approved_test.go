package graph_test

import (
	"context"
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

// approvals is a tenant whose plans are made and approved through the engine. Each
// request is held against the operation that was approved.
type approvals struct {
	server *graphtest.Server
	repo   *tenant.MemoryRepository
	engine *syncer.Syncer
	sent   *sentRecorder
	// config, unless nil, changes the configuration of each client.
	config func(*graph.Config)
}

func newApprovals(t *testing.T, edit func(*syncer.Config)) *approvals {
	t.Helper()
	a := &approvals{repo: tenant.NewMemoryRepository(), server: graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})}
	a.server.AddUser("glass", `{}`)
	a.sent = &sentRecorder{RoundTripper: a.server.HTTPClient().Transport}
	whole, err := catalogue.Default().WithParts("*")
	if err != nil {
		t.Fatal(err)
	}
	store := state.NewMemory()
	cfg := syncer.Config{Store: store, Repository: a.repo,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			cfg := graph.Config{Credential: graphtest.Credential(), Endpoint: a.server.URL(), HTTPClient: &http.Client{Transport: a.sent},
				Directory: authtest.DirectoryOf("contoso"), BreakGlass: []string{"glass"}, Unproven: []string{"*"}, Parts: []string{"*"}}
			if a.config != nil {
				a.config(&cfg)
			}
			client, err := graph.New(cfg)
			return newHeldClient(client, a.sent, whole, a.server.URL(), func(problem string) { t.Error(problem) }), err
		}),
		Settings: syncer.Settings{Directory: authtest.DirectoryOf("contoso"), Approval: syncer.ApprovalRules{AllowRequester: true}},
	}
	if edit != nil {
		edit(&cfg)
	}
	if a.engine, err = syncer.New(cfg); err != nil {
		t.Fatal(err)
	}
	return a
}

// onlyKinds is the catalogue with these kinds, and those that they refer to, for worlds
// that are synced often.
func onlyKinds(kinds ...string) *catalogue.Catalogue {
	whole, err := catalogue.Default().WithParts("*")
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(kinds); i++ {
		e, _ := whole.Entry(kinds[i])
		var others []string
		for _, ref := range e.References {
			others = append(others, ref.Kinds...)
		}
		for _, after := range e.After {
			others = append(others, after.Kind)
		}
		for _, kind := range others {
			if !slices.Contains(kinds, kind) {
				kinds = append(kinds, kind)
			}
		}
	}
	some := *catalogue.Default()
	some.Entries = slices.DeleteFunc(slices.Clone(some.Entries), func(e catalogue.Entry) bool { return !slices.Contains(kinds, e.Name) })
	return &some
}

// policy puts a blocking policy for these users into the repository.
func (a *approvals) policy(t *testing.T, users string) {
	t.Helper()
	body := `{"displayName":"P","state":"enabled","grantControls":{"operator":"OR","builtInControls":["block"]},"conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]},"users":{"includeUsers":["` + users + `"]}}}`
	a.edit(t, "conditionalAccessPolicies", "P", body)
}

// edit writes a file of the repository; without a body it removes it.
func (a *approvals) edit(t *testing.T, kind, key, body string) {
	t.Helper()
	var content []byte
	if body != "" {
		content = []byte(body)
	}
	if err := a.repo.Edit("contoso", kind, key, content); err != nil {
		t.Fatal(err)
	}
}

// plan starts a run, and brings it to where it waits for a decision.
func (a *approvals) plan(t *testing.T) (*plan.Plan, syncer.Row) {
	t.Helper()
	row, err := a.engine.Start(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Supersede: true})
	if err != nil {
		t.Fatal(err)
	}
	row = a.advance(t, row.Run)
	p, err := a.engine.Plan(t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		t.Fatalf("%s: %v (%+v)", row.Status, err, row.Error)
	}
	return p, row
}

// advance goes on until a person is needed, or the run has ended.
func (a *approvals) advance(t *testing.T, run string) syncer.Row {
	t.Helper()
	for {
		if _, err := a.engine.Advance(t.Context(), "contoso"); err != nil {
			t.Fatal(err)
		}
		row, err := a.engine.Status(t.Context(), "contoso")
		if err != nil {
			t.Fatal(err)
		}
		if row.Run == run && (row.Status == state.PendingApproval || !row.Status.Active()) {
			return row
		}
	}
}

func (a *approvals) approve(t *testing.T, p *plan.Plan, run string, rules ...string) error {
	t.Helper()
	_, err := a.engine.Decide(t.Context(), syncer.Decision{RunRef: syncer.RunRef{Tenant: "contoso", Run: run}, Digest: p.Digest, Verdict: syncer.Approve, Actor: "bob", Accept: rules})
	return err
}

// brokenRules are the rules that a plan breaks.
func brokenRules(p *plan.Plan) string {
	var all []string
	for _, v := range p.Broken {
		all = append(all, v.Rule)
	}
	return strings.Join(all, ", ")
}

func (a *approvals) policies() string {
	var all []string
	for _, o := range a.server.Fake.Objects("conditionalAccessPolicies") {
		all = append(all, string(o.Body))
	}
	return strings.Join(all, "\n")
}

// An approval is about the values behind references: with another value it is
// another plan, and the approval of the former one counts no more.
func TestApprovedPropertyIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newApprovals(t, nil)
		a.server.Fake.Seed("groups", `{"displayName":"Decoy","description":"None","mailNickname":"decoy"}`)
		a.policy(t, "${groups/Decoy#description}")
		first, was := a.plan(t)
		a.server.Fake.Set("groups", a.server.Fake.Find("groups", "Decoy"), `{"displayName":"Decoy","description":"someone","mailNickname":"decoy"}`)
		second, now := a.plan(t)
		if first.Digest == second.Digest || first.ChangeDigest == second.ChangeDigest {
			t.Error("the digests are equal, and the values behind the reference are not")
		}
		if err := a.approve(t, first, was.Run); err == nil {
			t.Error("the approval of the superseded run counts")
		}
		if err := a.approve(t, first, now.Run); err == nil {
			t.Error("an approval of other values counts")
		}
		var shown strings.Builder
		if err := second.Text(&shown); err != nil || !strings.Contains(shown.String(), `"${groups/Decoy#description}" = "someone"`) {
			t.Errorf("the plan does not show the value (%v):\n%s", err, &shown)
		}
		if err := a.approve(t, second, now.Run); err != nil {
			t.Fatal(err)
		}
		// What has become of the property since is not what was approved.
		a.server.Fake.Set("groups", a.server.Fake.Find("groups", "Decoy"), `{"displayName":"Decoy","description":"All","mailNickname":"decoy"}`)
		row := a.advance(t, now.Run)
		if got := a.policies(); row.Outcome != syncer.Deployed || !strings.Contains(got, `"includeUsers":["someone"]`) {
			t.Errorf("%s (%+v), and the tenant has %s", row.Outcome, row.Error, got)
		}
	})
}

// The value of a variable is in the digests too.
func TestApprovedVariableIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who := "None"
		a := newApprovals(t, func(c *syncer.Config) {
			c.SettingsFor = func(context.Context, string) (syncer.Settings, error) {
				return syncer.Settings{Directory: authtest.DirectoryOf("contoso"), Variables: map[string]string{"who": who}}, nil
			}
		})
		a.policy(t, "${var:who}")
		first, _ := a.plan(t)
		who = "someone"
		second, now := a.plan(t)
		if first.Digest == second.Digest || first.ChangeDigest == second.ChangeDigest {
			t.Error("the digests are equal, and the variable's values are not")
		}
		if err := a.approve(t, first, now.Run); err == nil {
			t.Error("an approval of another value counts")
		}
		if err := a.approve(t, second, now.Run); err != nil {
			t.Fatal(err)
		}
		who = "All"
		if row := a.advance(t, now.Run); row.Outcome != syncer.Deployed || !strings.Contains(a.policies(), `"includeUsers":["someone"]`) {
			t.Errorf("%s (%+v), and the tenant has %s", row.Outcome, row.Error, a.policies())
		}
	})
}

// A rule looks at what is written: All, whatever name it has in the file.
func TestGuardSeesResolvedValues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen tenant.GuardRequest
		a := newApprovals(t, func(c *syncer.Config) {
			c.Settings.Rules.Guards = []plan.Guard{func(_ context.Context, r tenant.GuardRequest) []tenant.Violation { seen = r; return nil }}
		})
		a.server.Fake.Seed("groups", `{"displayName":"Decoy","description":"All","mailNickname":"decoy"}`)
		a.policy(t, "${groups/Decoy#description}")
		p, row := a.plan(t)
		if got := brokenRules(p); got != graph.RuleEveryone+", "+graph.RuleBreakGlass {
			t.Fatalf("the plan breaks %q", got)
		}
		if len(seen.Changes) != 1 || !strings.Contains(string(seen.Changes[0].After), `"includeUsers":["All"]`) || seen.Tenant != "contoso" {
			t.Errorf("the host's rule has seen %+v", seen)
		}
		var shown strings.Builder
		if err := p.Text(&shown); err != nil || !strings.Contains(shown.String(), `"${groups/Decoy#description}" = "All"`) {
			t.Errorf("the plan does not show the value (%v):\n%s", err, &shown)
		}
		if err := a.approve(t, p, row.Run); err == nil {
			t.Error("an approval that does not name the rule counts")
		}
		if err := a.approve(t, p, row.Run, graph.RuleEveryone, graph.RuleBreakGlass); err != nil {
			t.Fatal(err)
		}
		a.advance(t, row.Run)
		if got := a.policies(); !strings.Contains(got, `"includeUsers":["All"]`) {
			t.Errorf("the tenant has %s", got)
		}
	})
}
