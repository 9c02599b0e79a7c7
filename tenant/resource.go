package tenant

import (
	"encoding/json"
	"time"
)

// Resource is one configuration object.
type Resource struct {
	// Kind is the name of its [Kind].
	Kind string `json:"kind"`
	// Key is its name in the repository, unique within the kind: any string
	// of 1 to 512 bytes of valid UTF-8. A [Client] leaves it empty.
	Key string `json:"key,omitempty"`
	// ID is the tenant's own id of it. A [Repository] leaves it empty, and so
	// do singletons without an id.
	ID string `json:"id,omitempty"`
	// Body is one JSON object: as the tenant gives it from a Client; in the
	// repository's form (names instead of ids) from a Repository.
	Body json.RawMessage `json:"body"`
	// Source is where a person finds it, such as a file's path. For messages only.
	Source string `json:"source,omitempty"`
}

// ResourceName names a resource of a repository: a key is unique within its kind.
type ResourceName struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
}

// Completeness says how much of its request a read has returned. Only Complete and
// NamesOnly let absence mean anything, see [Completeness.AbsenceCounts].
type Completeness string

// The values of Completeness.
const (
	// Complete: everything asked for was read.
	Complete Completeness = "complete"
	// NamesOnly: every object was found, and something of their contents is never
	// read. The objects may have properties that their bodies lack. So the engine updates
	// properties that it has read, and creates, deletes and replaces no object of the
	// kind: no backup could bring the others back.
	NamesOnly Completeness = "names_only"
	// Partial: some of it was read, then the read was cut short.
	Partial Completeness = "partial"
	// Forbidden: a permission or a directory role is missing.
	Forbidden Completeness = "forbidden"
	// Unlicensed: the tenant lacks a licence for the kind, or its cloud does not
	// have it. Not an error.
	Unlicensed Completeness = "unlicensed"
	// Failed: nothing usable was read.
	Failed Completeness = "failed"
	// NotInScope: it was not asked for.
	NotInScope Completeness = "out_of_scope"
)

// AbsenceCounts reports whether an object that was asked for and not returned is
// not in the tenant: true for Complete and NamesOnly.
func (c Completeness) AbsenceCounts() bool { return c == Complete || c == NamesOnly }

// KindState is the completeness of one kind in a [Snapshot].
type KindState struct {
	Kind         string       `json:"kind"`
	Completeness Completeness `json:"completeness"`
	// Scope is the scope under which it was read.
	Scope Scope `json:"scope,omitempty"`
	// Reason says why it is not complete, for people.
	Reason string `json:"reason,omitempty"`
	// Missing are the permissions that would help.
	Missing []string `json:"missing,omitempty"`
	// RequestID is the service's id of the request that failed.
	RequestID string `json:"requestId,omitempty"`
}

// Replaces reports whether a backup line takes the snapshot's resources of the
// kind in place of those that it has: true for Complete, and for NamesOnly unless
// only those objects were read that others refer to.
func (k KindState) Replaces() bool {
	return k.Completeness == Complete || k.Completeness == NamesOnly && k.Scope != Referenced
}

// Snapshot is a tenant's configuration at one time.
type Snapshot struct {
	// Taken is when the read began.
	Taken time.Time `json:"taken"`
	// Kinds holds one state per kind that the client knows.
	Kinds []KindState `json:"kinds"`
	// Resources in no particular order. In a repository they have keys and
	// names instead of ids; as read from a client, ids and no keys.
	Resources []Resource `json:"resources"`
}
