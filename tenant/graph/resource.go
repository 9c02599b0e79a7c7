package graph

import (
	"encoding/json"
	"fmt"
	"net/url"
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

// skipped reports whether an object is not one of the kind's: a list leaves it out, and
// a read by id does not find it.
func skipped(e *catalogue.Entry, body json.RawMessage) bool {
	meets := func(c tenant.Condition) bool { return odatajson.Meets(body, c) }
	return slices.ContainsFunc(e.List.Skip, meets) || len(e.List.Only) > 0 && !slices.ContainsFunc(e.List.Only, meets)
}

// singleQuery is the query of a read by id: it has the list's $expand, unless the kind
// says otherwise.
func singleQuery(e *catalogue.Entry) string {
	if e.List.SingleQuery != "" {
		return e.List.SingleQuery
	}
	for option := range strings.SplitSeq(e.List.Query, "&") {
		if strings.HasPrefix(option, "$expand=") {
			return option
		}
	}
	return ""
}

// filterFor makes the query that finds what matches, if the service can.
func filterFor(e *catalogue.Entry, m tenant.Match) (string, bool) {
	if strings.Contains(e.List.Query, "$filter=") {
		return "", false
	}
	var terms []string
	for path, value := range m {
		name := strings.TrimPrefix(path, "/")
		if !slices.Contains(e.List.Filter, name) {
			return "", false
		}
		terms = append(terms, name+" eq '"+strings.ReplaceAll(value, "'", "''")+"'")
	}
	slices.Sort(terms)
	return "$filter=" + url.QueryEscape(strings.Join(terms, " and ")), len(terms) > 0
}
