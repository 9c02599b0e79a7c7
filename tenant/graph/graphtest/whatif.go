package graphtest

import (
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// whatIfPath is the address of What If.
const whatIfPath = "identity/conditionalAccess/evaluate"

// whatIf evaluates a request: which of the policies apply to a sign-in of a user to an
// application. groupsOf returns the groups of a user. It is false for a request that lacks
// something. api/conditionalaccessroot-evaluate: details that the request lacks leave
// the conditions that need them unevaluated ("notEnoughInformation"), and
// appliedPoliciesOnly leaves out the policies that do not apply. Report-only policies
// are evaluated too; their state tells them apart.
func whatIf(request []byte, policies []tenant.Resource, groupsOf func(user string) []string) ([]object, bool) {
	req, err := decode(request)
	if err != nil {
		return nil, false
	}
	identity, _ := req["signInIdentity"].(map[string]any)
	context, _ := req["signInContext"].(map[string]any)
	conditions, _ := req["signInConditions"].(map[string]any)
	user, _ := identity["userId"].(string)
	if identity["@odata.type"] != "#microsoft.graph.userSignIn" || context["@odata.type"] != "#microsoft.graph.applicationContext" || conditions == nil || user == "" {
		return nil, false
	}
	s := evaluation{user: user, applications: texts(context["includeApplications"]), conditions: conditions, groups: groupsOf(user)}
	all := []object{}
	for _, policy := range policies {
		o, err := decode(policy.Body)
		if err != nil || o["state"] == "disabled" {
			continue
		}
		reason := s.reason(o)
		if reason != "notSet" && req["appliedPoliciesOnly"] == true {
			continue
		}
		o["policyApplies"], o["analysisReasons"] = reason == "notSet", reason
		all = append(all, o)
	}
	return all, true
}

// evaluation is a sign-in that What If evaluates.
type evaluation struct {
	user                 string
	groups, applications []string
	conditions           map[string]any
}

// reason says why a policy does not apply, or "notSet" if it does.
func (s evaluation) reason(policy object) string {
	c, _ := policy["conditions"].(map[string]any)
	part := func(name string) map[string]any { m, _ := c[name].(map[string]any); return m }
	users, apps, platforms := part("users"), part("applications"), part("platforms")
	among := func(list any, values ...string) bool {
		return slices.ContainsFunc(texts(list), func(text string) bool {
			return slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(text, v) })
		})
	}
	// A condition that names nothing does not narrow the policy.
	told := func(list any, name string, every string) bool {
		value, _ := s.conditions[name].(string)
		return len(texts(list)) == 0 || among(list, every, value)
	}
	switch {
	case !among(users["includeUsers"], "All", s.user) && !among(users["includeGroups"], s.groups...),
		among(users["excludeUsers"], s.user), among(users["excludeGroups"], s.groups...):
		return "users"
	case !among(apps["includeApplications"], append([]string{"All"}, s.applications...)...), among(apps["excludeApplications"], s.applications...):
		return "application"
	case !told(c["clientAppTypes"], "clientAppType", "all"):
		return "clientApps"
	case !told(platforms["includePlatforms"], "devicePlatform", "all"), len(texts(platforms["excludePlatforms"])) > 0 && told(platforms["excludePlatforms"], "devicePlatform", "all"):
		return "devicePlatform"
	case c["locations"] != nil && s.conditions["ipAddress"] == nil, c["devices"] != nil && s.conditions["deviceInfo"] == nil:
		return "notEnoughInformation"
	case c["authenticationFlows"] != nil && s.conditions["authenticationFlow"] == nil:
		return "authenticationFlow"
	case !told(c["signInRiskLevels"], "signInRiskLevel", ""):
		return "signInRisk"
	case !told(c["userRiskLevels"], "userRiskLevel", ""):
		return "userRisk"
	}
	return "notSet"
}

// texts are the strings of a list.
func texts(v any) []string {
	list, _ := v.([]any)
	var all []string
	for _, e := range list {
		if text, ok := e.(string); ok {
			all = append(all, text)
		}
	}
	return all
}
