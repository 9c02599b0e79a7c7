// Package graphtest is a fake Microsoft Graph, for tests of what talks to it
// over HTTP.
//
// A [Server] serves the kinds of a catalogue in Graph's ways: pages with
// nextLinks, batches whose requests fail one by one, actions, sub-resources,
// error bodies with request ids, scopes, licences, throttling by group,
// writes that reads do not show at once, deleted objects that can be restored
// (directory/deletedItems, and Conditional Access's own). Behind it is a [tenanttest.Fake],
// which holds the objects and by which a test sees and changes everything.
//
//	server := graphtest.New(graphtest.Config{})
//	server.Fake.Seed("groups", `{"displayName":"Staff"}`)
//	client, err := graph.New(graph.Config{
//		Credential: graphtest.Credential(),
//		Endpoint:   server.URL(),
//		HTTPClient: server.HTTPClient(),
//	})
//
// It is reached in process, which also works inside testing/synctest bubbles,
// or, after [Server.Start], over real TLS.
//
// What it does not have: $search, $count, $orderby, delta, filters other than
// "property eq 'value'" joined by "and", and any kind of its own.
package graphtest
