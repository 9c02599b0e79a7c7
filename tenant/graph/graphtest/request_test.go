package graphtest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// send sends a request with these headers and no others; "" is a header that is
// not sent.
func send(t *testing.T, s *graphtest.Server, method, path, body string, header map[string]string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer anything")
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for name, value := range header {
		req.Header.Del(name)
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	res, err := s.HTTPClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	r := reply{status: res.StatusCode, header: res.Header, text: string(raw), err: err}
	_ = json.Unmarshal(raw, &r.body) // an answer may be text
	return r
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Requests whose method, token or body is not as Graph needs it are refused, and
// nothing is done.
func TestRequestsAreRefused(t *testing.T) {
	const change = `{"description":"changed"}`
	tests := []struct {
		name, method, path, body string
		header                   map[string]string
		status                   int
		code                     string
	}{
		{"no token", http.MethodGet, "", "", map[string]string{"Authorization": ""}, 401, "InvalidAuthenticationToken"},
		{"a token of another scheme", http.MethodGet, "", "", map[string]string{"Authorization": "Basic eDp5"}, 401, "InvalidAuthenticationToken"},
		{"a token without a scheme", http.MethodGet, "", "", map[string]string{"Authorization": "anything"}, 401, "InvalidAuthenticationToken"},
		{"an empty token", http.MethodGet, "", "", map[string]string{"Authorization": "Bearer "}, 401, "InvalidAuthenticationToken"},
		{"a token that is not accepted", http.MethodGet, "", "", map[string]string{"Authorization": "Bearer spent"}, 401, "InvalidAuthenticationToken"},
		{"a body that does not say what it is", http.MethodPatch, "/ID", change, map[string]string{"Content-Type": ""}, 400, "BadRequest"},
		{"a body of text", http.MethodPatch, "/ID", change, map[string]string{"Content-Type": "text/plain"}, 415, "UnsupportedMediaType"},
		{"a body of bytes", http.MethodPut, "/ID", change, map[string]string{"Content-Type": "application/octet-stream"}, 415, "UnsupportedMediaType"},
		{"a type that is none", http.MethodPatch, "/ID", change, map[string]string{"Content-Type": "json;;"}, 415, "UnsupportedMediaType"},
		{"another character set", http.MethodPatch, "/ID", change, map[string]string{"Content-Type": "application/json; charset=utf-16"}, 415, "UnsupportedMediaType"},
		{"no body", http.MethodPatch, "/ID", "", nil, 400, "BadRequest"},
		{"no body of a new object", http.MethodPost, "", "", nil, 400, "BadRequest"},
		{"no JSON", http.MethodPatch, "/ID", `{"description":`, nil, 400, "BadRequest"},
		{"no object", http.MethodPatch, "/ID", `["x"]`, nil, 400, "BadRequest"},
		{"null", http.MethodPatch, "/ID", `null`, nil, 400, "BadRequest"},
		{"two objects", http.MethodPatch, "/ID", change + change, nil, 400, "BadRequest"},
		{"plain JSON that is said to be compressed", http.MethodPatch, "/ID", change, map[string]string{"Content-Encoding": "gzip"}, 400, "BadRequest"},
		{"a compressed body that is cut off", http.MethodPatch, "/ID", zipped(t, change)[:20], map[string]string{"Content-Encoding": "gzip"}, 400, "BadRequest"},
		{"another compression", http.MethodPatch, "/ID", change, map[string]string{"Content-Encoding": "br"}, 415, "UnsupportedMediaType"},
		{"a compressed body that is text", http.MethodPatch, "/ID", zipped(t, change), map[string]string{"Content-Encoding": "gzip", "Content-Type": "text/plain"}, 415, "UnsupportedMediaType"},
		{"a body that grows too large", http.MethodPatch, "/ID", zipped(t, `{"description":"`+strings.Repeat("x", 17<<20)+`"}`), map[string]string{"Content-Encoding": "gzip"}, 413, "BadRequest"},
		{"HEAD", http.MethodHead, "", "", nil, 405, ""},
		{"OPTIONS", http.MethodOptions, "", "", nil, 405, "Request_BadRequest"},
		{"a method of nobody", "MERGE", "/ID", change, nil, 405, "Request_BadRequest"},
		{"PUT of a kind that has none", http.MethodPut, "/ID", change, nil, 405, "Request_BadRequest"},
		{"POST to an object", http.MethodPost, "/ID", change, nil, 405, "Request_BadRequest"},
		{"PATCH of a collection", http.MethodPatch, "", change, nil, 405, "Request_BadRequest"},
		{"a tag of a kind without tags", http.MethodPatch, "/ID", change, map[string]string{"If-Match": `W/"1"`}, 412, "resourceModified"},
		{"a query of a write", http.MethodPatch, "/ID?$select=id", change, nil, 400, "BadRequest"},
		{"a query of a new object", http.MethodPost, "?$select=id", change, nil, 400, "BadRequest"},
	}
	for _, tt := range tests {
		s := graphtest.New(graphtest.Config{Accepts: func(token string) bool { return token != "spent" }})
		id := s.Fake.Seed("groups", `{"displayName":"A","description":"was"}`)
		r := send(t, s, tt.method, groups+strings.Replace(tt.path, "ID", id, 1), tt.body, tt.header)
		if r.status != tt.status || tt.code != "" && r.errorCode(t) != tt.code {
			t.Errorf("%s: %d %.300s, want %d %s", tt.name, r.status, r.text, tt.status, tt.code)
		}
		if now := string(s.Fake.Object("groups", id)); !strings.Contains(now, `"description":"was"`) || len(s.Fake.Objects("groups")) != 1 {
			t.Errorf("%s: it was carried out: %s", tt.name, now)
		}
	}
}

// What is as Graph needs it is taken: SDKs made by Kiota compress every body, and
// names of headers and schemes have no case.
func TestRequestsAreTaken(t *testing.T) {
	const change = `{"description":"changed"}`
	for name, tt := range map[string]struct {
		body   string
		header map[string]string
	}{
		"compressed":           {zipped(t, change), map[string]string{"Content-Encoding": "gzip"}},
		"not compressed":       {change, map[string]string{"Content-Encoding": "identity"}},
		"a character set":      {change, map[string]string{"Content-Type": "application/json; charset=UTF-8"}},
		"parameters of OData":  {change, map[string]string{"Content-Type": "application/json;odata.metadata=minimal"}},
		"a scheme in its case": {change, map[string]string{"Authorization": "bearer anything"}},
		"any tag":              {change, map[string]string{"If-Match": "*"}},
	} {
		s := graphtest.New(graphtest.Config{})
		id := s.Fake.Seed("groups", `{"displayName":"A"}`)
		if r := send(t, s, http.MethodPatch, groups+"/"+id, tt.body, tt.header); r.status != 204 {
			t.Errorf("%s: %d %s", name, r.status, r.text)
		}
		if now := string(s.Fake.Object("groups", id)); !strings.Contains(now, `"changed"`) {
			t.Errorf("%s: not carried out: %s", name, now)
		}
	}
}

// Objects of kinds with ETags are changed and deleted only as they were read.
func TestIfMatch(t *testing.T) {
	s := graphtest.New(graphtest.Config{ETags: []string{"groups"}})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	object := groups + "/" + id
	tag := func() string {
		tag, _ := ask(t, s, http.MethodGet, object, "").body["@odata.etag"].(string)
		return tag
	}
	read := tag()
	if !strings.HasPrefix(read, `W/"`) {
		t.Fatalf("the tag is %q", read)
	}
	write := func(method, tag string) reply {
		return send(t, s, method, object, `{"description":"x"}`, map[string]string{"If-Match": tag})
	}
	if r := write(http.MethodPatch, read); r.status != 204 {
		t.Errorf("as it was read: %d %s", r.status, r.text)
	}
	for _, method := range []string{http.MethodPatch, http.MethodDelete} {
		if r := write(method, read); r.status != 412 || r.errorCode(t) != "resourceModified" {
			t.Errorf("%s after a change: %d %s", method, r.status, r.text)
		}
	}
	if now := tag(); now == read {
		t.Errorf("the tag is still %s", now)
	}
	if r := write(http.MethodDelete, tag()); r.status != 204 {
		t.Errorf("as it is now: %d %s", r.status, r.text)
	}
}

// A PUT replaces: what it does not name is lost, down to single properties, and
// what the service and other requests set stays.
func TestPutReplaces(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("configurationPolicies", `{"name":"P","description":"d","platforms":"windows10","technologies":"mdm",
		"templateReference":{"templateId":"t","templateFamily":"f"},"settings":[{"settingInstance":{"settingDefinitionId":"a"}}],
		"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`)
	object := "/beta/deviceManagement/configurationPolicies/" + id
	if r := ask(t, s, http.MethodPut, object, `{"name":"Q"}`); r.status != 400 || r.errorCode(t) != "BadRequest" || !strings.Contains(r.text, "cannot be changed") {
		t.Errorf("without what only a create sets: %d %s, want a refusal", r.status, r.text)
	}
	whole := `{"name":"Q","platforms":"windows10","technologies":"mdm","templateReference":{"templateId":"t","templateFamily":"f"},"settings":[]}`
	if r := ask(t, s, http.MethodPut, object, whole); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	var now map[string]any
	if err := json.Unmarshal(s.Fake.Object("configurationPolicies", id), &now); err != nil {
		t.Fatal(err)
	}
	if now["description"] != nil || now["name"] != "Q" || len(now["settings"].([]any)) != 0 {
		t.Errorf("what was not sent is there: %v", now)
	}
	if now["createdDateTime"] == nil || now["id"] != id || len(now["assignments"].([]any)) != 1 {
		t.Errorf("the service's own properties or the assignments are lost: %v", now)
	}
	singleton := "/v1.0/policies/deviceRegistrationPolicy"
	s.Fake.Seed("deviceRegistrationPolicy", `{"userDeviceQuota":50,"multiFactorAuthConfiguration":"required","localAdminPassword":{"isEnabled":true},"azureADJoin":{"isAdminConfigurable":true,"allowedToJoin":{"@odata.type":"#microsoft.graph.allDeviceRegistrationMembership"}}}`)
	if r := ask(t, s, http.MethodPut, singleton, `{"userDeviceQuota":20,"azureADJoin":{"isAdminConfigurable":false}}`); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if r := ask(t, s, http.MethodGet, singleton, ""); r.body["localAdminPassword"] != nil || strings.Contains(r.text, "allowedToJoin") || !strings.Contains(r.text, `"isAdminConfigurable":false`) {
		t.Errorf("it becomes %s", r.text)
	}
	// A PATCH leaves what it does not name.
	ask(t, s, http.MethodPatch, object, `{"description":"e"}`)
	if r := ask(t, s, http.MethodGet, object, ""); r.body["name"] != "Q" {
		t.Errorf("after a PATCH: %s", r.text)
	}
}

// pinned returns the package's catalogue with a kind at another version.
func pinned(t *testing.T, kind, version string) *catalogue.Catalogue {
	t.Helper()
	e, ok := catalogue.Default().Entry(kind)
	if !ok {
		t.Fatalf("there is no kind %q", kind)
	}
	e.Version = version
	c, err := catalogue.Default().With(&catalogue.Catalogue{Entries: []catalogue.Entry{e}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// /assign replaces the whole list. v1.0 does not know the filters of its targets: it
// neither shows nor takes them, and a list that is read and assigned there loses them.
func TestAssignReplaces(t *testing.T) {
	const (
		kind  = "deviceCompliancePolicies"
		two   = `{"@odata.type":"#microsoft.graph.windows10CompliancePolicy","displayName":"P","assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","deviceAndAppManagementAssignmentFilterId":"f1","deviceAndAppManagementAssignmentFilterType":"include"}},{"target":{"@odata.type":"#microsoft.graph.allLicensedUsersAssignmentTarget"}}]}`
		path  = "/deviceManagement/deviceCompliancePolicies/"
		users = `{"target":{"@odata.type":"#microsoft.graph.allLicensedUsersAssignmentTarget"}}`
	)
	s := graphtest.New(graphtest.Config{Catalogue: pinned(t, kind, "v1.0")})
	id := s.Fake.Seed(kind, two)
	stored := func() string { return string(s.Fake.Object(kind, id)) }
	for version, shows := range map[string]bool{"/v1.0": false, "/beta": true} {
		r := ask(t, s, http.MethodGet, version+path+id+"/assignments", "")
		if r.status != 200 || strings.Contains(r.text, "deviceAndAppManagementAssignmentFilter") != shows || !strings.Contains(r.text, "allDevicesAssignmentTarget") {
			t.Errorf("%s: %d %s, want the filter shown: %v", version, r.status, r.text, shows)
		}
		expanded := ask(t, s, http.MethodGet, version+path+id+"?$expand=assignments", "")
		if expanded.status != 200 || strings.Contains(expanded.text, "deviceAndAppManagementAssignmentFilter") != shows {
			t.Errorf("%s, expanded: %d %s", version, expanded.status, expanded.text)
		}
	}
	// Intune's page of the type at v1.0: "Properties: None".
	for _, body := range []string{
		`{"assignments":[{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","deviceAndAppManagementAssignmentFilterType":"none"}}]}`,
		`{"assignments":[` + users + `,{"target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget","deviceAndAppManagementAssignmentFilterId":null}}]}`,
	} {
		if r := ask(t, s, http.MethodPost, "/v1.0"+path+id+"/assign", body); r.status != 400 || r.errorCode(t) != "BadRequest" || !strings.Contains(r.text, "deviceAndAppManagementAssignmentFilter") {
			t.Errorf("a filter at v1.0: %d %s", r.status, r.text)
		}
	}
	if r := ask(t, s, http.MethodPost, "/v1.0"+path+id+"/assign", `{"assignments":[],"more":1}`); r.status != 400 || r.errorCode(t) != "BadRequest" {
		t.Errorf("a parameter of nobody: %d %s", r.status, r.text)
	}
	if r := ask(t, s, http.MethodPost, "/v1.0"+path+id+"/assign", `{"other":[]}`); r.status != 400 || r.errorCode(t) != "BadRequest" {
		t.Errorf("without the list: %d %s", r.status, r.text)
	}
	if !strings.Contains(stored(), `"f1"`) {
		t.Fatalf("a refused request was carried out: %s", stored())
	}
	read := ask(t, s, http.MethodGet, "/v1.0"+path+id+"/assignments", "").body["value"].([]any)
	back, err := json.Marshal(map[string]any{"assignments": withoutIDs(append(read, map[string]any{"target": map[string]any{"@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget", "groupId": s.Fake.Seed("groups", `{"displayName":"G"}`)}}))})
	if err != nil {
		t.Fatal(err)
	}
	if r := ask(t, s, http.MethodPost, "/v1.0"+path+id+"/assign", string(back)); r.status != 204 {
		t.Fatalf("%d %s", r.status, r.text)
	}
	if now := stored(); strings.Contains(now, `"f1"`) || strings.Count(now, `"target"`) != 3 {
		t.Errorf("assigned at v1.0 what was read there: %s, want three targets without the filter", now)
	}
	ask(t, s, http.MethodPost, "/beta"+path+id+"/assign", `{"assignments":[`+users+`]}`)
	if now := stored(); strings.Count(now, `"target"`) != 1 || !strings.Contains(now, "allLicensedUsers") {
		t.Errorf("assigned one: %s", now)
	}
}

// withoutIDs takes the ids of assignments out.
func withoutIDs(all []any) []any {
	for _, a := range all {
		delete(a.(map[string]any), "id")
	}
	return all
}

// The ids that people choose are kept, and what refers to them finds them.
func TestChosenIDs(t *testing.T) {
	for kind, tt := range map[string]struct{ path, id, body, without string }{
		"attributeSets":                        {"/v1.0/directory/attributeSets", "Engineering", `{"id":"Engineering","description":"d"}`, `{"description":"d"}`},
		"authenticationContextClassReferences": {"/v1.0/identity/conditionalAccess/authenticationContextClassReferences", "c1", `{"id":"c1","displayName":"C"}`, `{"displayName":"C"}`},
		"permissionGrantPolicies":              {"/v1.0/policies/permissionGrantPolicies", "my-policy", `{"id":"my-policy","displayName":"P"}`, `{"displayName":"P"}`},
		"crossTenantAccessPolicyPartners":      {"/v1.0/policies/crossTenantAccessPolicy/partners", "9cdead84-a844-4324-93f2-b2e6bb768d07", `{"tenantId":"9cdead84-a844-4324-93f2-b2e6bb768d07"}`, `{}`},
	} {
		s := graphtest.New(graphtest.Config{})
		if r := ask(t, s, http.MethodPost, tt.path, tt.body); r.status != 201 {
			t.Errorf("%s: %d %s", kind, r.status, r.text)
		}
		if s.Fake.Object(kind, tt.id) == nil {
			t.Errorf("%s: the object has another id than %s", kind, tt.id)
		}
		for _, id := range []string{tt.id, strings.ToUpper(tt.id)} { // ids have no case
			if r := ask(t, s, http.MethodGet, tt.path+"/"+id, ""); r.status != 200 {
				t.Errorf("%s/%s: %d %s", kind, id, r.status, r.text)
			}
		}
		if r := ask(t, s, http.MethodPost, tt.path, tt.body); r.status != 409 || r.errorCode(t) != "Request_Conflict" {
			t.Errorf("%s again: %d %s, want a conflict", kind, r.status, r.text)
		}
		if r := ask(t, s, http.MethodPost, tt.path, tt.without); r.status != 400 || r.errorCode(t) != "BadRequest" {
			t.Errorf("%s without an id: %d %s", kind, r.status, r.text)
		}
		if n := len(s.Fake.Objects(kind)); n != 1 {
			t.Errorf("%s: %d objects, want 1", kind, n)
		}
	}
	s := graphtest.New(graphtest.Config{})
	seeded := s.Fake.Seed("attributeSets", `{"description":"d"}`)
	if r := ask(t, s, http.MethodGet, "/v1.0/directory/attributeSets/"+seeded, ""); r.id() != seeded || seeded == "" {
		t.Errorf("seeded without an id: %d %s, want the id %q", r.status, r.text, seeded)
	}
	ask(t, s, http.MethodPost, "/v1.0/identity/conditionalAccess/authenticationContextClassReferences", `{"id":"c1","displayName":"C"}`)
	for context, status := range map[string]int{"c1": 201, "c2": 400} {
		policy := `{"displayName":"P ` + context + `","state":"disabled","conditions":{"users":{"includeUsers":["All"]},"applications":{"includeAuthenticationContextClassReferences":["` + context + `"]}}}`
		if r := ask(t, s, http.MethodPost, policies, policy); r.status != status {
			t.Errorf("a policy for %s: %d %s, want %d", context, r.status, r.text, status)
		}
	}
}

// The context of an answer is of the version that was asked.
func TestContextIsOfTheVersion(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	for path, want := range map[string]string{
		"/v1.0/groups": "/v1.0/$metadata#groups", "/beta/groups": "/beta/$metadata#groups", "/beta/groups/" + id: "/beta/$metadata#groups/$entity",
		"/v1.0/groups?$select=id,displayName": "/v1.0/$metadata#groups(id,displayName)",
		"/v1.0/policies/authorizationPolicy":  "/v1.0/$metadata#policies/authorizationPolicy",
	} {
		if r := ask(t, s, http.MethodGet, path, ""); r.body["@odata.context"] != s.URL()+want {
			t.Errorf("%s: the context %v, want %s", path, r.body["@odata.context"], want)
		}
	}
}

// The client finds a group by its name, whatever the name holds.
func TestNamesAreFound(t *testing.T) {
	for _, name := range []string{"Research and Development", "O'Neil and sons", "a or b", "not (c eq 'd')", "50% #1 & more; 'x' = \"y\"", "''", strings.Repeat("and '", 60)} {
		s := graphtest.New(graphtest.Config{})
		body, err := json.Marshal(map[string]string{"displayName": name})
		if err != nil {
			t.Fatal(err)
		}
		s.Fake.Seed("groups", string(body))
		s.Fake.Seed("groups", `{"displayName":"Another"}`)
		c, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: s.URL(), HTTPClient: s.HTTPClient()})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		res, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", Matches: []tenant.Match{{"/displayName": name}}}, func(tenant.Resource) error { n++; return nil })
		if err != nil || n != 1 || res.Completeness != tenant.Complete {
			t.Errorf("%s: %d are found, %s %s, %v", name, n, res.Completeness, res.Reason, err)
		}
	}
}

// Members of a part are added, changed and removed one by one, and the others stay;
// what cannot be is refused.
func TestMembers(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("notificationMessageTemplates", `{"displayName":"T","localizedNotificationMessages":[{"locale":"en-us","subject":"Hi"},{"locale":"de-de","subject":"Hallo"},{"locale":"it-it","subject":"Ciao"}]}`)
	list := "/beta/deviceManagement/notificationMessageTemplates/" + id + "/localizedNotificationMessages"
	subjects := func() string {
		var out []string
		for _, m := range ask(t, s, http.MethodGet, list, "").body["value"].([]any) {
			out = append(out, m.(map[string]any)["subject"].(string))
		}
		return strings.Join(out, " ")
	}
	member := func(i int) string {
		return list + "/" + ask(t, s, http.MethodGet, list, "").body["value"].([]any)[i].(map[string]any)["id"].(string)
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		code, want         string
	}{
		{http.MethodPost, list, `{"locale":"fr-fr","subject":"Salut"}`, 204, "", "Hi Hallo Ciao Salut"},
		{http.MethodPatch, list + strings.ToUpper(strings.TrimPrefix(member(1), list)), `{"subject":"Guten Tag"}`, 204, "", "Hi Guten Tag Ciao Salut"}, // ids have no case
		{http.MethodPatch, member(1), `{"subject":"Moin"}`, 204, "", "Hi Moin Ciao Salut"},
		{http.MethodDelete, member(2), "", 204, "", "Hi Moin Salut"},
		{http.MethodPut, member(0), `{"subject":"Hey"}`, 405, "Request_BadRequest", "Hi Moin Salut"},
		{http.MethodPatch, member(0), ``, 400, "BadRequest", "Hi Moin Salut"},
		{http.MethodPost, list, ``, 400, "BadRequest", "Hi Moin Salut"},
		{http.MethodDelete, list + "/none", "", 404, "ResourceNotFound", "Hi Moin Salut"},
		{http.MethodDelete, member(0) + "/more", "", 404, "ResourceNotFound", "Hi Moin Salut"},
		{http.MethodGet, list + "/none/more", "", 404, "ResourceNotFound", "Hi Moin Salut"},
	} {
		if r := ask(t, s, tt.method, tt.path, tt.body); r.status != tt.status || tt.code != "" && r.errorCode(t) != tt.code {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, r.status, r.text, tt.status, tt.code)
		}
		if got := subjects(); got != tt.want {
			t.Errorf("%s %s: the messages are %q, want %q", tt.method, tt.path, got, tt.want)
		}
	}
}
