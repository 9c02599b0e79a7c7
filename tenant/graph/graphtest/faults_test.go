package graphtest_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

const (
	groups   = "/v1.0/groups"
	policies = "/v1.0/identity/conditionalAccess/policies"
	filters  = "/beta/deviceManagement/assignmentFilters"
)

// A limit is of its group alone, tells how long to wait unless it is silent,
// counts what it refuses, and passes.
func TestThrottlePerGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := graphtest.New(graphtest.Config{})
		s.Throttle("conditionalAccess", 2, 10*time.Second, false)
		for i, want := range []int{200, 200, 429} {
			r := ask(t, s, http.MethodGet, policies, "")
			if r.status != want {
				t.Fatalf("request %d: %d, want %d", i, r.status, want)
			}
			if want == 429 {
				if after, _ := strconv.Atoi(r.header.Get("Retry-After")); after != 10 || r.errorCode(t) != "TooManyRequests" {
					t.Errorf("refused with Retry-After %d, want 10: %s", after, r.text)
				}
			}
		}
		if r := ask(t, s, http.MethodGet, groups, ""); r.status != 200 {
			t.Errorf("another group of kinds: %d", r.status)
		}
		// The one that was refused counts as well: one place is free, not two.
		<-time.After(9 * time.Second)
		ask(t, s, http.MethodGet, policies, "")
		<-time.After(2 * time.Second)
		if r := ask(t, s, http.MethodGet, policies, ""); r.status != 200 {
			t.Errorf("after the window: %d", r.status)
		}
		if n := s.Rejected(); n != 2 {
			t.Errorf("%d were refused, want 2", n)
		}
		s.Throttle("conditionalAccess", 1, time.Minute, true)
		ask(t, s, http.MethodGet, policies, "")
		if r := ask(t, s, http.MethodGet, policies, ""); r.status != 429 || r.header.Get("Retry-After") != "" {
			t.Errorf("a silent limit: %d, Retry-After %q", r.status, r.header.Get("Retry-After"))
		}
		s.Throttle("conditionalAccess", 0, 0, false)
		if r := ask(t, s, http.MethodGet, policies, ""); r.status != 200 {
			t.Errorf("without a limit: %d", r.status)
		}
	})
}

// Of a batch each request fails or succeeds by itself, with headers of its own,
// in an order that is not the sender's; the batch itself says nothing.
func TestBatch(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	s.Throttle("conditionalAccess", 1, time.Minute, false)
	batch := `{"requests":[{"id":"1","method":"GET","url":"/groups/` + id + `"},{"id":"2","method":"GET","url":"/identity/conditionalAccess/policies"},
		{"id":"3","method":"GET","url":"/identity/conditionalAccess/policies"},{"id":"4","method":"GET","url":"/groups/none"}]}`
	r := ask(t, s, http.MethodPost, "/v1.0/$batch", batch)
	answers, _ := r.body["responses"].([]any)
	if r.status != 200 || len(answers) != 4 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if first := answers[0].(map[string]any)["id"]; first == "1" {
		t.Error("the answers are in the order of the requests: no test would notice who relies on that")
	}
	for _, a := range answers {
		a := a.(map[string]any)
		want := map[string]float64{"1": 200, "2": 200, "3": 429, "4": 404}[a["id"].(string)]
		headers, _ := a["headers"].(map[string]any)
		if a["status"] != want || headers["request-id"] == nil || a["body"] == nil {
			t.Errorf("%v: want status %v, a request-id and a body", a, want)
		}
		if want == 429 && headers["Retry-After"] == nil {
			t.Errorf("no Retry-After of its own: %v", a)
		}
	}
	var many []string
	for i := range 21 {
		many = append(many, fmt.Sprintf(`{"id":"%d","method":"GET","url":"/groups"}`, i))
	}
	for name, requests := range map[string]string{
		"21 requests":  strings.Join(many, ","),
		"one id twice": `{"id":"1","method":"GET","url":"/groups"},{"id":"1","method":"GET","url":"/groups"}`,
		"none":         "",
	} {
		if r := ask(t, s, http.MethodPost, "/v1.0/$batch", `{"requests":[`+requests+`]}`); r.status != 400 {
			t.Errorf("%s: %d, want 400", name, r.status)
		}
	}
}

// A connection that is cut, or a 5xx, comes before the effect or after it.
func TestFaults(t *testing.T) {
	tests := []struct {
		name   string
		fault  graphtest.Fault
		status int // 0: cut
		made   int
	}{
		{"cut before", graphtest.Fault{Cut: true}, 0, 0},
		{"cut after", graphtest.Fault{Cut: true, Effect: true}, 0, 1},
		{"cut in the answer", graphtest.Fault{Body: true}, 0, 1},
		{"503 before", graphtest.Fault{Status: 503, RetryAfter: 1500 * time.Millisecond}, 503, 0},
		{"504 after", graphtest.Fault{Status: 504, Effect: true}, 504, 1},
		{"429 once", graphtest.Fault{Status: 429, RetryAfter: 2 * time.Second}, 429, 0},
	}
	for _, tt := range tests {
		for _, real := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/over TLS %v", tt.name, real), func(t *testing.T) {
				s := graphtest.New(graphtest.Config{})
				if real {
					s.Start(t)
				}
				s.Fail(http.MethodPost, "groups", 1, tt.fault)
				ask(t, s, http.MethodPost, groups, newGroup("first"))
				r := ask(t, s, http.MethodPost, groups, newGroup("second"))
				if cut := r.err != nil; cut != (tt.status == 0) || !cut && r.status != tt.status {
					t.Errorf("got %d, %v, want %d", r.status, r.err, tt.status)
				}
				if tt.fault.RetryAfter > 0 && r.header.Get("Retry-After") != "2" {
					t.Errorf("Retry-After %q, want 2: whole seconds, rounded up", r.header.Get("Retry-After"))
				}
				if n := len(s.Fake.Objects("groups")) - 1; n != tt.made {
					t.Errorf("%d were made by the second request, want %d", n, tt.made)
				}
				if r := ask(t, s, http.MethodPost, groups, newGroup("third")); r.status != 201 {
					t.Errorf("the request after it: %d", r.status)
				}
			})
		}
	}
}

// newGroup is a group that can be created.
func newGroup(name string) string {
	return `{"displayName":"` + name + `","mailEnabled":false,"mailNickname":"` + name + `","securityEnabled":true}`
}

// What was written is seen later: by id, in lists, and by what refers to it.
func TestLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := graphtest.New(graphtest.Config{})
		s.Fake.Lag(10 * time.Second)
		id := ask(t, s, http.MethodPost, groups, newGroup("A")).id()
		policy := `{"displayName":"P","state":"disabled","conditions":{"users":{"includeGroups":["` + id + `"]}}}`
		seen := func() (get, listed, create int) {
			all, _ := ask(t, s, http.MethodGet, groups, "").body["value"].([]any)
			return ask(t, s, http.MethodGet, groups+"/"+id, "").status, len(all), ask(t, s, http.MethodPost, policies, policy).status
		}
		if get, listed, create := seen(); get != 404 || listed != 0 || create != 400 {
			t.Errorf("at once: %d, %d listed, %d, want 404, none, 400", get, listed, create)
		}
		<-time.After(10 * time.Second)
		if get, listed, create := seen(); get != 200 || listed != 1 || create != 201 {
			t.Errorf("later: %d, %d listed, %d, want 200, 1, 201", get, listed, create)
		}
	})
}

// Tokens, permissions, directory roles and licences are each refused in words
// of their own, since a client has to tell them apart.
func TestGates(t *testing.T) {
	s := graphtest.New(graphtest.Config{Accepts: func(token string) bool { return token != "spent" }})
	person := graphtest.Token(s.Fake.Directory(), "Policy.Read.All", "Group.Read.All")
	application := graphtest.ApplicationToken(s.Fake.Directory(), "Group.ReadWrite.All")
	s.Fake.Forbid("namedLocations")
	s.Fake.Unlicense("authenticationStrengthPolicies")
	tests := []struct {
		name, token, method, path string
		status                    int
		code                      string
	}{
		{"no token", "", http.MethodGet, groups, 401, "InvalidAuthenticationToken"},
		{"a spent token", "spent", http.MethodGet, groups, 401, "InvalidAuthenticationToken"},
		{"a permission to read", person, http.MethodGet, groups, 200, ""},
		{"no permission to write", person, http.MethodPost, groups, 403, "Authorization_RequestDenied"},
		{"an application's permission", application, http.MethodPost, groups, 201, ""},
		{"no permission of an application", application, http.MethodGet, policies, 403, "Authorization_RequestDenied"},
		{"no role", person, http.MethodGet, "/v1.0/identity/conditionalAccess/namedLocations", 403, "Forbidden"},
		{"no licence", person, http.MethodGet, "/v1.0/policies/authenticationStrengthPolicies", 403, "AccessDenied"},
		{"no such resource", person, http.MethodGet, "/v1.0/nothing", 404, "ResourceNotFound"},
		{"no such object", person, http.MethodGet, groups + "/none", 404, "Request_ResourceNotFound"},
		{"a kind of beta at v1.0", person, http.MethodGet, "/v1.0/deviceManagement/assignmentFilters", 404, "ResourceNotFound"},
		{"no such version", person, http.MethodGet, "/v2.0/groups", 400, "BadRequest"},
	}
	for _, tt := range tests {
		r := askWith(t, s, tt.token, tt.method, tt.path, newGroup("A"))
		if r.status != tt.status || tt.code != "" && r.errorCode(t) != tt.code {
			t.Errorf("%s: %d %s, want %d %s", tt.name, r.status, r.text, tt.status, tt.code)
		}
	}
}

// Every request has an id of the server's, gets its own back, and is in the log.
func TestRequestIDs(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	a, b := ask(t, s, http.MethodGet, groups, ""), ask(t, s, http.MethodGet, groups+"/none", "")
	if id := a.header.Get("request-id"); id == "" || id == b.header.Get("request-id") || a.header.Get("client-request-id") != "mine" {
		t.Errorf("request-id %q and %q, client-request-id %q", id, b.header.Get("request-id"), a.header.Get("client-request-id"))
	}
	inner := b.body["error"].(map[string]any)["innerError"].(map[string]any)
	log := s.Requests()
	if len(log) != 2 || log[1].ID != b.header.Get("request-id") || log[1].ID != inner["request-id"] || log[1].ClientID != "mine" || log[1].Status != 404 {
		t.Errorf("log %+v, error %v", log, inner)
	}
}

// A list comes in pages whose links lead to the end, with what was asked for;
// $top makes them smaller.
func TestPages(t *testing.T) {
	s := graphtest.New(graphtest.Config{PageSize: 3})
	for i := range 8 {
		s.Fake.Seed("groups", fmt.Sprintf(`{"displayName":"G%d"}`, i))
	}
	for query, pages := range map[string]int{"": 3, "?$top=2": 4, "?$filter=displayName%20eq%20'g5'": 1} {
		next, got, seen := groups+query, 0, map[any]bool{}
		for next != "" {
			r := ask(t, s, http.MethodGet, next, "")
			all, _ := r.body["value"].([]any)
			for _, o := range all {
				seen[o.(map[string]any)["id"]] = true
			}
			next, _ = r.body["@odata.nextLink"].(string)
			got++
		}
		want := 8
		if strings.Contains(query, "filter") {
			want = 1
		}
		if got != pages || len(seen) != want {
			t.Errorf("%q: %d pages of %d objects, want %d of %d", query, got, len(seen), pages, want)
		}
	}
	s.Fail(http.MethodGet, "groups", 0, graphtest.Fault{Link: "https://elsewhere.example/x"})
	if r := ask(t, s, http.MethodGet, groups, ""); r.body["@odata.nextLink"] != "https://elsewhere.example/x" {
		t.Errorf("the hostile link is not there: %s", r.text)
	}
}

// What only beta knows is refused at v1.0, and not shown there.
func TestBetaOnly(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	const policy = `{"displayName":"P","state":"disabled","conditions":{"agentIdRiskLevels":"high"}}`
	if r := ask(t, s, http.MethodPost, policies, policy); r.status != 400 || !strings.Contains(r.text, "agentIdRiskLevels") {
		t.Errorf("at v1.0: %d %s, want 400 with the property's name", r.status, r.text)
	}
	beta := strings.Replace(policies, "v1.0", "beta", 1)
	id := ask(t, s, http.MethodPost, beta, policy).id()
	for path, shows := range map[string]bool{policies: false, beta: true} {
		if r := ask(t, s, http.MethodGet, path+"/"+id, ""); r.status != 200 || strings.Contains(r.text, "agentIdRiskLevels") != shows {
			t.Errorf("%s: %d %s, want the property: %v", path, r.status, r.text, shows)
		}
	}
}

// v1.0 does not show the filters of assignments, and refuses them. Assignments
// that are replaced there lose their filters.
func TestBlindSpotOfV1(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	filterID := s.Fake.Seed("assignmentFilters", `{"displayName":"F","platform":"windows10AndLater"}`)
	filter := `,"deviceAndAppManagementAssignmentFilterId":"` + filterID + `","deviceAndAppManagementAssignmentFilterType":"include"`
	const v1, beta = "/v1.0/deviceManagement/deviceCompliancePolicies/", "/beta/deviceManagement/deviceCompliancePolicies/"
	group := s.Fake.Seed("groups", `{"displayName":"G"}`)
	target := `{"@odata.type":"#microsoft.graph.groupAssignmentTarget","groupId":"` + group + `"`
	id := s.Fake.Seed("deviceCompliancePolicies", `{"@odata.type":"#microsoft.graph.windows10CompliancePolicy","displayName":"P","roleScopeTagIds":["0"],"assignments":[{"target":`+target+filter+`}}]}`)
	shows := func(path, word string, want bool) {
		t.Helper()
		if r := ask(t, s, http.MethodGet, path, ""); r.status != 200 || strings.Contains(r.text, word) != want || !strings.Contains(r.text, "groupId") && word != "roleScopeTagIds" {
			t.Errorf("%s: %d %s, want %s: %v", path, r.status, r.text, word, want)
		}
	}
	shows(v1+id, "roleScopeTagIds", false)
	shows(beta+id, "roleScopeTagIds", true)
	shows(v1+id+"/assignments", "FilterId", false)
	shows(beta+id+"/assignments", "FilterId", true)
	shows(v1+id+"?$expand=assignments", "FilterId", false)
	shows(beta+id+"?$expand=assignments", "FilterId", true)
	if r := ask(t, s, http.MethodPost, v1+id+"/assign", `{"assignments":[{"target":`+target+filter+`}}]}`); r.status != 400 || !strings.Contains(r.text, "FilterId") {
		t.Errorf("a filter at v1.0: %d %s", r.status, r.text)
	}
	shows(beta+id+"/assignments", "FilterId", true)
	if r := ask(t, s, http.MethodPost, v1+id+"/assign", `{"assignments":[{"target":`+target+`}}]}`); r.status >= 300 {
		t.Errorf("no filter at v1.0: %d %s", r.status, r.text)
	}
	shows(beta+id+"/assignments", "FilterId", false)
	ofBeta := s.Fake.Seed("deviceCompliancePolicies", `{"@odata.type":"#microsoft.graph.androidDeviceOwnerCompliancePolicy","displayName":"A"}`)
	for _, path := range []string{v1, beta} {
		r := ask(t, s, http.MethodGet, path+ofBeta, "")
		if r.body["@odata.type"] != "#microsoft.graph.androidDeviceOwnerCompliancePolicy" || !strings.Contains(r.body["@odata.context"].(string), path[:6]+"$metadata#") {
			t.Errorf("%s: a type of beta: %s", path, r.text)
		}
	}
	if r := ask(t, s, http.MethodPost, v1[:len(v1)-1], `{"@odata.type":"#microsoft.graph.androidDeviceOwnerCompliancePolicy","displayName":"A"}`); r.status != 400 {
		t.Errorf("a type of beta at v1.0: %d %s", r.status, r.text)
	}
}

// Singletons can be neither made nor deleted; a PUT is refused where the kind
// has none.
func TestMethods(t *testing.T) {
	s := graphtest.New(graphtest.Config{Catalogue: catalogue.Default()})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/v1.0/policies/authorizationPolicy", 200},
		{http.MethodPatch, "/v1.0/policies/authorizationPolicy", 204},
		{http.MethodDelete, "/v1.0/policies/authorizationPolicy", 400},
		{http.MethodPost, "/v1.0/policies/authorizationPolicy", 405},
		{http.MethodPut, groups + "/" + id, 405},
		{http.MethodDelete, groups, 405},
	} {
		if r := ask(t, s, tt.method, tt.path, `{"description":"x"}`); r.status != tt.status {
			t.Errorf("%s %s: %d %s, want %d", tt.method, tt.path, r.status, r.text, tt.status)
		}
	}
}

// What is wrong with a kind or with accounts' groups shows in lists, of all objects and
// of none, as Graph shows it.
func TestReadsThatFail(t *testing.T) {
	for _, seeded := range []bool{false, true} {
		s := graphtest.New(graphtest.Config{PageSize: 2})
		if seeded {
			for range 5 {
				s.Fake.Seed("groups", `{"displayName":"A"}`)
			}
		}
		check := func(what string, status int, code string) {
			t.Helper()
			if r := ask(t, s, http.MethodGet, groups, ""); r.status != status || r.errorCode(t) != code {
				t.Errorf("%s, with objects %v: %d %s, want %d %s", what, seeded, r.status, r.text, status, code)
			}
		}
		s.Fake.FailReads("groups", tenant.Transient)
		check("a read that fails", 503, "ServiceUnavailable")
		s.Fake.FailReads("groups", "")
		s.Fake.Unlicense("groups")
		check("no licence", 403, "AccessDenied")
		s.Fake.License("groups")
		s.Fake.Forbid("groups")
		check("no role", 403, "Forbidden")
		s.HideMembers()
		if r := ask(t, s, http.MethodGet, "/v1.0/users/ann/transitiveMemberOf", ""); r.status != 403 || r.errorCode(t) != "Authorization_RequestDenied" {
			t.Errorf("hidden members: %d %s", r.status, r.text)
		}
	}
	// A list that is cut off has the pages before that.
	s := graphtest.New(graphtest.Config{PageSize: 2})
	for range 5 {
		s.Fake.Seed("groups", `{"displayName":"A"}`)
	}
	s.CutReads("groups", 3)
	read, next := 0, groups
	for next != "" {
		r := ask(t, s, http.MethodGet, next, "")
		if r.status != 200 {
			if r.status != 503 || r.errorCode(t) != "ServiceUnavailable" {
				t.Errorf("the page after the cut: %d %s", r.status, r.text)
			}
			break
		}
		read += len(r.body["value"].([]any))
		next, _ = r.body["@odata.nextLink"].(string)
	}
	if read != 3 || next == "" {
		t.Errorf("%d are read, and the list ends: %v; want 3 and a page that fails", read, next == "")
	}
}

// The log has the requests within a batch after it, marked.
func TestLogOfBatches(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	ask(t, s, http.MethodPost, "/beta/$batch", `{"requests":[{"id":"1","method":"GET","url":"/groups"},{"id":"2","method":"GET","url":"groups/none"}]}`)
	var got []string
	for _, r := range s.Requests() {
		got = append(got, fmt.Sprintf("%s %s %v %d", r.Method, r.Path, r.Inner, r.Status))
	}
	if want := "POST /beta/$batch false 200, GET /beta/groups true 200, GET /beta/groups/none true 404"; strings.Join(got, ", ") != want {
		t.Errorf("the log is %q, want %q", strings.Join(got, ", "), want)
	}
}
