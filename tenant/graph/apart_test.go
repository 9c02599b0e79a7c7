package graph_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// Properties that go apart are sent in a PATCH of their own: after the others, and
// after a create.
func TestApart(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	id := server.Fake.Seed("groups", `{"displayName":"G","groupTypes":["Unified"],"description":"d"}`)
	for _, tt := range []struct {
		name string
		op   tenant.Operation
		want []string
	}{
		{"others only", tenant.Operation{Verb: tenant.Update, ID: id, Patch: json.RawMessage(`{"description":"e"}`)},
			[]string{`PATCH /v1.0/groups/` + id + ` {"description":"e"}`}},
		{"both", tenant.Operation{Verb: tenant.Update, ID: id, Patch: json.RawMessage(`{"description":"f","allowExternalSenders":true,"hideFromAddressLists":true}`)},
			[]string{`PATCH /v1.0/groups/` + id + ` {"description":"f"}`, `PATCH /v1.0/groups/` + id + ` {"allowExternalSenders":true,"hideFromAddressLists":true}`}},
		{"these only", tenant.Operation{Verb: tenant.Update, ID: id, Patch: json.RawMessage(`{"allowExternalSenders":false}`)},
			[]string{`PATCH /v1.0/groups/` + id + ` {"allowExternalSenders":false}`}},
		{"a create", tenant.Operation{Verb: tenant.Create, After: json.RawMessage(`{"displayName":"N","groupTypes":["Unified"],"mailEnabled":true,"mailNickname":"n","securityEnabled":false,"allowExternalSenders":true}`)},
			[]string{`POST /v1.0/groups {"displayName":"N","groupTypes":["Unified"],"mailEnabled":true,"mailNickname":"n","securityEnabled":false}`, `PATCH /v1.0/groups/NEW {"allowExternalSenders":true}`}},
		{"a create without them", tenant.Operation{Verb: tenant.Create, After: json.RawMessage(`{"displayName":"M","mailEnabled":false,"mailNickname":"n","securityEnabled":true}`)},
			[]string{`POST /v1.0/groups {"displayName":"M","mailEnabled":false,"mailNickname":"n","securityEnabled":true}`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, lines := writer(t, server, func(cfg *graph.Config) { cfg.Parts = []string{"groups/mailbox"} })
			tt.op.Kind = "groups"
			applied, err := c.Apply(t.Context(), tt.op)
			if err != nil {
				t.Fatal(err)
			}
			for i := range *lines {
				if tt.op.Verb == tenant.Create {
					(*lines)[i] = strings.ReplaceAll((*lines)[i], applied.Resource.ID, "NEW")
				}
			}
			if diff := cmp.Diff(tt.want, *lines); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
			if tt.op.Verb == tenant.Create && len(tt.want) > 1 && applied.Resource.Body != nil {
				t.Errorf("the answer to the create counts as whole: %s", applied.Resource.Body)
			}
		})
	}
}

// If the second request fails, something was done, and the outcome is unknown.
func TestApartFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tt := range map[string]struct {
			op  tenant.Operation
			nth int // of the PATCHes, fails
		}{
			"of an update": {tenant.Operation{Verb: tenant.Update, Patch: json.RawMessage(`{"description":"f","allowExternalSenders":true}`)}, 1},
			"of a create":  {tenant.Operation{Verb: tenant.Create, After: json.RawMessage(`{"displayName":"N","groupTypes":["Unified"],"mailEnabled":true,"mailNickname":"n","securityEnabled":false,"allowExternalSenders":true}`)}, 0},
		} {
			server := graphtest.New(graphtest.Config{})
			if tt.op.Verb == tenant.Update {
				tt.op.ID = server.Fake.Seed("groups", `{"displayName":"G","groupTypes":["Unified"]}`)
			}
			tt.op.Kind = "groups"
			server.Fail(http.MethodPatch, "groups", tt.nth, graphtest.Fault{Status: 400})
			c, lines := writer(t, server, func(cfg *graph.Config) { cfg.Parts = []string{"*"} })
			_, err := c.Apply(t.Context(), tt.op)
			if err == nil || !tenant.MaybeApplied(err) || len(*lines) != 2 {
				t.Errorf("%s: got %v after %q, want an unknown outcome after two requests", name, err, *lines)
			}
		}
	})
}

// A create whose answer does not tell the id leaves the rest unsent, and says so.
func TestApartWithoutID(t *testing.T) {
	things := entry("things", func(e *catalogue.Entry) { e.Create, e.Write, e.Apart = true, e.Read, []string{"alone"} })
	c, service := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{things}}, `{}`)
	_, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "things", After: json.RawMessage(`{"x":1,"alone":2}`)})
	if err == nil || !tenant.MaybeApplied(err) || !strings.Contains(err.Error(), "alone") || len(service.asked) != 1 {
		t.Errorf("got %v after %q, want an unknown outcome that names the rest", err, service.asked)
	}
}

// The answer to a create lacks what is sent after it, and is not taken for the object.
func TestApartIsNotWhole(t *testing.T) {
	things := entry("things", func(e *catalogue.Entry) { e.Create, e.Write, e.Apart = true, e.Read, []string{"alone"} })
	for body, whole := range map[string]bool{`{"x":1}`: true, `{"x":1,"alone":2}`: false} {
		c, _ := scriptedClient(t, &catalogue.Catalogue{Entries: []catalogue.Entry{things}}, `{"id":"1","x":1}`, `{}`)
		applied, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "things", After: json.RawMessage(body)})
		if err != nil || applied.Resource.ID != "1" || (applied.Resource.Body != nil) != whole {
			t.Errorf("%s: got %+v, %v, want a whole object: %v", body, applied, err, whole)
		}
	}
}
