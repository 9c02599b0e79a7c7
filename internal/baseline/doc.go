// Package baseline stores the base of a tenant: what repository and tenant last
// agreed on.
//
// A base is large, and a sync changes little of it. So it is stored in pages:
// the first page has all objects, and each later one has the objects that were
// changed, added and removed since. [Root] lists the pages. It is part of the
// tenant's record, which names every page to the store, so that none is pruned.
//
//   - A save writes one page with the differences, or none if there are none.
//   - It first merges the last pages into that page if they are not much larger.
//     So the pages become smaller by a factor, there are at most [MaxPages], and
//     an object is rewritten seldom.
//   - A page never changes, and is never written again.
//
// [Load] reads a base, [Stored.Save] saves its successor.
package baseline
