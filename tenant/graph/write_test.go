package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// sent is what a client has sent to write.
type sent struct {
	next  http.RoundTripper
	mu    sync.Mutex // a client may write at the same time
	lines *[]string
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet && !strings.HasSuffix(r.URL.Path, "$batch") {
		line := r.Method + " " + r.URL.Path
		if r.Body != nil {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return nil, err
			}
			r.Body = io.NopCloser(strings.NewReader(string(body)))
			line = strings.TrimSpace(line + " " + string(body))
		}
		s.mu.Lock()
		*s.lines = append(*s.lines, line)
		s.mu.Unlock()
	}
	return s.next.RoundTrip(r)
}

// writer returns a client whose writes are noted.
func writer(t *testing.T, server *graphtest.Server, edit func(*graph.Config)) (*graph.Client, *[]string) {
	lines := new([]string)
	return newClient(t, server, func(cfg *graph.Config) {
		cfg.HTTPClient = &http.Client{Transport: &sent{next: server.HTTPClient().Transport, lines: lines}}
		cfg.Unproven = []string{"*"}
		if edit != nil {
			edit(cfg)
		}
	}), lines
}

// Each way to write, as requests.
func TestRequests(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	staff := server.Fake.Seed("groups", `{"displayName":"Staff"}`)
	other := server.Fake.Seed("groups", `{"displayName":"Other"}`)
	profile := server.Fake.Seed("deviceConfigurations", `{"displayName":"Wifi","@odata.type":"#microsoft.graph.windows10GeneralConfiguration","assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"`+staff+`"}}]}`)
	catalog := server.Fake.Seed("configurationPolicies", `{"name":"Edge","platforms":"windows10","technologies":"mdm","settings":[{"settingInstance":{"settingDefinitionId":"a"}}]}`)
	trusted := server.Fake.Seed("namedLocations", `{"displayName":"Office","@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":true}`)
	strength := server.Fake.Seed("authenticationStrengthPolicies", `{"displayName":"Strong","policyType":"custom","allowedCombinations":["fido2"]}`)
	template := server.Fake.Seed("notificationMessageTemplates", `{"displayName":"Warn","localizedNotificationMessages":[{"locale":"en-us","subject":"Hi","isDefault":true},{"locale":"fr-fr","subject":"Salut"}]}`)
	three := server.Fake.Seed("notificationMessageTemplates", `{"displayName":"Three","localizedNotificationMessages":[{"locale":"en-us","subject":"Hi","isDefault":true},{"locale":"fr-fr","subject":"Salut"},{"locale":"it-it","subject":"Ciao"}]}`)
	consent := server.Fake.Seed("adminConsentRequestPolicy", `{"isEnabled":true,"version":1,"reviewers":[]}`)
	_ = consent
	c, lines := writer(t, server, nil)
	get := func(kind, id string) json.RawMessage {
		res, err := c.Get(t.Context(), tenant.GetRequest{Kind: kind, ID: id})
		if err != nil {
			t.Fatal(err)
		}
		return res.Body
	}
	tests := []struct {
		name string
		op   tenant.Operation
		want []string
	}{
		{"create", tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"New","mailEnabled":false,"mailNickname":"n","securityEnabled":true,"id":"x","createdDateTime":"2026-01-01T00:00:00Z"}`)},
			[]string{`POST /v1.0/groups {"displayName":"New","mailEnabled":false,"mailNickname":"n","securityEnabled":true}`}},
		{"create without its parts", tenant.Operation{Verb: tenant.Create, Kind: "deviceConfigurations", After: json.RawMessage(`{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"P","assignments@odata.type":"#Collection(t)","assignments":[]}`)},
			[]string{`POST /beta/deviceManagement/deviceConfigurations {"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"P"}`}},
		{"create with what comes along", tenant.Operation{Verb: tenant.Create, Kind: "authenticationStrengthPolicies", After: json.RawMessage(`{"displayName":"S","allowedCombinations":["fido2"]}`)},
			[]string{`POST /v1.0/policies/authenticationStrengthPolicies {"allowedCombinations":["fido2"],"displayName":"S"}`}},
		{"update names the type", tenant.Operation{Verb: tenant.Update, Kind: "deviceConfigurations", ID: profile, Before: get("deviceConfigurations", profile), Patch: json.RawMessage(`{"description":"x"}`)},
			[]string{`PATCH /beta/deviceManagement/deviceConfigurations/` + profile + ` {"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","description":"x"}`}},
		{"assign replaces the whole list", tenant.Operation{Verb: tenant.Update, Kind: "deviceConfigurations", ID: profile, Part: "assignments", Before: get("deviceConfigurations", profile),
			Patch: json.RawMessage(`{"assignments":[{"id":"old","target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + staff + `"}},{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + other + `"}}]}`)},
			[]string{`POST /beta/deviceManagement/deviceConfigurations/` + profile + `/assign {"assignments":[{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + staff + `"}},{"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + other + `"}}]}`}},
		{"put the whole object", tenant.Operation{Verb: tenant.Update, Kind: "configurationPolicies", ID: catalog, Before: get("configurationPolicies", catalog),
			Patch: json.RawMessage(`{"name":"Edge 2","settings":[]}`), After: json.RawMessage(`{"name":"Edge 2","platforms":"windows10","technologies":"mdm","settings":[],"assignments":[]}`)},
			[]string{`PUT /beta/deviceManagement/configurationPolicies/` + catalog + ` {"name":"Edge 2","platforms":"windows10","settings":[],"technologies":"mdm"}`}},
		{"an action for one property", tenant.Operation{Verb: tenant.Update, Kind: "authenticationStrengthPolicies", ID: strength, Part: "allowedCombinations", Before: get("authenticationStrengthPolicies", strength),
			Patch: json.RawMessage(`{"allowedCombinations":["fido2","windowsHelloForBusiness"]}`)},
			[]string{`POST /v1.0/policies/authenticationStrengthPolicies/` + strength + `/updateAllowedCombinations {"allowedCombinations":["fido2","windowsHelloForBusiness"]}`}},
		{"singleton", tenant.Operation{Verb: tenant.Update, Kind: "authorizationPolicy", Before: get("authorizationPolicy", ""), Patch: json.RawMessage(`{"allowInvitesFrom":"none"}`)},
			[]string{`PATCH /v1.0/policies/authorizationPolicy {"allowInvitesFrom":"none"}`}},
		{"a singleton that is put whole", tenant.Operation{Verb: tenant.Update, Kind: "adminConsentRequestPolicy", Before: get("adminConsentRequestPolicy", ""),
			Patch: json.RawMessage(`{"isEnabled":false}`), After: json.RawMessage(`{"isEnabled":false,"version":1,"reviewers":[]}`)},
			[]string{`PUT /v1.0/policies/adminConsentRequestPolicy {"isEnabled":false,"reviewers":[]}`}},
		{"a trusted location is untrusted first", tenant.Operation{Verb: tenant.Delete, Kind: "namedLocations", ID: trusted, Before: get("namedLocations", trusted)},
			[]string{`PATCH /v1.0/identity/conditionalAccess/namedLocations/` + trusted + ` {"@odata.type":"#microsoft.graph.ipNamedLocation","isTrusted":false}`,
				`DELETE /v1.0/identity/conditionalAccess/namedLocations/` + trusted}},
		{"members one by one", tenant.Operation{Verb: tenant.Update, Kind: "notificationMessageTemplates", ID: template, Part: "messages", Before: get("notificationMessageTemplates", template),
			Patch: json.RawMessage(`{"localizedNotificationMessages":[{"locale":"en-us","subject":"Hello","isDefault":true},{"locale":"de-de","subject":"Hallo"}]}`)},
			[]string{`POST /beta/deviceManagement/notificationMessageTemplates/` + template + `/localizedNotificationMessages {"locale":"de-de","subject":"Hallo"}`,
				`PATCH /beta/deviceManagement/notificationMessageTemplates/` + template + `/localizedNotificationMessages/ID {"isDefault":true,"subject":"Hello"}`,
				`DELETE /beta/deviceManagement/notificationMessageTemplates/` + template + `/localizedNotificationMessages/ID`}},
		{"members before and after unchanged ones", tenant.Operation{Verb: tenant.Update, Kind: "notificationMessageTemplates", ID: three, Part: "messages", Before: get("notificationMessageTemplates", three),
			Patch: json.RawMessage(`{"localizedNotificationMessages":[{"locale":"en-us","subject":"Hi","isDefault":true},{"locale":"de-de","subject":"Hallo"},{"locale":"it-it","subject":"Buongiorno"},{"locale":"es-es","subject":"Hola"}]}`)},
			[]string{`POST /beta/deviceManagement/notificationMessageTemplates/` + three + `/localizedNotificationMessages {"locale":"de-de","subject":"Hallo"}`,
				`POST /beta/deviceManagement/notificationMessageTemplates/` + three + `/localizedNotificationMessages {"locale":"es-es","subject":"Hola"}`,
				`PATCH /beta/deviceManagement/notificationMessageTemplates/` + three + `/localizedNotificationMessages/ID {"subject":"Buongiorno"}`,
				`DELETE /beta/deviceManagement/notificationMessageTemplates/` + three + `/localizedNotificationMessages/ID`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			*lines = nil
			applied, err := c.Apply(t.Context(), tt.op)
			if err != nil {
				t.Fatal(err)
			}
			if applied.RequestID == "" || tt.op.Verb == tenant.Create && applied.Resource.ID == "" {
				t.Errorf("got %+v, want a request id, and the id of what was created", applied)
			}
			for i := range *lines {
				if j := strings.Index((*lines)[i], "/localizedNotificationMessages/"); j >= 0 {
					from := j + len("/localizedNotificationMessages/")
					rest := (*lines)[i][from:]
					end := strings.IndexByte(rest+" ", ' ')
					(*lines)[i] = (*lines)[i][:from] + "ID" + rest[end:]
				}
			}
			if diff := cmp.Diff(tt.want, *lines); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

// What must not be sent is not sent.
func TestNotSent(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	profile := server.Fake.Seed("deviceConfigurations", `{"displayName":"P","@odata.type":"#microsoft.graph.windows10CustomConfiguration","omaSettings":[{"omaUri":"./a","value":"hunter2"}]}`)
	c, lines := writer(t, server, func(cfg *graph.Config) { cfg.Unproven = nil })
	tests := []struct {
		name string
		op   tenant.Operation
		want string
	}{
		{"an unproven verb", tenant.Operation{Verb: tenant.Create, Kind: "hardwareConfigurations", After: json.RawMessage(`{"displayName":"x"}`)}, "Config.Unproven"},
		{"a verb that is none of the kind", tenant.Operation{Verb: tenant.Create, Kind: "domains", After: json.RawMessage(`{"id":"x"}`)}, "does not know the verb"},
		{"an unknown kind", tenant.Operation{Verb: tenant.Create, Kind: "things", After: json.RawMessage(`{}`)}, "no such kind"},
		{"asterisks", tenant.Operation{Verb: tenant.Update, Kind: "deviceConfigurations", ID: profile, Patch: json.RawMessage(`{"omaSettings":[{"omaUri":"./a","value":"****"}]}`)}, "asterisks"},
		{"an unknown part", tenant.Operation{Verb: tenant.Update, Kind: "deviceConfigurations", ID: profile, Part: "parts", Patch: json.RawMessage(`{}`)}, "no part"},
		{"no id", tenant.Operation{Verb: tenant.Delete, Kind: "groups"}, "no id"},
		{"a create of an id", tenant.Operation{Verb: tenant.Create, Kind: "groups", ID: "1", After: json.RawMessage(`{}`)}, "a create has no id"},
		{"no object", tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`[]`)}, "no JSON object"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := c.Apply(t.Context(), tt.op)
			if tenant.ClassOf(err) != tenant.Invalid || tenant.MaybeApplied(err) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want Invalid with %q", err, tt.want)
			}
			if len(*lines) > 0 {
				t.Errorf("sent %q", *lines)
			}
		})
	}
}

// A write is one attempt, and its error says whether it may have taken effect.
func TestWriteFaults(t *testing.T) {
	tests := []struct {
		name    string
		fault   graphtest.Fault
		class   tenant.Class
		maybe   bool
		objects int
	}{
		{"throttled", graphtest.Fault{Status: 429, RetryAfter: 7e9}, tenant.Throttled, false, 0},
		{"unavailable, and told when to come again", graphtest.Fault{Status: 503, RetryAfter: 7e9}, tenant.Throttled, false, 0},
		{"unavailable", graphtest.Fault{Status: 503}, tenant.Transient, true, 0},
		{"a gateway's time-out after the effect", graphtest.Fault{Status: 504, Effect: true}, tenant.Transient, true, 1},
		{"cut before the effect", graphtest.Fault{Cut: true}, tenant.Transient, true, 0},
		{"cut after the effect", graphtest.Fault{Cut: true, Effect: true}, tenant.Transient, true, 1},
		{"cut in the answer", graphtest.Fault{Body: true}, tenant.Transient, true, 1},
		{"refused", graphtest.Fault{Status: 400}, tenant.Invalid, false, 0},
		{"forbidden", graphtest.Fault{Status: 403}, tenant.AccessDenied, false, 0},
		{"conflict", graphtest.Fault{Status: 409}, tenant.Conflict, false, 0},
		{"precondition", graphtest.Fault{Status: 412}, tenant.Conflict, false, 0},
		{"locked", graphtest.Fault{Status: 423}, tenant.Transient, false, 0},
		{"not implemented", graphtest.Fault{Status: 501}, tenant.Permanent, false, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := graphtest.New(graphtest.Config{})
				server.Fail(http.MethodPost, "groups", 0, tt.fault)
				c, lines := writer(t, server, nil)
				_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"New","mailEnabled":false,"mailNickname":"n","securityEnabled":true}`)})
				if tenant.ClassOf(err) != tt.class || tenant.MaybeApplied(err) != tt.maybe {
					t.Errorf("got %v (maybe applied: %v), want %s, %v", err, tenant.MaybeApplied(err), tt.class, tt.maybe)
				}
				if e, ok := err.(*tenant.Error); !ok || e.RequestID == "" || tt.fault.RetryAfter != 0 && e.RetryAfter != tt.fault.RetryAfter {
					t.Errorf("got %#v, want a request id and the wait", err)
				}
				if n := len(server.Fake.Objects("groups")); n != tt.objects || len(*lines) != 1 {
					t.Errorf("%d objects after %d requests, want %d after 1", n, len(*lines), tt.objects)
				}
			})
		})
	}
}

// New policies land as report-only where the host wants that.
func TestReportOnly(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	c, lines := writer(t, server, func(cfg *graph.Config) { cfg.ReportOnly = true })
	for i, state := range []string{"enabled", "Enabled"} {
		if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "conditionalAccessPolicies", After: json.RawMessage(`{"displayName":"` + state + `","state":"` + state + `","conditions":{}}`)}); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains((*lines)[i], `"state":"enabledForReportingButNotEnforced"`) {
			t.Errorf("sent %s", (*lines)[i])
		}
	}
}

// At v1.0 what only beta knows is left out where it is empty. Where it is not,
// the object is not written at all, and the error says what to do.
func TestBetaOnlyIsNotLeftOut(t *testing.T) {
	const target = `"target":{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"g"`
	const filter = `,"deviceAndAppManagementAssignmentFilterId":"f","deviceAndAppManagementAssignmentFilterType":"include"`
	const empty = `,"deviceAndAppManagementAssignmentFilterId":null`
	const custom = `"displayName":"P","@odata.type":"#microsoft.graph.windows10CustomConfiguration"`
	create := func(kind, body string) tenant.Operation {
		return tenant.Operation{Verb: tenant.Create, Kind: kind, After: []byte(body)}
	}
	assign := func(kind, before, after string) tenant.Operation {
		return tenant.Operation{Verb: tenant.Update, Kind: kind, ID: "id", Part: "assignments", Before: []byte(`{"assignments":` + before + `}`), Patch: []byte(`{"assignments":` + after + `}`)}
	}
	for _, tt := range []struct {
		name    string
		pin     []string
		op      tenant.Operation
		sent    string // a part of the body, if it is sent
		refused string // a part of the error, if it is not
	}{
		{"empty", nil, create("conditionalAccessPolicies", `{"displayName":"P","state":"disabled","conditions":{"agents":null,"agents@odata.type":"#x","agentIdRiskLevels":"","clientApplications":{"includeAgentIdServicePrincipals":[]}}}`),
			`{"conditions":{"clientApplications":{}},"displayName":"P","state":"disabled"}`, ""},
		{"a value", nil, create("conditionalAccessPolicies", `{"displayName":"P","conditions":{"agents":{"include":["All"]}}}`),
			"", "/conditions/agents exists only in Graph's beta: give the kind the version beta"},
		{"a value that beta does not know either", nil, create("conditionalAccessPolicies", `{"displayName":"P","partialEnablementStrategy":"x"}`), `"partialEnablementStrategy":"x"`, ""},
		{"a type", nil, create("namedLocations", `{"@odata.type":"#microsoft.graph.serviceTagNamedLocation","displayName":"P"}`), "", "the type #microsoft.graph.serviceTagNamedLocation exists only in Graph's beta"},
		{"a kind at beta", nil, create("deviceConfigurations", `{`+custom+`,"roleScopeTagIds":["1"]}`), `"roleScopeTagIds":["1"]`, ""},
		{"a kind that is pinned", []string{"deviceConfigurations"}, create("deviceConfigurations", `{`+custom+`,"roleScopeTagIds":["1"]}`), "", "/roleScopeTagIds exists only in Graph's beta: take the kind out of Config.PinV1"},
		{"all kinds are pinned", []string{"*"}, create("deviceConfigurations", `{`+custom+`,"roleScopeTagIds":["1"]}`), "", "/roleScopeTagIds exists only in Graph's beta: take the kind out of Config.PinV1"},
		{"another kind is pinned", []string{"deviceCategories"}, create("deviceConfigurations", `{`+custom+`,"roleScopeTagIds":["1"]}`), `"roleScopeTagIds":["1"]`, ""},
		{"first assignments", []string{"deviceConfigurations"}, assign("deviceConfigurations", `[]`, `[{`+target+empty+`}}]`), `"groupId":"g"}`, ""},
		{"first assignments, with a filter", []string{"deviceConfigurations"}, assign("deviceConfigurations", `[]`, `[{`+target+filter+`}}]`), "", "/assignments/0/target/deviceAndAppManagementAssignmentFilterId exists only"},
		{"more assignments", []string{"deviceConfigurations"}, assign("deviceConfigurations", `[{`+target+`}}]`, `[{`+target+`}},{`+target+`}}]`), "",
			"v1.0 does not show /assignments/*/"},
		{"more assignments at beta", nil, assign("deviceConfigurations", `[{`+target+filter+`}}]`, `[{`+target+filter+`}},{`+target+`}}]`), filter, ""},
		{"members one by one", []string{"termsAndConditions"}, assign("termsAndConditions", `[]`, `[{`+target+filter+`}}]`), "", "/assignments/0/target/deviceAndAppManagementAssignmentFilterId exists only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := graphtest.New(graphtest.Config{})
			c, lines := writer(t, server, func(cfg *graph.Config) { cfg.PinV1 = tt.pin })
			_, err := c.Apply(t.Context(), tt.op)
			sent := strings.Join(*lines, "\n")
			if tt.refused != "" && (tenant.ClassOf(err) != tenant.Invalid || !strings.Contains(err.Error(), tt.refused) || sent != "") {
				t.Errorf("got %v and sent %s, want it refused with %q", err, sent, tt.refused)
			}
			if tt.refused == "" && !strings.Contains(sent, tt.sent) {
				t.Errorf("got %v and sent %s, want %s", err, sent, tt.sent)
			}
		})
	}
}

func TestPinV1(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	for pin, want := range map[string]string{"nothing": `the kind "nothing", which is not in the catalogue`, "assignmentFilters": `the kind "assignmentFilters", which v1.0 does not have`} {
		if _, err := graph.New(graph.Config{Credential: graphtest.Credential(), PinV1: []string{"*", pin}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", pin, err, want)
		}
	}
	mine := catalogue.Default()
	c := newClient(t, server, func(cfg *graph.Config) { cfg.PinV1, cfg.Catalogue = []string{"*"}, mine })
	if diff := cmp.Diff(catalogue.Default(), mine); diff != "" {
		t.Errorf("the host's catalogue changed (-want +got)\n%s", diff)
	}
	for _, kind := range []string{"deviceCategories", "assignmentFilters"} {
		if _, err := c.Read(t.Context(), tenant.ReadRequest{Kind: kind, All: true}, func(tenant.Resource) error { return nil }); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
	var got []string
	for _, r := range server.Requests() {
		got = append(got, r.Path)
	}
	if diff := cmp.Diff([]string{"/v1.0/deviceManagement/deviceCategories", "/beta/deviceManagement/assignmentFilters"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
