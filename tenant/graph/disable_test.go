package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A role or a scope that is enabled is disabled before it is removed.
func TestDisableFirst(t *testing.T) {
	role := func(n, enabled string) string {
		return `{"id":"` + guidA[:35] + n + `","isEnabled":` + enabled + `,"value":"R"}`
	}
	roles := func(all ...string) string { return `"appRoles":[` + strings.Join(all, ",") + `]` }
	scopes := func(all ...string) string { return `"api":{"oauth2PermissionScopes":[` + strings.Join(all, ",") + `]}` }
	for name, tt := range map[string]struct {
		before, patch string
		want          []string // the bodies
	}{
		"one goes, and one comes": {roles(role("1", "true"), role("2", "true")), roles(role("2", "true"), role("3", "true")),
			[]string{roles(role("1", "false"), role("2", "true")), roles(role("2", "true"), role("3", "true"))}},
		"one goes that is disabled": {roles(role("1", "false")), roles(), []string{roles()}},
		"one changes":               {roles(role("1", "true")), roles(role("1", "false")), []string{roles(role("1", "false"))}},
		"a scope goes":              {scopes(role("1", "true")), scopes(), []string{scopes(role("1", "false")), scopes()}},
		"both go": {roles(role("1", "true")) + "," + scopes(role("2", "true")), scopes() + "," + roles(),
			[]string{scopes(role("2", "false")) + "," + roles(role("1", "false")), scopes() + "," + roles()}},
		"something else changes": {roles(role("1", "true")), `"notes":"n"`, []string{`"notes":"n"`}},
	} {
		t.Run(name, func(t *testing.T) {
			server := graphtest.New(graphtest.Config{})
			id := server.Fake.Seed("applications", `{"displayName":"A",`+tt.before+`}`)
			c, lines := writer(t, server, nil)
			before, err := c.Get(t.Context(), tenant.GetRequest{Kind: "applications", ID: id})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Apply(t.Context(), tenant.Operation{Verb: tenant.Update, Kind: "applications", ID: id, Before: before.Body, Patch: json.RawMessage(`{` + tt.patch + `}`)}); err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, body := range tt.want {
				want = append(want, `PATCH /v1.0/applications/`+id+` {`+body+`}`)
			}
			if diff := cmp.Diff(want, *lines); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}
