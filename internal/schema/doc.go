// Package schema is a [tenant.Kind], compiled: what it says about each path of an
// object's JSON, and the canonical form, equality, sets, references, secrets
// and fingerprints that follow from it.
//
// There is one equality. Two values are equal if they have the same [Canonical]
// form; [Covers], [SameMember], the members of sets and [Fingerprint] follow
// from it:
//
//   - null, empty and declared defaults: canonical_value.go
//   - enumerations, flags and ids: value_form.go; times: time_value.go;
//     durations: duration_value.go; IP ranges: ip_range.go
//   - members of sets, their identity and repetition: set.go
//   - what a file manages of an object: equal.go
//   - how paths become rules: compile.go and automaton.go
//
// [Form] is something else: it drops read-only properties and annotations and
// turns ids into names. It keeps what people and services wrote.
package schema
