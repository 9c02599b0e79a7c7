package tenant

import (
	"context"
	"time"
)

// Restorer is implemented by clients whose service keeps deleted objects for some
// time, and can restore them with their ids. Optional: the engine looks for it on
// a [Client] when it plans a roll back. An object that Deleted returns is restored by
// a create with [Operation.Restore]; any other object is created anew, with
// another id.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
type Restorer interface {
	// Deleted returns the objects of a kind that can be restored. Errors are as of
	// [Client.Get].
	Deleted(ctx context.Context, req DeletedRequest) (Deleted, error)
}

// DeletedRequest asks for the deleted objects of one kind.
type DeletedRequest struct {
	Kind string
}

// Deleted is the answer of [Restorer].
type Deleted struct {
	// Kept: the service keeps deleted objects of the kind. Without it there are
	// no Objects.
	Kept bool
	// Preview: the service offers the calls as a preview, which may change.
	Preview bool
	Objects []DeletedObject
}

// DeletedObject is an object that can be restored.
type DeletedObject struct {
	// Resource is the object as it comes back: with its id, without a key. It
	// may lack [Kind.Parts].
	Resource
	// At is the time of the delete; the zero time if it is not known.
	At time.Time
}
