package graph_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
)

// A client reads a kind. Here Microsoft Graph is a fake; with a real one, leave
// Endpoint and HTTPClient out.
func Example() {
	server := graphtest.New(graphtest.Config{})
	server.Fake.Seed("namedLocations", `{"@odata.type":"#microsoft.graph.ipNamedLocation","displayName":"Office","isTrusted":true}`)
	client, err := graph.New(graph.Config{
		Credential: graphtest.Credential(),
		Endpoint:   server.URL(),
		HTTPClient: server.HTTPClient(),
	})
	if err != nil {
		log.Fatal(err)
	}
	result, err := client.Read(context.Background(), tenant.ReadRequest{Kind: "namedLocations", All: true}, func(r tenant.Resource) error {
		fmt.Println(r.Kind, len(r.ID) > 0)
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Completeness)
	// Output:
	// namedLocations true
	// complete
}

// What an app registration has to ask for, for the kinds that a host chooses.
func ExampleCatalogue_Scopes() {
	for _, scope := range graph.Default().Scopes([]string{"conditionalAccessPolicies", "groups"}, true, false) {
		fmt.Println(scope)
	}
	// Output:
	// Application.Read.All
	// Group.Read.All
	// Group.ReadWrite.All
	// Policy.Read.All
	// Policy.ReadWrite.ConditionalAccess
}

// A host adds a kind that the catalogue lacks: the members of its groups as
// part of the groups themselves.
func ExampleCatalogue_With() {
	mine, err := graph.Parse([]byte(`{"kinds": [{
		"name": "groups", "endpoint": "/groups", "version": "v1.0", "scope": "listed",
		"create": true, "update": true, "delete": true, "readOnly": ["/id", "/createdDateTime"],
		"subs": [{"path": "/members?$select=id", "property": "members"}],
		"parts": [{"name": "members", "path": "/members"}],
		"partRequests": {"members": {"each": {"collection": "/members/$ref", "item": "/members/{member}/$ref", "ref": "/directoryObjects/{id}"}}},
		"read": {"delegated": [["Group.Read.All"]]}, "write": {"delegated": [["Group.ReadWrite.All"]]}
	}]}`))
	if err != nil {
		log.Fatal(err)
	}
	all, err := graph.Default().With(mine)
	if err != nil {
		log.Fatal(err)
	}
	groups, _ := all.Entry("groups")
	fmt.Println(len(all.Entries) == len(graph.Default().Entries), groups.Parts[0].Name)
	// Output: true members
}
