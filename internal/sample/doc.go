// Package sample generates configuration in the size and form that tenants and
// repositories have, for benchmarks and tests.
//
// Names and values are invented; the members of each object, their order and
// their nulls follow Microsoft Graph. Equal arguments give equal bytes: the content
// is drawn from [Seed].
//
// [Policies] gives a tenant of Conditional Access policies and groups, of any
// size. [Release] gives two releases of a baseline for Intune, where the
// version stands in the policies' names.
//
// The package knows no kinds: a test or benchmark uses the definitions of
// package tenant/graph.
package sample

// Seed is the source of all content.
const Seed = 20261129
