package importer

import (
	"slices"
	"strings"
)

// dscResource reads a resource in a report of Microsoft365DSC: flat, with its type
// in ResourceName.
func dscResource(body map[string]any) ([]found, bool) {
	typ, _ := body["ResourceName"].(string)
	if _, has := body["ResourceInstanceName"]; typ == "" || !has {
		return nil, false
	}
	t, ok := dscTranslations[typ]
	if !ok {
		return unusable(body, "resources %s of Microsoft365DSC are not translated", typ), true
	}
	if strings.EqualFold(textOf(body, "Ensure"), "Absent") {
		return unusable(body, "the resource says that the object must not exist"), true
	}
	t.dropped = slices.Concat(t.dropped, dscDropped)
	o := t.apply(body)
	if id := guid.FindString(textOf(body, "Id")); id != "" {
		o.body["id"] = id
	}
	return []found{o}, true
}

// dscDropped holds the properties of every resource: its name, and the sign-in.
var dscDropped = []string{
	"ResourceName", "ResourceInstanceName", "ResourceId", "Id", "Ensure", "DependsOn", "PsDscRunAsCredential", "Credential", "ApplicationId",
	"TenantId", "ApplicationSecret", "CertificateThumbprint", "CertificatePath", "CertificatePassword", "ManagedIdentity", "AccessTokens",
}

// dscTranslations are the translated resources of Microsoft365DSC. The schema of each
// resource defines the names: DSCResources/MSFT_*/MSFT_*.schema.mof.
var dscTranslations = map[string]translation{
	"AADGroup": {
		endpoint: "/groups",
		properties: map[string]string{
			"DisplayName": "/displayName", "Description": "/description", "MailNickname": "/mailNickname", "MailEnabled": "/mailEnabled",
			"SecurityEnabled": "/securityEnabled", "GroupTypes": "/groupTypes[]", "MembershipRule": "/membershipRule",
			"MembershipRuleProcessingState": "/membershipRuleProcessingState", "IsAssignableToRole": "/isAssignableToRole", "Visibility": "/visibility",
		},
		dropped: []string{"Owners", "Members", "GroupAsMembers", "MemberOf", "AssignedToRole", "AssignedLicenses"},
		finish:  finishGroup,
	},
	"AADNamedLocationPolicy": {
		endpoint: locations,
		properties: map[string]string{
			"DisplayName": "/displayName", "IpRanges": "/ipRanges[]", "IsTrusted": "/isTrusted", "CountriesAndRegions": "/countriesAndRegions[]",
			"CountryLookupMethod": "/countryLookupMethod", "IncludeUnknownCountriesAndRegions": "/includeUnknownCountriesAndRegions",
		},
		dropped: []string{"OdataType"}, // finishLocation derives the type from the ranges
		finish: func(body map[string]any) {
			if ranges, _ := body["ipRanges"].([]any); len(ranges) == 0 {
				delete(body, "ipRanges") // a location of countries also has these properties, and is never trusted
				delete(body, "isTrusted")
			} else {
				delete(body, "countriesAndRegions")
				delete(body, "includeUnknownCountriesAndRegions")
				delete(body, "countryLookupMethod")
			}
			finishLocation(body)
		},
	},
	"AADConditionalAccessPolicy": {
		endpoint: policies,
		properties: map[string]string{
			"DisplayName": "/displayName", "State": "/state",
			"IncludeApplications":                      "/conditions/applications/includeApplications[]",
			"ExcludeApplications":                      "/conditions/applications/excludeApplications[]",
			"IncludeUserActions":                       "/conditions/applications/includeUserActions[]",
			"ApplicationsFilter":                       "/conditions/applications/applicationFilter/rule",
			"ApplicationsFilterMode":                   "/conditions/applications/applicationFilter/mode",
			"IncludeUsers":                             "/conditions/users/includeUsers[]",
			"ExcludeUsers":                             "/conditions/users/excludeUsers[]",
			"IncludeGroups":                            "/conditions/users/includeGroups[]",
			"ExcludeGroups":                            "/conditions/users/excludeGroups[]",
			"IncludeRoles":                             "/conditions/users/includeRoles[]",
			"ExcludeRoles":                             "/conditions/users/excludeRoles[]",
			"IncludePlatforms":                         "/conditions/platforms/includePlatforms[]",
			"ExcludePlatforms":                         "/conditions/platforms/excludePlatforms[]",
			"IncludeLocations":                         "/conditions/locations/includeLocations[]",
			"ExcludeLocations":                         "/conditions/locations/excludeLocations[]",
			"DeviceFilterMode":                         "/conditions/devices/deviceFilter/mode",
			"DeviceFilterRule":                         "/conditions/devices/deviceFilter/rule",
			"UserRiskLevels":                           "/conditions/userRiskLevels[]",
			"SignInRiskLevels":                         "/conditions/signInRiskLevels[]",
			"ClientAppTypes":                           "/conditions/clientAppTypes[]",
			"GrantControlOperator":                     "/grantControls/operator",
			"BuiltInControls":                          "/grantControls/builtInControls[]",
			"CustomAuthenticationFactors":              "/grantControls/customAuthenticationFactors[]",
			"TermsOfUse":                               "/grantControls/termsOfUse[]",
			"AuthenticationStrength":                   "/grantControls/authenticationStrength/id",
			"ApplicationEnforcedRestrictionsIsEnabled": "/sessionControls/applicationEnforcedRestrictions/isEnabled",
			"CloudAppSecurityIsEnabled":                "/sessionControls/cloudAppSecurity/isEnabled",
			"CloudAppSecurityType":                     "/sessionControls/cloudAppSecurity/cloudAppSecurityType",
			"SignInFrequencyIsEnabled":                 "/sessionControls/signInFrequency/isEnabled",
			"SignInFrequencyValue":                     "/sessionControls/signInFrequency/value",
			"SignInFrequencyType":                      "/sessionControls/signInFrequency/type",
			"SignInFrequencyInterval":                  "/sessionControls/signInFrequency/frequencyInterval",
			"PersistentBrowserIsEnabled":               "/sessionControls/persistentBrowser/isEnabled",
			"PersistentBrowserMode":                    "/sessionControls/persistentBrowser/mode",
		},
		finish: func(body map[string]any) {
			dropEmpty(body, "conditions", "locations")
			dropEmpty(body, "conditions", "platforms")
			if filter := objectAt(body, "conditions", "applications", "applicationFilter"); filter != nil && !says(filter["rule"]) {
				delete(objectAt(body, "conditions", "applications"), "applicationFilter")
			}
			if terms, ok := objectAt(body, "grantControls")["termsOfUse"].([]any); ok {
				objectAt(body, "grantControls")["termsOfUse"] = slices.DeleteFunc(terms, func(v any) bool { return v == "" })
			}
			finishPolicy(body)
		},
	},
}

// dropEmpty removes an object whose properties are all empty. The report includes
// every list; Graph omits the object.
func dropEmpty(body map[string]any, parent, name string) {
	below := objectAt(body, parent, name)
	for _, v := range below {
		if says(v) {
			return
		}
	}
	if below != nil {
		delete(objectAt(body, parent), name)
	}
}
