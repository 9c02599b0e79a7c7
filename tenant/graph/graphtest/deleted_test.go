package graphtest_test

import (
	"net/http"
	"testing"

	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// What was deleted softly can be listed, restored under its id and purged; what
// is made anew has another id.
func TestSoftDelete(t *testing.T) {
	tests := []struct{ kind, collection, list, object, fresh string }{
		{"groups", "/v1.0/groups", "/v1.0/directory/deletedItems/microsoft.graph.group", "/v1.0/directory/deletedItems/", newGroup("A")},
		{"applications", "/v1.0/applications", "/v1.0/directory/deletedItems/microsoft.graph.application", "/v1.0/directory/deletedItems/", `{"displayName":"A"}`},
		{"conditionalAccessPolicies", "/beta/identity/conditionalAccess/policies", "/beta/identity/conditionalAccess/deletedItems/policies", "/beta/identity/conditionalAccess/deletedItems/policies/", `{"displayName":"A","state":"disabled","conditions":{}}`},
		{"namedLocations", "/beta/identity/conditionalAccess/namedLocations", "/beta/identity/conditionalAccess/deletedItems/namedLocations", "/beta/identity/conditionalAccess/deletedItems/namedLocations/",
			`{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"A","ipRanges":[]}`},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			s := graphtest.New(graphtest.Config{})
			id := s.Fake.Seed(tt.kind, `{"displayName":"A"}`)
			listed := func() int {
				t.Helper()
				r := ask(t, s, http.MethodGet, tt.list, "")
				all, ok := r.body["value"].([]any)
				if r.status != http.StatusOK || !ok {
					t.Fatalf("the list: %d %s", r.status, r.text)
				}
				return len(all)
			}
			if n := listed(); n != 0 {
				t.Errorf("%d are deleted at first", n)
			}
			if r := ask(t, s, http.MethodDelete, tt.collection+"/"+id, ""); r.status != http.StatusNoContent {
				t.Fatalf("delete: %d %s", r.status, r.text)
			}
			if n := listed(); n != 1 {
				t.Errorf("%d are deleted, want 1", n)
			}
			if r := ask(t, s, http.MethodGet, tt.object+id, ""); r.id() != id || r.body["deletedDateTime"] == nil {
				t.Errorf("the deleted object: %d %s", r.status, r.text)
			}
			if r := ask(t, s, http.MethodPost, tt.object+id+"/restore", ""); r.status != http.StatusOK || r.id() != id {
				t.Errorf("restore: %d %s", r.status, r.text)
			}
			if r := ask(t, s, http.MethodGet, tt.collection+"/"+id, ""); r.body["displayName"] != "A" {
				t.Errorf("restored is %s", r.text)
			}
			ask(t, s, http.MethodDelete, tt.collection+"/"+id, "")
			if r := ask(t, s, http.MethodDelete, tt.object+id, ""); r.status != http.StatusNoContent {
				t.Errorf("purge: %d %s", r.status, r.text)
			}
			if r := ask(t, s, http.MethodPost, tt.object+id+"/restore", ""); r.status != http.StatusNotFound {
				t.Errorf("restore of what was purged: %d %s", r.status, r.text)
			}
			if r := ask(t, s, http.MethodPost, tt.collection, tt.fresh); r.status != http.StatusCreated || r.id() == id || r.id() == "" {
				t.Errorf("made anew: %d, id %q, which must not be %q", r.status, r.id(), id)
			}
		})
	}
}

// Kinds that are not in any list of deleted objects are gone at once.
func TestHardDelete(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("assignmentFilters", `{"displayName":"A"}`)
	ask(t, s, http.MethodDelete, "/beta/deviceManagement/assignmentFilters/"+id, "")
	if r := ask(t, s, http.MethodGet, "/v1.0/directory/deletedItems/"+id, ""); r.status != http.StatusNotFound {
		t.Errorf("%d %s, want 404", r.status, r.text)
	}
}

// Deleted objects are listed, shown, restored and purged, and nothing else.
func TestDeletedMethods(t *testing.T) {
	s := graphtest.New(graphtest.Config{})
	id := s.Fake.Seed("groups", `{"displayName":"A"}`)
	s.Fake.Remove("groups", id)
	const all = "/v1.0/directory/deletedItems/"
	for _, tt := range []struct {
		method, path string
		status       int
		code         string
	}{
		{http.MethodGet, all + id + "/restore", 405, "Request_BadRequest"},
		{http.MethodDelete, all + id + "/restore", 405, "Request_BadRequest"},
		{http.MethodPost, all + id, 405, "Request_BadRequest"},
		{http.MethodPatch, all + id, 405, "Request_BadRequest"},
		{http.MethodPost, all + "microsoft.graph.group", 405, "Request_BadRequest"},
		{http.MethodDelete, all + "microsoft.graph.group", 405, "Request_BadRequest"},
		{http.MethodGet, all + "none", 404, "ResourceNotFound"},
		{http.MethodGet, all + "microsoft.graph.user", 404, "ResourceNotFound"},
	} {
		if r := ask(t, s, tt.method, tt.path, ""); r.status != tt.status || r.errorCode(t) != tt.code {
			t.Errorf("%s %s: %d %s, want %d %s", tt.method, tt.path, r.status, r.text, tt.status, tt.code)
		}
	}
	if len(s.Fake.Deleted("groups")) != 1 {
		t.Error("a refused request was carried out")
	}
}
