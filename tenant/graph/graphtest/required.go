package graphtest

import (
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// requirement is a property that the documentation calls required on create. "a|b" is
// one of two.
type requirement struct {
	names []string
	// page is the page that says so, of Microsoft's documentation of Graph.
	page string
}

// required are the properties without which an object is not created, by kind. None of it
// is taken from the catalogue. Where a page's list and its own example disagree, only
// what both have is required.
var required = map[string]requirement{
	"accessPackageAssignmentPolicies":    {[]string{"displayName", "accessPackage"}, "v1.0/api/entitlementmanagement-post-assignmentpolicies"},
	"accessReviewDefinitions":            {[]string{"descriptionForAdmins", "descriptionForReviewers", "displayName", "scope"}, "v1.0/api/accessreviewset-post-definitions"},
	"activityBasedTimeoutPolicies":       {[]string{"definition"}, "v1.0/resources/activitybasedtimeoutpolicy"},
	"apiConnectors":                      {[]string{"displayName", "targetUrl"}, "v1.0/api/identityapiconnector-create"},
	"appManagementPolicies":              {[]string{"displayName", "description"}, "v1.0/api/appmanagementpolicy-post"},
	"applications":                       {[]string{"displayName"}, "v1.0/api/application-post-applications"},
	"attributeSets":                      {[]string{"id"}, "v1.0/api/directory-post-attributesets"},
	"authenticationEventsFlows":          {[]string{"@odata.type", "displayName"}, "v1.0/api/identitycontainer-post-authenticationeventsflows"},
	"authenticationStrengthPolicies":     {[]string{"displayName", "allowedCombinations"}, "v1.0/api/authenticationstrengthroot-post-policies"},
	"brandingLocalizations":              {[]string{"id"}, "v1.0/api/organizationalbranding-post-localizations"},
	"claimsMappingPolicies":              {[]string{"definition"}, "v1.0/resources/claimsmappingpolicy"},
	"cloudPcOnPremisesConnections":       {[]string{"displayName", "subscriptionId", "resourceGroupId", "virtualNetworkId", "subnetId"}, "beta/api/virtualendpoint-post-onpremisesconnections"},
	"conditionalAccessPolicies":          {[]string{"state", "conditions"}, "v1.0/resources/conditionalaccesspolicy"},
	"configurationMonitors":              {[]string{"displayName", "baseline"}, "v1.0/api/configurationmanagement-post-configurationmonitors"},
	"crossTenantAccessPolicyPartners":    {[]string{"tenantId"}, "v1.0/api/crosstenantaccesspolicy-post-partners"},
	"customAuthenticationExtensions":     {[]string{"@odata.type", "authenticationConfiguration"}, "v1.0/api/identitycontainer-post-customauthenticationextensions"},
	"customSecurityAttributeDefinitions": {[]string{"attributeSet", "isCollection", "isSearchable", "name", "status", "type", "usePreDefinedValuesOnly"}, "v1.0/api/directory-post-customsecurityattributedefinitions"},
	"deviceCompliancePolicies":           {[]string{"scheduledActionsForRule"}, "beta/resources/intune-deviceconfig-devicecompliancepolicy"},
	"featureRolloutPolicies":             {[]string{"displayName", "feature", "isEnabled"}, "v1.0/api/featurerolloutpolicies-post"},
	"groupSettings":                      {[]string{"templateId", "values"}, "v1.0/api/group-post-settings"},
	"groups":                             {[]string{"displayName", "mailEnabled", "mailNickname", "securityEnabled"}, "v1.0/api/group-post-groups"},
	"homeRealmDiscoveryPolicies":         {[]string{"definition"}, "v1.0/resources/homerealmdiscoverypolicy"},
	"lifecycleWorkflows":                 {[]string{"category", "displayName", "tasks"}, "v1.0/api/identitygovernance-lifecycleworkflowscontainer-post-workflows"},
	"namedLocations":                     {[]string{"@odata.type", "displayName"}, "v1.0/api/conditionalaccessroot-post-namedlocations"},
	"networkFilteringPolicies":           {[]string{"name"}, "beta/api/networkaccess-networkaccessroot-post-filteringpolicies"},
	"networkFilteringProfiles":           {[]string{"name", "state", "priority"}, "beta/api/networkaccess-networkaccessroot-post-filteringprofiles"},
	"oauth2PermissionGrants":             {[]string{"clientId", "consentType"}, "v1.0/resources/oauth2permissiongrant"},
	"operationApprovalPolicies":          {[]string{"approverGroupIds", "displayName", "policySet"}, "beta/resources/intune-rbac-operationapprovalpolicy"},
	"profileCardProperties":              {[]string{"directoryPropertyName"}, "v1.0/api/peopleadminsettings-post-profilecardproperties"},
	"roleAssignments":                    {[]string{"roleDefinitionId", "principalId", "directoryScopeId|appScopeId"}, "v1.0/api/rbacapplication-post-roleassignments"},
	"roleDefinitions":                    {[]string{"displayName", "isEnabled", "rolePermissions"}, "v1.0/api/rbacapplication-post-roledefinitions"},
	"servicePrincipals":                  {[]string{"appId"}, "v1.0/api/serviceprincipal-post-serviceprincipals"},
	"tokenIssuancePolicies":              {[]string{"definition", "displayName"}, "v1.0/api/tokenissuancepolicy-post-tokenissuancepolicies"},
	"tokenLifetimePolicies":              {[]string{"definition"}, "v1.0/resources/stspolicy"},
	"userFlowAttributes":                 {[]string{"displayName", "dataType"}, "v1.0/api/identityuserflowattribute-post"},
}

// requiredOfType are the properties that objects of a type need beside those of their
// kind.
var requiredOfType = map[string]requirement{
	"#microsoft.graph.ipNamedLocation":      {[]string{"ipRanges"}, "v1.0/api/conditionalaccessroot-post-namedlocations"},
	"#microsoft.graph.countryNamedLocation": {[]string{"countriesAndRegions"}, "v1.0/api/conditionalaccessroot-post-namedlocations"},
}

// createNeeds says which required property a new object lacks; "" if none.
func createNeeds(e *catalogue.Entry, body object) string {
	typ, _ := body["@odata.type"].(string)
	for _, r := range []requirement{required[e.Name], requiredOfType[typ]} {
		for _, names := range r.names {
			if !hasOne(body, names) {
				return fmt.Sprintf("The property '%s' is required.", names)
			}
		}
	}
	// resources/oauth2permissiongrant: "Required when consentType is Principal".
	if e.Name == "oauth2PermissionGrants" && body["consentType"] == "Principal" && body["principalId"] == nil {
		return "The property 'principalId' is required."
	}
	return ""
}

// hasOne reports whether an object has one of the properties in "a|b".
func hasOne(body object, names string) bool {
	for name := range strings.SplitSeq(names, "|") {
		if body[name] != nil {
			return true
		}
	}
	return false
}
