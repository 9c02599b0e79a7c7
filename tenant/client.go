package tenant

import (
	"context"
	"encoding/json"
)

// Client reaches one tenant, with credentials that it was made with.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation. Errors are *[Error] wherever the class is known. Reads retry
// transient errors within a budget; Apply makes one attempt.
//
// [github.com/tenantsync/tenantsync/tenant/tenanttest.TestClient] checks all of this.
type Client interface {
	// Kinds returns the kinds that the client knows, with unique names.
	Kinds(ctx context.Context) ([]Kind, error)

	// Permissions returns the permissions that the kinds need and that the
	// credentials have.
	Permissions(ctx context.Context, req PermissionsRequest) (Permissions, error)

	// Read reads objects of one kind and passes each to emit, one call at a
	// time, before it returns. How much was read is in the result, not in the
	// error: an error means that ctx ended, that emit returned it, or that the
	// service refuses the credentials (Unauthenticated).
	Read(ctx context.Context, req ReadRequest, emit func(Resource) error) (ReadResult, error)

	// Get reads one object by its id: with class NotFound when the tenant says
	// that it is not there, which no other failure may look like.
	Get(ctx context.Context, req GetRequest) (Resource, error)

	// Apply carries out one operation in exactly one attempt. When it returns
	// an error whose MaybeApplied is true, or one that is not an *Error, the
	// operation may have taken effect.
	Apply(ctx context.Context, op Operation) (Applied, error)
}

// PermissionsRequest names kinds, and whether they will be written.
type PermissionsRequest struct {
	// Kinds to read.
	Kinds []string
	// Write: they are to be written as well.
	Write bool
}

// Permissions has the permissions that kinds need and that the credentials have.
type Permissions struct {
	Required []Permission
	// Granted are the names of the granted permissions.
	Granted []string
	// ConsentURL is the page where an administrator grants missing permissions. It
	// may be empty.
	ConsentURL string
	// Directory is the directory id of the tenant that the credentials lead to.
	Directory string
}

// Permission is one required permission. A kind that needs several appears in
// several.
type Permission struct {
	// AnyOf names permissions, the least powerful first. One of them is enough.
	AnyOf []string `json:"anyOf"`
	// Kinds that need it.
	Kinds []string `json:"kinds"`
	// Write: it is needed to write; else to read.
	Write bool `json:"write,omitempty"`
	// Optional: without it the kinds are left out of scope instead of forbidden.
	Optional bool `json:"optional,omitempty"`
}

// ReadRequest asks for objects of one kind: all of them, or those with the
// given ids and those that match.
type ReadRequest struct {
	Kind string
	All  bool
	// IDs of objects. One that is not there is not an error: it is listed in
	// the result's Absent.
	IDs []string
	// Matches asks for every object whose properties have these values: none,
	// one or several may match each.
	Matches []Match
}

// Match is a set of JSON pointers and the strings that stand there.
type Match map[string]string

// ReadResult says how much was read.
type ReadResult struct {
	Completeness Completeness
	// Absent are the requested IDs that the tenant says are not there.
	Absent []string
	// Reason, Missing and RequestID are as in [KindState].
	Reason    string
	Missing   []string
	RequestID string
	// Class is the error's class when Completeness is Partial or Failed. A run does not
	// read the kind again because of it: a client that the service asks to wait
	// waits itself, and the Reason of a read that it gives up names the pause.
	Class Class
}

// GetRequest names one object. A singleton may have an empty ID.
type GetRequest struct {
	Kind string
	ID   string
}

// Operation is one write, with ids instead of names.
type Operation struct {
	Verb Verb
	Kind string
	// ID of the object; empty for a create.
	ID string
	// Before is the whole object as last read; nil for a create. A client that
	// can make the write conditional on it should.
	Before json.RawMessage
	// After is the whole object as it should be, without read-only properties;
	// nil for a delete.
	After json.RawMessage
	// Patch is the body of an update: a JSON merge patch (RFC 7386) of the
	// changed properties, with [Kind.Whole] paths complete. Arrays are whole.
	Patch json.RawMessage
	// Part, if not empty, names the [Part] of the object that is to be updated:
	// the patch has nothing but it. An update without it leaves all parts
	// alone, and a create has only those with [Part.WithCreate].
	Part string
	// Restore, of a create, is the id of a deleted object: the object is restored, and
	// changed by Patch if there is one. Before is the object as it comes back. Such an
	// operation may be repeated: an object that is there already is not restored again.
	// Only a [Restorer] gets it.
	Restore string
	// IdempotencyKey is the same whenever the same operation is tried again.
	IdempotencyKey string
	// Sum hashes a text under a key of the tenant that the client does not know. The
	// engine sets it and stores such sums, because the text may hold secrets. It may be
	// nil.
	Sum func(text []byte) string `json:"-"`
	// Approval is the approved request for this write, or nil. With it, the client
	// sends the request with this sum and this code, and nothing else: for another
	// request it returns an error of class Conflict. See [ApprovalReader].
	Approval *Approval
}

// Applied is the answer of Apply.
type Applied struct {
	// Resource has the object's ID; its Body is the object as the tenant
	// returned it, or nil if it returned none.
	Resource Resource
	// RequestID is the service's id of the request.
	RequestID string
}
