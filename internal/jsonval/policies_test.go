package jsonval

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"slices"
)

// policies returns n Conditional Access policies of about 2.6 KB each. They have
// the properties that Microsoft Graph returns: nested objects, nulls, empty
// arrays, GUIDs and display names.
func policies(n int) [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	guid := func() string {
		return fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", random.Uint32(), random.Uint32N(1<<16), random.Uint32N(1<<12), random.Uint32N(1<<12), random.Uint64N(1<<48))
	}
	guids := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			out[i] = guid()
		}
		return out
	}
	type object = map[string]any
	var texts [][]byte
	for i := range n {
		body := object{
			"id": guid(), "templateId": nil, "createdDateTime": "2026-01-14T08:31:07.2190456Z", "modifiedDateTime": "2026-10-02T12:00:41.8812345Z",
			"displayName": fmt.Sprintf("CA%03d - Zugriff für externe Geräte: Require MFA for admins", i),
			"state":       []string{"enabled", "disabled", "enabledForReportingButNotEnforced"}[random.IntN(3)], "deletedDateTime": nil, "partialEnablementStrategy": nil,
			"sessionControls": object{
				"disableResilienceDefaults": nil, "applicationEnforcedRestrictions": nil, "cloudAppSecurity": nil, "continuousAccessEvaluation": nil,
				"persistentBrowser": object{"mode": "never", "isEnabled": true}, "secureSignInSession": nil,
				"signInFrequency": object{"value": 4, "type": "hours", "authenticationType": "primaryAndSecondaryAuthentication", "frequencyInterval": "timeBased", "isEnabled": true},
			},
			"conditions": object{
				"userRiskLevels": []string{}, "signInRiskLevels": []string{"high", "medium"}, "clientAppTypes": []string{"browser", "mobileAppsAndDesktopClients"},
				"servicePrincipalRiskLevels": []string{}, "insiderRiskLevels": nil, "clients": nil, "authenticationFlows": nil, "devices": object{
					"includeDevices": []string{}, "excludeDevices": []string{},
					"deviceFilter": object{"mode": "exclude", "rule": `device.trustType -eq "ServerAD" -or device.isCompliant -eq True`}},
				"applications": object{"includeApplications": guids(2), "excludeApplications": guids(1), "includeUserActions": []string{},
					"includeAuthenticationContextClassReferences": []string{}, "applicationFilter": nil, "globalSecureAccess": nil, "networkAccess": nil},
				"users": object{"includeUsers": []string{"All"}, "excludeUsers": guids(2), "includeGroups": guids(2), "excludeGroups": guids(1),
					"includeRoles": guids(1), "excludeRoles": []string{}, "includeGuestsOrExternalUsers": nil,
					"excludeGuestsOrExternalUsers": object{"guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest", "externalTenants": object{
						"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants", "membershipKind": "all"}}},
				"platforms": object{"includePlatforms": []string{"all"}, "excludePlatforms": []string{"iOS", "linux"}},
				"locations": object{"includeLocations": []string{"All"}, "excludeLocations": guids(2)},
			},
			"grantControls": object{"operator": "OR", "builtInControls": []string{"mfa", "compliantDevice"}, "customAuthenticationFactors": []string{}, "termsOfUse": []string{},
				"authenticationStrength@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/conditionalAccess/policies('" + guid() + "')/grantControls/authenticationStrength/$entity",
				"authenticationStrength":               nil},
		}
		texts = append(texts, appendUnsorted(nil, body))
	}
	return texts
}

// appendUnsorted appends v as JSON, with names in a deterministic order that is
// not sorted.
func appendUnsorted(b []byte, v any) []byte {
	object, ok := v.(map[string]any)
	if !ok {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return append(b, text...)
	}
	names := slices.SortedFunc(maps.Keys(object), func(a, b string) int {
		return cmp.Or(cmp.Compare(crc32.ChecksumIEEE([]byte(a)), crc32.ChecksumIEEE([]byte(b))), cmp.Compare(a, b))
	})
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendUnsorted(b, name), ':')
		b = appendUnsorted(b, object[name])
	}
	return append(b, '}')
}

// manyPolicies are too many for a processor's branch predictor to learn.
var manyPolicies = policies(200)
