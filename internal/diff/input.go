package diff

import (
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Input is what [Compare] works on. Nothing in it is changed or kept.
type Input struct {
	Tenant string
	// Kinds that the client knows; others are not compared.
	Kinds *schema.Kinds
	// Unwritable are kinds that this run may read and not write, with the reason.
	Unwritable map[string]string
	// Scopes overrides the kinds' own scope.
	Scopes map[string]tenant.Scope
	// Base is what both sides last agreed on; nil before the first sync.
	Base *Base
	// Desired is the desired line.
	Desired tenant.Desired
	// Current is the tenant as read: ids, no keys, bodies as the tenant gave them.
	Current tenant.Snapshot
	// Gone are objects that the base knows, that are absent from a completely
	// read kind, and of which two reads by id have said not found. Only these
	// count as deleted in the tenant; other absences are not concluded from.
	Gone []Object
	// Variables are the tenant's, for ${var:name}.
	Variables map[string]string
	Rules     plan.Rules
	// Targets, if any, limit the comparison to these objects; all others keep
	// their base. An empty Key means the whole kind.
	Targets []plan.Target
	// Now decides which rules have expired.
	Now time.Time
	// Bound are ids that are known beyond the base, by kind and key: those of
	// objects that this run has created. They need no match by name.
	Bound reference.Bindings
	// Written are the items that this run has applied. Masked secrets among
	// what they wrote, which no read can show, count as agreed.
	Written []*plan.Item
	// NotKept are those of them that the tenant was seen not to have as
	// written. The base remembers what they wrote and still differs.
	NotKept []*plan.Item
	// NoBackup leaves [Result.Backup] without resources: comparisons after a
	// run's first have no use for it, and need not decode what has not changed.
	NoBackup bool
	// Keys are those of all hashes over what may hold a secret.
	Keys schema.Keys
}

// Object names an object in a tenant.
type Object struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Base is, per property, the last value on which the repository and the tenant
// agreed, and which object is which. It belongs to one tenant and is never
// part of a shared repository.
type Base struct {
	// Format is FormatVersion.
	Format int `json:"format"`
	// Backup is the revision of the backup line whose texts Kept tells of.
	Backup string `json:"backup,omitempty"`
	// Unbound are objects of that revision that Objects lacks. One without a key
	// stands for a kind of which the revision may have any: it was made without
	// reading all of the kind.
	Unbound []plan.Target `json:"unbound,omitempty"`
	// Objects are ordered by kind and key.
	Objects []BaseObject `json:"objects"`
}

// BaseObject is one object in a [Base].
type BaseObject struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID binds the key to the tenant's object.
	ID string `json:"id,omitempty"`
	// FileID is the id that the file carried in its own member "id" when it was
	// last compared: an exported file's, perhaps of another tenant. A new file
	// that carries it is this one under another name.
	FileID string `json:"fileId,omitempty"`
	// Body has the properties on which both sides agreed, in canonical form:
	// names instead of ids, variables expanded, sensitive values replaced by
	// their keyed hash and the key's id. nil: bound, and nothing agreed yet.
	Body json.RawMessage `json:"body,omitempty"`
	// Seen is the hash of the file's bytes, of the canonical text of the tenant's
	// object, of what Refs were bound to, and of all else that counts, when both
	// sides agreed in full: with the same hash they still do. Empty if they do
	// not, or if more than these decide.
	Seen string `json:"seen,omitempty"`
	// Refs are the "kind/key" that it refers to; only beside Seen.
	Refs []string `json:"refs,omitempty"`
	// Names are the object's natural keys in the tenant and in the file, if one
	// differs from Key; only beside Seen.
	Names []string `json:"names,omitempty"`
	// Kept is the hash of the object's text in the revision Base.Backup; "other"
	// if that revision has another text of it, and empty if it has none.
	Kept string `json:"kept,omitempty"`
	// NotKept are the changes that a run has written and the tenant has not
	// kept, ordered by pointer and sum: for as long as the repository wants the
	// same value, the tenant shows another one, and no deviation accepts that.
	NotKept []NotKept `json:"notKept,omitempty"`
}

// NotKept is a change that was written and did not read back as written.
type NotKept struct {
	// Pointer is that of the [plan.PropertyChange].
	Pointer string `json:"pointer"`
	// Sum is the hash of the value that was written, keyed with the tenant's key.
	Sum string `json:"sum"`
}
