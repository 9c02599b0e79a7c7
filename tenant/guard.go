package tenant

import (
	"context"
	"encoding/json"
	"strings"
)

// Guard is implemented by clients that know dangerous plans, which a person has to
// accept: one that would lock everybody out, for example. Optional:
// the engine looks for it on a [Client], and asks it once a plan is made. What
// it finds stands in the plan beside the rules that it breaks, and an approval
// has to name it.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
type Guard interface {
	// Guard looks at what a plan would do. An error is the context's, or of class
	// Unauthenticated. A question that Guard cannot answer is a violation that
	// says so.
	Guard(ctx context.Context, req GuardRequest) ([]Violation, error)
}

// GuardRequest has the changes of a plan. It holds no secrets: "[redacted]" and
// asterisks stand for them.
type GuardRequest struct {
	// Tenant is the host's name for the tenant.
	Tenant  string
	Changes []GuardChange
	// IDs are the ids that objects have in the tenant, by kind and key.
	// Objects that the plan creates lack one.
	IDs map[string]map[string]string
}

// GuardChange is one item of a plan. An item that restores a deleted object and
// then changes it has two, in this order: a create with the form in which the object comes back,
// and an update.
type GuardChange struct {
	// Item is its ID in the plan.
	Item string
	Kind string
	Key  string
	Verb Verb
	// Part is the part of the object that the item is about; empty for the
	// object itself.
	Part string
	// Restored, of a create, means that the service brings a deleted object back in
	// the form After, under its ID: with what it had, such as the members of a group.
	Restored bool
	// ID of the object in the tenant; empty for one that is created and not
	// Restored.
	ID string
	// Before is the whole object as the tenant has it; nil for a create.
	// After is the whole object as it will be sent; nil for a delete. Both are
	// without read-only properties, and speak of the same values as a deploy:
	// ids, not names, and for a reference to a property its value. Only the id
	// of an object that the plan itself creates is not known yet: [NewObject]
	// stands there.
	Before, After json.RawMessage
	// Names are the names of the objects whose ids stand in Before and After,
	// "kind/key" by id. Objects without a name in the repository are not in it. The text
	// of a [NewObject] is in it too; one that is not is a text of a file.
	Names map[string]string
}

const newObjectPrefix, newObjectSuffix = "${new:", "}"

// NewObject is the text that stands in a [GuardChange] for the id of an object
// that the plan creates: "${new:groups/Staff}". No id looks like it.
func NewObject(kind, key string) string {
	return newObjectPrefix + kind + "/" + key + newObjectSuffix
}

// ParseNewObject is the reverse of [NewObject]. It is false for every other text.
func ParseNewObject(text string) (kind, key string, ok bool) {
	inner, isNew := strings.CutPrefix(text, newObjectPrefix)
	inner, ended := strings.CutSuffix(inner, newObjectSuffix)
	kind, key, named := strings.Cut(inner, "/")
	if !isNew || !ended || !named || kind == "" || key == "" {
		return "", "", false
	}
	return kind, key, true
}

// Violation is a rule that a plan would break, or something that a person should know
// before an approval.
type Violation struct {
	// Rule names it; an approval accepts it by this name.
	Rule string
	// Message says what would happen, and what to do instead.
	Message string
	// Items are the IDs of the items concerned.
	Items []string
	// Information: the plan breaks no rule, and an approval need not name it. The
	// plan has a note instead.
	Information bool
}

// Confirmer is implemented by clients that can ask the service, after a deploy, whether
// those whom a [Guard] protects still get in. Optional: the engine looks for it on a
// [Client], and asks it once what was written has been read back. The report has its
// answers as notes.
//
// Implementations must be safe for concurrent use and honor the context's
// cancellation.
type Confirmer interface {
	// Confirm returns what the service says, as information, and nothing where it
	// cannot be asked or nothing was written that matters. An error is the context's,
	// or of class Unauthenticated.
	Confirm(ctx context.Context, req ConfirmRequest) ([]Violation, error)
}

// ConfirmRequest names what a run has written.
type ConfirmRequest struct {
	// Tenant is the host's name for the tenant.
	Tenant string
	// Kinds are the kinds of the objects that were written, sorted.
	Kinds []string
}
