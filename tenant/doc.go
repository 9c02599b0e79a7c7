// Package tenant holds the contracts by which a Microsoft 365 tenant and the
// repository of its configuration are reached: [Client] and [Repository], and
// the data that they pass: [Kind], [Resource], [Snapshot]. It also has two
// repositories: in memory and in a folder.
//
// # Kinds are data
//
// A [Kind] is a type of configuration object: its name, its verbs, and how the JSON
// of its objects is compared. The library lacks a list of kinds: the client brings
// them. So a kind can be added, or
// corrected, without touching anything else. The zero value of a kind's field
// promises nothing and allows nothing; a client that says too little is slow
// or refuses, and never harmful.
//
// Which objects of a kind a sync looks at is its [Scope]. Think of deletes
// before you choose [All]: for groups, it would make deleting a file delete a
// group, and the team behind it.
//
// # Completeness
//
// A read that failed must never look like absence, or the next step is to
// delete or recreate objects that are merely out of sight. So every read says how
// much of its request it has returned ([Completeness]), and only [Complete] and
// [NamesOnly] let absence mean anything. A kind whose contents are not all read says
// so with [NamesOnly]: the engine creates, deletes and replaces none of its objects,
// and leaves the unread contents alone on both sides. Being without a licence
// ([Unlicensed]) is not an error of a sync; lacking a permission ([Forbidden]) is something that an
// administrator can grant.
//
// # Errors, and who retries
//
// A client's errors are *[Error]. Their [Class] tells callers how to react:
//
//	NotFound         believe it; nothing else may look like it
//	Conflict         read again and decide again
//	Throttled        try again after RetryAfter; nothing was done
//	Transient        try again later
//	Unauthenticated  sign in again; nothing was done
//	AccessDenied     grant the permissions in Missing
//	NotLicensed      leave the kind out
//	Invalid          correct the content; trying again is useless
//	Permanent        trying again is useless
//
// Reads retry. Writes never do: [Client.Apply] is exactly one
// attempt, because only its caller knows whether the object is still as it was
// when the write was decided. After an error, [MaybeApplied] tells whether the
// write may have taken effect: then read before anything else.
//
// # Writing a Client
//
// Implement the five methods, and hold the result against
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestClient]. What is
// easily got wrong: following every page, also after an empty one; emitting
// an object once that an id and a match both find; answering NotFound only when the
// service said so; sending a write a second time (HTTP libraries may); and
// telling apart a request that was never sent from one without an answer.
//
// The requests have methods for what most clients need: [Operation.Check] and
// [GetRequest.Check] refuse requests that can never succeed, [ReadRequest.Select]
// answers a read from a list of all objects, and [Operation.Merge] makes the
// whole object of a patch. A service that filters and patches needs only Check.
//
// # Writing a Repository
//
// A repository keeps two lines of revisions per tenant: the desired line,
// which people edit with tools of their own, and the backup line. Writes carry
// an idempotency key: repeating one, also after a restart and on a line that
// has moved on, returns the first result. A backup may be a delta: its Parent
// names a revision of the backup line, and it brings only the changes since
// ([BackupRequest]). Hold the result against
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestRepository].
//
// A repository that keeps files, in any storage, has little left to do:
// [Tree] turns files into resources and problems, changes into files, and
// snapshots and deltas into both; [FilePath] gives every key a file name that
// Linux, macOS and Windows take and that leads back to the key.
//
// # Files
//
// Configuration files are JSON objects as people and other tools write them:
// [DecodeFile] takes UTF-8 and UTF-16, with or without byte order mark. A file
// that cannot be used is a [FileError] that names the place and says what to
// do; it hides no other file. [DirRepository] describes the folder's layout.
package tenant
