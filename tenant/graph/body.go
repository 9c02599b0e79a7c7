package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// resource makes a resource of a body that the service returned.
func resource(e *catalogue.Entry, body json.RawMessage) (tenant.Resource, error) {
	o, err := odatajson.Parse(body)
	if err != nil {
		return tenant.Resource{}, err
	}
	for name := range o {
		if strings.HasPrefix(name, "@odata.") && name != "@odata.type" {
			delete(o, name) // of the answer, not of the object
		}
	}
	return tenant.Resource{Kind: e.Name, ID: o.Text(idProperty(e)), Body: o.JSON()}, nil
}

// checkID says that an answer has another object than the one that was asked
// for by its id.
func checkID(e *catalogue.Entry, res tenant.Resource, id string) error {
	if e.Singleton || strings.EqualFold(res.ID, id) {
		return nil
	}
	return fmt.Errorf("the object has the %s %.100q", idProperty(e), res.ID)
}

func idProperty(e *catalogue.Entry) string {
	if e.ID != "" {
		return e.ID
	}
	return "id"
}

// skipped reports whether an item of the list is left out.
func skipped(e *catalogue.Entry, body json.RawMessage) bool {
	return slices.ContainsFunc(e.List.Skip, func(c tenant.Condition) bool { return odatajson.Meets(body, c) })
}
