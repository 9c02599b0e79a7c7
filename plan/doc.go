// Package plan compares what a tenant's configuration was, should be and is,
// and works out what to propose.
//
// It computes and does nothing else: no clock, no network, no files, no
// goroutines. Equal input gives an equal answer. The values that it returns
// are the caller's; its functions may be called concurrently on different
// values, and only read those that they are given.
//
// # Three sides
//
// [Compare] sees three sides of every property: the [Base], on which the
// repository and the tenant last agreed, the repository's desired line, and
// the tenant as it was read.
//
//	repository  tenant                  result
//	same        same                    nothing
//	changed     same                    an [Item] with origin [Deploy]
//	same        changed                 [Result.Adopt], or under [EnforceDesired] an [Item] with origin [Enforce]
//	changed     changed, to the same    nothing, and the base moves
//	changed     changed, otherwise      an [Item] with origin [Clash]
//
// The base moves only where both sides agree, so what was rejected or failed
// comes back next time as what it is. Nothing is concluded from a kind that was
// not completely read, nothing is deleted that no base held, and what cannot
// be done becomes a [Note] and not an error.
//
// # A sync, from here
//
// Fill an [Input]. Ask [Reads] what to read from the tenant, then
// [ReferenceReads] until it wants no more, then [Missing] for objects to look
// for by id. Call Compare. Store [Result.Base], write [Result.Adopt] and
// [Result.Backup] to the repository, and show the [Plan] to a person, with
// [Plan.Text] or [Plan.Markdown] or from its JSON form.
//
// An approval is of a digest: [Plan.Digest] changes with everything that a
// person decides on. [Plan.ChangeDigest] is equal for equal changes in
// different tenants. Both are worked out again by [Plan.Encode] and
// [DecodePlan], so a plan that was changed in between is noticed. They are
// hashes, not signatures: whoever can write the store can write a plan that
// fits.
//
// To carry the plan out, apply its items wave by wave: read the object, compare
// its [Fingerprint] with [Item.Before], make the [Operation], write, and skip
// what depends on an item that failed. [Reached] tells of an object whether an
// item, or part of it, has been done.
//
// # Order
//
// An item waits for the items in [Item.DependsOn], and items of one wave can
// be applied at the same time. Creates and updates come after what they refer
// to, deletes after what ceases to refer to them and after everything else,
// and kinds of a lower [tenant.Kind.Order] first. Where these contradict each
// other, references win. Creates that refer to each other in a circle leave
// the plan for notes that show it.
//
// # Guard rules
//
// A plan that breaks a rule says so in [Plan.Broken]: too many deletes or
// updates, deletes from a desired line that looks emptied by accident,
// protected objects, and the rules that a host adds in [Rules].Guards. A rule
// does not forbid: an approval has to name it.
//
// # What a plan holds
//
// Objects are named by key and references by name; only [Item.TenantID] is an
// id. Values of sensitive properties are redacted before they get here. Names
// and values are otherwise as the tenant and the repository have them, and so
// may be hostile: the renderers escape them, and a host that shows parts of a
// plan by itself must do so too ([Printable] helps on a terminal). Letters that
// are written from right to left are shown as they are, and what stands on
// either side of an arrow is then put on lines of its own.
package plan
