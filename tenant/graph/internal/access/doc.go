// Package access decides whom Conditional Access policies let in.
//
// A [Policy] is read exactly from its body ([Read]). An [Account] is somebody who
// signs in. A [World] has the policies and the named locations of a tenant. It answers
// two questions:
//
//   - [World.Blocked]: is an account blocked from every way in? A way in is a
//     resource, a client, a platform, a location, a device and a flow. An account
//     that keeps one way in is not blocked.
//   - [World.Touched]: which policies ask an account for more, or block some of its
//     ways in?
//
// Places are told apart by the named locations: an address by the ranges that have it, a
// country by the lists that have it. The country of an address is not known.
//
// Where the answer cannot be told, the package assumes the worse one: a condition
// that it does not know narrows no policy, an account whose groups are unknown is in
// each group that a policy includes and in none that it excludes.
//
// Microsoft documents how policies combine and how conditions work at
// https://learn.microsoft.com/entra/identity/conditional-access/concept-conditional-access-policies,
// concept-conditional-access-conditions, concept-conditional-access-cloud-apps and
// concept-conditional-access-users-groups in the same folder. All enabled policies that
// apply must be met; "block" wins over every other control.
//
// The package sends no requests. Its values can be shared between goroutines that only
// read them.
package access
