package tenanttest

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/tenant"
)

// Names of the kinds in [Kinds] that tests and examples speak of most.
const (
	ConditionalAccessPolicies    = "conditionalAccessPolicies"
	NamedLocations               = "namedLocations"
	Groups                       = "groups"
	AuthenticationStrengths      = "authenticationStrengthPolicies"
	AuthenticationMethods        = "authenticationMethodConfigurations"
	AuthenticationContexts       = "authenticationContextClassReferences"
	AuthorizationPolicy          = "authorizationPolicy"
	SecurityDefaults             = "identitySecurityDefaultsEnforcementPolicy"
	CrossTenantAccessDefault     = "crossTenantAccessPolicyDefault"
	Agreements                   = "agreements"
	RoleDefinitions              = "roleDefinitions"
	Applications                 = "applications"
	ServicePrincipals            = "servicePrincipals"
	DeviceCompliancePolicies     = "deviceCompliancePolicies"
	CompliancePolicies           = "compliancePolicies"
	DeviceConfigurations         = "deviceConfigurations"
	ConfigurationPolicies        = "configurationPolicies"
	AssignmentFilters            = "assignmentFilters"
	RoleScopeTags                = "roleScopeTags"
	NotificationMessageTemplates = "notificationMessageTemplates"
)

// Kinds returns twenty kinds of Microsoft 365 configuration, in the shapes that
// Microsoft Graph gives them, for fakes, tests and examples. The slice and all
// in it belong to the caller.
//
// The catalogue uses most of what [tenant.Kind] can declare. It is not complete:
// a client of a real tenant brings its own kinds. What to know about it:
//
//   - Directory roles (includeRoles, excludeRoles) are ids, not references. The
//     template id of a built-in role is the same in every tenant. The id of a
//     custom role is wrong in another tenant.
//   - Users (includeUsers, excludeUsers) are ids too: the catalogue lacks a kind
//     for them. Name people through groups.
//   - First-party applications have the same id everywhere. [FirstPartyApplications]
//     are literals; any other application is named by its service principal.
//   - Microsoft-managed policies are known by the English prefix of their name.
//   - A secret of a deviceConfigurations object that came back masked is sent
//     again by its token, which only its own tenant accepts.
//
// Order between kinds follows from references and from the declared conditional
// orders; the only fixed one is that groups and scope tags come first.
func Kinds() []tenant.Kind {
	return append(entraKinds(), intuneKinds()...)
}

// FirstPartyApplications returns ids of Microsoft's own applications that
// Conditional Access policies name often. They are the same in every tenant.
func FirstPartyApplications() []string {
	return []string{
		"00000002-0000-0ff1-ce00-000000000000", // Office 365 Exchange Online
		"00000003-0000-0ff1-ce00-000000000000", // Office 365 SharePoint Online
		"00000003-0000-0000-c000-000000000000", // Microsoft Graph
		"0000000a-0000-0000-c000-000000000000", // Microsoft Intune
		"d4ebce55-015a-49b5-a083-c84d1797ae8c", // Microsoft Intune Enrollment
		"797f4846-ba00-4fd7-ba43-dac1f8f63013", // Windows Azure Service Management API
		"2793995e-0a7d-40d7-bd35-6968ba142197", // My Apps
		"14d82eec-204b-4c2f-b7e8-296a70dab67e", // Microsoft Graph Command Line Tools
		"cc15fd57-2c6c-4117-a88c-83b1d56b4bbe", // Microsoft Teams Services
	}
}

// Values that Graph understands where it otherwise wants an id.
const (
	// noObject stands for no filter, no template, no group; as a named location
	// it is the trusted addresses of per-user multifactor authentication.
	noObject     = "00000000-0000-0000-0000-000000000000"
	defaultScope = "0" // the built-in scope tag
)

// under returns the paths base/name for each name.
func under(base string, names ...string) []string {
	paths := make([]string, len(names))
	for i, n := range names {
		paths[i] = base + "/" + n
	}
	return paths
}

// sets declares arrays without order whose members are plain values.
func sets(paths ...string) []tenant.Set {
	s := make([]tenant.Set, len(paths))
	for i, p := range paths {
		s[i] = tenant.Set{Path: p}
	}
	return s
}

// to declares that the ids at each path belong to objects of kind.
func to(kind string, literals []string, paths ...string) []tenant.Reference {
	refs := make([]tenant.Reference, len(paths))
	for i, p := range paths {
		refs[i] = tenant.Reference{Path: p, Kinds: []string{kind}, Literals: literals}
	}
	return refs
}

// concat joins lists.
func concat[T any](lists ...[]T) []T {
	var all []T
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// is is the condition that the value at path equals v.
func is(path, v string) tenant.Condition {
	quoted, _ := json.Marshal(v) // a string always has a JSON form
	return tenant.Condition{Path: path, Equals: quoted}
}

// isBool is the condition that the value at path is v.
func isBool(path string, v bool) tenant.Condition {
	if v {
		return tenant.Condition{Path: path, Equals: json.RawMessage("true")}
	}
	return tenant.Condition{Path: path, Equals: json.RawMessage("false")}
}
