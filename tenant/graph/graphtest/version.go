package graphtest

import (
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// inV1 reports whether v1.0 has a kind that the catalogue has at beta.
func inV1(e *catalogue.Entry) bool {
	_, has := graphmeta.V1().Endpoint(e.Endpoint)
	return has
}

// beyond returns the properties of a body that a request's version does not know. At
// v1.0 these are many of Intune's, such as the filters of assignments: a list that is
// read and assigned at v1.0 loses them.
func beyond(e *catalogue.Entry, beta bool, body object) []graphmeta.Hit {
	if beta {
		return nil
	}
	b, ok := graphmeta.BeyondV1(e.Endpoint)
	if !ok {
		return nil
	}
	return b.In(body)
}

// hide removes the properties that a request's version does not show.
func hide(e *catalogue.Entry, beta bool, body object) {
	for _, hit := range beyond(e, beta, body) {
		if hit.Name != "@odata.type" {
			delete(hit.Holder, hit.Name)
		}
	}
}

// unknown returns the path of the first that a request's version does not know.
func unknown(e *catalogue.Entry, beta bool, body object) string {
	for _, hit := range beyond(e, beta, body) {
		return hit.Path
	}
	return ""
}
