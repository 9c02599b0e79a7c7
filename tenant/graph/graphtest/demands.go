package graphtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// This file has the demands that the documentation of single kinds makes on requests.
// None of it is taken from the catalogue.

// onlySelected are properties that a read of one object shows where $select names
// them, and nothing else does. resources/group: "Returned only on $select. Supported
// only on the Get group API (GET /groups/{ID})".
var onlySelected = map[string][]string{
	"groups": {"allowExternalSenders", "autoSubscribeNewMembers", "hideFromAddressLists", "hideFromOutlookClients", "isSubscribedByMail", "unseenCount"},
}

// namedOnly are properties that reads, of one object and of a list, show only where
// $select names them: "Returned only on $select" in resources/group,
// resources/serviceprincipal and resources/cloudpconpremisesconnection.
var namedOnly = map[string][]string{
	"groups":                       {"assignedLabels", "isManagementRestricted", "licenseProcessingState"},
	"servicePrincipals":            {"customSecurityAttributes"},
	"cloudPcOnPremisesConnections": {"alternateResourceUrl", "healthCheckStatusDetail", "healthCheckStatusDetails", "inUse"},
}

// withoutUnnamed takes out of an answer what it shows only where $select names it.
// A query for all properties names none.
func withoutUnnamed(e *catalogue.Entry, shown object, names []string) object {
	if len(names) > 0 && !slices.Contains(names, "*") {
		return shown // those that are named are all that is shown
	}
	for _, name := range namedOnly[e.Name] {
		delete(shown, name)
	}
	return shown
}

func holdsText(v any, text string) bool {
	all, _ := v.([]any)
	return slices.Contains(all, any(text))
}

// headers are headers that writes must have, by kind. api/organizationalbranding-update,
// "Request headers": "Accept-Language … Required".
var headers = map[string]string{"organizationalBranding": "Accept-Language"}

func lacksHeader(e *catalogue.Entry, method string, h http.Header) string {
	if name := headers[e.Name]; name != "" && method != http.MethodGet && h.Get(name) == "" {
		return "The header " + name + " is required."
	}
	return ""
}

// memberNeeds are the properties that a new member of a part must have, by kind and
// property. api/serviceprincipal-post-approleassignedto, api/administrativeunit-post-scopedrolemembers,
// api/application-post-federatedidentitycredentials and
// api/customsecurityattributedefinition-post-allowedvalues.
var memberNeeds = map[string][]string{
	"servicePrincipals/appRoleAssignedTo":              {"principalId", "resourceId", "appRoleId"},
	"administrativeUnits/scopedRoleMembers":            {"roleId", "roleMemberInfo"},
	"applications/federatedIdentityCredentials":        {"name", "issuer", "audiences"},
	"customSecurityAttributeDefinitions/allowedValues": {"id", "isActive"},
}

// stays reports whether members of a part cannot be deleted: an allowed value can be
// deactivated only (resources/allowedvalue), and the rules of a policy are the
// service's (resources/unifiedrolemanagementpolicy).
func stays(e *catalogue.Entry, at string) bool {
	return e.Name == "customSecurityAttributeDefinitions" && at == "allowedValues" || e.Name == "roleManagementPolicies" && at == "rules"
}

// newVersions are the actions by which the whole of an object is changed, by kind.
// api/identitygovernance-workflow-createnewversion.
var newVersions = map[string]string{"lifecycleWorkflows": "createNewVersion"}

// disabledFirst are arrays whose members are removed only when they are disabled, by
// kind. resources/approle, isEnabled: "To delete a role, this must first be set to
// false. At that point, in a subsequent call, this role may be removed."
var disabledFirst = map[string][][]string{"applications": {{"appRoles"}, {"api", "oauth2PermissionScopes"}}}

// stillEnabled says which member a change removes although it is enabled; "" if none.
func stillEnabled(e *catalogue.Entry, was, patch object) string {
	for _, path := range disabledFirst[e.Name] {
		next, changes := below(patch, path)
		if !changes {
			continue
		}
		all, _ := below(was, path)
		before, _ := all.([]any)
		after, _ := next.([]any)
		for _, m := range before {
			o, ok := m.(object)
			kept := slices.ContainsFunc(after, func(n any) bool {
				kid, ok := n.(object)
				return ok && strings.EqualFold(fmt.Sprint(kid["id"]), fmt.Sprint(o["id"]))
			})
			if ok && !kept && o["isEnabled"] == true {
				return "Property value cannot be deleted unless it is disabled first."
			}
		}
	}
	return ""
}

// below returns the value at a path.
func below(o object, path []string) (v any, there bool) {
	v = o
	for _, name := range path {
		holder, ok := v.(object)
		if !ok {
			return nil, false
		}
		if v, there = holder[name]; !there {
			return nil, false
		}
	}
	return v, true
}

// otherAddresses are second addresses of collections.
// api/authenticationstrengthpolicy-post-combinationconfigurations.
var otherAddresses = map[string]string{
	"/identity/conditionalAccess/authenticationStrength/policies": "/policies/authenticationStrengthPolicies",
}

// usual returns a path with the usual address of its collection.
func usual(path string) string {
	for other, address := range otherAddresses {
		if rest, ok := strings.CutPrefix(path, other); ok && (rest == "" || rest[0] == '/') {
			return address + rest
		}
	}
	return path
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// parentIDs are the properties of members that hold the id of the object that they
// belong to, by property: resources/approleassignment, resources/scopedrolemembership.
var parentIDs = map[string]string{"appRoleAssignedTo": "resourceId", "scopedRoleMembers": "administrativeUnitId"}

// forgetParent takes the parent's id out of a member.
func forgetParent(at string, o object) {
	delete(o, parentIDs[at])
}

// withoutChecks is a kind whose pieces may hold the ids of users, which the fake
// lacks.
func withoutChecks(e *catalogue.Entry) tenant.Kind {
	k := e.Kind
	k.References = slices.DeleteFunc(slices.Clone(k.References), func(r tenant.Reference) bool {
		for _, o := range e.OptIns {
			if slices.ContainsFunc(o.Properties(), func(name string) bool { return strings.HasPrefix(r.Path, "/"+name+"/") }) {
				return true
			}
		}
		return false
	})
	return k
}

// memberLacks names the property that a new member of a part lacks, or "".
func memberLacks(e *catalogue.Entry, at, parent string, body object) string {
	for _, name := range memberNeeds[e.Name+"/"+at] {
		if body[name] == nil {
			return fmt.Sprintf("The property '%s' is required.", name)
		}
	}
	if at == "appRoleAssignedTo" && !strings.EqualFold(fmt.Sprint(body["resourceId"]), parent) {
		return "The resourceId is the id of the service principal."
	}
	return ""
}

// nameParent puts the parent's id into a member.
func nameParent(at, parent string, o object) {
	if name := parentIDs[at]; name != "" {
		o[name] = parent
	}
}
