package catalogue

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

// Requests are how an object itself is written. A create with properties that go
// [Entry.Apart], and an update of such and others, are two requests. If the second
// fails, the outcome of the whole counts as unknown, to be found out by reading.
type Requests struct {
	Create Request `json:"create,omitzero"`
	Update Request `json:"update,omitzero"`
	Delete Request `json:"delete,omitzero"`
}

// Request is one write. The zero Request is the usual one of its verb.
type Request struct {
	// Method defaults to POST, PATCH and DELETE.
	Method string `json:"method,omitempty"`
	// Path is below the collection for a create, and below the object
	// otherwise: "/updateAllowedCombinations". Defaults to none.
	Path string `json:"path,omitempty"`
	// Wrap puts the body under a property: "assignments".
	Wrap string `json:"wrap,omitempty"`
	// Whole sends the object as it should be instead of what changes.
	Whole bool `json:"whole,omitempty"`
	// Drop are top-level properties that this request must not have, beside the
	// kind's read-only ones.
	Drop []string `json:"drop,omitempty"`
	// Keep are read-only properties that this request must have all the same:
	// "@odata.type" is always kept.
	Keep []string `json:"keep,omitempty"`
	// Set are properties that the request always has.
	Set map[string]json.RawMessage `json:"set,omitempty"`
	// Bind are references that the request writes as links.
	Bind []Bind `json:"bind,omitempty"`
	// Visible, of a create, waits until a read shows the object, so that others can
	// refer to it. It waits for Kind.Consistency at most; an object that still does not
	// show then counts as created all the same.
	Visible bool `json:"visible,omitempty"`
	// First, of a delete, is patched before it where the object demands that. It
	// is a request of its own. The delete is sent again for Kind.Consistency
	// while the service refuses it, and is finished by the next attempt if the time for the
	// write ends before. If the service still refuses it, the object is patched back.
	First *First `json:"first,omitempty"`
}

// First is a patch that objects which meet a condition need before they can be
// deleted.
type First struct {
	When tenant.Condition `json:"when"`
	Set  json.RawMessage  `json:"set"`
	// Visible: the delete is sent when a read shows that When no longer holds. If none
	// does within Kind.Consistency, it is not sent.
	Visible bool `json:"visible,omitempty"`
}

// PartRequest is how a part of an object is written.
type PartRequest struct {
	// Action, if not empty, is a POST to this path below the object of the
	// whole new value, under Wrap: "/assign". The service replaces its
	// list, so the value is always made from a read just before.
	Action string `json:"action,omitempty"`
	// Method defaults to POST. What is put is deleted where it is to be null.
	Method string `json:"method,omitempty"`
	Wrap   string `json:"wrap,omitempty"`
	// Changes, if not nil, says that Action takes what changes, and not the whole
	// new value.
	Changes *Changes `json:"changes,omitempty"`
	// Each, if not nil and Action is empty, writes member by member.
	Each *Each `json:"each,omitempty"`
	// Drop are properties of the members (or of the value) that are not sent.
	Drop []string `json:"drop,omitempty"`
}

// Each is a collection below an object whose members are written one by one:
// those that are new are added, those that changed are changed where the
// service can do that, and those that are gone are removed, in this order. The
// first failure ends the write. Earlier requests stay carried out, and the outcome of
// the whole counts as unknown, to be found out by reading.
type Each struct {
	// Collection is below the object: "/localizedNotificationMessages",
	// "/members/$ref".
	Collection string `json:"collection"`
	// By are properties that tell members apart. Defaults to the whole member.
	By []string `json:"by,omitempty"`
	// Ref: members are references; each is added by the URL "@odata.id" of this
	// path ("/directoryObjects/{id}"), and removed from Item.
	Ref string `json:"ref,omitempty"`
	// Item is a member's own path below the object, with "{member}" for its id:
	// "/localizedNotificationMessages/{member}", "/members/{member}/$ref".
	Item string `json:"item,omitempty"`
	// Update: a member that changed is patched; otherwise it is removed and added.
	Update bool `json:"update,omitempty"`
	// UpdateDrop are properties of a member that its patch must not have.
	UpdateDrop []string `json:"updateDrop,omitempty"`
	// Root, if not empty, is the object's address below the version in these
	// requests, where it is not the kind's own, with "{id}" for the object's id.
	Root string `json:"root,omitempty"`
	// Fixed, if not empty, says why members are neither added nor removed. A part
	// that lacks one or has another is not written.
	Fixed string `json:"fixed,omitempty"`
	// Add and Remove, in place of Collection and Item, are actions of the members: a
	// POST of Set to this path below the version, with "{member}" for the member's id.
	Add    string `json:"add,omitempty"`
	Remove string `json:"remove,omitempty"`
	// Set are properties that a new member always has. The text "{id}" is the
	// object's id.
	Set map[string]json.RawMessage `json:"set,omitempty"`
	// Stays, if not empty, says why members cannot be removed. A part that lacks one
	// is not written.
	Stays string `json:"stays,omitempty"`
}

// Changes is how an action takes what changes in a collection, all in one
// request: {"added": […], "updated": […], "deletedIds": […]}.
type Changes struct {
	// Added and Updated are the parameters for members that are new and that
	// changed, Deleted the one for the ids of members that are gone.
	Added   string `json:"added"`
	Updated string `json:"updated"`
	Deleted string `json:"deleted"`
	// By are pointers within a member that tell members apart.
	By []string `json:"by"`
	// Within are collections within a member. Those of their members that the
	// tenant has keep their ids. An update cannot remove one of them: a member that
	// loses one is removed by a request of its own, and added again.
	Within []Within `json:"within,omitempty"`
	// Bind are references within a member that are written as links.
	Bind []Bind `json:"bind,omitempty"`
}

// Within is a collection within the members of another.
type Within struct {
	// Path within a member, without "*".
	Path string `json:"path"`
	// By are pointers that tell the collection's members apart.
	By []string `json:"by"`
}

// Bind is a reference that reads show as an object with an id, and that a write
// sends as a link: {"role": {"id": "r"}} becomes {"role@odata.bind":
// "https://graph.microsoft.com/beta/roles('r')"}.
// See https://docs.oasis-open.org/odata/odata-json-format/v4.01/, "Bind Operation".
type Bind struct {
	// Path leads to the object; a segment "*" stands for every element of an array.
	Path string `json:"path"`
	// To is the path of the link below the version. "{id}" stands for the
	// object's id, and "{/a/id}" for the text at that pointer in the value that
	// Path begins in.
	To string `json:"to"`
}
