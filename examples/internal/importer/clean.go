package importer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// cleanBodies brings every object except its references into the repository's form,
// and gives it its key.
func (im *importer) cleanBodies() {
	for o := range im.in {
		im.dropAnnotations(o)
		im.dropReadOnly(o)
		im.readGroupNames(o)
		im.dropEmptyAssignments(o)
		im.renameName(o)
		im.fillDefaults(o)
		im.noteMasked(o)
		im.noteBeta(o)
		key, err := KeyOf(o.kind, o.body)
		if o.key = key; err != nil {
			im.leaveOut(o, err)
			continue
		}
		im.replaceTenantID(o) // after the key is known, since a key is not a template
		if missing := MissingRequired(o.kind.Name, o.body); missing != "" {
			im.leaveOut(o, fmt.Errorf("%q is missing, and there is no safe default for it", missing))
		}
	}
}

// KeyOf returns an object's key: the properties of its kind's natural key.
func KeyOf(k tenant.Kind, body map[string]any) (string, error) {
	if k.Singleton {
		return k.Name, nil
	}
	natural := k.NaturalKey
	if natural == nil {
		natural = []string{"/displayName"}
	}
	var values []string
	for _, path := range natural {
		bodies.StringsAt(body, path, func(s string) { values = append(values, s) })
	}
	key := strings.Join(values, " - ")
	if len(values) < len(natural) || strings.TrimSpace(key) == "" {
		return key, fmt.Errorf("it has no name: %s is missing", strings.Join(natural, ", "))
	}
	return key, nil
}

// dropAnnotations removes the protocol's annotations: links, contexts, actions, and
// types that repeat the declared type.
func (im *importer) dropAnnotations(o *object) {
	im.dropAnnotationsIn(o.body, im.recognizer.declaredAt(o.kind.Name))
}

// dropAnnotationsIn removes annotations from a value. declared holds the types that
// the versions of the metadata declare for the value.
func (im *importer) dropAnnotationsIn(v any, declared []*graphmeta.Type) {
	switch v := v.(type) {
	case map[string]any:
		typ, _ := v["@odata.type"].(string)
		typ = strings.TrimPrefix(strings.TrimPrefix(typ, "#"), "microsoft.graph.")
		for _, name := range sortedKeys(v) {
			if isAnnotation(name) && (name != "@odata.type" || repeats(typ, declared)) {
				delete(v, name)
				im.report.Annotations++
				continue
			}
			if !isAnnotation(name) {
				im.dropAnnotationsIn(v[name], im.recognizer.typesOf(declared, typ, name))
			}
		}
	case []any:
		for _, element := range v {
			im.dropAnnotationsIn(element, declared)
		}
	}
}

// repeats reports whether a type only repeats the declared type. Graph omits such a
// type; exports made with full metadata include it. Graph cannot create a value
// without a type if the declared type is abstract.
func repeats(typ string, declared []*graphmeta.Type) bool {
	return len(declared) > 0 && !slices.ContainsFunc(declared, func(t *graphmeta.Type) bool { return t.Name != typ || t.HasAbstract() })
}

func (im *importer) dropReadOnly(o *object) {
	paths := o.kind.ReadOnly
	for _, m := range o.kind.Masked {
		if m.Token != "" { // valid in the exporting tenant only
			paths = append(slices.Clone(paths), m.Path[:strings.LastIndex(m.Path, "/")+1]+m.Token)
		}
	}
	for _, path := range paths {
		bodies.EditAt(o.body, bodies.Segments(path), func(any) (any, bool) {
			im.report.droppedReadOnly(o.kind.Name, path)
			return nil, false
		})
	}
}

// readGroupNames sets the missing id of a target to the group's name. IntuneCD writes
// groupName and groupType instead of the id, and the names of filters and scope tags.
func (im *importer) readGroupNames(o *object) {
	bodies.EditAt(o.body, bodies.Segments("/assignments/*/target"), func(v any) (any, bool) {
		target, _ := v.(map[string]any)
		if name, ok := target["groupName"].(string); ok {
			if target["groupId"] == nil {
				target["groupId"] = name
			}
			o.byName = true
			im.dynamicGroup(name, target["membershipRule"])
		}
		for _, property := range []string{"groupName", "groupType", "membershipRule"} {
			delete(target, property)
		}
		return v, true
	})
	bodies.EditAt(o.body, bodies.Segments("/roleScopeTagIds/*"), func(v any) (any, bool) {
		if v == "Default" {
			return "0", true
		}
		return v, true
	})
}

// dynamicGroup records the membership rule of a group that the export only names.
func (im *importer) dynamicGroup(name string, rule any) {
	if text, ok := rule.(string); ok && text != "" {
		im.rules[name] = text
	}
}

// dropEmptyAssignments removes an empty list of assignments: see
// [Options.EmptyAssignments].
func (im *importer) dropEmptyAssignments(o *object) {
	if list, ok := o.body["assignments"].([]any); ok && len(list) == 0 && !im.options.EmptyAssignments {
		delete(o.body, "assignments")
		im.report.altered(o.file, "\"assignments\" was empty, and is not managed: tools write that for assignments that they did not see")
	}
}

// renameName moves an object's name to the property that its kind uses.
func (im *importer) renameName(o *object) {
	want, other := "displayName", "name"
	switch {
	case slices.Equal(o.kind.NaturalKey, []string{"/name"}):
		want, other = other, want
	case o.kind.NaturalKey != nil || o.kind.Singleton:
		return
	}
	value, has := o.body[other]
	if !has {
		return
	}
	if _, both := o.body[want]; !both {
		o.body[want] = value
		im.report.altered(o.file, fmt.Sprintf("%q became %q", other, want))
	} else if value != o.body[want] {
		return // a different property with the same name
	} else {
		im.report.altered(o.file, fmt.Sprintf("%q, which repeats %q, dropped", other, want))
	}
	delete(o.body, other)
}

// defaultValue is the value of a required property that is missing. Its function
// returns nil if the object does not need the property.
type defaultValue struct {
	property string
	value    func(body map[string]any) any
	// says describes the value in the report. Defaults to the value.
	says string
}

func always(v any) func(map[string]any) any { return func(map[string]any) any { return v } }

// defaults holds the default values of each kind. A Conditional Access policy of
// unknown state must not take effect.
var defaults = map[string][]defaultValue{
	tenanttest.ConditionalAccessPolicies: {{property: "state", value: always("disabled")}},
	tenanttest.Groups: {
		{property: "mailEnabled", value: always(false)},
		{property: "securityEnabled", value: always(true)},
		{property: "mailNickname", value: func(body map[string]any) any { return nickname(body["displayName"]) }, says: "made from the name"},
		{property: "groupTypes", value: func(body map[string]any) any {
			if bodies.IsEmpty(body["membershipRule"]) {
				return []any{}
			}
			return []any{"DynamicMembership"}
		}},
		{property: "membershipRuleProcessingState", value: func(body map[string]any) any {
			if bodies.IsEmpty(body["membershipRule"]) {
				return nil
			}
			return "On"
		}},
	},
	tenanttest.DeviceCompliancePolicies: {{property: "scheduledActionsForRule", value: blockAtOnce, says: "a device that does not comply is blocked at once"}},
}

func blockAtOnce(map[string]any) any {
	return []any{map[string]any{
		"ruleName": "PasswordRequired",
		"scheduledActionConfigurations": []any{map[string]any{
			"actionType": "block", "gracePeriodHours": 0, "notificationTemplateId": "", "notificationMessageCCList": []any{},
		}},
	}}
}

func (im *importer) fillDefaults(o *object) {
	for _, d := range defaults[o.kind.Name] {
		if _, has := o.body[d.property]; has {
			continue
		}
		value := d.value(o.body)
		if value == nil {
			continue
		}
		o.body[d.property] = value
		im.report.altered(o.file, fmt.Sprintf("%q was missing: %s", d.property, cmp.Or(d.says, fmt.Sprint("now ", value))))
	}
}

// nickname makes a mail nickname of a display name.
func nickname(name any) string {
	s, _ := name.(string)
	letters := strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_') {
			return r
		}
		return -1
	}, s)
	if letters == "" {
		letters = "group"
	}
	return letters[:min(len(letters), 64)]
}

// required holds, for each kind, the properties that Graph needs to create an object
// and that have no safe default.
var required = map[string][]string{
	tenanttest.ConditionalAccessPolicies: {"conditions"},
	tenanttest.NamedLocations:            {"@odata.type"},
	tenanttest.AuthenticationStrengths:   {"allowedCombinations"},
	tenanttest.AuthenticationMethods:     {"@odata.type", "state"},
	tenanttest.DeviceCompliancePolicies:  {"@odata.type"},
	tenanttest.DeviceConfigurations:      {"@odata.type"},
	tenanttest.ConfigurationPolicies:     {"platforms", "technologies", "settings"},
	tenanttest.CompliancePolicies:        {"platforms", "technologies", "settings"},
	tenanttest.AssignmentFilters:         {"platform", "rule"},
	"mobileApps":                         {"@odata.type", "publisher"},
	"mobileAppPackages":                  {"@odata.type", "publisher"},
	"deviceEnrollmentConfigurations":     {"@odata.type"},
	"windowsAutopilotDeploymentProfiles": {"@odata.type"},
}

// MissingRequired returns a property that Graph needs to create an object of the
// kind and that the body lacks, or "".
func MissingRequired(kind string, body map[string]any) string {
	for _, property := range required[kind] {
		if body[property] == nil {
			return property
		}
	}
	return ""
}

// noteMasked reports secrets that the export lacks.
func (im *importer) noteMasked(o *object) {
	for _, m := range o.kind.Masked {
		bodies.StringsAt(o.body, m.Path, func(s string) {
			if s != "" && strings.Trim(s, "*") == "" {
				im.report.kept(o.file, fmt.Sprintf("the secret at %s is masked: enter it before the object is created in another tenant", m.Path))
			}
		})
	}
}

// betaPaths holds properties that only Graph's beta has. The importer keeps them,
// because the person who exported them wants them. A client must use beta for the kind.
var betaPaths = map[string][]string{
	tenanttest.ConditionalAccessPolicies: {
		"/conditions/agents", "/conditions/agentContext", "/conditions/agentIdRiskLevels",
		"/conditions/clientApplications/includeAgentIdServicePrincipals",
		"/conditions/clientApplications/excludeAgentIdServicePrincipals",
	},
}

func (im *importer) noteBeta(o *object) {
	for _, path := range betaPaths[o.kind.Name] {
		bodies.EditAt(o.body, bodies.Segments(path), func(v any) (any, bool) {
			if !bodies.IsEmpty(v) {
				im.report.kept(o.file, fmt.Sprintf("%s exists only in Graph's beta: kept as it is", path))
			}
			return v, true
		})
	}
}

// noteSecurityDefaults reports enabled policies if the export lacks the setting that
// they need. Most exports do.
func (im *importer) noteSecurityDefaults() {
	enabled := 0
	for o := range im.in {
		switch {
		case o.kind.Name == tenanttest.SecurityDefaults:
			return
		case o.kind.Name == tenanttest.ConditionalAccessPolicies && o.body["state"] == "enabled":
			enabled++
		}
	}
	if enabled > 0 {
		im.report.kept(tenanttest.SecurityDefaults, fmt.Sprintf(
			"not in the export, and Graph refuses the enabled policies (%d) while security defaults are on: switch them off, or add the setting", enabled))
	}
}

// replaceTenantID replaces the exporting tenant's id and its placeholder with a
// variable, and escapes texts that look like a variable.
func (im *importer) replaceTenantID(o *object) {
	replaced := false
	bodies.EditStrings(o.body, func(s string) string {
		s = strings.ReplaceAll(s, "${", "$${")
		parts := splitFold(s, im.table.TenantID, "%OrganizationId%")
		replaced = replaced || len(parts) > 1
		return strings.Join(parts, tenantIDVariable)
	})
	if replaced {
		im.report.altered(o.file, "the exporting tenant's id became "+tenantIDVariable)
	}
}

// splitFold splits s at each of the words, ignoring case. It ignores empty words.
func splitFold(s string, words ...string) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); {
		at := slices.IndexFunc(words, func(w string) bool { return w != "" && len(s)-i >= len(w) && strings.EqualFold(s[i:i+len(w)], w) })
		if at < 0 {
			_, size := utf8.DecodeRuneInString(s[i:])
			i += size
			continue
		}
		parts = append(parts, s[start:i])
		i += len(words[at])
		start = i
	}
	return append(parts, s[start:])
}

// errPerson is the reason for leaving out an object that names people.
var errPerson = errors.New("it names a person, who does not exist in another tenant: put the person into a group")

// isAnnotation reports whether a property is an annotation of the protocol and not a
// property of the object. The type is an annotation too; see [importer.dropAnnotations].
func isAnnotation(name string) bool {
	return strings.Contains(name, "@") || strings.HasPrefix(name, "#")
}
