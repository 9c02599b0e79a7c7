package tenant

import (
	"context"
	"encoding/json"
)

// Guard is implemented by clients that know what a plan must not do to their
// tenant without a person saying so: lock everybody out, for example. Optional:
// the engine looks for it on a [Client], and asks it once a plan is made. What
// it finds stands in the plan beside the rules that it breaks, and an approval
// has to name it.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
type Guard interface {
	// Guard looks at what a plan would do. An error is the context's, or one of
	// credentials that are no longer accepted; what could not be found out is
	// a violation that says so.
	Guard(ctx context.Context, req GuardRequest) ([]Violation, error)
}

// GuardRequest is what a plan would do.
type GuardRequest struct {
	Changes []GuardChange
	// IDs are the ids that objects have in the tenant, by kind and key. What
	// the plan creates has none.
	IDs map[string]map[string]string
}

// GuardChange is one item of a plan.
type GuardChange struct {
	// Item is its ID in the plan.
	Item string
	Kind string
	Key  string
	Verb Verb
	// Part is the part of the object that the item is about; empty for the
	// object itself.
	Part string
	// ID of the object in the tenant; empty for one that is created.
	ID string
	// After is the whole object as proposed, with names where ids will stand:
	// "${groups/Staff}". Nil for a delete.
	After json.RawMessage
}

// Violation is a rule that a plan would break.
type Violation struct {
	// Rule names it; an approval accepts it by this name.
	Rule string
	// Message says what would happen, and what to do instead.
	Message string
	// Items are the IDs of the items concerned.
	Items []string
}
