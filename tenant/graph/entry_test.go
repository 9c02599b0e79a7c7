package graph_test

import (
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// entry returns a kind that can be used, changed by edit.
func entry(name string, edit func(*catalogue.Entry)) catalogue.Entry {
	e := catalogue.Entry{Kind: tenant.Kind{Name: name}, Endpoint: "/" + name, Version: "v1.0", Read: catalogue.Scopes{Delegated: [][]string{{"Read"}}}}
	if edit != nil {
		edit(&e)
	}
	return e
}
