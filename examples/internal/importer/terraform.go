package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// tfResource is a Terraform resource from a configuration, a state or a plan.
type tfResource struct {
	typ, label string
	attributes map[string]any
}

// tfFiles holds the top-level members of Terraform configuration files.
var tfFiles = []string{"resource", "terraform", "provider", "variable", "locals", "data", "output", "module", "moved", "import", "removed", "check", "//"}

// terraformFile reads a configuration (*.tf.json), a state, or the output of "terraform
// show -json" for a state or a plan.
func terraformFile(body map[string]any) ([]found, bool) {
	resources, ok := tfResources(body)
	if !ok {
		return nil, false
	}
	_, configuration := body["resource"]
	out := make([]found, 0, len(resources))
	labels := make(map[string]string)
	for _, r := range resources {
		o := r.object()
		if name, ok := o.body["displayName"].(string); ok {
			labels[r.typ+"."+r.label] = name
		}
		out = append(out, o)
	}
	for i := range out {
		if configuration { // only texts of a configuration contain expressions
			resolveExpressions(&out[i], labels)
		}
	}
	return out, true
}

func tfResources(body map[string]any) (out []tfResource, ok bool) {
	if _, is := body["terraform_version"]; is {
		if list, is := body["resources"].([]any); is { // a state
			return tfState(list), true
		}
		for _, name := range []string{"values", "planned_values"} {
			if module := objectAt(body, name, "root_module"); module != nil {
				return tfModule(module), true
			}
		}
		return nil, true
	}
	_, hasResource := body["resource"]
	if !hasResource || slices.ContainsFunc(sortedKeys(body), func(name string) bool { return !slices.Contains(tfFiles, name) }) {
		return nil, false
	}
	for _, v := range asList(body["resource"]) {
		types, _ := v.(map[string]any)
		for _, typ := range sortedKeys(types) {
			labels, _ := types[typ].(map[string]any)
			for _, label := range sortedKeys(labels) {
				for _, attributes := range asList(labels[label]) {
					a, _ := attributes.(map[string]any)
					out = append(out, tfResource{typ, label, a})
				}
			}
		}
	}
	return out, true
}

func tfState(list []any) (out []tfResource) {
	for _, v := range list {
		r, _ := v.(map[string]any)
		if r == nil || r["mode"] == "data" {
			continue
		}
		instances, _ := r["instances"].([]any)
		for _, v := range instances {
			instance, _ := v.(map[string]any)
			out = append(out, tfResource{textOf(r, "type"), textOf(r, "name"), objectAt(instance, "attributes")})
		}
	}
	return out
}

func tfModule(module map[string]any) (out []tfResource) {
	resources, _ := module["resources"].([]any)
	for _, v := range resources {
		if r, _ := v.(map[string]any); r != nil && r["mode"] != "data" {
			out = append(out, tfResource{textOf(r, "type"), textOf(r, "name"), objectAt(r, "values")})
		}
	}
	below, _ := module["child_modules"].([]any)
	for _, v := range below {
		if m, _ := v.(map[string]any); m != nil {
			out = append(out, tfModule(m)...)
		}
	}
	return out
}

// object returns the resource's object.
func (r tfResource) object() found {
	if r.typ == "msgraph_resource" {
		url := textOf(r.attributes, "url")
		body := objectAt(r.attributes, "body")
		if id := textOf(r.attributes, "id"); body != nil && id != "" {
			body["id"] = id
		}
		if body == nil || strings.HasSuffix(url, "/$ref") {
			return unusable(map[string]any{}, "the resource %s.%s has no body of an object", r.typ, r.label)[0]
		}
		return found{body: body, endpoint: pathOfLink(url), byName: true}
	}
	t, ok := tfTranslations[r.typ]
	if !ok {
		return unusable(map[string]any{}, "resources of the type %s are not translated", r.typ)[0]
	}
	o := t.apply(r.attributes)
	for _, name := range []string{"object_id", "id"} {
		if id := guid.FindString(textOf(r.attributes, name)); id != "" {
			o.body["id"] = id
			break
		}
	}
	return o
}

var expression = regexp.MustCompile(`^\$\{([a-z0-9_]+\.[A-Za-z0-9_-]+)\.(?:object_id|id)\}$`)

// A configuration escapes "${" and "%{", which begin an expression or a directive, as
// "$${" and "%%{". escapedTemplates removes the escapes, and unescapeTemplate decodes
// them.
var (
	escapedTemplates = strings.NewReplacer("$${", "", "%%{", "")
	unescapeTemplate = strings.NewReplacer("$${", "${", "%%{", "%{")
)

// resolveExpressions replaces references to other resources with names, and decodes
// the escapes of texts. An expression of another form makes the object unusable.
func resolveExpressions(o *found, labels map[string]string) {
	var edit func(v any) any
	edit = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for name, below := range v {
				v[name] = edit(below)
			}
		case []any:
			for i, below := range v {
				v[i] = edit(below)
			}
		case string:
			if m := expression.FindStringSubmatch(v); m != nil && labels[m[1]] != "" {
				return labels[m[1]]
			}
			if plain := escapedTemplates.Replace(v); strings.Contains(plain, "${") || strings.Contains(plain, "%{") {
				o.problem = cmpError(o.problem, fmt.Errorf("it has the expression %s, which only Terraform can evaluate", v))
			}
			return unescapeTemplate.Replace(v)
		}
		return v
	}
	edit(o.body)
}

// tfTranslations are the translated resources of the provider azuread. The provider's
// documentation of each resource defines the names.
var tfTranslations = map[string]translation{
	"azuread_group": {
		endpoint: "/groups",
		properties: map[string]string{
			"display_name": "/displayName", "description": "/description", "mail_enabled": "/mailEnabled",
			"mail_nickname": "/mailNickname", "security_enabled": "/securityEnabled", "types": "/groupTypes[]",
			"visibility": "/visibility", "assignable_to_role": "/isAssignableToRole",
			"dynamic_membership.enabled": "/membershipRuleProcessingState", "dynamic_membership.rule": "/membershipRule",
		},
		dropped: []string{"id", "object_id", "mail", "owners", "members", "proxy_addresses", "preferred_language", "prevent_duplicate_names", "timeouts"},
		finish:  finishGroup,
	},
	"azuread_named_location": {
		endpoint: locations,
		properties: map[string]string{
			"display_name": "/displayName", "ip.ip_ranges": "/ipRanges[]", "ip.trusted": "/isTrusted",
			"country.countries_and_regions": "/countriesAndRegions[]", "country.country_lookup_method": "/countryLookupMethod",
			"country.include_unknown_countries_and_regions": "/includeUnknownCountriesAndRegions",
		},
		dropped: []string{"id", "object_id", "timeouts"},
		finish:  finishLocation,
	},
	"azuread_conditional_access_policy": {
		endpoint: policies,
		properties: map[string]string{
			"display_name": "/displayName", "state": "/state",
			"conditions.client_app_types":                                "/conditions/clientAppTypes[]",
			"conditions.sign_in_risk_levels":                             "/conditions/signInRiskLevels[]",
			"conditions.user_risk_levels":                                "/conditions/userRiskLevels[]",
			"conditions.service_principal_risk_levels":                   "/conditions/servicePrincipalRiskLevels[]",
			"conditions.applications.included_applications":              "/conditions/applications/includeApplications[]",
			"conditions.applications.excluded_applications":              "/conditions/applications/excludeApplications[]",
			"conditions.applications.included_user_actions":              "/conditions/applications/includeUserActions[]",
			"conditions.devices.filter.mode":                             "/conditions/devices/deviceFilter/mode",
			"conditions.devices.filter.rule":                             "/conditions/devices/deviceFilter/rule",
			"conditions.users.included_users":                            "/conditions/users/includeUsers[]",
			"conditions.users.excluded_users":                            "/conditions/users/excludeUsers[]",
			"conditions.users.included_groups":                           "/conditions/users/includeGroups[]",
			"conditions.users.excluded_groups":                           "/conditions/users/excludeGroups[]",
			"conditions.users.included_roles":                            "/conditions/users/includeRoles[]",
			"conditions.users.excluded_roles":                            "/conditions/users/excludeRoles[]",
			"conditions.locations.included_locations":                    "/conditions/locations/includeLocations[]",
			"conditions.locations.excluded_locations":                    "/conditions/locations/excludeLocations[]",
			"conditions.platforms.included_platforms":                    "/conditions/platforms/includePlatforms[]",
			"conditions.platforms.excluded_platforms":                    "/conditions/platforms/excludePlatforms[]",
			"grant_controls.operator":                                    "/grantControls/operator",
			"grant_controls.built_in_controls":                           "/grantControls/builtInControls[]",
			"grant_controls.custom_authentication_factors":               "/grantControls/customAuthenticationFactors[]",
			"grant_controls.terms_of_use":                                "/grantControls/termsOfUse[]",
			"grant_controls.authentication_strength_policy_id":           "/grantControls/authenticationStrength/id",
			"session_controls.application_enforced_restrictions_enabled": "/sessionControls/applicationEnforcedRestrictions/isEnabled",
			"session_controls.cloud_app_security_policy":                 "/sessionControls/cloudAppSecurity/cloudAppSecurityType",
			"session_controls.persistent_browser_mode":                   "/sessionControls/persistentBrowser/mode",
			"session_controls.sign_in_frequency":                         "/sessionControls/signInFrequency/value",
			"session_controls.sign_in_frequency_period":                  "/sessionControls/signInFrequency/type",
		},
		dropped: []string{"id", "object_id", "timeouts"},
		finish:  finishPolicy,
	},
}
