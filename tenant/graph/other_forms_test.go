package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// respelling is a service that stores values in a form of its own: in its
// answers, old texts are replaced by new ones, in turn. It records writes.
type respelling struct {
	under http.RoundTripper
	pairs []string

	mu      sync.Mutex // requests of one sync run at the same time
	changed int
	sent    []string
}

func (s *respelling) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "$batch") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.sent = append(s.sent, r.Method+" "+r.URL.Path+" "+string(body))
		s.mu.Unlock()
	}
	res, err := s.under.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(s.pairs...).Replace(string(body))
	if text != string(body) {
		s.mu.Lock()
		s.changed++
		s.mu.Unlock()
	}
	res.Body, res.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	res.Header.Del("Content-Length")
	return res, nil
}

// respellingHost is a host whose tenant is behind a respelling service. Every
// plan is approved.
type respellingHost struct {
	t          *testing.T
	server     *graphtest.Server
	service    *respelling
	repository *tenant.MemoryRepository
	engine     *syncer.Syncer
}

func newRespellingHost(t *testing.T, pairs ...string) *respellingHost {
	t.Helper()
	server := graphtest.New(graphtest.Config{Directory: authtest.DirectoryOf("contoso")})
	h := &respellingHost{t: t, server: server, repository: tenant.NewMemoryRepository(),
		service: &respelling{under: server.HTTPClient().Transport, pairs: pairs}}
	store := state.NewMemory()
	engine, err := syncer.New(syncer.Config{
		Store: store, Repository: h.repository,
		Authenticator: authtest.NewAuthenticator(authtest.AuthenticatorConfig{SignedIn: true}),
		Connector: syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
			return graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), Unproven: []string{"*"},
				HTTPClient: &http.Client{Transport: h.service}})
		}),
		Approver: syncer.ApproverFunc(func(_ context.Context, r syncer.Review) (syncer.Decision, error) {
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
	h.engine = engine
	return h
}

func (h *respellingHost) edit(kind, body string) {
	h.t.Helper()
	if err := h.repository.Edit("contoso", kind, "P", []byte(body)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *respellingHost) sync(kind string) (syncer.Row, *syncer.Report) {
	h.t.Helper()
	row, err := h.engine.Sync(h.t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Targets: []plan.Target{{Kind: kind}}}})
	if err != nil {
		h.t.Fatal(err)
	}
	report, err := h.engine.Report(h.t.Context(), syncer.RunRef{Tenant: "contoso", Run: row.Run})
	if err != nil {
		h.t.Fatal(err)
	}
	return row, report
}

func (h *respellingHost) file(kind string) string {
	h.t.Helper()
	line, err := h.repository.Desired(h.t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range line.Resources {
		if r.Kind == kind && r.Key == "P" {
			return string(r.Body)
		}
	}
	return ""
}

// deployAndRest deploys the file's edits one after the other. Each write must
// be verified, the tenant must have the object, and the sync after the last
// must write nothing, into the tenant or into the file.
func (h *respellingHost) deployAndRest(kind string, edits ...string) {
	h.t.Helper()
	for _, body := range edits {
		h.edit(kind, body)
		row, report := h.sync(kind)
		if row.Outcome != syncer.Deployed || row.Label != "Idle" {
			h.t.Fatalf("the deploy: %s, %s, %+v", row.Label, row.Outcome, report.Error)
		}
		for _, it := range report.Items {
			if !it.Verified {
				h.t.Errorf("%s is not verified: %s", it.Item, it.Message)
			}
		}
	}
	objects := h.server.Fake.Objects(kind)
	if len(objects) != 1 {
		h.t.Fatalf("the tenant has %d objects, want 1", len(objects))
	}
	var has, want any
	if err := errors.Join(json.Unmarshal(objects[0].Body, &has), json.Unmarshal([]byte(edits[len(edits)-1]), &want)); err != nil {
		h.t.Fatal(err)
	}
	if !hasAll(has, want) {
		h.t.Errorf("the tenant has %s", objects[0].Body)
	}
	if h.service.changed == 0 {
		h.t.Error("the service has not answered in another form")
	}
	sent, file := len(h.service.sent), h.file(kind)
	if row, _ := h.sync(kind); row.Outcome != syncer.NoChanges {
		h.t.Errorf("the next sync: %s, %s", row.Label, row.Outcome)
	}
	for _, s := range h.service.sent[sent:] {
		h.t.Errorf("sent again: %.300s", s)
	}
	if now := h.file(kind); now != file || file != edits[len(edits)-1] {
		h.t.Errorf("the file becomes %s", now)
	}
}

// hasAll reports whether a value has what the file wants, spelled as it was
// sent: of objects the properties that are not empty, of arrays as many elements
// and no others.
func hasAll(has, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, _ := has.(map[string]any)
		for name, v := range want {
			if !isEmptyJSON(v) && !hasAll(object[name], v) {
				return false
			}
		}
		return true
	case []any:
		array, _ := has.([]any)
		left := slices.Clone(array)
		for _, v := range want {
			i := slices.IndexFunc(left, func(kid any) bool { return hasAll(kid, v) })
			if i < 0 {
				return false
			}
			left = slices.Delete(left, i, i+1)
		}
		return len(left) == 0
	}
	return has == want
}

const conditionalAccess = "conditionalAccessPolicies"

// Each value is deployed to a service that answers in another form of it.
func TestOtherFormsRest(t *testing.T) {
	if underRace {
		t.Skip("the race detector makes this walk of all kinds take minutes: run without -race")
	}
	// A policy with these conditions and the other needed properties.
	policy := func(conditions string) string {
		return `{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"applications":{"includeApplications":["All"]}` + conditions + `},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`
	}
	setting := func(id string, more string) string {
		return `{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance","settingDefinitionId":"` + id + `","choiceSettingValue":{"value":"` + id + `_1","children":[]}` + more + `}}`
	}
	const target = `"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"`
	catalog := func(settings string) string {
		return `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[` + settings + `]}`
	}
	tests := []struct {
		name, kind string
		file       string
		pairs      []string
	}{
		{"a word of an id list", conditionalAccess, policy(`,"users":{"includeUsers":["all"]}`), []string{`"includeUsers":["all"]`, `"includeUsers":["All"]`}},
		{"a literal of a reference", conditionalAccess, policy(`,"users":{"includeUsers":["All"]},"locations":{"includeLocations":["all"]}`), []string{`"includeLocations":["all"]`, `"includeLocations":["All"]`}},
		{"an id in upper case", conditionalAccess, policy(`,"users":{"includeRoles":["62E90394-69F5-4237-9190-012177145E10"]}`), []string{`62E90394-69F5-4237-9190-012177145E10`, `62e90394-69f5-4237-9190-012177145e10`}},
		{"an enumeration in an array", conditionalAccess, strings.Replace(policy(`,"users":{"includeUsers":["None"]}`), `["mfa"]`, `["Mfa"]`, 1), []string{`"Mfa"`, `"mfa"`}},
		{"an enumeration", conditionalAccess, strings.Replace(policy(`,"users":{"includeUsers":["None"]}`), `"disabled"`, `"Disabled"`, 1), []string{`"Disabled"`, `"disabled"`}},
		{"flags in another order", conditionalAccess, policy(`,"users":{"includeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"internalGuest,b2bCollaborationGuest"}}`), []string{`"internalGuest,b2bCollaborationGuest"`, `"b2bCollaborationGuest,internalGuest"`}},
		{"insider risk in another order", conditionalAccess, policy(`,"users":{"includeUsers":["None"]},"insiderRiskLevels":"moderate,minor"`), []string{`"moderate,minor"`, `"minor,moderate"`}},
		{"transfer methods in another order", conditionalAccess, policy(`,"users":{"includeUsers":["None"]},"authenticationFlows":{"transferMethods":"deviceCodeFlow,authenticationTransfer"}`), []string{`"deviceCodeFlow,authenticationTransfer"`, `"authenticationTransfer, deviceCodeFlow"`}},
		{"session controls of null", conditionalAccess, strings.Replace(policy(`,"users":{"includeUsers":["None"]}`), `,"grantControls"`, `,"sessionControls":{"signInFrequency":null,"persistentBrowser":null},"grantControls"`, 1), []string{`"sessionControls":{}`, `"sessionControls":null`, `"sessionControls":{"persistentBrowser":null,"signInFrequency":null}`, `"sessionControls":null`, `"sessionControls":{"signInFrequency":null,"persistentBrowser":null}`, `"sessionControls":null`}},
		{"locations of empty lists", conditionalAccess, policy(`,"users":{"includeUsers":["None"]},"locations":{"includeLocations":[],"excludeLocations":[]}`), []string{`"locations":{"excludeLocations":[],"includeLocations":[]}`, `"locations":null`, `"locations":{"includeLocations":[],"excludeLocations":[]}`, `"locations":null`}},

		{"a new property that is null", "configurationPolicies", catalog(setting("a", "")), []string{`"choiceSettingValue":`, `"auditRuleInformation":null,"choiceSettingValue":`}},
		{"settings in another order", "configurationPolicies", catalog(setting("a", "") + "," + setting("b", "")), []string{`"settingDefinitionId":"a"`, `"settingDefinitionId":"b"`, `"settingDefinitionId":"b"`, `"settingDefinitionId":"a"`, `"value":"a_1"`, `"value":"b_1"`, `"value":"b_1"`, `"value":"a_1"`}},
		{"an empty list that the service adds", "intuneRoleDefinitions", `{"displayName":"P","rolePermissions":[{"resourceActions":[{"allowedResourceActions":["A"]}]}]}`, []string{`"allowedResourceActions":["A"]`, `"allowedResourceActions":["A"],"notAllowedResourceActions":[]`}},
		{"no filter", "configurationPolicies", `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[],"assignments":[{"target":{` + target + `}}]}`, []string{target + `}`, target + `,"deviceAndAppManagementAssignmentFilterId":null,"deviceAndAppManagementAssignmentFilterType":"none"}`}},
		{"no filter, with the zero id", "deviceHealthScripts", `{"displayName":"P","assignments":[{"target":{` + target + `}}]}`, []string{target + `}`, target + `,"deviceAndAppManagementAssignmentFilterId":"00000000-0000-0000-0000-000000000000","deviceAndAppManagementAssignmentFilterType":"None"}`}},
		{"a date with a fraction", "deviceConfigurations", `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"P","qualityUpdatesPauseExpiryDateTime":"2026-03-01T00:00:00Z"}`, []string{`2026-03-01T00:00:00Z`, `2026-03-01T00:00:00.0000000Z`}},
		{"a time of day with a fraction", "deviceConfigurations", `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"P","installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"08:00:00","activeHoursEnd":"17:00:00"}}`, []string{`:00:00"`, `:00:00.0000000"`}},
		{"a type without #", "deviceConfigurations", `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"P","installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"08:00:00"}}`, []string{`"#microsoft.graph.windowsUpdateActiveHoursInstall"`, `"microsoft.graph.windowsUpdateActiveHoursInstall"`}},
		{"ranges in another spelling", "namedLocations", `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"P","isTrusted":false,"ipRanges":[{"@odata.type":"#microsoft.graph.iPv4CidrRange","cidrAddress":"192.0.2.17/24"},{"@odata.type":"#microsoft.graph.iPv6CidrRange","cidrAddress":"2001:DB8::/32"}]}`, []string{`192.0.2.17/24`, `192.0.2.0/24`, `2001:DB8::/32`, `2001:0db8:0:0:0:0:0:0/32`}},
		{"a description that is null", "accessPackages", `{"displayName":"P","description":""}`, []string{`"description":""`, `"description":null`}},
		{"a description that is null", "accessReviewDefinitions", `{"displayName":"P","descriptionForAdmins":"","descriptionForReviewers":"r","scope":{"@odata.type":"#microsoft.graph.accessReviewQueryScope","query":"/groups"}}`, []string{`"descriptionForAdmins":""`, `"descriptionForAdmins":null`}},
		{"a description that is null", "applications", `{"displayName":"P","description":""}`, []string{`"description":""`, `"description":null`}},
		{"a description that is null", "featureRolloutPolicies", `{"displayName":"P","description":"","feature":"passwordHashSync","isEnabled":true}`, []string{`"description":""`, `"description":null`}},
	}
	for _, tt := range tests {
		t.Run(tt.name+" of "+tt.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				newRespellingHost(t, tt.pairs...).deployAndRest(tt.kind, tt.file)
			})
		})
	}
}

// An edit of what the service has in another form is written, and rests.
func TestEditsOfOtherFormsRest(t *testing.T) {
	const (
		rule    = `{"settingInstance":{"@odata.type":"#microsoft.graph.deviceManagementConfigurationGroupSettingCollectionInstance","settingDefinitionId":"rule","groupSettingCollectionValue":[{"children":[{"settingDefinitionId":"rule_name","simpleSettingValue":{"value":"%s"}}]}]}}`
		catalog = `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[%s]}`
		devices = `{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}`
		users   = `{"target":{"@odata.type":"#microsoft.graph.allLicensedUsersAssignmentTarget"}}`
		script  = `{"displayName":"P","assignments":[%s]}`
		policy  = `{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]%s},"applications":{"includeApplications":["All"]}},"grantControls":{"operator":"OR","builtInControls":["%s"]}}`
	)
	rules := func(names ...string) string {
		var all []string
		for _, n := range names {
			all = append(all, fmt.Sprintf(rule, n))
		}
		return fmt.Sprintf(catalog, strings.Join(all, ","))
	}
	nulls := []string{`"settingDefinitionId":"rule"`, `"auditRuleInformation":null,"settingDefinitionId":"rule"`}
	none := []string{`AssignmentTarget"}`, `AssignmentTarget","deviceAndAppManagementAssignmentFilterId":"00000000-0000-0000-0000-000000000000","deviceAndAppManagementAssignmentFilterType":"none"}`}
	tests := []struct {
		name, kind string
		edits      []string
		pairs      []string
	}{
		{"a setting", "configurationPolicies", []string{rules("a"), rules("b")}, nulls},
		{"a rule more", "configurationPolicies", []string{rules("a", "b"), rules("b", "a", "c")}, nulls},
		{"a rule once less", "configurationPolicies", []string{rules("a", "a", "b"), rules("a", "b")}, nulls},
		{"all rules", "configurationPolicies", []string{rules("a", "a"), rules()}, nulls},
		{"an assignment more", "deviceHealthScripts", []string{fmt.Sprintf(script, devices), fmt.Sprintf(script, users+","+devices)}, none},
		{"another assignment", "deviceHealthScripts", []string{fmt.Sprintf(script, devices), fmt.Sprintf(script, users)}, none},
		{"no assignment", "deviceHealthScripts", []string{fmt.Sprintf(script, devices), fmt.Sprintf(script, "")}, none},
		{"a control in another case", conditionalAccess, []string{fmt.Sprintf(policy, "", "mfa"), fmt.Sprintf(policy, "", "Block")}, []string{`"mfa"`, `"Mfa"`, `"Block"`, `"block"`}},
		{"flags", conditionalAccess, []string{
			fmt.Sprintf(policy, `,"excludeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"serviceProvider,internalGuest"}`, "mfa"),
			fmt.Sprintf(policy, `,"excludeGuestsOrExternalUsers":{"guestOrExternalUserTypes":"serviceProvider"}`, "mfa"),
		}, []string{`"serviceProvider,internalGuest"`, `"internalGuest,serviceProvider"`}},
	}
	for _, tt := range tests {
		t.Run(tt.name+" of "+tt.kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				newRespellingHost(t, tt.pairs...).deployAndRest(tt.kind, tt.edits...)
			})
		})
	}
}

// Conditions that are emptied come back as null: reduced from a policy that was
// updated again and again.
func TestEmptiedConditionsRest(t *testing.T) {
	var history struct {
		Kind          string
		First, Second json.RawMessage
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "cases", "replay", "01-empty-conditions.json"))
	if os.IsNotExist(err) {
		raw = []byte(`{"kind":"conditionalAccessPolicies",
			"first":{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"locations":{"includeLocations":["All"],"excludeLocations":["AllTrusted"]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}},
			"second":{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"locations":{"includeLocations":[],"excludeLocations":[]}},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}}`)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &history); err != nil {
		t.Fatal(err)
	}
	first, second := compactJSON(t, history.First), compactJSON(t, history.Second)
	pairs := []string{`"locations":{"excludeLocations":[],"includeLocations":[]}`, `"locations":null`, `"locations":{"includeLocations":[],"excludeLocations":[]}`, `"locations":null`}
	for name, edits := range map[string][]string{"emptied": {first, second}, "created empty": {second}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				newRespellingHost(t, pairs...).deployAndRest(history.Kind, edits...)
			})
		})
	}
}

func compactJSON(t *testing.T, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A real difference is still one: the service changes what it is given.
func TestRealDifferenceIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const file = `{"displayName":"P","state":"disabled","conditions":{"clientAppTypes":["all"],"users":{"includeUsers":["All"]},"insiderRiskLevels":"moderate,minor"},"grantControls":{"operator":"OR","builtInControls":["mfa"]}}`
		h := newRespellingHost(t, `"moderate,minor"`, `"minor"`)
		h.edit(conditionalAccess, file)
		if _, report := h.sync(conditionalAccess); len(report.Items) != 1 || report.Items[0].Verified {
			t.Errorf("the item is verified although the service has dropped a flag: %+v", report.Items)
		}
	})
}

// compareWithFile compares one file with one object of the tenant, with every
// kind of the catalogue in scope and all verbs on.
func compareWithFile(t interface{ Fatal(...any) }, base *diff.Base, kind, file, current string) *diff.Result {
	kinds, err := schema.CompileAll(allOn())
	if err != nil {
		t.Fatal(err)
	}
	in := diff.Input{Tenant: "contoso", Kinds: kinds, Base: base, Keys: schema.Keys{Tenant: "t", Fleet: "f"}}
	in.Desired.Resources = []tenant.Resource{{Kind: kind, Key: "P", Body: json.RawMessage(file)}}
	in.Current.Resources = []tenant.Resource{{Kind: kind, ID: "id1", Body: json.RawMessage(current)}}
	for _, k := range in.Kinds.All() {
		in.Current.Kinds = append(in.Current.Kinds, tenant.KindState{Kind: k.Name, Completeness: tenant.Complete})
	}
	r, err := diff.Compare(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// allOn returns the catalogue's kinds, all in scope and with all verbs on.
func allOn() []tenant.Kind {
	kinds := catalogue.Default().Kinds()
	for i := range kinds {
		if !kinds[i].Singleton {
			kinds[i].Create, kinds[i].Delete = true, true
		}
		kinds[i].Update, kinds[i].Scope = true, tenant.All
	}
	return kinds
}

// differences are what a comparison proposes for the tenant and the file.
func differences(r *diff.Result) []string {
	var out []string
	for _, it := range r.Plan.Items {
		for _, c := range it.Changes {
			out = append(out, fmt.Sprintf("%s %s: %s -> %s", it.ID, c.Pointer, c.Before, c.After))
		}
	}
	for _, a := range r.Adopt {
		out = append(out, fmt.Sprintf("the file becomes %s", a.Body))
	}
	return out
}

// The first comparison of a file with an object in another form finds nothing,
// and the next one neither.
func TestOtherFormsAreEqual(t *testing.T) {
	const (
		action = `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationChoiceSettingInstance","settingDefinitionId":"rule_action","choiceSettingValue":{"value":"rule_action_1","children":[]}}`
		name   = `{"@odata.type":"#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance","settingDefinitionId":"rule_name","simpleSettingValue":{"value":"%s"}}`
		rules  = `{"name":"P","settings":[{"settingInstance":{"settingDefinitionId":"rules","groupSettingCollectionValue":[%s]}}]}`
	)
	rule := func(n string, names ...string) string {
		var children []string
		for _, c := range names {
			children = append(children, map[string]string{"action": action, "name": fmt.Sprintf(name, n)}[c])
		}
		return `{"children":[` + strings.Join(children, ",") + `]}`
	}
	one, same, other := rule("a", "action", "name"), rule("a", "name", "action"), rule("b", "name", "action")
	tests := []struct {
		name, kind, file, current string
		equal                     bool
	}{
		{"a role", "roleDefinitions", `{"displayName":"P","description":""}`, `{"displayName":"P","description":null}`, true},
		{"session controls", conditionalAccess, `{"displayName":"P","sessionControls":{"signInFrequency":null}}`, `{"displayName":"P","sessionControls":null}`, true},
		{"firewall rules in another order", "configurationPolicies", fmt.Sprintf(rules, one+","+other), fmt.Sprintf(rules, other+","+same), true},
		{"a firewall rule twice", "configurationPolicies", fmt.Sprintf(rules, one+","+one), fmt.Sprintf(rules, one), false},
		{"a firewall rule less", "configurationPolicies", fmt.Sprintf(rules, one+","+other), fmt.Sprintf(rules, one), false},
		{"the same definition twice in another order", "configurationPolicies",
			`{"name":"P","settings":[{"settingInstance":{"settingDefinitionId":"a","v":1}},{"settingInstance":{"settingDefinitionId":"a","v":2}}]}`,
			`{"name":"P","settings":[{"settingInstance":{"settingDefinitionId":"a","v":2}},{"settingInstance":{"settingDefinitionId":"a","v":1}}]}`, true},
		{"the same definition once more", "configurationPolicies",
			`{"name":"P","settings":[{"settingInstance":{"settingDefinitionId":"a","v":1}},{"settingInstance":{"settingDefinitionId":"a","v":1}}]}`,
			`{"name":"P","settings":[{"settingInstance":{"settingDefinitionId":"a","v":1}}]}`, false},
		{"a bundle id in another case", "iosManagedAppProtections",
			`{"displayName":"P","apps":[{"mobileAppIdentifier":{"bundleId":"com.Contoso.app"}}]}`,
			`{"displayName":"P","apps":[{"mobileAppIdentifier":{"bundleId":"com.contoso.app"}}]}`, false},
		{"a filter", "configurationPolicies", `{"name":"P","assignments":[{"target":{"groupId":"g"}}]}`,
			`{"name":"P","assignments":[{"target":{"groupId":"g","deviceAndAppManagementAssignmentFilterId":"f","deviceAndAppManagementAssignmentFilterType":"include"}}]}`, false},
		{"another intent", "mobileApps", `{"@odata.type":"#microsoft.graph.webApp","displayName":"P","assignments":[{"intent":"required","target":{"groupId":"g"}}]}`,
			`{"@odata.type":"#microsoft.graph.webApp","displayName":"P","assignments":[{"intent":"available","target":{"groupId":"g"}}]}`, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			current := strings.Replace(tt.current, `{`, `{"id":"id1",`, 1)
			r := compareWithFile(t, nil, tt.kind, tt.file, current)
			found := differences(r)
			if tt.equal != (len(found) == 0) {
				t.Errorf("equal: %t, want %t: %v", len(found) == 0, tt.equal, found)
			}
			if again := differences(compareWithFile(t, r.Base, tt.kind, tt.file, current)); tt.equal && len(again) > 0 {
				t.Errorf("the next comparison finds %v", again)
			}
		})
	}
}
