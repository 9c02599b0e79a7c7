// Package plan is the document that a person approves: what a sync will change
// in a tenant, why, and which rules that breaks.
//
// A sync makes the plan (package syncer). Hosts show it, with [Plan.Text],
// [Plan.Markdown] or from its JSON form, and store it with [Plan.Encode] and
// [DecodePlan]. [Rules] say what a sync may propose. The functions use no clock,
// network, files or goroutines. They only read what they are given, and may be
// called concurrently.
//
// # Three sides
//
// A sync sees three sides of every property: the base, on which the repository
// and the tenant last agreed; the repository's desired line, the files that people
// edit; and the tenant as it was read. (A repository's other line is the backup.)
//
//	repository  tenant                  result
//	same        same                    nothing
//	changed     same                    an [Item] with origin [Deploy]
//	same        changed                 adopted into the file, or under [Rules].Enforce an [Item] with origin [Enforce]
//	changed     changed, to the same    nothing, and the base moves
//	changed     changed, otherwise      an [Item] with origin [Clash]
//
// The base moves only where both sides agree, so the next sync proposes again what
// was rejected or failed. From a kind that was not completely read the sync
// concludes nothing about what is missing. It deletes nothing that no base held.
// What cannot be done becomes a [Note] and not an error.
//
// Objects are compared property by property. An array is one value, unless the
// kind declares it a [tenant.Set]: then members are compared one by one (if the
// set's Multi allows repeated ones and there are any, as one value), and members
// that no base held are adopted, never removed (under Enforce the removal is
// proposed). A property that a file does not have is not managed: neither
// written nor adopted nor in the base. null clears it; for a property as a whole,
// null and absent are the same. What the tenant has dropped is adopted as null,
// so that it stays managed. A property on whose value both sides have never
// agreed is proposed as the repository has it.
//
// For whole objects: what only the tenant has is adopted, or under
// Enforce noted as [Unmanaged]; what only the repository has is created.
// If one side has lost an object and the other has not changed it, the sync
// deletes it there too (under Enforce, it is made again in the tenant). If the
// other has changed it, that is a conflict.
//
// # Which object is which
//
// An object that the base knows is known by its id. Others are matched once, by
// the kind's natural key: the values in the file, or else the file's key. Where
// several objects or files could be meant, the answer is an [Ambiguous] note and
// nothing else. Objects of one name that only the tenant has get keys such as
// "Name ~1a2b3c4d", which depend on the id and so stay as they are while others
// come and go.
//
// A file that got another name is known as the successor of a vanished one by
// what it says itself, "$previousNames": ["Old name"]; by the id that it carries
// in its own member "id", if that is the tenant's id of the object or the one
// that the vanished file carried; by the same content; or by a content that is
// equal in all but the name. Of each, one vanished file and one new one must have
// it, no other object may have the new name, and for all but $previousNames the
// kind must have been read whole. If several files claim one object, an
// [Ambiguous] note names them and the plan leaves them alone. Else the plan deletes
// and creates, with a [PossibleRename] note where the contents are alike: it has
// the line to write. References to the former name go on working only where a
// file tells it in $previousNames.
//
// Top-level names that begin with "$" are not written: $previousNames, and $schema
// and $comment for editors and people. Others are refused by name.
//
// # What a file may say
//
//	${groups/CA-BreakGlass}        the id of the object with this key
//	${groups/CA-BreakGlass#mail}   another property of it
//	${var:name}                    a variable of the tenant, also within a string
//	$${                            a literal ${
//
// Within a reference the characters }, # and % of a key are written %7D, %23 and
// %25. A reference is always the whole string. At the places that the kind
// declares, ids in the tenant are turned into names; elsewhere a file may use a
// reference too, but only what the file has as a reference is seen as one. A
// reference to what the plan creates waits for it; a property of it other than
// the id is known only if its file has it. What each reference stands for is in
// [Item].Resolved. The plan shows these values, guards check them and the approval
// covers them; if one has changed since, the item is not written. A whole string that is the value of
// exactly one variable with the shape of a GUID is backed up as that variable.
//
// An id that cannot be named, because it leads nowhere or was not read, is
// backed up as it is, with a Dangling note. It is not written over a reference
// of a file, which would then refer to an object that is not there: such drift is noted
// and left to people (under Enforce it is undone). Where its kind was
// not completely read, the drift waits for a run that can name it.
//
// Secrets: sensitive values are compared by a keyed hash and shown as [Redacted].
// A plan has such hashes of the secrets that it would write
// ([PropertyChange].Secrets), so that an approval binds them too: what a
// variable has become since is not written. Without the key they
// reveal nothing; it is derived from the host's secret and not stored with them.
// Under another key a plan is stale ([Plan].KeyID). The base stays valid: of a
// secret that the tenant does not show, a KeyChanged note says that it counts as
// unchanged. A
// value of asterisks or [Redacted] in a file means that the file does not manage
// it. Because nobody can read a masked secret, it counts as what was last
// deployed: a secret that somebody replaces in the tenant is not noticed. In
// an array that is sent whole, an untouched masked secret is carried along only
// if its element, apart from secrets, has not changed, or if the kind declares a
// set with an identity; else the answer is a [SecretNeeded] note.
//
// # What a file keeps
//
// What is adopted or reverted is written into the person's file, and the file
// keeps what still means what the tenant has: its templates and secrets, the
// order of names, what is not compared. Values of variables that the file uses
// become those variables again where they stand by themselves, for they may be
// secrets. A secret that the tenant has replaced is written as [Redacted], one
// that cannot be read as asterisks: the file does not manage it from then on.
// Where nobody can tell whether a secret of the file still belongs to what the
// tenant has changed, nothing is adopted, and a SecretNeeded note names the
// place. A revert does not ask, since it takes back what a person has written:
// the version before it has the secret.
//
// # What is not looked at
//
// Read-only properties do not count, and numbers are compared by value. Values in
// forms that mean the same are equal where the kind says so ([tenant.Kind]: Forms,
// EmptyIsAbsent, Defaults, Sets): null and empty, letter case of enumerations,
// times, durations. Inside elements of arrays, null and empty always equal absent.
// This applies between file and tenant. A file is compared with the base by
// spelling, so that a person's edit counts, and the file keeps it. What an
// answer says about itself ("@odata.context", "x@odata.navigationLink") does not
// count either. Types do: "@odata.type", and "x@odata.type" where the tenant
// tells it too; a type is sent with its property. A file that has another
// annotation ("x@odata.bind", "x@name.space") asks for something that is not
// sent: nothing of it is deployed, and an [Unsupported] note names the member.
//
// An [Ignore] rule leaves differences at or below its pointer alone, also where a
// value around it changes as a whole; what cannot be changed without that part is
// left alone too. A pointer into an array that is no set has no effect, because
// such an array is compared and written whole: ignore the array. Ignore rules do not
// apply to an object that is created, deleted or adopted as new. A [Deviation]
// leaves one property of one object alone while the tenant has the accepted value.
//
// # Approvals
//
// An approval is of a digest: [Plan.Digest] changes with everything that a
// person decides on. [Plan.ChangeDigest] is equal for equal changes in
// different tenants. Both are worked out again by [Plan.Encode] and
// [DecodePlan], so a plan that was changed in between is noticed. They are
// hashes, not signatures: whoever can write the store can write a plan that
// fits.
//
// Items are applied wave by wave. Before an item is written, its object is read
// and compared with [Item.Before], and what its references stand for with
// [Item].Resolved; what depends on an item that failed is left out. Afterwards the
// object is read back. A change that the service did not keep is marked in the
// next plan ([PropertyChange].NotKept), which shows how to accept it as a
// [Deviation].
//
// # Parts
//
// What the service keeps apart from an object ([tenant.Kind.Parts]: who a policy
// is assigned to, messages by language) stands in the object's file, and is an
// item of its own in the plan, named "kind#part/key": an update that waits for
// the object's item. So each item is one request, and one that fails is told
// from one that does not. A created object gets its parts after it is there.
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
// A plan that breaks a rule says so in [Plan.Broken]: too many deletes (by
// number, and by share of a kind's objects), updates or removed assignments, deletes from a desired line that looks emptied by
// accident, protected objects, and the rules that a host adds in [Rules].Guards.
// A rule does not forbid: an approval has to name it, or those of them that the
// approved part breaks ([Plan.BrokenBy]).
//
// [Plan.Impact] is what people should see before all else, such as a policy that
// is enabled. Nobody has to accept it by name.
//
// # What a plan holds
//
// Objects are named by key and references by name; ids are only in
// [Item.TenantID] and [Item.Resolved]. Values of sensitive properties are redacted
// before they get here. Names and values are otherwise as the tenant and the
// repository have them, and so may be hostile: the renderers escape them, and a host that shows parts of a
// plan by itself must do so too ([Printable] helps on a terminal). Letters that
// are written from right to left are shown as they are, and what stands on
// either side of an arrow is then put on lines of its own.
package plan
