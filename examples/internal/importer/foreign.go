package importer

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
)

// member returns the value of a property, ignoring the case of its name. PowerShell
// tools write names in different cases.
func member(body map[string]any, name string) (value any, has bool) {
	if v, ok := body[name]; ok {
		return v, true
	}
	for _, each := range sortedKeys(body) {
		if strings.EqualFold(each, name) {
			return body[each], true
		}
	}
	return nil, false
}

// textOf returns a property's text, or "".
func textOf(body map[string]any, name string) string {
	v, _ := member(body, name)
	s, _ := v.(string)
	return s
}

// cippEndpoints maps the types of Intune templates to endpoints.
var cippEndpoints = map[string]string{
	"deviceCompliancePolicies":     compliance,
	"AppConfiguration":             "/deviceAppManagement/mobileAppConfigurations",
	"Catalog":                      catalog,
	"Device":                       configurations,
	"windowsDriverUpdateProfiles":  "/deviceManagement/windowsDriverUpdateProfiles",
	"windowsFeatureUpdateProfiles": "/deviceManagement/windowsFeatureUpdateProfiles",
	"windowsQualityUpdatePolicies": "/deviceManagement/windowsQualityUpdatePolicies",
	"windowsQualityUpdateProfiles": "/deviceManagement/windowsQualityUpdateProfiles",
}

// cippTables maps the partition of each table of templates to its reader.
var cippTables = map[string]func(map[string]any) []found{
	"IntuneTemplate":                cippIntune,
	"IntuneReusableSettingTemplate": cippReusable,
	"CATemplate":                    cippPolicy,
	"GroupTemplate":                 cippGroup,
	"AssignmentFilterTemplate":      cippFilter,
}

// cippRow reads a row of CIPP's table of templates, or a template without its row.
func cippRow(body map[string]any) ([]found, bool) {
	if _, raw := member(body, "RAWJson"); raw {
		return cippIntune(body), true
	}
	table := textOf(body, "PartitionKey")
	content, has := member(body, "JSON")
	if _, row := member(body, "RowKey"); !row || !has {
		return nil, false
	}
	read, known := cippTables[table]
	if !known {
		return unusable(body, "the table %q of CIPP holds no configuration of a kind", table), true
	}
	template, err := nested(content)
	if err != nil {
		return unread(body, "its text JSON cannot be read: %w", err), true
	}
	return read(template), true
}

// nested returns an object that is either an object already or JSON in a text.
func nested(v any) (map[string]any, error) {
	switch v := v.(type) {
	case map[string]any:
		return v, nil
	case string:
		if depth := depthOf([]byte(v)); depth > maxDepth {
			return nil, fmt.Errorf("its objects are nested %d deep, more than the limit of %d", depth, maxDepth)
		}
		text, err := decodeFile("JSON", []byte(v))
		if err != nil {
			return nil, err
		}
		return bodies.Decode(text)
	}
	return nil, fmt.Errorf("it is no JSON object")
}

// unread returns an object whose content cannot be read, with the reason.
func unread(body map[string]any, format string, args ...any) []found {
	return []found{{body: body, problem: fmt.Errorf(format, args...), unread: true}}
}

// unusable returns an object that the importer refuses, with the reason.
func unusable(body map[string]any, format string, args ...any) []found {
	return []found{{body: body, problem: fmt.Errorf(format, args...)}}
}

// cippIntune reads a template of Intune, whose body is JSON in a text.
func cippIntune(template map[string]any) []found {
	raw, _ := member(template, "RAWJson")
	body, err := nested(raw)
	if err != nil {
		return unread(template, "its text RAWJson cannot be read: %w", err)
	}
	typ := textOf(template, "Type")
	if typ == "Admin" {
		return unusable(template, "an administrative template of CIPP is a list of changes, and no policy")
	}
	for name, value := range map[string]string{"displayName": textOf(template, "Displayname"), "description": textOf(template, "Description")} {
		_, other := body["name"]
		if _, has := body[name]; !has && value != "" && !(other && name == "displayName") {
			body[name] = value
		}
	}
	return []found{{body: body, endpoint: cippEndpoints[typ], byName: true}}
}

// cippReusable reads a reusable setting. Its template lacks a type, so cippReusable
// sets the endpoint.
func cippReusable(template map[string]any) []found {
	out := cippIntune(template)
	out[0].endpoint = "/deviceManagement/reusablePolicySettings"
	return out
}

// cippPolicy reads a Conditional Access policy and the locations in its template.
func cippPolicy(template map[string]any) []found {
	out := []found{{body: template, endpoint: policies, byName: true}}
	if places, has := member(template, "LocationInfo"); has {
		for _, v := range asList(places) {
			if place, ok := v.(map[string]any); ok {
				out = append(out, found{body: place, endpoint: locations})
			}
		}
	}
	for _, name := range []string{"LocationInfo", "AuthContextInfo", "GUID"} {
		for each := range template {
			if strings.EqualFold(each, name) {
				delete(template, each)
			}
		}
	}
	return out
}

// cippGroup reads a group and translates CIPP's property names.
func cippGroup(template map[string]any) []found {
	body := map[string]any{"displayName": textOf(template, "Displayname"), "description": textOf(template, "Description")}
	if nickname := textOf(template, "username"); nickname != "" {
		body["mailNickname"] = nickname
	}
	rule := textOf(template, "MembershipRules")
	switch kind := strings.ToLower(textOf(template, "groupType")); kind {
	case "generic", "security", "":
	case "dynamic":
		if rule == "" {
			return unusable(template, "the dynamic group has no rule")
		}
	case "azurerole":
		body["isAssignableToRole"] = true
	default:
		return unusable(template, "groups of CIPP's type %q have a mailbox, and are made with their team or in Exchange", kind)
	}
	if rule != "" {
		body["membershipRule"] = rule
	}
	return []found{{body: body, endpoint: "/groups"}}
}

// cippFilter reads an assignment filter.
func cippFilter(template map[string]any) []found {
	return []found{{endpoint: "/deviceManagement/assignmentFilters", body: map[string]any{
		"displayName": textOf(template, "Displayname"), "description": textOf(template, "Description"),
		"platform": textOf(template, "platform"), "rule": textOf(template, "rule"),
		"assignmentFilterManagementType": cmp.Or(textOf(template, "assignmentFilterManagementType"), "devices"),
	}}}
}
