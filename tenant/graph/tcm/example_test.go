package tcm_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph"
	"github.com/tenantsync/tenantsync/tenant/graph/graphtest"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm"
	"github.com/tenantsync/tenantsync/tenant/graph/tcm/tcmtest"
)

// A host joins the client to that of Microsoft Graph. Here both services are fakes; with
// the real ones, leave Endpoint, HTTPClient and Poll out.
func Example() {
	service := tcmtest.New(tcmtest.Config{Duration: time.Millisecond})
	service.Set("microsoft.exchange.transportrule", `{"Name":"No forwarding","Priority":0}`)
	snapshots, err := tcm.New(tcm.Config{
		Credential: graphtest.Credential(),
		Endpoint:   service.URL(),
		HTTPClient: service.HTTPClient(),
		Poll:       time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := graphtest.New(graphtest.Config{})
	others, err := graph.New(graph.Config{Credential: graphtest.Credential(), Endpoint: server.URL(), HTTPClient: server.HTTPClient()})
	if err != nil {
		log.Fatal(err)
	}
	client := tenant.Join(others, snapshots)
	result, err := client.Read(context.Background(), tenant.ReadRequest{Kind: "exchangeTransportRules", All: true}, func(r tenant.Resource) error {
		fmt.Println(r.ID, string(r.Body))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Completeness)
	// Output:
	// No forwarding {"Name":"No forwarding","Priority":0}
	// complete
}
