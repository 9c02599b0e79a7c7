package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// What is needed for the kinds at hand, what the token has, and where an
// administrator grants the rest.
func TestPermissions(t *testing.T) {
	server := graphtest.New(graphtest.Config{})
	c := newClient(t, server, func(cfg *graph.Config) {
		cfg.Directory = ""
		cfg.Credential = graphtest.Static(graphtest.Token("11111111-0000-4000-8000-000000000000", "Policy.Read.All", "Group.Read.All"))
	})
	got, err := c.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"conditionalAccessPolicies", "namedLocations"}, Write: true})
	if err != nil {
		t.Fatal(err)
	}
	want := tenant.Permissions{
		Required: []tenant.Permission{
			{AnyOf: []string{"Policy.Read.All"}, Kinds: []string{"conditionalAccessPolicies", "namedLocations"}},
			{AnyOf: []string{"Policy.ReadWrite.ConditionalAccess"}, Kinds: []string{"conditionalAccessPolicies", "namedLocations"}, Write: true},
			{AnyOf: []string{"Policy.Read.All"}, Kinds: []string{"conditionalAccessPolicies", "namedLocations"}, Write: true},
			{AnyOf: []string{"Application.Read.All"}, Kinds: []string{"conditionalAccessPolicies"}, Write: true},
		},
		Granted:    []string{"Group.Read.All", "Policy.Read.All"},
		ConsentURL: "https://login.microsoftonline.com/11111111-0000-4000-8000-000000000000/adminconsent?client_id=app",
		Directory:  "11111111-0000-4000-8000-000000000000",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// A read that is refused names what is missing.
	_, res := readAll(t, c, "deviceConfigurations")
	if res.Completeness != tenant.Forbidden || !slices.Contains(res.Missing, "DeviceManagementConfiguration.Read.All") {
		t.Errorf("got %+v, want Forbidden with the missing permission", res)
	}
	// One that is refused although nothing is missing does not.
	server.Fake.Forbid("groups")
	if _, res := readAll(t, c, "groups"); res.Completeness != tenant.Forbidden || len(res.Missing) > 0 {
		t.Errorf("got %+v, want Forbidden without a missing permission", res)
	}
}

// Each cloud has addresses of its own.
func TestClouds(t *testing.T) {
	for cloud, host := range map[catalogue.Cloud]string{catalogue.Global: "login.microsoftonline.com", catalogue.USGovL4: "login.microsoftonline.us", catalogue.USGovL5: "login.microsoftonline.us", catalogue.China: "login.chinacloudapi.cn"} {
		c, err := graph.New(graph.Config{Credential: graphtest.Static(graphtest.Token("dir", "x")), Cloud: cloud})
		if err != nil {
			t.Fatal(err)
		}
		p, err := c.Permissions(t.Context(), tenant.PermissionsRequest{})
		if want := "https://" + host + "/dir/adminconsent?client_id=app"; err != nil || p.ConsentURL != want {
			t.Errorf("%s: got %q, %v, want %q", cloud, p.ConsentURL, err, want)
		}
	}
}

// The fields that cannot be used are named.
func TestConfig(t *testing.T) {
	_, err := graph.New(graph.Config{Cloud: "moon", Endpoint: "http://graph.example/x", Unproven: []string{"things"}, ReadBudget: -1})
	for _, want := range []string{"Credential is required", `Cloud "moon"`, `Unproven names the kind "things"`, "ReadBudget must be more than 0"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, endpoint := range []string{"http://graph.example", "https://", "https://graph.example/v1.0", "https://a@graph.example"} {
		if _, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: endpoint}); err == nil {
			t.Errorf("the endpoint %q is accepted", endpoint)
		}
	}
}
