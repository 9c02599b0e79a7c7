package sample

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// settingsPolicy is a policy of the settings catalog in the tenant of the
// baseline's author. Copies share their settings until exportedAgain.
type settingsPolicy struct {
	number            int
	id                string
	name, area        string // the name without version
	description       string
	created, modified string
	settings          list
}

var (
	areas = []string{"Browser", "Disk Encryption", "Firewall", "Antivirus", "Updates", "Sign-in", "Office", "Desktop",
		"Network", "Printing", "Remote Help", "Power", "Storage", "Telemetry"}
	topics = []string{"Security", "User Experience", "Hardening", "Compatibility", "Privacy", "Reporting", "Shared Devices",
		"Extensions", "Exclusions", "Defaults"}
)

// newSettingsPolicy returns the policy of this number, from 0 to 139: each pair of
// an area and a topic names one.
func newSettingsPolicy(number int) settingsPolicy {
	d := newDraw("settings", number)
	area, topic := areas[number%len(areas)], topics[number/len(areas)]
	p := settingsPolicy{
		number:      number,
		id:          d.guid(),
		name:        fmt.Sprintf("Win - CBL - SC - %s - %s - %s", area, d.of("D", "U"), topic),
		area:        strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(area + topic)),
		description: fmt.Sprintf("%s for %s. %s", topic, area, d.of("Assign to all devices.", "Try on a pilot group first.", "Needs a restart.")),
		created:     d.moment(2024),
		modified:    d.moment(2025),
	}
	p.settings = settings(d, p.area, 7+d.IntN(7))
	return p
}

// version is the end of the name of a policy that keeps its name: the release
// in which its author last renamed it.
func (p settingsPolicy) version() string { return fmt.Sprintf("v3.%d", p.number%3) }

// exportedAgain returns the policy as a later export has it: with another date, and
// with a copy of the settings, for edit.
func (p settingsPolicy) exportedAgain() settingsPolicy {
	p.modified = newDraw("exported", p.number).moment(2026)
	p.settings = ordered(p.settings, func(object) {}).(list)
	return p
}

// createdAgain returns the policy after its author has deleted it and created it
// anew: with another id.
func (p settingsPolicy) createdAgain() settingsPolicy {
	p.id, p.created = newDraw("again", p.number).guid(), p.modified
	return p
}

// file returns the policy as an exporter writes it.
func (p settingsPolicy) file(name string) object {
	return slices.Concat(
		object{{"@odata.context", "https://graph.microsoft.com/beta/$metadata#deviceManagement/configurationPolicies(settings())/$entity"}},
		p.head(name, p.id),
		object{
			{"settings@odata.context", "https://graph.microsoft.com/beta/$metadata#deviceManagement/configurationPolicies('" + p.id + "')/settings"},
			{"settings", p.settings},
		})
}

// head returns the policy without settings.
func (p settingsPolicy) head(name, id string) object {
	return object{
		{"createdDateTime", p.created},
		{"creationSource", nil},
		{"description", p.description},
		{"lastModifiedDateTime", p.modified},
		{"name", name},
		{"platforms", "windows10"},
		{"priorityMetaData", nil},
		{"roleScopeTagIds", list{"0"}},
		{"settingCount", len(p.settings)},
		{"technologies", "mdm"},
		{"id", id},
		{"templateReference", object{{"templateId", ""}, {"templateFamily", "none"}, {"templateDisplayName", nil}, {"templateDisplayVersion", nil}}},
	}
}

// deployed returns the policy as an object of the tenant, with an id of the
// tenant's own. A later version of the service returns one more member in each
// setting.
func (p settingsPolicy) deployed(name string, later bool) tenant.Resource {
	d := newDraw("deployed", p.number)
	id := d.guid()
	p.created, p.modified = d.moment(2025), d.moment(2026)
	if later {
		p.settings = audited(p.settings).(list)
	}
	target := d.of("allDevices", "allLicensedUsers")
	body := slices.Concat(p.head(name, id), object{
		{"isAssigned", true},
		{"settings", p.settings},
		{"assignments", list{object{
			{"id", id + "_" + d.guid()},
			{"source", "direct"},
			{"sourceId", id},
			{"target", object{
				{"@odata.type", "#microsoft.graph." + target + "AssignmentTarget"},
				{"deviceAndAppManagementAssignmentFilterId", nil},
				{"deviceAndAppManagementAssignmentFilterType", "none"},
			}},
		}}},
	})
	return tenant.Resource{Kind: SettingsKind, ID: id, Body: compact(body)}
}

// audited returns v with the member "auditRuleInformation" in each instance of a
// setting.
func audited(v any) any {
	switch v := v.(type) {
	case object:
		var o object
		for _, m := range v {
			o = append(o, member{m.name, audited(m.value)})
			if m.name == "settingInstanceTemplateReference" {
				o = append(o, member{"auditRuleInformation", nil})
			}
		}
		return o
	case list:
		l := list{}
		for _, item := range v {
			l = append(l, audited(item))
		}
		return l
	}
	return v
}
