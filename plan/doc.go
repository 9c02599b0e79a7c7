// Package plan defines the document that a person approves: the changes that a
// sync proposes for a tenant, the reason for each change, and the guard rules
// that the changes break.
//
// A sync makes the plan (package syncer). A host shows it with [Plan.Text] or
// [Plan.Markdown], or renders its JSON form. It stores the plan with
// [Plan.Encode] and reads it with [DecodePlan]. The host's [Rules] limit what a
// sync may propose.
//
// The package uses no clock, network, files or goroutines. Only [Plan.Seal] and
// [Plan.Break] change a plan. All other functions and methods may be called
// concurrently on one plan.
//
// # Three sides
//
// A sync compares three sides of each property:
//
//   - The base is the value on which the repository and the tenant last agreed.
//   - The desired configuration is the files that people edit. It is the desired
//     branch of the repository; the other branch has the backups.
//   - The tenant is the value that the sync has just read.
//
// The table shows the result:
//
//	repository  tenant                  result
//	same        same                    nothing
//	changed     same                    an [Item] with origin [Deploy]
//	same        changed                 adopted into the file, or with [Rules].Enforce an [Item] with origin [Enforce]
//	changed     changed, to the same    nothing, and the base changes
//	changed     changed, otherwise      an [Item] with origin [Clash]
//
// The base changes only where both sides agree. So the next sync proposes a
// rejected or failed change again. If a kind was not completely read, the sync
// draws no conclusion from a missing object. It deletes only objects that the
// base contains. A change that the sync cannot make becomes a [Note] and not an
// error.
//
// The sync compares objects property by property. It compares an array as one
// value, unless the kind declares the array a [tenant.Set]. It compares the
// members of a set one by one. If the set allows duplicate members (Multi) and
// has some, the set is one value too. The sync adopts a member that only the
// tenant has and that the base does not contain. It never removes such a member,
// but with Enforce it proposes the removal.
//
// A property that is missing in the file is not managed: the sync neither writes
// nor adopts it, and the base does not contain it. A null in the file clears the
// property. For a whole property, null and absent are equal. If the tenant drops
// a managed property, the sync adopts null, so that the property stays managed.
// If the two sides have never agreed on a property's value, the sync proposes
// the repository's value.
//
// A note of the class "widening" names, once for each value, the properties that the
// tenant shows and the file of a managed object does not have. A kind's reads can
// show more than before. The note has the text to add to the file, and the sync
// changes neither side.
//
// A note of the class "guard" is information of a guard: it breaks no rule, and an
// approval does not name it. A note of the class "recreated" names a deleted object that
// a roll back creates again with another id, since the service cannot restore it.
//
// Names are exact. A note of the class "similar_name" names an object of the tenant
// whose name differs from that of a new file in letter case or blanks alone, since the
// file would create a second object.
//
// The sync adopts an object that only the tenant has. With Enforce it adds an
// [Unmanaged] note instead. It creates an object that only the repository has. If
// one side has deleted an object and the other side has not changed it, the sync
// deletes it on the other side too; with Enforce it creates an object again that
// was deleted in the tenant. If the other side has changed it, that is a
// conflict.
//
// Of a kind whose contents are not all read ([tenant.NamesOnly]), the sync adopts
// and updates what it has read. It creates and deletes no object, and leaves a
// property of a file alone that no read shows.
//
// # Matching objects and files
//
// The base identifies an object by its id. The sync matches other objects with
// files once, by the kind's natural key. It takes the natural key from the values
// in the file, or else from the file's key. If several objects or files match,
// the sync adds an [Ambiguous] note and changes nothing. If only the tenant has
// several objects with one name, their keys get a suffix, as in
// "Name ~1a2b3c4d". The suffix depends on the object's id. So the key does not
// change when another object with the name is added or deleted.
//
// The sync recognizes a renamed file by one of these signs:
//
//   - The new file names the missing one: "$previousNames": ["Old name"].
//   - The member "id" of the new file is the object's id in the tenant, or the
//     "id" in the missing file.
//   - Both files have the same content.
//   - Both files have the same content apart from the name.
//
// A sign counts only if exactly one missing file and one new file have it, and
// no other object has the new name. For all signs but $previousNames, the kind
// must also have been read completely. If several files claim one object, the
// plan changes none of them, and an [Ambiguous] note names them. Without a sign,
// the plan deletes the old object and creates the new one. If their contents are
// similar, a [PossibleRename] note shows the $previousNames line that the file
// needs. References to the old name resolve only if a file has it in
// $previousNames.
//
// The sync does not send the top-level members "$previousNames", "$schema" and
// "$comment" of a file; the last two are for editors and people. It refuses a
// file with another top-level name that begins with "$", and a note shows the
// name.
//
// # Templates in files
//
//	${groups/CA-BreakGlass}        the id of the object with this key
//	${groups/CA-BreakGlass#mail}   another property of the object
//	${var:name}                    a variable of the tenant, also within a string
//	$${                            a literal ${
//
// A reference must be the whole string. In a reference, the characters }, # and
// % of a key are written %7D, %23 and %25. At the places that the kind declares,
// the sync replaces ids in the tenant by references. A file may have references
// at other places too. There the sync takes the tenant's value for a reference
// only if the file has one.
//
// An item with a reference to a new object waits for the item that creates the
// object. A property of a new object, other than its id, is known only if the
// object's file has it. [Item].Resolved has the value of each reference. Guard
// rules check these values, and an approval covers them. The renderers show all
// values but the ids at declared places. If a value changes after the approval,
// the run does not write the item.
//
// A backup replaces a string by a variable if exactly one variable has this value
// and the value is a GUID.
//
// An id at a declared place may belong to no known object. A backup then contains
// the id itself, and a [Dangling] note shows it. The sync does not write such an
// id over a reference in a file, because the object may have been deleted. It
// notes the drift and leaves it to people; with Enforce it undoes the drift. If
// the kind of the object was not completely read, the drift waits for a run that
// can resolve the id.
//
// # Secrets
//
// The sync compares sensitive values by keyed hashes, and shows them as
// [Redacted]. A plan has a keyed hash of each secret that it would write
// ([PropertyChange].Secrets), so an approval covers the secrets too. If a
// variable changes later, the run does not write its new value. Without the key
// the hashes reveal nothing. The key is derived from the host's secret, and is
// not stored with the hashes. A plan becomes stale if the key changes
// ([Plan].KeyID). The base stays valid, but a secret that the tenant does not
// show then counts as unchanged, and a [KeyChanged] note says so.
//
// A value is a secret if its kind declares it, or, for a kind with SecretNames, if
// it is a text whose property's name says so.
//
// A file does not manage a value if it has asterisks or [Redacted] in its place.
// A masked secret cannot be read, so the sync assumes that the tenant still has
// the value that was last deployed. It does not notice if somebody replaces the
// secret in the tenant. In an array that is sent whole, the sync can keep an
// unchanged masked secret only if its element is otherwise unchanged, or if the
// kind declares a set with an identity. Otherwise it adds a [SecretNeeded] note.
//
// # Edits of files
//
// An adoption or a revert edits the file. It keeps all text that evaluates to the
// tenant's value: templates, secrets, the order of names, and properties that are
// not compared. If the file uses a variable, the edit writes the variable in
// place of its value, where the value is the whole text or a separate word. The
// value may be a secret. If a secret was replaced in the tenant, the edit writes
// [Redacted], and asterisks if the secret cannot be read. From then on the file
// does not manage it.
//
// If the sync cannot decide whether a secret in the file belongs to a value that
// the tenant has changed, it adopts nothing, and a [SecretNeeded] note shows the
// place. A revert needs no such decision, because it undoes a person's edit: the
// previous version of the file has the secret.
//
// # Values that are not compared
//
// The sync ignores read-only properties, and compares numbers by value. Between
// file and tenant, it treats different notations of a value as equal where the
// kind says so ([tenant.Kind]: Forms, EmptyIsAbsent, Defaults, Sets): null and
// empty values, the letter case of enumerations, times, durations. Within
// elements of arrays, null and empty values always equal absent ones. Between
// file and base, it compares the notation too, so that a person's edit counts,
// and the file keeps it.
//
// The sync ignores OData control information such as "@odata.context" and
// "x@odata.navigationLink". It does compare types: "@odata.type", and
// "x@odata.type" if the tenant returns it. It sends a type together with its
// property. Any other annotation in a file ("x@odata.bind", "x@name.space") asks
// for something that the sync does not send. It then deploys nothing of this
// file, and an [Unsupported] note names the annotation.
//
// An [Ignore] rule leaves differences at or below its pointer alone, also if an
// enclosing value changes as a whole. It also leaves a change alone that would
// need the ignored part. A pointer into an array that is not a set has no effect,
// because the sync compares and writes such an array whole: ignore the array.
// Ignore rules do not apply to an object that is created, deleted or adopted as
// new. A [Deviation] leaves one property of one object alone while the tenant has
// the accepted value.
//
// # Approvals
//
// An approval is of a digest. [Plan.Digest] covers everything that a person
// decides on. [Plan.ChangeDigest] is equal for equal changes in different
// tenants. [Plan.Encode] and [DecodePlan] compute both digests again, and refuse
// a plan that has changed. The digests are hashes and not signatures: anybody with
// write access to the store can write a changed plan with matching digests.
//
// A run applies items wave by wave. Before it writes an item, it reads the object
// and compares it with [Item].Before, and compares the values of the item's
// references with [Item].Resolved. It skips items that depend on a failed item.
// Afterwards it reads the object back. The next plan marks a change that the
// service did not keep ([PropertyChange].NotKept), and [Plan.Deviations] returns
// the [Deviation] that would accept it.
//
// # Parts
//
// A service stores some content of an object separately ([tenant.Kind].Parts),
// such as a policy's assignments or its messages by language. The object's file
// contains the parts. The plan has an item for each changed part, named
// "kind#part/key". It is an update that waits for the object's own item. So each
// item is one request, and can fail alone. The parts of a new object are written
// after the object is created.
//
// # Order
//
// An item waits for the items in [Item].DependsOn. Items of one wave can be
// applied concurrently. A create or update comes after the items of the objects
// that it refers to. A delete comes after the items that remove references to its
// object, and after all creates and updates. Kinds with a lower
// [tenant.Kind].Order come first. Where these rules contradict each other,
// references win. Creates that refer to each other in a cycle are not in the
// plan, and [Cycle] notes show the cycle.
//
// # Guard rules
//
// [Plan].Broken has the guard rules that the plan breaks: too many deletes (by
// number, and by share of a kind's objects), updates or removed assignments,
// deletes for a desired branch that seems to have been emptied by accident,
// protected objects, and the host's own rules in [Rules].Guards. A broken rule
// does not forbid the plan, but an approval must name the rule. An approval of
// some items must name the rules that these items break ([Plan.BrokenBy]).
//
// [Plan.Impact] has the effects that people should review first, such as an
// enabled policy. An approval need not name them.
//
// # Names and values in a plan
//
// A plan names objects by key, and has references in place of the ids of known
// objects. Their ids are only in [Item].TenantID and [Item].Resolved. Sensitive
// values in a plan are redacted. All other names and values come unchanged from
// the tenant and the repository, and may be hostile. The renderers escape them.
// A host that shows parts of a plan itself must escape them too; on a terminal,
// [Printable] does. The renderers do not escape letters of right-to-left scripts,
// but put the two sides of an arrow on separate lines next to such letters.
package plan
