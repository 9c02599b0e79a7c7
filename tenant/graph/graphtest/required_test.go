package graphtest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// Why nothing is known to be required of a kind's creates.
const (
	namesNone = "its page of create, and that of the resource, call no property required"
	lists     = "Intune's page of create calls every property required, those that the service sets too, and that of the resource calls none required"
	disagrees = "its page's list of what is required has the id and its example does not; both are of an earlier form of the resource"
	noPage    = "no page of its create was found"
)

// undemanded are the kinds that can be created and of which no required property is
// known.
var undemanded = map[string]string{
	"accessPackageCatalogs":                namesNone,
	"accessPackages":                       namesNone,
	"administrativeUnits":                  namesNone,
	"connectedOrganizations":               namesNone,
	"groupLifecyclePolicies":               namesNone,
	"identityProviders":                    namesNone,
	"lifecycleCustomTaskExtensions":        namesNone,
	"permissionGrantPolicies":              namesNone,
	"cloudPcProvisioningPolicies":          disagrees,
	"cloudPcUserSettings":                  disagrees,
	"authenticationContextClassReferences": noPage,
	"connectorGroups":                      noPage,
	"androidManagedAppProtections":         lists,
	"appleUserInitiatedEnrollmentProfiles": lists,
	"assignmentFilters":                    lists,
	"compliancePolicies":                   lists,
	"configurationPolicies":                lists,
	"deviceCategories":                     lists,
	"deviceComplianceScripts":              lists,
	"deviceConfigurations":                 lists,
	"deviceCustomAttributeShellScripts":    lists,
	"deviceEnrollmentConfigurations":       lists,
	"deviceHealthScripts":                  lists,
	"deviceManagementScripts":              lists,
	"deviceShellScripts":                   lists,
	"groupPolicyConfigurations":            lists,
	"hardwareConfigurations":               lists,
	"intuneBrandingProfiles":               lists,
	"intuneRoleAssignments":                lists,
	"intuneRoleDefinitions":                lists,
	"iosManagedAppProtections":             lists,
	"managedDeviceCleanupRules":            lists,
	"mobileAppCategories":                  lists,
	"mobileAppConfigurations":              lists,
	"mobileApps":                           lists,
	"notificationMessageTemplates":         lists,
	"policySets":                           lists,
	"reusablePolicySettings":               lists,
	"roleScopeTags":                        lists,
	"targetedManagedAppConfigurations":     lists,
	"termsAndConditions":                   lists,
	"windowsAutopilotDeploymentProfiles":   lists,
	"windowsDriverUpdateProfiles":          lists,
	"windowsFeatureUpdateProfiles":         lists,
	"windowsManagedAppProtections":         lists,
	"windowsQualityUpdatePolicies":         lists,
	"windowsQualityUpdateProfiles":         lists,
}

// Each kind that can be created has its requirements here, with their page, or the
// reason why none are known.
func TestEveryCreateIsDemandedOrNamed(t *testing.T) {
	var creatable []string
	for _, e := range catalogue.Default().Entries {
		if e.Create {
			creatable = append(creatable, e.Name)
		}
	}
	slices.Sort(creatable)
	named := slices.Sorted(maps.Keys(required))
	for kind := range undemanded {
		if _, both := required[kind]; both {
			t.Errorf("%s has requirements, and a reason why it has none", kind)
		}
		named = append(named, kind)
	}
	slices.Sort(named)
	if diff := cmp.Diff(creatable, named); diff != "" {
		t.Errorf("the kinds (-can be created +named)\n%s", diff)
	}
	for kind, r := range required {
		if len(r.names) == 0 || !strings.Contains(r.page, "/api/") && !strings.Contains(r.page, "/resources/") {
			t.Errorf("%s: requires %v by the page %q", kind, r.names, r.page)
		}
	}
	t.Logf("%d of %d kinds have requirements", len(required), len(creatable))
}

// each calls f with every requirement of a kind and the types that it is about: its
// own, or those that the requirement is of.
func eachRequirement(t *testing.T, f func(e *catalogue.Entry, m *graphmeta.Model, types []string, r requirement)) {
	t.Helper()
	for _, e := range catalogue.Default().Entries {
		m, ok := graphmeta.Of(e.Version)
		at, known := m.Endpoint(e.Endpoint)
		if !ok || !known {
			t.Fatalf("%s has no metadata", e.Name)
		}
		below := append(m.Derived(at.Type), at.Type)
		if r, has := required[e.Name]; has {
			f(&e, m, below, r)
		}
		for typ, r := range requiredOfType {
			if name := strings.TrimPrefix(typ, "#microsoft.graph."); slices.Contains(below, name) {
				f(&e, m, []string{name}, r)
			}
		}
	}
}

// Metadata has each required property, and does not say that the service computes it.
func TestRequirementsAreInMetadata(t *testing.T) {
	n := 0
	eachRequirement(t, func(e *catalogue.Entry, m *graphmeta.Model, types []string, r requirement) {
		for _, names := range r.names {
			for name := range strings.SplitSeq(names, "|") {
				if name == "@odata.type" {
					continue
				}
				n++
				if !slices.ContainsFunc(types, func(typ string) bool {
					declared, _ := m.Type(typ)
					p, ok := declared.Property(name)
					return ok && p.Marks&graphmeta.Computed == 0
				}) {
					t.Errorf("%s: no type has the property %s, or all compute it", e.Name, name)
				}
			}
		}
	})
	if n < 70 {
		t.Errorf("only %d properties were looked at", n)
	}
}

// The objects that the documentation's examples create, as their answers show them, have
// what the table calls required. The examples were collected apart from the table.
func TestExamplesMeetTheRequirements(t *testing.T) {
	met, kinds := 0, map[string]bool{}
	for _, x := range beside.Examples(t) {
		if x.Method != "POST" {
			continue
		}
		for _, e := range catalogue.Default().Entries {
			path := "/" + e.Version + e.Endpoint
			if _, has := required[e.Name]; !has || !strings.EqualFold(x.Path(), path) && !strings.EqualFold(x.Path(), strings.ReplaceAll(path, "{directory}", "*")) {
				continue
			}
			var body object
			if json.Unmarshal(x.Response.Body, &body) != nil || body == nil {
				continue
			}
			met++
			kinds[e.Name] = true
			if problem := createNeeds(&e, body); problem != "" {
				t.Errorf("%s: the object of the documentation's example, %s, is refused: %s", e.Name, x.Response.Body, problem)
			}
		}
	}
	if len(kinds) < 12 {
		t.Errorf("%d examples of %d kinds were found", met, len(kinds))
	}
	t.Logf("%d examples of %d kinds", met, len(kinds))
}

// A create with everything required passes, and one that lacks one of them does not.
// False, 0 and empty lists are values.
func TestCreateNeeds(t *testing.T) {
	eachRequirement(t, func(e *catalogue.Entry, _ *graphmeta.Model, types []string, r requirement) {
		all := func() object {
			o := object{}
			if len(types) == 1 {
				o["@odata.type"] = "#microsoft.graph." + types[0]
			}
			for _, names := range append(slices.Clone(required[e.Name].names), r.names...) {
				for name := range strings.SplitSeq(names, "|") {
					if o[name] == nil {
						o[name] = false
					}
				}
			}
			return o
		}
		if problem := createNeeds(e, all()); problem != "" {
			t.Errorf("%s: %s", e.Name, problem)
		}
		for _, names := range r.names {
			o := all()
			for name := range strings.SplitSeq(names, "|") {
				if createNeeds(e, o) != "" {
					t.Errorf("%s: one of %s is enough", e.Name, names)
				}
				delete(o, name)
			}
			if problem := createNeeds(e, o); !strings.Contains(problem, "'"+names+"'") {
				t.Errorf("%s without %s: %q", e.Name, names, problem)
			}
		}
	})
	grants := catalogue.Entry{}
	grants.Name = "oauth2PermissionGrants"
	for consent, lacks := range map[string]bool{"Principal": true, "AllPrincipals": false} {
		if problem := createNeeds(&grants, object{"clientId": "c", "consentType": consent}); (problem != "") != lacks {
			t.Errorf("a grant for %s: %q", consent, problem)
		}
	}
}
