package schema

import (
	"bytes"
	"strings"
)

// memberKind is the kind of an object's member, by the member's name.
type memberKind uint8

const (
	// property is content. "@odata.type", an object's own type, is a property
	// too.
	property memberKind = iota
	// control describes a response, and is never content.
	control
	// typeAnnotation is the type of another property, "x@odata.type". An open
	// type has properties whose types are not declared. The service cannot read
	// such a value without its annotation. So the annotation is compared and
	// sent with the property.
	typeAnnotation
	// bind is "x@odata.bind", an instruction in a request ("Bind Operation").
	bind
	// unknownName is any other name.
	unknownName
)

const (
	odata      = "odata."
	typeSuffix = "@odata.type"
)

// controlInformation has the terms of OData's control information that describe
// a response, except type: OData JSON Format Version 4.01, "Control
// Information". Version 4.01 allows the names without the prefix "odata.".
var controlInformation = map[string]bool{
	"context": true, "metadataEtag": true, "count": true, "nextLink": true, "delta": true, "deltaLink": true, "id": true,
	"editLink": true, "readLink": true, "etag": true, "navigationLink": true, "associationLink": true,
	"mediaEditLink": true, "mediaReadLink": true, "mediaContentType": true, "mediaEtag": true, "removed": true, "collectionAnnotations": true,
}

// graphControl has the annotations that Microsoft Graph adds to responses:
// hints about queries (docs: "Use query parameters"), the address of a file's
// content (driveItem), and the origin of a member of a shared channel
// (conversationMember).
var graphControl = map[string]bool{
	"microsoft.graph.tips": true, "microsoft.graph.downloadUrl": true, "microsoft.graph.originalSourceMembershipUrl": true,
}

// kindOfMember returns the kind of a member by its name.
func kindOfMember(name string) memberKind {
	// With full metadata, a response advertises the actions and functions that
	// are bound to the object, "#microsoft.graph.assign" (OData JSON Format
	// Version 4.01, "Bound Function" and "Bound Action").
	if strings.HasPrefix(name, "#") {
		if strings.Contains(name, ".") {
			return control
		}
		return unknownName
	}
	of, term, annotated := strings.Cut(name, "@")
	if !annotated || name == typeSuffix {
		return property
	}
	short, prefixed := strings.CutPrefix(term, odata)
	switch {
	case controlInformation[short], graphControl[term]:
		return control
	case of != "" && short == "bind":
		return bind
	case of != "" && short == "type" && prefixed:
		return typeAnnotation
	}
	return unknownName
}

// kindOfBytes is kindOfMember for bytes.
func kindOfBytes(name []byte) memberKind {
	if len(name) == 0 || name[0] != '#' && bytes.IndexByte(name, '@') < 0 {
		return property
	}
	return kindOfMember(string(name))
}

// PropertyOf returns the property that a type annotation describes. It returns
// any other name unchanged.
func PropertyOf(name string) string {
	if kindOfMember(name) == typeAnnotation {
		return strings.TrimSuffix(name, typeSuffix)
	}
	return name
}

// IsTypeOf reports whether a member has the type of another property.
func IsTypeOf(name string) bool { return kindOfMember(name) == typeAnnotation }

// TypeOf returns the name of the member that has the type of a property.
func TypeOf(property string) string { return property + typeSuffix }
