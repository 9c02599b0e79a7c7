package catalogue_test

import (
	"fmt"
	"log"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// What an app registration has to ask for, for the kinds that a host chooses.
func ExampleCatalogue_Scopes() {
	for _, scope := range catalogue.Default().Scopes([]string{"conditionalAccessPolicies", "groups"}, true, false) {
		fmt.Println(scope)
	}
	// Output:
	// Application.Read.All
	// Group.Read.All
	// Group.ReadWrite.All
	// Policy.Read.All
	// Policy.ReadWrite.ConditionalAccess
}

// A host adds a kind that the catalogue lacks: the members of its groups as
// part of the groups themselves.
func ExampleCatalogue_With() {
	mine, err := catalogue.Parse([]byte(`{"kinds": [{
		"name": "groups", "endpoint": "/groups", "version": "v1.0", "scope": "listed",
		"create": true, "update": true, "delete": true, "readOnly": ["/id", "/createdDateTime"],
		"subs": [{"path": "/members?$select=id", "property": "members"}],
		"parts": [{"name": "members", "path": "/members"}],
		"partRequests": {"members": {"each": {"collection": "/members/$ref", "item": "/members/{member}/$ref", "ref": "/directoryObjects/{id}"}}},
		"read": {"delegated": [["Group.Read.All"]]}, "write": {"delegated": [["Group.ReadWrite.All"]]}
	}]}`))
	if err != nil {
		log.Fatal(err)
	}
	all, err := catalogue.Default().With(mine)
	if err != nil {
		log.Fatal(err)
	}
	groups, _ := all.Entry("groups")
	fmt.Println(len(all.Entries) == len(catalogue.Default().Entries), groups.Parts[0].Name)
	// Output: true members
}
