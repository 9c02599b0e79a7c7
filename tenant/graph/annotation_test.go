package graph_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// From the file to the request: what a file tells of the types of its values is
// sent with them, and what is not sent is refused by name.
func TestAnnotationsOfFiles(t *testing.T) {
	const principal = `"appId":"a","displayName":"App","customSecurityAttributes":{"Engineering":{"@odata.type":"#microsoft.graph.customSecurityAttributeValue","Project@odata.type":"#Collection(String)","Project":`
	for _, tc := range []struct {
		name, kind   string
		object, file string
		// sent are the requests, as "METHOD path body".
		sent []string
		// refused is the pointer that a note names.
		refused string
	}{
		{
			name:   "a value of an open type",
			kind:   "servicePrincipals",
			object: `{"id":"s1",` + principal + `["A"]}}}`,
			file:   `{` + principal + `["A","B"]}}}`,
			sent: []string{`PATCH /v1.0/servicePrincipals/s1 {"customSecurityAttributes":{"Engineering":{"@odata.type":"#microsoft.graph.customSecurityAttributeValue",` +
				`"Project":["A","B"],"Project@odata.type":"#Collection(String)"}}}`},
		},
		{
			name:   "the same value",
			kind:   "servicePrincipals",
			object: `{"id":"s1",` + principal + `["A"]}}}`,
			file:   `{` + principal + `["A"]}}}`,
		},
		{
			name:   "types of a declared property",
			kind:   "servicePrincipals",
			object: `{"id":"s1","appId":"a","displayName":"App","tags":["x"],"notes":"n"}`,
			file:   `{"appId":"a","displayName":"App","tags@odata.type":"#Collection(String)","tags":["x"],"notes":"m"}`,
			sent:   []string{`PATCH /v1.0/servicePrincipals/s1 {"notes":"m"}`},
		},
		{
			name:   "an abstract type",
			kind:   "deviceConfigurations",
			object: `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","id":"r1","displayName":"Ring","installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"08:00:00.0000000"}}`,
			file:   `{"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","displayName":"Ring","installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"09:00:00.0000000"}}`,
			sent:   []string{`PATCH /beta/deviceManagement/deviceConfigurations/r1 {"@odata.type":"#microsoft.graph.windowsUpdateForBusinessConfiguration","installationSchedule":{"@odata.type":"#microsoft.graph.windowsUpdateActiveHoursInstall","activeHoursStart":"09:00:00.0000000"}}`},
		},
		{
			name:    "members that are bound",
			kind:    "groups",
			file:    `{"displayName":"A","mailEnabled":false,"securityEnabled":true,"mailNickname":"a","members@odata.bind":["https://graph.microsoft.com/v1.0/users/u"]}`,
			refused: "/members@odata.bind",
		},
		{
			name:    "a role that is bound",
			kind:    "intuneRoleAssignments",
			file:    `{"displayName":"Helpdesk EU","members":["g1"],"resourceScopes":["g2"],"roleDefinition@odata.bind":"https://graph.microsoft.com/beta/deviceManagement/roleDefinitions('x')"}`,
			refused: "/roleDefinition@odata.bind",
		},
		{
			name: "what an answer says",
			kind: "groups",
			file: `{"@odata.context":"c","@microsoft.graph.tips":"t","displayName":"A","mailEnabled":false,"securityEnabled":true,"mailNickname":"a","owners@odata.context":"c"}`,
			sent: []string{`POST /v1.0/groups {"displayName":"A","mailEnabled":false,"mailNickname":"a","securityEnabled":true}`},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			service := &oneObject{t: t, kind: tc.kind, object: json.RawMessage(tc.object)}
			notes := service.deploy(tc.file)
			if d := cmp.Diff(tc.sent, service.sent); d != "" {
				t.Errorf("sent (-want +got)\n%s", d)
			}
			refused := slices.ContainsFunc(notes, func(n plan.Note) bool {
				return n.Class == plan.Unsupported && n.Pointer == tc.refused && strings.Contains(n.Message, "@odata.bind")
			})
			if refused != (tc.refused != "") {
				t.Errorf("notes %+v, want one about %q", notes, tc.refused)
			}
		})
	}
}

// oneObject answers as Graph does that has one object of a kind, or none, and
// keeps the writes.
type oneObject struct {
	t      *testing.T
	kind   string
	object json.RawMessage

	mu   sync.Mutex
	sent []string
}

func (s *oneObject) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case strings.HasSuffix(r.URL.Path, "/$batch"):
		var in struct {
			Requests []struct{ ID, URL string }
		}
		if err := json.Unmarshal(raw, &in); err != nil {
			s.t.Error(err)
		}
		var out []map[string]any
		for _, q := range in.Requests {
			out = append(out, map[string]any{"id": q.ID, "status": http.StatusOK, "body": s.answer(q.URL)})
		}
		s.encode(w, map[string]any{"responses": out})
	case r.Method == http.MethodGet:
		s.encode(w, s.answer(r.URL.Path))
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, r.Method+" "+r.URL.Path+" "+sortedJSON(s.t, raw))
		w.WriteHeader(http.StatusCreated)
		s.encode(w, map[string]any{"id": "new"})
	}
}

// answer is the list with the object; what is below an object is empty.
func (s *oneObject) answer(address string) any {
	e, _ := catalogue.Default().Entry(s.kind)
	path, _, _ := strings.Cut(address, "?")
	var named struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(s.object, &named) == nil && named.ID != "" && strings.HasSuffix(path, e.Endpoint+"/"+named.ID) {
		return s.object
	}
	if strings.HasSuffix(path, e.Endpoint) && s.object != nil && len(s.object) > 0 {
		return map[string]any{"value": []json.RawMessage{s.object}}
	}
	return map[string]any{"value": []any{}}
}

func (s *oneObject) encode(w http.ResponseWriter, v any) {
	if err := json.NewEncoder(w).Encode(v); err != nil {
		s.t.Error(err)
	}
}

// deploy reads the kind, compares it with one file, and writes what the plan
// has. It returns the plan's notes.
func (s *oneObject) deploy(file string) []plan.Note {
	t := s.t
	server := httptest.NewTLSServer(s)
	defer server.Close()
	client, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL, HTTPClient: server.Client(),
		Directory: "11111111-2222-3333-4444-555555555555", Unproven: []string{"*"}, Parts: []string{"servicePrincipals/customSecurityAttributes"}})
	if err != nil {
		t.Fatal(err)
	}
	in := diff.Input{Tenant: "contoso", Keys: schema.Keys{Tenant: "t", Fleet: "f"}, Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: s.kind, Completeness: tenant.Complete}}},
		Desired: tenant.Desired{Revision: "1", Resources: []tenant.Resource{{Kind: s.kind, Key: "file", Body: json.RawMessage(file)}}}}
	if _, err = client.Read(t.Context(), tenant.ReadRequest{Kind: s.kind, All: true}, func(r tenant.Resource) error {
		in.Current.Resources = append(in.Current.Resources, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	kinds, err := client.Kinds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range kinds {
		kinds[i].Scope = tenant.All
	}
	if in.Kinds, err = schema.CompileAll(kinds); err != nil {
		t.Fatal(err)
	}
	result, err := diff.Compare(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	for i := range result.Plan.Items {
		it := &result.Plan.Items[i]
		var current *tenant.Resource
		if it.Verb != tenant.Create {
			current = &in.Current.Resources[0]
		}
		op, err := apply.Operation(apply.Step{Item: it, Kind: in.Kinds.Get(it.Kind), Key: in.Keys.Tenant, Bindings: result.Bindings(), Desired: &in.Desired.Resources[0]}, current)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Apply(t.Context(), op); err != nil {
			t.Fatal(err)
		}
	}
	return result.Plan.Notes
}

// sortedJSON is the value with sorted names.
func sortedJSON(t *testing.T, raw []byte) string {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Errorf("%s: %v", raw, err)
	}
	out, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
