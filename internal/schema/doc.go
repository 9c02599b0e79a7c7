// Package schema compiles a [tenant.Kind]. The compiled kind has a rule for
// each path of an object's JSON. The rules decide the canonical form, equality,
// sets, references, secrets and fingerprints.
//
// A file and the tenant's object are compared in one way only: two values are
// equal if they have the same [Canonical] form. [Covers], [SameMember], the
// pairing of set members and [Fingerprint] all use this form. Only a file and
// the base are compared by notation, with [Exactly], because a person's edit
// counts even if the new value is equal.
//
// # Where a rule is
//
// Equality:
//
//   - null, empty and declared defaults: canonical_value.go
//   - the same form written as text, without a tree: canonical_text.go, its
//     strings in canonical_string.go, and the order of members and elements in
//     pieces.go. Tests compare both; change them together.
//   - enumerations, flags and ids: value_form.go; times: time_value.go;
//     durations: duration_value.go; IP ranges: ip_range.go
//   - members of sets, their identity, and duplicates: set.go. The package
//     tenant/graph/catalogue declares which kinds have which sets, also for
//     settings catalogs.
//   - the properties that a file manages; equality by notation: equal.go
//
// Members of an object:
//
//   - content, annotations, and members that a file must not have
//     ("x@odata.bind"): member_kind.go and annotation.go
//   - the natural key: natural_key.go; the parts of an object: part.go
//   - references to other objects: reference.go
//
// Secrets:
//
//   - keys, derived from the host's secret: keys.go; keyed hashes: sum.go
//   - hashes in the base after the host's secret was replaced: rekey.go
//   - redaction: secret.go; which values are secret: secret_values.go; masks in
//     place of secrets: unmask.go
//   - pairing elements of arrays: align.go; elements with hidden values:
//     hidden_places.go
//
// compile.go and automaton.go turn paths into rules; name_table.go finds the
// rule of a member. fingerprint.go has the
// hash by which a write recognizes the object that it expects.
//
// [Form] does not make the canonical form: it drops read-only properties and
// annotations, and replaces ids with references. It does not change the
// notation of values.
package schema
