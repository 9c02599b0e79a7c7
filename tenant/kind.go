package tenant

import (
	"encoding/json"
	"time"
)

// Kind is a type of configuration object, as data: its name, how its objects are
// told apart, its verbs, and how the JSON of its objects is compared. Kinds come
// from the [Client]; the library lacks a list of its own.
//
// Paths are JSON pointers (RFC 6901) in which a segment may be "*": every
// member of an object or element of an array. "/conditions/users/*Groups" is
// not a pattern: "*" stands for a whole segment only. The segment "**" stands
// for any number of segments, also for none, so that trees of any depth can be
// declared: "/settings/**/children". EmptyIsAbsent, Defaults, Forms, Sets,
// Sensitive, SensitiveTypes and Readable may have it. A path names the value and all below it.
// The zero value of every field but Name is safe: it promises nothing and
// allows nothing.
//
// Two bodies are equal if nothing but the following tells them apart: null and
// absent; empty values and declared defaults where EmptyIsAbsent and Defaults
// say so; the order of Sets; the spelling of texts as Forms say; the case of
// GUIDs and of the Literals of References; "#" before an "@odata.type". Inside
// the elements of arrays, where services add properties of their own, every
// property that is null, empty, an object of only empty members, or a declared
// default means the same as an absent one.
type Kind struct {
	// Name is unique, and the folder in a repository: "conditionalAccessPolicies".
	Name string `json:"name"`
	// Title is for people: "Conditional Access policies". Defaults to Name.
	Title string `json:"title,omitempty"`
	// Scope is the default scope; a host can choose another. Defaults to All.
	Scope Scope `json:"scope,omitempty"`
	// Singleton kinds have exactly one object, whose key is the kind's name
	// and which cannot be created or deleted.
	Singleton bool `json:"singleton,omitempty"`
	// NaturalKey lists the paths (without "*") of the properties that name an
	// object: the values, joined by " - ", are its key. It is used for the
	// first match only; after that objects are known by their id. Defaults to
	// ["/displayName"].
	NaturalKey []string `json:"naturalKey,omitempty"`

	// Create, Update and Delete say which verbs the kind knows.
	Create bool `json:"create,omitempty"`
	Update bool `json:"update,omitempty"`
	Delete bool `json:"delete,omitempty"`
	// Limits take verbs away from some objects: built-ins, managed ones.
	Limits []Limit `json:"limits,omitempty"`

	// ReadOnly paths are dropped from comparison and never written.
	ReadOnly []string `json:"readOnly,omitempty"`
	// CreateOnly paths can be given on create and not changed later; a
	// difference there is reported as unsupported.
	CreateOnly []string `json:"createOnly,omitempty"`
	// EmptyIsAbsent paths mean the same when null, [], {}, "", an object of
	// only such members, or missing. Elsewhere only null and missing do, and a
	// set that is null or missing is one without members.
	EmptyIsAbsent []string `json:"emptyIsAbsent,omitempty"`
	// Defaults are the values that absent properties have.
	Defaults []Default `json:"defaults,omitempty"`
	// Forms say which texts are enumerations, flags, ids, times, durations or
	// IP ranges. All other texts are compared exactly.
	Forms []Form `json:"forms,omitempty"`
	// Sets are arrays without order.
	Sets []Set `json:"sets,omitempty"`
	// References are the paths that hold other objects' ids.
	References []Reference `json:"references,omitempty"`
	// Sensitive paths hold secrets that can be read: they are redacted
	// everywhere but in the request to the tenant.
	Sensitive []string `json:"sensitive,omitempty"`
	// SensitiveTypes are secrets like those at Sensitive paths, of objects of one
	// type only: a settings catalog has texts, numbers and secrets at one path.
	SensitiveTypes []SensitiveType `json:"sensitiveTypes,omitempty"`
	// SecretNames makes each text a secret whose property's name says so
	// ([SaysSecret]), at any depth, and the texts in such an array. Such a secret
	// is redacted like a Sensitive one. If it comes back as asterisks, it counts
	// as Masked.
	SecretNames bool `json:"secretNames,omitempty"`
	// Readable are exceptions to SecretNames.
	Readable []Readable `json:"readable,omitempty"`
	// Masked paths hold secrets that come back as asterisks ("****"). They are
	// never compared and never written as asterisks.
	Masked []Masked `json:"masked,omitempty"`
	// Whole paths must be sent whole when anything below them changes; the
	// path "" means that every update sends the whole object.
	Whole []string `json:"whole,omitempty"`
	// Parts are pieces of an object that the service keeps apart and that are
	// written by requests of their own: assignments, members, messages by
	// language. In the repository they stand in the object's file; in a plan
	// each is an item of its own, after the object's.
	Parts []Part `json:"parts,omitempty"`

	// Order places the kind among others where references do not: lower is
	// created and updated earlier, and deleted later.
	Order int `json:"order,omitempty"`
	// After are conditional orders between kinds.
	After []After `json:"after,omitempty"`
	// DeleteEnds are conditions that a client ends, by a request of its own, before it
	// deletes an object. So an object that has changed since the plan only in
	// that one of them no longer holds is, for its delete, the object of the plan.
	// Each has a Path and Equals.
	DeleteEnds []Condition `json:"deleteEnds,omitempty"`
	// Consistency is how long a created object may stay invisible to reads.
	// An absent create counts as not applied only after it. Defaults to 1 minute.
	Consistency time.Duration `json:"consistency,omitempty"`
	// Throttle names the group of kinds that share a limit of requests.
	Throttle string `json:"throttle,omitempty"`
}

// Scope says which objects of a kind a sync looks at.
type Scope string

// The scopes.
const (
	// All objects of the kind.
	All Scope = "all"
	// Listed: those that the repository or the base names.
	Listed Scope = "listed"
	// Referenced: those that objects in scope refer to. They are read, so that
	// references can be named, and never written.
	Referenced Scope = "referenced"
	// OutOfScope: none; the kind is left alone on both sides.
	OutOfScope Scope = "none"
)

// Verb is a change of an object.
type Verb string

// The verbs.
const (
	Create Verb = "create"
	Update Verb = "update"
	Delete Verb = "delete"
)

// Condition is a predicate over an object's body: the value at Path (without
// "*") equals Equals, or, with Prefix, is a string that begins with it. An
// absent value equals null. Equals names a word of the service, so the case of
// its letters A to Z does not count, and neither does "#" before a type; Prefix
// may name a person's text and is exact. The zero Condition always holds.
type Condition struct {
	Path   string          `json:"path"`
	Equals json.RawMessage `json:"equals,omitempty"`
	Prefix string          `json:"prefix,omitempty"`
}

// Limit takes verbs away from the objects that meet When.
type Limit struct {
	When Condition `json:"when"`
	// Verbs that are impossible.
	Verbs []Verb `json:"verbs"`
	// Reason is shown to people: "built-in roles cannot be changed".
	Reason string `json:"reason"`
	// ServiceMade: the service changes such objects. Its changes are adopted,
	// never undone.
	ServiceMade bool `json:"serviceMade,omitempty"`
	// Kind, if not empty, is the kind to which such objects belong. Reads of this
	// kind leave them out, so that their absence is no removal: a file of such an
	// object stays, with Reason as a note.
	Kind string `json:"kind,omitempty"`
}

// Set declares that the order of the array at Path does not count. Members are told apart by
// the values at By (paths within a member), or by their whole value when By is
// empty. They are merged member by member: written = current − removed + added.
// A member that is there twice is one member, unless Multi says otherwise.
//
//	{Path: "/assignments", By: []string{"/target/@odata.type", "/target/groupId", "/intent"}}
//	{Path: "/settings/**/children", By: []string{"/settingDefinitionId"}, Multi: true}
type Set struct {
	Path string   `json:"path"`
	By   []string `json:"by,omitempty"`
	// Multi: equal members count one by one, like firewall rules that repeat one
	// definition. While By tells all members apart on every side,
	// they are merged one by one; otherwise the array is compared and written
	// as a whole, still without regard to order.
	Multi bool `json:"multi,omitempty"`
}

// Reference declares that the strings at Path are ids of other objects.
type Reference struct {
	Path string `json:"path"`
	// Type, if not empty, is the "@odata.type" that the object which holds the
	// last segment must have for this to apply.
	Type string `json:"type,omitempty"`
	// Kinds that the id may belong to, in the order in which they are tried.
	Kinds []string `json:"kinds"`
	// Property of the other object that stands here instead of its id, for
	// example "mail". Defaults to the id.
	Property string `json:"property,omitempty"`
	// Literals are values that are not references: "All", role templates,
	// well-known ids. A literal that ends in "*" is a prefix. Their case does
	// not count: Graph takes "all" and stores "All".
	Literals []string `json:"literals,omitempty"`
}

// SensitiveType declares that the value at Path is a secret where the object
// that holds it has the type:
//
//	{Path: "/settings/**/simpleSettingValue/value", Type: "#microsoft.graph.deviceManagementConfigurationSecretSettingValue"}
type SensitiveType struct {
	Path string `json:"path"`
	// Type is as in [Form]. An object that does not tell its type has not got it.
	Type string `json:"type"`
	// Token, unless it is zero, says when the value is not the secret but a
	// token that the service returns in its place. Then the secret counts as
	// hidden, like a [Masked] one, and a write that leaves the object alone
	// sends the token back.
	Token TokenState `json:"token,omitzero"`
	// Source says where the fact is from, for people.
	Source string `json:"source,omitempty"`
}

// TokenState is the state of an object whose secret is a token: its property
// Property has the text Value, in any letter case.
//
//	{Property: "valueState", Value: "encryptedValueToken"}
type TokenState struct {
	Property string `json:"property"`
	Value    string `json:"value"`
}

// Readable declares that the text at Path, or the texts in the array there, are
// no secret, although the name says so. It changes nothing about Sensitive,
// SensitiveTypes and Masked paths.
type Readable struct {
	Path string `json:"path"`
	// Type, if not empty, is as in [Form].
	Type string `json:"type,omitempty"`
	// Source says where the fact is from, for people.
	Source string `json:"source,omitempty"`
}

// Masked declares a secret that cannot be read back.
type Masked struct {
	// Path of the masked value.
	Path string `json:"path"`
	// Token is a sibling property (a name, not a path) that stands for the
	// stored secret within this tenant, such as "secretReferenceValueId": with
	// it freshly read, an untouched secret can be sent along with the whole
	// object. Empty: it cannot.
	Token string `json:"token,omitempty"`
	// Source says where the fact is from, for people.
	Source string `json:"source,omitempty"`
}

// Part is a piece of an object that is written by a request of its own.
type Part struct {
	// Name is unique within the kind, and without "/": "assignments".
	Name string `json:"name"`
	// Path of the piece, without "*": "/assignments". A created object has
	// nothing there: declare the path as EmptyIsAbsent where reads show that
	// as an empty value. One that is CreateOnly as well, and not WithCreate,
	// is never written: what differs is reported as unsupported.
	Path string `json:"path"`
	// WithCreate: an object is created with it, and only later changes are
	// requests of their own.
	WithCreate bool `json:"withCreate,omitempty"`
}

// After orders an object of this kind whose new body meets When after every
// object of Kind in the same plan whose new body meets Then. A deleted object
// meets Then if Deleted. Example: a Conditional Access policy that becomes
// enabled goes after security defaults that become disabled.
type After struct {
	When    Condition `json:"when"`
	Kind    string    `json:"kind"`
	Then    Condition `json:"then"`
	Deleted bool      `json:"deleted,omitempty"`
}

// Allows reports whether the kind knows the verb at all.
func (k Kind) Allows(v Verb) bool {
	switch v {
	case Create:
		return k.Create && !k.Singleton
	case Update:
		return k.Update
	case Delete:
		return k.Delete && !k.Singleton
	}
	return false
}
