package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// What is asked of What If, and what becomes of its answers.
func TestConfirm(t *testing.T) {
	const answered = `{"value":[{"displayName":"P","state":"enabled","policyApplies":true,"grantControls":{"builtInControls":["block"]}}]}`
	written := []string{"conditionalAccessPolicies"}
	tests := []struct {
		name   string
		kinds  []string
		status int
		answer string
		edit   func(*graph.Config)
		want   string
		class  tenant.Class
		asked  int
	}{
		{name: "nobody is blocked", kinds: written, answer: `{"value":[]}`, want: graph.StillIn + " (information)", asked: 1},
		{name: "blocked", kinds: written, answer: answered, want: graph.ShutOut + " (information)", asked: 1},
		{name: "groups", kinds: []string{"applications", "groups"}, answer: answered, want: graph.ShutOut + " (information)", asked: 1},
		{name: "locations", kinds: []string{"namedLocations"}, answer: answered, want: graph.ShutOut + " (information)", asked: 1},
		{name: "another kind", kinds: []string{"applications"}, answer: answered},
		{name: "a policy that does not apply", kinds: written, answer: strings.Replace(answered, "true", "false", 1), want: graph.StillIn + " (information)", asked: 1},
		{name: "a policy that only reports", kinds: written, answer: strings.Replace(answered, `"enabled"`, `"enabledForReportingButNotEnforced"`, 1), want: graph.StillIn + " (information)", asked: 1},
		{name: "a policy that asks for more", kinds: written, answer: strings.Replace(answered, "block", "mfa", 1), want: graph.StillIn + " (information)", asked: 1},
		{name: "a policy that cannot be read", kinds: written, answer: strings.Replace(answered, `["block"]`, `"block"`, 1), want: graph.NotAsked + " (information)", asked: 1},
		{name: "several pages", kinds: written, answer: `{"value":[],"@odata.nextLink":"https://graph.example/next"}`, want: graph.NotAsked + " (information)", asked: 1},
		{name: "no list", kinds: written, answer: `{}`, want: graph.NotAsked + " (information)", asked: 1},
		{name: "no object", kinds: written, answer: `{"value":[5]}`, want: graph.NotAsked + " (information)", asked: 1},
		{name: "the service is out of order", kinds: written, status: http.StatusInternalServerError, want: graph.NotAsked + " (information)", asked: 1},
		{name: "without the permission", kinds: written, status: http.StatusForbidden, asked: 1},
		{name: "an account that is not there", kinds: written, status: http.StatusNotFound, asked: 1},
		{name: "two accounts that are not there", kinds: written, status: http.StatusNotFound, edit: func(c *graph.Config) { c.BreakGlass = []string{"glass", "other"} }, asked: 2},
		{name: "the token is refused", kinds: written, status: http.StatusUnauthorized, class: tenant.Unauthenticated, asked: 1},
		{name: "the credential fails", kinds: written, edit: func(c *graph.Config) { c.Credential = failing{errors.New("no token")} }, class: tenant.Unauthenticated},
		{name: "a person, too", kinds: written, answer: answered, edit: func(c *graph.Config) { c.Credential = graphtest.Static(graphtest.Token("dir", "Policy.Read.All")) },
			want: graph.ShutOut + " (information), " + graph.ShutOut + " (information)", asked: 2},
		{name: "the person is the break-glass account", kinds: written, answer: answered, edit: func(c *graph.Config) {
			c.BreakGlass, c.Credential = []string{"PERSON"}, graphtest.Static(graphtest.Token("dir", "Policy.Read.All"))
		}, want: graph.ShutOut + " (information)", asked: 1},
		{name: "an application", kinds: written, answer: answered, edit: func(c *graph.Config) {
			c.BreakGlass, c.Credential = nil, graphtest.Static(graphtest.ApplicationToken("dir", "Policy.Read.All"))
		}},
		{name: "a catalogue without policies", kinds: written, answer: answered, edit: func(c *graph.Config) {
			c.Catalogue = &catalogue.Catalogue{Entries: []catalogue.Entry{entry("conditionalAccess", nil)}}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) {
				cfg.BreakGlass = []string{"glass"}
				cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					asked++
					body, _ := io.ReadAll(r.Body)
					if r.Method != http.MethodPost || r.URL.Path != "/v1.0/identity/conditionalAccess/evaluate" || !strings.Contains(string(body), `"includeApplications":["00000003-0000-0000-c000-000000000000"]`) ||
						!strings.Contains(string(body), `"userId":"`) || !strings.Contains(string(body), `"appliedPoliciesOnly":true`) {
						t.Errorf("%s %s %s", r.Method, r.URL, body)
					}
					w := httptest.NewRecorder()
					w.Header().Set("Content-Type", "application/json")
					if tt.status != 0 {
						w.WriteHeader(tt.status)
						w.Body.WriteString(`{"error":{"code":"Refused","message":"refused"}}`)
					} else {
						w.Body.WriteString(tt.answer)
					}
					res := w.Result()
					res.Request = r
					return res, nil
				})}
				if tt.edit != nil {
					tt.edit(cfg)
				}
			})
			got, err := c.Confirm(t.Context(), tenant.ConfirmRequest{Tenant: "contoso", Kinds: tt.kinds})
			if rules(got) != tt.want || tenant.ClassOf(err) != tt.class || asked != tt.asked {
				t.Errorf("got %q, %v after %d requests, want %q, %q after %d", rules(got), err, asked, tt.want, tt.class, tt.asked)
			}
		})
	}
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	c := newClient(t, graphtest.New(graphtest.Config{}), func(cfg *graph.Config) { cfg.BreakGlass = []string{"glass"} })
	if got, err := c.Confirm(ctx, tenant.ConfirmRequest{Kinds: written}); !errors.Is(err, cause) || got != nil {
		t.Errorf("got %+v, %v, want the cause of the context's end", got, err)
	}
}
