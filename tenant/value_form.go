package tenant

import "encoding/json"

// ValueForm says which texts are the same value although they are spelled
// differently. The forms are a closed set: a kind chooses among them, and a
// text that is not of the declared form equals only itself.
//
// A text that a kind declares nothing about is compared exactly, with one
// exception: a text that is a GUID as a whole equals the same GUID in another
// case. Names, descriptions, package names, bundle ids and OMA-URIs therefore
// need no declaration.
type ValueForm string

// The value forms.
const (
	// Text is compared exactly, even where it looks like a GUID.
	Text ValueForm = "text"
	// Enumeration is compared without regard to the case of A to Z:
	// "enabled" and "Enabled".
	Enumeration ValueForm = "enumeration"
	// Flags is an enumeration with several members in one text, separated by
	// commas. Their order, their case, blanks around them and repetitions do
	// not count: "minor,moderate" and "Moderate, minor".
	Flags ValueForm = "flags"
	// ID is the id of an object or the sign-in name or mail address of a
	// person. GUIDs and texts with one "@" are compared without regard to the
	// case of A to Z, every other id exactly.
	ID ValueForm = "id"
	// Time is a date, a date with a time, or a time of day, compared by value:
	// "2026-03-01T01:00:00+01:00", "2026-03-01T00:00:00.0000000Z" and the date
	// "2026-03-01" are the same instant. A date with a time but without an
	// offset is local: it equals only others without an offset. "08:00:00"
	// equals "08:00:00.0000000".
	Time ValueForm = "time"
	// Duration is an ISO 8601 duration, compared by value: "PT24H" and "P1D",
	// "P1Y" and "P12M". A month never equals a number of days.
	Duration ValueForm = "duration"
	// IPRange is an IP address, a network in CIDR notation, or two addresses
	// joined by "-", compared by the set of its addresses. The host bits of a
	// network do not count: "192.0.2.17/24" is "192.0.2.0/24", which is also
	// "192.0.2.0-192.0.2.255". IPv6 addresses may be spelled in any way. An
	// IPv4-mapped IPv6 address is an IPv6 address and equals no IPv4 address.
	IPRange ValueForm = "ipRange"
)

// Form declares the form of the texts at Path. Elements of an array are
// declared by a path that ends in "*":
//
//	{Path: "/state", As: Enumeration}
//	{Path: "/grantControls/builtInControls/*", As: Enumeration}
//	{Path: "/conditions/insiderRiskLevels", As: Flags}
//	{Path: "/ipRanges/*/cidrAddress", As: IPRange}
//
// Where several forms are declared for one text, the last one counts.
type Form struct {
	Path string `json:"path"`
	// Type, if not empty, is the "@odata.type" that the object which holds the
	// last segment must have for this to apply, with or without "#".
	Type string    `json:"type,omitempty"`
	As   ValueForm `json:"as"`
	// Source says where the fact is from, for people.
	Source string `json:"source,omitempty"`
}

// Default declares that a property which is absent has the given value: the
// value, null, an empty value and absence mean the same at Path. A service that
// writes its defaults into its answers then shows no difference:
//
//	{Path: "/assignments/*/target/deviceAndAppManagementAssignmentFilterType", Value: []byte(`"none"`)}
//
// Only declare a value that the service itself treats so. An undeclared value that a
// member of an array has on one side only is a difference, because somebody may
// have set it.
type Default struct {
	Path string `json:"path"`
	// Type is as in [Form].
	Type  string          `json:"type,omitempty"`
	Value json.RawMessage `json:"value"`
	// Source says where the fact is from, for people.
	Source string `json:"source,omitempty"`
}
