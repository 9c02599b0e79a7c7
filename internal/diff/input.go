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
	// Salt is a random text, for a Base that has none yet: see [Base.Salt].
	Salt string
}

// Object names an object in a tenant.
type Object struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Result is what [Compare] found.
type Result struct {
	// Plan is what is proposed for the tenant.
	Plan *plan.Plan
	// Adopt are the changes of the desired line by which it takes over the
	// tenant's drift; to be written at backup.
	Adopt []tenant.Change
	// Revert has, by item ID, the change of the desired line that would make
	// it agree with the tenant instead. A rename has two.
	Revert map[string][]tenant.Change
	// Backup is the tenant in the repository's form: keys, names instead of
	// ids, sensitive values redacted, read-only properties dropped.
	Backup tenant.Snapshot
	// Base is the base after this comparison: moved wherever both sides agree,
	// unchanged elsewhere. What was adopted counts only after a comparison
	// with the desired line as adopted.
	Base *Base
	// Bindings are the ids of all known keys.
	Bindings reference.Bindings
	// Unchanged counts the compared objects that agree.
	Unchanged int
	// Adopted, in Summary form: a row per adopted property, for the report.
	Adopted []plan.AdoptedChange
}

// Base is, per property, the last value on which the repository and the tenant
// agreed, and which object is which. It belongs to one tenant and is never
// part of a shared repository.
type Base struct {
	// Format is FormatVersion.
	Format int `json:"format"`
	// Salt is the key of all hashes over what may hold a secret, here and in
	// plans, the same for as long as there is a base: equal secrets must have
	// equal hashes from run to run. Without it nobody can try out guesses at a
	// secret against a plan, so it is never shown where plans are. Who can read
	// the base itself can.
	Salt string `json:"salt,omitempty"`
	// Objects are ordered by kind and key.
	Objects []BaseObject `json:"objects"`
}

// BaseObject is one object in a [Base].
type BaseObject struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// ID binds the key to the tenant's object.
	ID string `json:"id,omitempty"`
	// Body has the properties on which both sides agreed, in canonical form:
	// names instead of ids, variables expanded, sensitive values replaced by
	// their hash. nil: bound, and nothing agreed yet.
	Body json.RawMessage `json:"body,omitempty"`
	// Seen is the hash of both sides' bytes, of what Refs were bound to, and of
	// all else that counts, when they agreed in full: with the same bytes they still do. Empty if they do
	// not, or if more than these bytes decides.
	Seen string `json:"seen,omitempty"`
	// Refs are the "kind/key" that it refers to; only beside Seen.
	Refs []string `json:"refs,omitempty"`
	// NotKept are the changes that a run has written and the tenant has not
	// kept, ordered by pointer and sum: for as long as the repository wants the
	// same value, the tenant shows another one, and no deviation accepts that.
	NotKept []NotKept `json:"notKept,omitempty"`
}

// NotKept is a change that was written and did not read back as written.
type NotKept struct {
	// Pointer is that of the [plan.PropertyChange].
	Pointer string `json:"pointer"`
	// Sum is the hash of the value that was written, keyed with the base's salt.
	Sum string `json:"sum"`
}
