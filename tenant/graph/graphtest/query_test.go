package graphtest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// query encodes options: "$filter=a eq 'b'".
func query(options ...string) string {
	var pairs []string
	for _, o := range options {
		name, value, _ := strings.Cut(o, "=")
		pairs = append(pairs, name+"="+url.QueryEscape(value))
	}
	return "?" + strings.Join(pairs, "&")
}

// names are the display names of an answer's list, joined by blanks.
func (r reply) names() string {
	all, _ := r.body["value"].([]any)
	var out []string
	for _, o := range all {
		out = append(out, fmt.Sprint(o.(map[string]any)["displayName"]))
	}
	return strings.Join(out, " ")
}

// Every option of a list is carried out, in collections, in what is below an
// object, among deleted objects, and of the groups that an account is in.
func TestQueriesAreCarriedOut(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	var ids []string
	for i, name := range []string{"C", "A", "B"} {
		ids = append(ids, s.Fake.Seed("groups", fmt.Sprintf(`{"displayName":%q,"mailNickname":"n%d","description":"d","groupTypes":[%s]}`, name, i, []string{`"Unified"`, ``, `"DynamicMembership"`}[i])))
		s.Fake.Remove("applications", s.Fake.Seed("applications", fmt.Sprintf(`{"displayName":%q}`, name)))
		s.AddMember("ann", ids[i])
		s.Fake.Seed("assignmentFilters", fmt.Sprintf(`{"displayName":%q,"platform":"p%d"}`, name, i))
	}
	policy := s.Fake.Seed("configurationPolicies", `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[{"displayName":"C","n":1},{"displayName":"A","n":2},{"displayName":"B","n":3}]}`)
	const (
		deleted = "/v1.0/directory/deletedItems/microsoft.graph.application"
		account = "/v1.0/users/ann/transitiveMemberOf"
		cast    = account + "/microsoft.graph.group"
	)
	settings := "/beta/deviceManagement/configurationPolicies/" + policy + "/settings"
	eventual := map[string]string{"ConsistencyLevel": "eventual"}
	tests := []struct {
		path, query string
		header      map[string]string
		want        string
	}{
		{groups, "", nil, "C A B"},
		{groups, query("$filter=displayName eq 'A' or displayName eq 'B'"), nil, "A B"},
		{groups, query("$filter=displayName eq 'A' AND mailNickname eq 'n1'"), nil, "A"},
		{groups, query("$filter=groupTypes/any(g:g eq 'Unified')"), nil, "C"},
		{groups, query("$filter=NOT groupTypes/any(g:g eq 'Unified')", "$count=true"), eventual, "A B"},
		{groups, query("$filter=groupTypes/$count eq 0", "$count=true"), eventual, "A"},
		{groups, query("$filter=displayName ne 'A'", "$count=true", "$orderby=displayName"), eventual, "B C"},
		{groups, query("$search=\"displayName:a\" OR \"mailNickname:n2\""), eventual, "A B"},
		{groups, query("$orderby=displayName"), nil, "A B C"},
		{groups, query("$orderby=displayName desc"), nil, "C B A"},
		{groups, query("$top=2"), nil, "C A"},
		{groups, query("$select=displayName"), nil, "C A B"},
		{strings.Replace(groups, "v1.0", "beta", 1), query("filter=displayName in ('A','B')", "top=1", "select=displayName"), nil, "A"},
		{filters, query("$skip=1", "$orderby=platform desc"), nil, "A C"},
		{filters, query("$filter=not (platform eq 'p0') and contains(displayName,'b')"), nil, "B"},
		{settings, query("$filter=n ge 2", "$orderby=displayName"), nil, "A B"},
		{settings, query("$top=1", "$skip=2"), nil, "B"},
		{deleted, query("$filter=startswith(displayName,'a')"), nil, "A"},
		{account, "", nil, "C A B"},
		{account, query("$top=2", "$select=displayName"), nil, "C A"},
		{account, query("$filter=displayName eq 'B'", "$select=displayName", "$count=true"), eventual, "B"},
		{cast, query("$count=true"), eventual, "C A B"},
		{cast, query("$orderby=displayName", "$top=2", "$count=true"), eventual, "A B"},
		{cast, query("$search=\"displayName:b\"", "$count=true"), eventual, "B"},
	}
	for _, tt := range tests {
		if r := send(t, s, http.MethodGet, tt.path+tt.query, "", tt.header); r.status != 200 || r.names() != tt.want {
			t.Errorf("%s%s: %d, %q, want %q: %.200s", tt.path, tt.query, r.status, r.names(), tt.want, r.text)
		}
	}
	for path, want := range map[string]string{
		groups + "/$count": "3", groups + "/$count" + query("$filter=displayName ne 'A'", "$count=true"): "2", filters + "/$count": "3", settings + "/$count": "3",
		deleted + "/$count": "3", account + "/$count": "3", cast + "/$count": "3", cast + "/$count" + query("$filter=startswith(displayName,'a')"): "1",
	} {
		if r := send(t, s, http.MethodGet, path, "", eventual); r.status != 200 || r.text != want || !strings.HasPrefix(r.header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %q, want %s", path, r.status, r.text, want)
		}
	}
}

// $select leaves out the rest, of a list and of one object; what is expanded stays,
// and what is not expanded is not there.
func TestSelectAndExpand(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("deviceConfigurations", `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"P","description":"d",
		"assignments":[{"intent":"apply","target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}]}`)
	list := "/beta/deviceManagement/deviceConfigurations"
	for path, want := range map[string]string{
		list + "/" + id + "?$select=id":                                     `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","id":"` + id + `"}`,
		list + "/" + id + "?$select=displayName,supportsScopeTags":          `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","displayName":"P","supportsScopeTags":null}`,
		list + "/" + id + "?$select=id&$expand=assignments":                 `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","assignments":[{"intent":"apply","target":{"@odata.type":"#microsoft.graph.allDevicesAssignmentTarget"}}],"id":"` + id + `"}`,
		list + "/" + id + "?$select=id&$expand=assignments($select=intent)": `{"@odata.type":"#microsoft.graph.windows10GeneralConfiguration","assignments":[{"intent":"apply"}],"id":"` + id + `"}`,
	} {
		for _, path := range []string{path, strings.Replace(path, "/"+id, "", 1)} {
			r := ask(t, s, http.MethodGet, path, "")
			object := r.body
			if all, ok := object["value"].([]any); ok {
				object = all[0].(map[string]any)
			}
			delete(object, "@odata.context")
			if got, err := json.Marshal(object); err != nil || r.status != 200 || string(got) != want {
				t.Errorf("%s: %d %s, want %s", path, r.status, got, want)
			}
		}
	}
	if r := ask(t, s, http.MethodGet, list, ""); strings.Contains(r.text, "assignments") {
		t.Errorf("what is not expanded is there: %s", r.text)
	}
	// What the catalogue's query expands is hidden, wherever in the query it stands.
	e, _ := catalogue.Default().Entry("accessPackages")
	e.List.Query = "$top=5&$expand=catalog($select=id),accessPackagesIncompatibleWith&$orderby=displayName"
	cat, err := catalogue.Default().With(&catalogue.Catalogue{Entries: []catalogue.Entry{e}})
	if err != nil {
		t.Fatal(err)
	}
	s = graphtest.New(graphtest.Config{Catalogue: cat})
	catalog := s.Fake.Seed("accessPackageCatalogs", `{"displayName":"C"}`)
	s.Fake.Seed("accessPackages", `{"displayName":"A","catalog":{"id":"`+catalog+`","displayName":"C"}}`)
	packages := "/v1.0/identityGovernance/entitlementManagement/accessPackages"
	for query, shows := range map[string]string{"": "", "?$expand=catalog($select=id)": `{"id":"` + catalog + `"}`} {
		object := ask(t, s, http.MethodGet, packages+query, "").body["value"].([]any)[0].(map[string]any)
		if got, err := json.Marshal(object["catalog"]); err != nil || shows != "" && string(got) != shows || shows == "" && object["catalog"] != nil {
			t.Errorf("%q: the catalogue is %s", query, got)
		}
	}
}

// Each query that is refused, with its status and code. None has an empty list.
func TestQueriesAreRefused(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	s.AddUser("ann", `{}`)
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	policy := s.Fake.Seed("configurationPolicies", `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[{"n":1}]}`)
	config := "/beta/deviceManagement/configurationPolicies"
	for _, tt := range []struct{ path, code string }{
		{groups + query("$filter=displayName like 'A'"), "BadRequest"},
		{groups + query("$filter=displayName eq 'A"), "BadRequest"},
		{groups + query("$filter=tolower(displayName) eq 'a'"), "BadRequest"},
		{groups + query("$filter=displayName eq 5"), "BadRequest"},
		{groups + query("$filter=groupTypes/all(g:g eq 'x')"), "Request_UnsupportedQuery"},
		{groups + query("$filter=displayName ne 'A'"), "Request_UnsupportedQuery"},
		{groups + query("$filter=contains(displayName,'A')"), "Request_UnsupportedQuery"},
		{groups + query("$search=\"displayName:A\""), "Request_UnsupportedQuery"},
		{groups + query("$orderby=description"), "Request_UnsupportedQuery"},
		{groups + query("$filter=displayName eq 'A'", "$orderby=displayName"), "Request_UnsupportedQuery"},
		{groups + query("$skip=1"), "Request_BadRequest"},
		{groups + query("$top=1000"), "Request_UnsupportedQuery"},
		{groups + query("$top=0"), "BadRequest"},
		{groups + query("$select="), "BadRequest"},
		{groups + query("$expand=nothing"), "BadRequest"},
		{groups + query("$apply=groupby((x))"), "BadRequest"},
		{groups + query("$skiptoken=mine"), "BadRequest"},
		{groups + query("filter=displayName eq 'A'"), "BadRequest"},
		{groups + "?$filter=%zz", "BadRequest"},
		{groups + "/$count", "Request_BadRequest"},
		{groups + "/" + id + query("$filter=displayName eq 'A'"), "BadRequest"},
		{groups + "/" + id + query("$top=1"), "BadRequest"},
		{config + query("$search=\"a\""), "BadRequest"},
		{config + query("$filter=settings/any(s:s/n eq 1)"), "BadRequest"},
		{config + "/" + policy + "/settings" + query("$filter=n eq 'x'"), "BadRequest"},
		{config + "/" + policy + "/settings" + query("$expand=settingDefinitions"), "BadRequest"},
		{"/v1.0/users/ann/transitiveMemberOf/microsoft.graph.group", "Request_UnsupportedQuery"},
		{"/v1.0/users/ann/transitiveMemberOf/microsoft.graph.group" + query("$count=true"), "Request_UnsupportedQuery"},
		{"/v1.0/users/ann/transitiveMemberOf/microsoft.graph.group/$count", "Request_UnsupportedQuery"},
		{"/v1.0/users/ann/transitiveMemberOf/$count", "Request_BadRequest"},
		{"/v1.0/users/ann/transitiveMemberOf" + query("$filter=displayName eq 'x'"), "Request_UnsupportedQuery"},
		{"/v1.0/users/ann/transitiveMemberOf" + query("$orderby=displayName"), "Request_UnsupportedQuery"},
		{"/v1.0/users/ann/transitiveMemberOf" + query("$foo=1"), "BadRequest"},
		{"/v1.0/directory/deletedItems/microsoft.graph.group" + query("$foo=1"), "BadRequest"},
		{"/v1.0/policies/authorizationPolicy" + query("$foo=1"), "BadRequest"},
	} {
		if r := send(t, s, http.MethodGet, tt.path, "", nil); r.status != 400 || r.errorCode(t) != tt.code || r.body["value"] != nil {
			t.Errorf("%s: %d %s, want 400 %s", tt.path, r.status, r.text, tt.code)
		}
	}
}

// Pages have links everywhere, with all that was asked; a token is of its query;
// the count is on the first page of directory objects, and where it cannot be given
// it is not given.
func TestPagesEverywhere(t *testing.T) {
	s := graphtest.New(graphtest.Config{PageSize: 3})
	var settings []string
	for i := range 8 {
		settings = append(settings, fmt.Sprintf(`{"id":"s%d","n":%d}`, i, i))
		s.AddMember("ann", s.Fake.Seed("groups", fmt.Sprintf(`{"displayName":"G%d"}`, i)))
		s.Fake.Remove("applications", s.Fake.Seed("applications", `{"displayName":"D"}`))
		s.Fake.Seed("assignmentFilters", `{"displayName":"F"}`)
	}
	policy := s.Fake.Seed("configurationPolicies", `{"name":"P","platforms":"windows10","technologies":"mdm","settings":[`+strings.Join(settings, ",")+`]}`)
	below := "/beta/deviceManagement/configurationPolicies/" + policy + "/settings"
	for _, tt := range []struct {
		path         string
		pages, found int
	}{
		{groups, 3, 8}, {groups + query("$top=2"), 4, 8}, {groups + query("$filter=displayName in ('G1','G2','G5','G6')"), 2, 4},
		{below, 3, 8}, {below + query("$filter=n gt 1", "$top=2"), 3, 6}, {below + query("$skip=3", "$orderby=n desc"), 2, 5},
		{filters + query("$skip=1"), 3, 7}, {"/v1.0/directory/deletedItems/microsoft.graph.application", 3, 8},
		{"/v1.0/users/ann/transitiveMemberOf" + query("$select=id", "$top=999"), 3, 8},
	} {
		next, pages, seen := tt.path, 0, map[any]bool{}
		for next != "" && pages < 20 {
			r := send(t, s, http.MethodGet, strings.TrimPrefix(next, s.URL()), "", nil)
			all, _ := r.body["value"].([]any)
			for _, o := range all {
				if id := o.(map[string]any)["id"]; seen[id] {
					t.Errorf("%s: %v comes twice", tt.path, id)
				} else {
					seen[id] = true
				}
			}
			next, _ = r.body["@odata.nextLink"].(string)
			pages++
			if strings.Contains(tt.path, "select") != strings.Contains(next, "select") && next != "" {
				t.Errorf("%s: the link %s has not what was asked", tt.path, next)
			}
		}
		if pages != tt.pages || len(seen) != tt.found {
			t.Errorf("%s: %d pages with %d objects, want %d with %d", tt.path, pages, len(seen), tt.pages, tt.found)
		}
	}
	// In a batch too.
	batch := `{"requests":[{"id":"1","method":"GET","url":"/groups?$top=2"},{"id":"2","method":"GET","url":"/deviceManagement/configurationPolicies/` + policy + `/settings"}]}`
	for _, a := range ask(t, s, http.MethodPost, "/beta/$batch", batch).body["responses"].([]any) {
		if link, _ := a.(map[string]any)["body"].(map[string]any)["@odata.nextLink"].(string); !strings.HasPrefix(link, s.URL()+"/beta/") {
			t.Errorf("a part of a batch has the link %q", link)
		}
	}

	link, _ := ask(t, s, http.MethodGet, groups, "").body["@odata.nextLink"].(string)
	_, token, _ := strings.Cut(link, "$skiptoken=")
	for _, path := range []string{groups + "?$top=2&$skiptoken=" + token, filters + "?$skiptoken=" + token, groups + "?$skiptoken=" + token + "x"} {
		if r := send(t, s, http.MethodGet, path, "", nil); r.status != 400 || r.errorCode(t) != "BadRequest" {
			t.Errorf("%s: %d %s, want a refusal: the token is of another query", path, r.status, r.text)
		}
	}

	eventual := map[string]string{"ConsistencyLevel": "Eventual"}
	first := send(t, s, http.MethodGet, groups+"?$count=true", "", eventual)
	if first.body["@odata.count"] != 8.0 {
		t.Errorf("the count of groups is %v", first.body["@odata.count"])
	}
	link, _ = first.body["@odata.nextLink"].(string)
	if second := send(t, s, http.MethodGet, strings.TrimPrefix(link, s.URL()), "", eventual); second.status != 200 || second.body["@odata.count"] != nil {
		t.Errorf("the second page has the count %v", second.body["@odata.count"])
	}
	if r := send(t, s, http.MethodGet, groups+"?$count=true", "", nil); r.status != 200 || r.body["@odata.count"] != nil {
		t.Errorf("without ConsistencyLevel: %d, the count %v, want none", r.status, r.body["@odata.count"])
	}
	if r := send(t, s, http.MethodGet, filters+"?$count=true", "", nil); r.body["@odata.count"] != 8.0 {
		t.Errorf("the count of filters is %v", r.body["@odata.count"])
	}
	// "ConsistencyLevel … must be set explicitly in subsequent pages".
	advanced := groups + query("$filter=displayName ne 'G0'", "$count=true")
	link, _ = send(t, s, http.MethodGet, advanced, "", eventual).body["@odata.nextLink"].(string)
	if r := send(t, s, http.MethodGet, strings.TrimPrefix(link, s.URL()), "", nil); r.status != 400 || r.errorCode(t) != "Request_UnsupportedQuery" {
		t.Errorf("the next page without ConsistencyLevel: %d %s", r.status, r.text)
	}
}

// Generated objects are paged as stored ones are, and queried as well.
func TestGeneratedAreQueried(t *testing.T) {
	s := graphtest.New(graphtest.Config{PageSize: 4})
	s.Generate("groups", 10, func(i int) string { return fmt.Sprintf(`{"id":"g%d","displayName":"G%d"}`, i, i) })
	for path, want := range map[string]string{
		groups: "G0 G1 G2 G3", groups + query("$filter=displayName eq 'G7'"): "G7", groups + query("$orderby=displayName desc", "$top=2"): "G9 G8", groups + query("$select=displayName", "$top=1"): "G0",
	} {
		if r := send(t, s, http.MethodGet, path, "", nil); r.names() != want {
			t.Errorf("%s: %q, want %q", path, r.names(), want)
		}
	}
}
