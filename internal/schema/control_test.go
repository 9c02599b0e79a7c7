package schema

import (
	"strings"
	"testing"
)

// Every control information of OData JSON Format Version 4.01, and every annotation
// that Microsoft Graph adds, is no content: with the prefix and without it, of the
// object and of a property.
func TestEveryControlIsNoContent(t *testing.T) {
	for _, term := range strings.Fields(`context metadataEtag count nextLink delta deltaLink id editLink readLink etag navigationLink associationLink
		mediaEditLink mediaReadLink mediaContentType mediaEtag removed collectionAnnotations`) {
		for _, name := range []string{"@odata." + term, "@" + term, "x@odata." + term, "x@" + term} {
			if got := kindOfMember(name); got != control {
				t.Errorf("%s is of kind %d, want control information", name, got)
			}
		}
	}
	for _, term := range []string{"microsoft.graph.tips", "microsoft.graph.downloadUrl", "microsoft.graph.originalSourceMembershipUrl"} {
		for _, name := range []string{"@" + term, "x@" + term} {
			if got := kindOfMember(name); got != control {
				t.Errorf("%s is of kind %d, want control information", name, got)
			}
		}
	}
}
