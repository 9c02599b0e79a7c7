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
// # What it refuses
//
// A request that Microsoft's documentation calls wrong is refused, with Graph's
// status, code and form of errors, and changes nothing:
//
//	401  no token, one that is not a Bearer token, or one that the server refuses
//	400  a write without Content-Type, or whose body is not a JSON object
//	415  a body that is not application/json, or compressed otherwise than by gzip
//	405  HEAD and other methods that Graph has not, or that the address has not
//	400  a query option that is unknown, twice there, wrong, or not of a GET
//	412  an If-Match that does not name the object's present state
//	409  a new object with an id that is taken, where its maker chooses the id
//
// Every query option is carried out or refused, in all collections: no list is
// empty because its filter was not understood. $filter has eq, ne, gt, ge, lt, le,
// in, has, startswith, endswith, contains, and, or, not, any and $count; the function
// isof, arithmetic and "all" are refused. Groups, applications, service principals,
// administrative units and permission grants are directory objects: their queries
// need the header ConsistencyLevel where
// https://learn.microsoft.com/graph/aad-advanced-queries says so, which properties
// support which operator is not held, and $search works for them alone. At v1.0 the
// names of options begin with "$"; beta takes them without it.
//
// A batch is refused whole if two ids differ in case only, an address is absolute, a
// body lacks its Content-Type, or dependsOn is neither sequential nor on one request.
// What depends on a failed request fails with 424.
//
// A PUT replaces an object, and /assign a list: values that are not sent are lost.
//
// Bodies and the names in queries are held against Microsoft's metadata of the version:
// unknown properties and types, values of another type, and values of abstract types
// that do not say which type they are, are refused. Properties of open types pass, and
// with [Config.Previews] those of previews. v1.0 neither shows nor takes what only beta
// has, such as the filters of assignments.
//
// # Multi Admin Approval
//
// [Server.Approvals] holds writes of protected kinds, as Intune does: 400 without a
// justification, 412 or 403 with the code of the request that was filed, 409 while one is
// open for the object. Review stands for the other administrator. The same request with
// the code is then carried out; any other is refused.
//
// # Values in other forms
//
// A service may answer a value in another form than it was sent: "Enabled" for
// "enabled", flags and sets in another order, dates with fractions, GUIDs in upper
// case, defaults, and null for new properties. [Config.Forms] and [Server.Spell] turn
// this on. A host that is not at rest then has a drift loop:
//
//	server.Spell(graphtest.AllForms()) // and sync twice: the second finds nothing
//
// The catalogue declares which texts are enumerations and flags, which arrays are sets,
// and the defaults. Forms.Undeclared respells values that the catalogue does not
// declare.
//
// # What it does not have
//
// The server lacks delta, $metadata, functions in addresses, keys in parentheses, and
// kinds outside the catalogue. It knows only of some kinds which properties a create
// needs.
package graphtest
