package graph

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

// Entry is a kind of Microsoft Graph, as data: the engine's [tenant.Kind], and how it
// is read and written. Entries are written as JSON, see
// [Catalogue]; the names in the field tags are the file's.
//
// In all paths below Endpoint, "{id}" stands for the object's id, escaped, and
// "{directory}" for the directory id of the tenant.
type Entry struct {
	// Kind has the engine's data: name, key, read-only properties, sets, references
	// and so on. Create, Update and Delete say which verbs the
	// service has; see also Unproven.
	tenant.Kind

	// Endpoint is the path of the collection or the singleton, below the
	// version: "/identity/conditionalAccess/policies".
	Endpoint string `json:"endpoint"`
	// Version is "v1.0" or "beta". What Microsoft's metadata declares at beta only
	// is not shown at v1.0. An object that needs it cannot be written at v1.0,
	// and the error says so. To manage it, put the entry into a catalogue of your
	// own with the version beta; see [Catalogue.With].
	Version string `json:"version"`
	// ID is the property that names an object in a URL. Defaults to "id".
	ID string `json:"id,omitempty"`

	// List says how the collection is read.
	List List `json:"list,omitzero"`
	// Subs are pieces of an object that its own body lacks. Each is put into
	// the body as a property, so that the object is whole.
	Subs []Sub `json:"subs,omitempty"`

	// NamesOnly, if not empty, names the contents that are never read, for people:
	// "its settings". Reads of the kind say [tenant.NamesOnly] then.
	NamesOnly string `json:"namesOnly,omitempty"`

	// Requests say how verbs are carried out where that is not the usual way:
	// POST to the collection, PATCH with what changes and DELETE of the object.
	Requests Requests `json:"requests,omitzero"`
	// PartRequests say how each of Kind.Parts is written, by its name.
	PartRequests map[string]PartRequest `json:"partRequests,omitempty"`
	// Apart are top-level properties that the service takes only in a PATCH without
	// others. An update that changes both is two requests, and so is a create: see
	// [Requests].
	Apart []string `json:"apart,omitempty"`
	// DisableFirst are arrays (paths without "*") whose members have an id and the
	// property isEnabled. A member that is enabled is disabled by a PATCH before another
	// removes it. The object keeps it disabled if the second fails.
	DisableFirst []string `json:"disableFirst,omitempty"`
	// Headers are sent with every request for the kind's objects, reads included:
	// "Accept-Language".
	Headers map[string]string `json:"headers,omitempty"`
	// OptIns are pieces that are read and written only where a host asks for
	// them, by name; see [Config.Parts].
	OptIns map[string]OptIn `json:"optIns,omitempty"`

	// Read and Write are the permissions that the kind needs.
	Read  Scopes `json:"read"`
	Write Scopes `json:"write,omitzero"`
	// Unproven are verbs (and parts, as "update#assignments") that neither an
	// example of Microsoft's documentation nor two public tools show. They are off
	// unless a host turns them on, see Config.Unproven.
	Unproven []string `json:"unproven,omitempty"`
	// Shown are verbs that no example shows, and that are on all the same.
	Shown []Shown `json:"shown,omitempty"`
	// Documented are verbs (and parts, as in Unproven) that are on although no example
	// at hand shows them, with the page of Microsoft's documentation that describes
	// each: "v1.0/api/application-update".
	Documented map[string]string `json:"documented,omitempty"`

	// Unavailable are the national clouds that lack the kind: there it is without
	// verbs, needs no permission, and shows as not available. The package's own
	// catalogue is without them, since its sources do not tell of single kinds.
	// Where a cloud answers 404 for a kind, name it here.
	Unavailable []Cloud `json:"unavailable,omitempty"`
	// Licence names the licence that the tenant needs, for people.
	Licence string `json:"licence,omitempty"`
	// Remarks are for people. Source says where the entry's facts are from: a
	// page of Microsoft's documentation.
	Remarks string `json:"remarks,omitempty"`
	Source  string `json:"source,omitempty"`
}

// List says how a collection is read.
type List struct {
	// Query is added to the list's URL: "$top=999", "$filter=…", "$expand=…".
	Query string `json:"query,omitempty"`
	// Single: the list's items lack properties, so that each object is read by
	// its id as well. With SingleQuery, which defaults to the "$expand=…" of Query.
	Single      bool   `json:"single,omitempty"`
	SingleQuery string `json:"singleQuery,omitempty"`
	// Filter are the properties by which the service finds objects with
	// "$filter=property eq 'value'"; for others the whole list is read.
	Filter []string `json:"filter,omitempty"`
	// Skip leaves out the items that meet a condition.
	Skip []tenant.Condition `json:"skip,omitempty"`
	// NotFoundIsEmpty: the service answers 404 where there is nothing yet.
	NotFoundIsEmpty bool `json:"notFoundIsEmpty,omitempty"`
}

// Sub is a piece of an object that is read by a request of its own, in batches
// of many objects.
type Sub struct {
	// Path is below the object: "/assignments", with a query if it needs one.
	Path string `json:"path"`
	// Property is where it is put: "assignments".
	Property string `json:"property"`
	// Object: it is one object and not a collection.
	Object bool `json:"object,omitempty"`
	// Subs are pieces of the collection's members, each read by a request of its
	// own below the member: "/presentationValues". The members must have ids.
	// Pieces of pieces have none.
	Subs []Sub `json:"subs,omitempty"`
	// IDs: it is a collection of objects that are managed elsewhere. Their ids
	// alone are put: "/members?$select=id".
	IDs bool `json:"ids,omitempty"`
	// Take, in place of Property, are properties that the object itself shows only
	// where they are asked for: "?$select=allowExternalSenders".
	Take []string `json:"take,omitempty"`
	// When and Unless, if not nil, say which objects have the piece. The others are
	// not asked for it, and it is not written there.
	When   *Holding `json:"when,omitempty"`
	Unless *Holding `json:"unless,omitempty"`
}

// Holding is true of objects whose array at Path has the text Value, in any letter
// case.
type Holding struct {
	Path  string `json:"path"`
	Value string `json:"value"`
}

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
	// is a request of its own: a delete that fails after it leaves the object
	// so, and its outcome counts as unknown, to be found out by reading.
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

// Scopes are permissions by how a person, or an application of its own, has
// them. Each inner list is a choice, the least powerful first; each list needs
// one of every inner list.
type Scopes struct {
	Delegated   [][]string `json:"delegated,omitempty"`
	Application [][]string `json:"application,omitempty"`
	// DelegatedOnly: applications cannot, a person has to be signed in.
	DelegatedOnly bool `json:"delegatedOnly,omitempty"`
	// Optional: without them the kind is left out of scope, not forbidden.
	Optional bool `json:"optional,omitempty"`
}

// Cloud is one of Microsoft's clouds.
type Cloud string

// The clouds, by the names that package auth/entra has too.
const (
	Global  Cloud = "global"
	USGovL4 Cloud = "usgov-l4" // GCC High
	USGovL5 Cloud = "usgov-l5" // DoD
	China   Cloud = "china"    // operated by 21Vianet
)
