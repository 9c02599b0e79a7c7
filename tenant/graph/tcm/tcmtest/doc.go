// Package tcmtest is a fake of Tenant Configuration Management, for tests of what takes
// snapshots over HTTP.
//
// A [Server] has snapshot jobs that take their time, succeed, succeed in part or fail. It
// holds the limits that the documentation names: 20,000 resources a month, 12 visible
// jobs, 7 days, properties that come only when $select names them. It also holds what
// public tools found: display names are unique, and 8 to 32 letters, digits and spaces.
//
//	server := tcmtest.New(tcmtest.Config{})
//	server.Set("microsoft.exchange.transportrule", `{"Name":"No forwarding","Priority":0}`)
//	client, err := tcm.New(tcm.Config{
//		Credential: graphtest.Credential(),
//		Endpoint:   server.URL(),
//		HTTPClient: server.HTTPClient(),
//	})
//
// It is reached in process, which also works inside testing/synctest bubbles. Sources:
//
//	https://learn.microsoft.com/graph/api/resources/unified-tenant-configuration-management-api-overview
//	https://learn.microsoft.com/graph/api/resources/configurationsnapshotjob
//	https://learn.microsoft.com/graph/api/configurationbaseline-createsnapshot
//
// The documentation does not say how the service refuses a snapshot beyond the month's
// quota. This server fails the job.
package tcmtest
