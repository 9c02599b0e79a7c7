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
