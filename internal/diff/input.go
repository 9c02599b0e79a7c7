package diff

import (
	"encoding/json"
	"time"

	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Input is the input of [Compare], which does not change it.
type Input struct {
	Tenant string
	// Kinds are the client's kinds. Other kinds are not compared.
	Kinds *schema.Kinds
	// Unwritable has the kinds that this run may read but not write, with the
	// reasons.
	Unwritable map[string]string
	// Scopes override the kinds' own scopes.
	Scopes map[string]tenant.Scope
	// Base is the last agreement of both sides. It is nil before the first
	// sync.
	Base *Base
	// Desired is the desired configuration.
	Desired tenant.Desired
	// Current is the tenant's snapshot. Its objects have ids and no keys, and
	// the bodies are unchanged.
	Current tenant.Snapshot
	// Gone are objects of the base that are missing in a completely read kind,
	// and that two reads by id have not found. Only these count as deleted in
	// the tenant.
	Gone []Object
	// Restorable are objects in Current that the tenant has deleted, and can restore
	// in the form that Current has. A file's object is restored instead of
	// created.
	Restorable map[Object]Restorable
	// Variables are the tenant's variables, for ${var:name}.
	Variables map[string]string
	Rules     plan.Rules
	// Targets, if any, limit the comparison to these objects. All other objects
	// keep their base. An empty Key means the whole kind.
	Targets []plan.Target
	// Now is the time at which rules are checked for expiry.
	Now time.Time
	// Bound has ids that are not in the base yet, by kind and key: those of
	// objects that this run has created. These objects need no match by name.
	Bound reference.Bindings
	// Written are the items that this run has applied. The masked secrets that
	// they wrote count as agreed, because they cannot be read.
	Written []*plan.Item
	// NotKept are the written items whose changes the tenant has not kept. The
	// base remembers the changes that still differ.
	NotKept []*plan.Item
	// Revert requests [Result.Revert], which few comparisons need.
	Revert bool
	// NoBackup leaves [Result.Backup] without resources. Later comparisons of a
	// run need no backup, and then need not decode unchanged objects.
	NoBackup bool
	// Keys are the keys of all hashes of values that may have a secret.
	Keys schema.Keys
}

// Restorable says how an object can be restored.
type Restorable struct {
	// Preview means that the service offers the calls as a preview.
	Preview bool
}

// Object is the id of an object in a tenant.
type Object struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Base has, for each property, the last value on which the repository and the
// tenant agreed, and the ids of the objects. It belongs to one tenant and is
// never part of a shared repository.
type Base struct {
	// Format is FormatVersion.
	Format int `json:"format"`
	// Backup is the revision of the backup branch that each BackupSum refers
	// to.
	Backup string `json:"backup,omitempty"`
	// Unbound are objects of that revision that are not in Objects. A target
	// without a key means that the revision may have any objects of the kind,
	// because the kind was not completely read.
	Unbound []plan.Target `json:"unbound,omitempty"`
	// Objects are sorted by kind and key. The base that a comparison returns
	// shares the unchanged objects with the base of its input. So an object
	// never changes after it is in a base: another one replaces it.
	Objects []*BaseObject `json:"objects"`
}

// BaseObject is one object in a [Base].
type BaseObject struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID is the id of the tenant's object.
	ID string `json:"id,omitempty"`
	// FileID is the member "id" of the file at the last comparison. An exported
	// file has one, perhaps from another tenant. A new file with this id is the
	// renamed file.
	FileID string `json:"fileId,omitempty"`
	// Body has the properties on which both sides agreed, in canonical name
	// form: references in place of ids, expanded variables, and keyed hashes in
	// place of sensitive values. It is nil if the key is bound but the sides
	// have agreed on nothing.
	Body json.RawMessage `json:"body,omitempty"`
	// AgreedSum is the hash of all that the comparison depended on when both
	// sides agreed completely: the file's bytes, the canonical text of the
	// tenant's object, the ids of Refs, the kind, the variables and the key. If
	// the hash is the same, the sides still agree. It is empty if the sides do
	// not agree, or if the comparison depended on anything else, such as
	// another object's property.
	AgreedSum string `json:"seen,omitempty"`
	// Refs are the "kind/key" of the objects that it refers to. They are set
	// only with AgreedSum.
	Refs []string `json:"refs,omitempty"`
	// Names are the object's natural keys in the tenant and in the file, if one
	// of them differs from Key. They are set only with AgreedSum.
	Names []string `json:"names,omitempty"`
	// BackupSum is the hash of the object's text in the revision Base.Backup.
	// It is "other" if that revision has another text, and empty if it does not
	// have the object.
	BackupSum string `json:"kept,omitempty"`
	// NotKept are changes that a run has written and the tenant has not kept,
	// sorted by pointer and hash. A change stays while the repository wants the
	// same value, the tenant has another one, and no deviation accepts it.
	NotKept []NotKept `json:"notKept,omitempty"`
	// Offered are the hashes of the properties, with their values, that the
	// tenant's object had at the last comparison and the file did not, sorted. A
	// note has offered them, or a person has left them out: see widen.
	Offered []string `json:"offered,omitempty"`
}

// NotKept is a change that a run has written and the tenant has not kept.
type NotKept struct {
	// Pointer is the pointer of the [plan.PropertyChange].
	Pointer string `json:"pointer"`
	// Sum is the hash of the written value, with the tenant's key.
	Sum string `json:"sum"`
}
