package catalogue

import (
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
	// removes it. If the service refuses the second, the member is enabled again.
	DisableFirst []string `json:"disableFirst,omitempty"`
	// Deleted, if not nil, says where the service keeps deleted objects of the kind for some
	// time, and restores them with their ids.
	Deleted *Deleted `json:"deleted,omitempty"`
	// Headers are sent with every request for the kind's objects, reads included:
	// "Accept-Language".
	Headers map[string]string `json:"headers,omitempty"`
	// OptIns are pieces that are read and written only where a host asks for
	// them, by name; see graph.Config.Parts.
	OptIns map[string]OptIn `json:"optIns,omitempty"`

	// Read and Write are the permissions that the kind needs.
	Read  Scopes `json:"read"`
	Write Scopes `json:"write,omitzero"`
	// Unproven are verbs (and parts, as "update#assignments") that neither an
	// example of Microsoft's documentation nor two public tools show. They are off
	// unless a host turns them on, see graph.Config.Unproven.
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

// Deleted says where deleted objects are.
type Deleted struct {
	// List is the path of the collection of the kind's deleted objects below the version:
	// "/directory/deletedItems/microsoft.graph.group". An object is restored by
	// a POST to Path, its id and "/restore".
	List string `json:"list"`
	Path string `json:"path"`
	// Version is "v1.0" or "beta". What is at beta is a preview.
	Version string `json:"version"`
	// With are objects of another kind that were deleted with the object, and are
	// restored with it.
	With *DeletedWith `json:"with,omitempty"`
	// Source says where this is from: a page of Microsoft's documentation.
	Source string `json:"source"`
}

// DeletedWith are the deleted objects of another kind, at List as in [Deleted], whose
// property By is the object's own: the service principal of an application has its appId.
type DeletedWith struct {
	List string `json:"list"`
	By   string `json:"by"`
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
	// Skip leaves out the items that meet a condition. Reads by id leave them out too.
	Skip []tenant.Condition `json:"skip,omitempty"`
	// Only, if not empty, leaves out the items that meet none of its conditions.
	Only []tenant.Condition `json:"only,omitempty"`
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

// Cloud is one of Microsoft's clouds.
type Cloud string

// The clouds, by the names that package auth/entra has too.
const (
	Global  Cloud = "global"
	USGovL4 Cloud = "usgov-l4" // GCC High
	USGovL5 Cloud = "usgov-l5" // DoD
	China   Cloud = "china"    // operated by 21Vianet
)
