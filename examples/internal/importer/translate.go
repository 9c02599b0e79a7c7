package importer

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
)

// translation tells how the flat or renamed properties of another tool's resource
// become the body of a kind's object.
type translation struct {
	endpoint string
	// properties are, by the tool's name ("conditions.users.included_groups"), the
	// pointers in the body. One that ends in "[]" is a list.
	properties map[string]string
	// dropped are properties that say nothing about the object, or that are people.
	dropped []string
	finish  func(body map[string]any)
}

// apply makes the body. A property with a value that the translation lacks makes
// the object unusable: nothing is lost in silence.
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

// blockOf returns a block: an object, or a list of at most one.
func blockOf(v any) (map[string]any, bool) {
	if list, ok := v.([]any); ok && len(list) == 1 {
		v = list[0]
	}
	block, ok := v.(map[string]any)
	return block, ok
}

// says reports whether a value of an unknown property says anything: an empty one
// or false is what the tool writes for one that is not used.
func says(v any) bool {
	n, isNumber := v.(json.Number)
	return !bodies.IsEmpty(v) && v != false && (!isNumber || n != "0")
}

// set puts a value at a pointer, and makes the objects around it.
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

// finishLocation gives a named location its type and its ranges theirs.
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

// strengths of Microsoft that are the same in every tenant, by their names.
// https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
var builtInStrengths = map[string]string{
	"Multifactor authentication": "00000000-0000-0000-0000-000000000002",
	"Passwordless MFA":           "00000000-0000-0000-0000-000000000003",
	"Phishing-resistant MFA":     "00000000-0000-0000-0000-000000000004",
}

// finishPolicy drops session controls that are off, turns on those that have a
// value, and puts the id of a built-in strength for its name.
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

// finishGroup writes the switch of a rule as Graph does.
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
