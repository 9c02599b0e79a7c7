package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
)

// translation describes how the flat or renamed properties of another tool's resource
// become the body of a kind's object.
type translation struct {
	endpoint string
	// properties maps the tool's names ("conditions.users.included_groups") to pointers
	// in the body. A pointer that ends in "[]" leads to a list.
	properties map[string]string
	// dropped holds properties that do not describe the object, or that name people.
	dropped []string
	finish  func(body map[string]any)
}

// apply makes the body. A property that has a value and that the translation lacks
// makes the object unusable, so that no value is lost silently.
func (t translation) apply(attributes map[string]any) found {
	body := map[string]any{}
	out := found{body: body, endpoint: t.endpoint, byName: true}
	var walk func(prefix string, v any)
	walk = func(prefix string, v any) {
		pointer, known := t.properties[prefix]
		switch {
		case slices.Contains(t.dropped, prefix), v == nil:
		case known:
			set(body, pointer, v)
		default:
			block, ok := blockOf(v)
			if !ok {
				if out.problem == nil && says(v) {
					out.problem = fmt.Errorf("its property %q is not translated", prefix)
				}
				return
			}
			for _, name := range sortedKeys(block) {
				walk(prefix+"."+name, block[name])
			}
		}
	}
	for _, name := range sortedKeys(attributes) {
		walk(name, attributes[name])
	}
	if t.finish != nil {
		t.finish(body)
	}
	return out
}

// blockOf returns a block, which is an object or a list of one object.
func blockOf(v any) (map[string]any, bool) {
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	block, ok := v.(map[string]any)
	return block, ok
}

// says reports whether the value of an unknown property has a meaning. Tools write
// an empty value, false or 0 for an unused property.
func says(v any) bool {
	n, isNumber := v.(json.Number)
	return !bodies.IsEmpty(v) && v != false && (!isNumber || n != "0")
}

// set puts a value at a pointer, and creates missing parent objects.
func set(body map[string]any, pointer string, v any) {
	pointer, list := strings.CutSuffix(pointer, "[]")
	if list {
		v = asList(v)
	}
	segments := bodies.Segments(pointer)
	for _, name := range segments[:len(segments)-1] {
		below, ok := body[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			body[name] = below
		}
		body = below
	}
	body[segments[len(segments)-1]] = v
}

// objectAt returns the object below body, or nil.
func objectAt(body map[string]any, names ...string) map[string]any {
	for _, name := range names {
		body, _ = body[name].(map[string]any)
	}
	return body
}

// finishLocation sets the types of a named location and of its ranges.
func finishLocation(body map[string]any) {
	body["@odata.type"] = "#microsoft.graph.countryNamedLocation"
	ranges, isIP := body["ipRanges"].([]any)
	if !isIP {
		return
	}
	body["@odata.type"] = "#microsoft.graph.ipNamedLocation"
	for i, v := range ranges {
		address, ok := v.(string)
		if !ok {
			continue
		}
		typ := "#microsoft.graph.iPv4CidrRange"
		if strings.Contains(address, ":") {
			typ = "#microsoft.graph.iPv6CidrRange"
		}
		ranges[i] = map[string]any{"@odata.type": typ, "cidrAddress": address}
	}
}

// builtInStrengths maps the names of Microsoft's built-in strengths to their ids, which
// are the same in every tenant.
// https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
var builtInStrengths = map[string]string{
	"Multifactor authentication": "00000000-0000-0000-0000-000000000002",
	"Passwordless MFA":           "00000000-0000-0000-0000-000000000003",
	"Phishing-resistant MFA":     "00000000-0000-0000-0000-000000000004",
}

// finishPolicy drops session controls that are off, turns on session controls that
// have a value, and replaces the name of a built-in strength with its id.
func finishPolicy(body map[string]any) {
	session := objectAt(body, "sessionControls")
	for _, name := range sortedKeys(session) {
		control, ok := session[name].(map[string]any)
		if !ok {
			continue
		}
		empty := !slices.ContainsFunc(slices.Collect(maps.Values(control)), says)
		if off, has := control["isEnabled"]; empty || has && off == false {
			delete(session, name)
			continue
		}
		control["isEnabled"] = true
		for _, property := range []string{"type", "mode"} {
			if s, ok := control[property].(string); ok {
				control[property] = strings.ToLower(s) // Microsoft365DSC writes "Hours"
			}
		}
	}
	if len(session) == 0 {
		delete(body, "sessionControls")
	}
	if strength := objectAt(body, "grantControls", "authenticationStrength"); strength != nil {
		name, _ := strength["id"].(string)
		if id, ok := builtInStrengths[name]; ok {
			strength["id"] = id
		}
		if name == "" {
			delete(objectAt(body, "grantControls"), "authenticationStrength")
		}
	}
	if filter := objectAt(body, "conditions", "devices", "deviceFilter"); filter != nil && !says(filter["rule"]) {
		delete(objectAt(body, "conditions"), "devices")
	}
}

// finishGroup converts the processing state of a membership rule to Graph's form, and
// drops an empty rule.
func finishGroup(body map[string]any) {
	if on, ok := body["membershipRuleProcessingState"].(bool); ok {
		body["membershipRuleProcessingState"] = map[bool]string{true: "On", false: "Paused"}[on]
	}
	for _, name := range []string{"membershipRule", "membershipRuleProcessingState"} {
		if body[name] == "" {
			delete(body, name)
		}
	}
}
