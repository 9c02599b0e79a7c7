package schema

import "testing"

func TestKindOfMember(t *testing.T) {
	for kind, names := range map[memberKind][]string{
		property: {"displayName", "@odata.type", "odata.type", "", "a#b", "a.b"},
		control: {"@odata.context", "@odata.id", "@odata.etag", "@odata.nextLink", "@odata.count", "@odata.editLink", "@odata.metadataEtag",
			"x@odata.context", "x@odata.navigationLink", "x@odata.associationLink", "x@odata.mediaReadLink", "@odata.removed",
			"@context", "x@navigationLink", // Version 4.01 without the prefix
			"@microsoft.graph.tips", "@microsoft.graph.downloadUrl", "#microsoft.graph.assign"},
		typeAnnotation: {"x@odata.type", "a b@odata.type"},
		bind:           {"x@odata.bind", "x@bind"},
		unknownName:    {"@odata.bind", "x@odata.typ", "@odata.unheard", "foo@bar.baz", "foo@bar", "foo@", "@", "@microsoft.graph.conflictBehavior", "@type", "x@type", "x@y@odata.type", "@OData.Type", "#CustomRef_x", "#"},
	} {
		for _, name := range names {
			if got := kindOfMember(name); got != kind {
				t.Errorf("%q is of kind %d, want %d", name, got, kind)
			}
		}
	}
	for name, want := range map[string]string{"x@odata.type": "x", "x": "x", "@odata.type": "@odata.type", "x@odata.bind": "x@odata.bind"} {
		if got := PropertyOf(name); got != want {
			t.Errorf("PropertyOf(%q) = %q, want %q", name, got, want)
		}
	}
}

// A name in bytes is of the same kind as the name as text.
func TestKindOfBytes(t *testing.T) {
	for name, want := range map[string]memberKind{
		"": property, "a": property, "a#": property, "@odata.type": property, "#": unknownName, "#a": unknownName, "#a.b": control,
		"@": unknownName, "a@": unknownName, "@odata.id": control, "a@odata.type": typeAnnotation, "a@odata.bind": bind,
	} {
		if got := kindOfBytes([]byte(name)); got != want || kindOfMember(name) != want {
			t.Errorf("%q: %d in bytes and %d as text, want %d", name, got, kindOfMember(name), want)
		}
	}
}
