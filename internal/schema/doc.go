// Package schema is a [tenant.Kind], compiled: what it says about each path of an
// object's JSON, and the canonical form, equality, sets, references, secrets
// and fingerprints that follow from it.
package schema
