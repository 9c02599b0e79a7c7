// Package schema is a [tenant.Kind], compiled: what it says about each path of an
// object's JSON, and the canonical form, equality, sets, references, secrets
// and fingerprints that follow from it.
//
// The file and the tenant's object are compared in one way only: two values are
// equal if they have the same [Canonical] form. [Covers], [SameMember], the
// members of sets and [Fingerprint] follow from it. Only a file and the base are
// compared by spelling, with [Exactly], because a person's edit counts as it
// stands.
//
// # Where a rule is
//
// Equality:
//
//   - null, empty and declared defaults: canonical_value.go
//   - the same form as text, without a tree: canonical_text.go. A test holds
//     both alike; change both.
//   - enumerations, flags and ids: value_form.go; times: time_value.go;
//     durations: duration_value.go; IP ranges: ip_range.go
//   - members of sets, their identity and repetition: set.go. Which kinds have
//     which sets, those of a settings catalog among them, is declared in
//     tenant/graph/catalogue.
//   - what a file manages of an object; equality by spelling: equal.go
//
// Members of an object:
//
//   - which members are content, which are annotations, and which a file must
//     not have ("x@odata.bind"): annotation.go
//   - which member is an object's natural key: natural_key.go; which belong to a
//     part: part.go
//   - what refers to other objects: reference.go
//
// Secrets:
//
//   - keys, derived from the host's secret: keys.go; keyed hashes: sum.go
//   - hashes after that secret was replaced: rekey.go
//   - what people see of a secret: secret.go; which values are secret:
//     secret_values.go; masks that stand for secrets: unmask.go. Which elements
//     of arrays are pairs although they hide values: align.go, hidden_places.go
//
// How paths become rules is in compile.go and automaton.go; what a write expects to
// find, in fingerprint.go.
//
// [Form] is something else: it drops read-only properties and annotations and
// replaces ids with references. It keeps the spelling of people and services.
package schema
