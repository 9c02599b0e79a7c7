package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A policy that would lock the break-glass account out breaks the rule whatever
// the case of its words and ids, and gets into the tenant only when an approval
// names the rule.
func TestLockoutInAnyCaseIsNotWritten(t *testing.T) {
	for users, broken := range map[string][]string{
		"all": {graph.RuleEveryone, graph.RuleBreakGlass}, "ALL": {graph.RuleEveryone, graph.RuleBreakGlass}, "GLASS": {graph.RuleBreakGlass},
	} {
		t.Run(users, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApprovals(t, nil)
				a.policy(t, users)
				p, row := a.plan(t)
				if got := brokenRules(p); got != strings.Join(broken, ", ") {
					t.Fatalf("the plan breaks %q, want %q", got, broken)
				}
				if err := a.approve(t, p, row.Run); err == nil {
					t.Error("an approval that does not name the rule counts")
				}
				if got := a.policies(); got != "" {
					t.Errorf("the tenant has %s", got)
				}
				if err := a.approve(t, p, row.Run, broken...); err != nil {
					t.Fatal(err)
				}
				if row = a.advance(t, row.Run); row.Outcome != syncer.Deployed || !strings.Contains(a.policies(), `"includeUsers":["`+users+`"]`) {
					t.Errorf("%s, and the tenant has %s", row.Outcome, a.policies())
				}
			})
		})
	}
}

// Where policies land report-only, that holds for every spelling of "enabled".
func TestReportOnlyInAnyCase(t *testing.T) {
	for _, word := range []string{"enabled", "Enabled", "ENABLED"} {
		t.Run(word, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var a *approvals
				a = newApprovals(t, func(c *syncer.Config) {
					c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
						return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: a.server.URL(), HTTPClient: a.server.HTTPClient(), ReportOnly: true})
					})
				})
				a.edit(t, conditionalAccess, "P", `{"displayName":"P","state":"`+word+`","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["None"]},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`)
				p, row := a.plan(t)
				if err := a.approve(t, p, row.Run); err != nil {
					t.Fatal(err)
				}
				row = a.advance(t, row.Run)
				if got := a.policies(); row.Outcome != syncer.Deployed || !strings.Contains(got, `"state":"enabledForReportingButNotEnforced"`) {
					t.Errorf("%s, and the tenant has %s", row.Outcome, got)
				}
			})
		})
	}
}

// A repository that has lost most files of a kind deletes nothing before a
// person has named the rule. The same files under another name are no deletes.
func TestMostOfAKindIsNotDeleted(t *testing.T) {
	const (
		kind = "namedLocations"
		file = `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":%q,"isTrusted":false,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.%d.0/24"}]}`
	)
	for name, tt := range map[string]struct {
		rename bool
		left   int // after the deploy
	}{"lost": {false, 1}, "renamed": {true, 8}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newApprovals(t, nil)
				for i := range 8 {
					a.edit(t, kind, fmt.Sprintf("L%d", i), fmt.Sprintf(file, fmt.Sprintf("L%d", i), i))
				}
				p, row := a.plan(t)
				if err := a.approve(t, p, row.Run); err != nil {
					t.Fatal(err)
				}
				if row = a.advance(t, row.Run); row.Outcome != syncer.Deployed {
					t.Fatalf("the first run: %s, %+v", row.Label, row.Error)
				}
				for i := range 7 {
					a.edit(t, kind, fmt.Sprintf("L%d", i), "")
					if tt.rename {
						a.edit(t, kind, fmt.Sprintf("M%d", i), fmt.Sprintf(file, fmt.Sprintf("M%d", i), i))
					}
				}
				p, row = a.plan(t)
				var rules []string
				for _, b := range p.Broken {
					rules = append(rules, b.Rule)
				}
				if len(p.Items) != 7 || (len(rules) > 0) == tt.rename {
					t.Fatalf("%d items, broken %v", len(p.Items), rules)
				}
				if len(rules) > 0 {
					if err := a.approve(t, p, row.Run); err == nil {
						t.Error("an approval that does not name the rule counts")
					}
				}
				if n := len(a.server.Fake.Objects(kind)); n != 8 {
					t.Errorf("%d objects before the approval, want 8", n)
				}
				if err := a.approve(t, p, row.Run, rules...); err != nil {
					t.Fatal(err)
				}
				a.advance(t, row.Run)
				if n := len(a.server.Fake.Objects(kind)); n != tt.left {
					t.Errorf("%d objects after the deploy, want %d", n, tt.left)
				}
			})
		})
	}
}

// What a file binds is refused by name, in the plan and in the report. The
// tenant gets no object without it.
func TestBoundMembersAreNotDropped(t *testing.T) {
	for kind, tt := range map[string]struct{ pointer, file string }{
		"groups":                {"/members@odata.bind", `{"displayName":"P","mailEnabled":false,"securityEnabled":true,"mailNickname":"p","members@odata.bind":["https://graph.microsoft.com/v1.0/users/u"]}`},
		"intuneRoleAssignments": {"/roleDefinition@odata.bind", `{"displayName":"P","members":[],"resourceScopes":[],"roleDefinition@odata.bind":"https://graph.microsoft.com/beta/deviceManagement/roleDefinitions('x')"}`},
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRespellingHost(t)
				h.edit(kind, tt.file)
				row, report := h.sync(kind)
				if !slices.ContainsFunc(report.Notes, func(n plan.Note) bool {
					return n.Class == plan.Unsupported && n.Kind == kind && n.Pointer == tt.pointer
				}) {
					t.Errorf("%s, notes %+v, want one about %s", row.Label, report.Notes, tt.pointer)
				}
				if got := h.server.Fake.Objects(kind); len(got) > 0 || len(h.service.sent) > 0 {
					t.Errorf("sent %s, the tenant has %+v", h.service.sent, got)
				}
			})
		})
	}
}

// What an export says about itself is no configuration: the file is deployed,
// and rests, without a word about it.
func TestExportedFilesRest(t *testing.T) {
	for kind, file := range map[string]string{
		conditionalAccess:      `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#identity/conditionalAccess/policies/$entity","displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`,
		"deviceConfigurations": `{"@odata.context":"https://graph.microsoft.com/beta/$metadata#deviceManagement/deviceConfigurations(assignments())/$entity","@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"P","qualityUpdatesDeferralPeriodInDays":3,"assignments":[]}`,
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newRespellingHost(t)
				h.edit(kind, file)
				row, report := h.sync(kind)
				if row.Outcome != syncer.Deployed || row.Label != "Idle" || len(report.Notes) > 0 || len(h.service.sent) != 1 || strings.Contains(h.service.sent[0], "odata.context") {
					t.Errorf("%s, %s, notes %+v, sent %s", row.Label, row.Outcome, report.Notes, h.service.sent)
				}
				if n := len(h.server.Fake.Objects(kind)); n != 1 {
					t.Errorf("the tenant has %d objects", n)
				}
				if row, report = h.sync(kind); row.Outcome != syncer.NoChanges || len(report.Notes) > 0 || h.file(kind) != file {
					t.Errorf("the next sync: %s, notes %+v, the file is %s", row.Outcome, report.Notes, h.file(kind))
				}
			})
		})
	}
}
