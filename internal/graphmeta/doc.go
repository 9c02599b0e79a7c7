// Package graphmeta has what Microsoft's metadata of Graph declares: types,
// their bases and properties, enumerations, actions, and which path leads to
// which type, for v1.0 and for beta. The tables hold what the catalogue's kinds
// can reach, and kinds that it may get; endpoints.tsv in the generator lists
// those.
//
//	m := graphmeta.Beta()
//	at, ok := m.Endpoint("/deviceManagement/deviceConfigurations/{id}/assignments")
//	typ, ok := m.Type(at.Type)
//	prop, ok := typ.Property("target")
//
// Names are as in JSON, without "#microsoft.graph.": "deviceConfiguration",
// "identityGovernance.ruleBasedSubjectSet". Upper and lower case count.
//
// Metadata says what is declared, not what the service does. It does not say
// what a create requires: "not nullable" is not "required". A property without a
// read-only mark can be read-only. Services return some names that they declare
// nowhere.
//
// The command in the folder generate makes the tables; see its documentation.
// LICENSE.md has their sources and licences.
package graphmeta
