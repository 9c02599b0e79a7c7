package main

import (
	_ "embed" // endpoints beside the catalogue's
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

//go:embed endpoints.tsv
var endpointTable string

// follow are the navigation properties whose targets are in the tables, wherever
// they occur: what the catalogue reads or writes as part of an object, or may
// get to. Of other navigation properties the tables have the name of the target.
var follow = strings.Fields(`
	accessPackageAssignmentPolicies accessPackageCatalog accessPackageResourceRoleScopes allowedValues appRoleAssignedTo
	appRoleAssignments apps assignmentPolicies assignments authenticationMethodConfigurations authenticationStrength baseline
	catalog categories combinationConfigurations connectorGroups definition definitionValues enrollmentProfiles excludeTargets
	excludes exemptAppLockerFiles federatedIdentityCredentials file files identitySynchronization includeTargets includes items
	localizations localizedNotificationMessages policies presentation presentationValues protectedAppLockerFiles
	resourceRoleScopes roleDefinition rules scheduledActionConfigurations scheduledActionsForRule scopedRoleMembers settings
	tasks`)

// endpoint is a path whose types are in the tables.
type endpoint struct {
	path     string
	versions []string // those that must have it
}

// endpoints returns the catalogue's, then those of endpoints.tsv.
func endpoints() ([]endpoint, error) {
	var all []endpoint
	for _, e := range catalogue.Default().Entries {
		all = append(all, endpoint{e.Endpoint, []string{e.Version}})
	}
	for line := range strings.Lines(endpointTable) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) != 3 || !strings.HasPrefix(f[0], "/") {
			return nil, fmt.Errorf("endpoints.tsv: %q", line)
		}
		all = append(all, endpoint{f[0], strings.Split(f[1], " ")})
	}
	return all, nil
}

// reach returns the types and enumerations that the endpoints can reach, and
// the endpoints that this version lacks.
func (m *model) reach(wanted []endpoint) (types, enums map[string]bool, lacking []string, err error) {
	types, enums = map[string]bool{}, map[string]bool{}
	var todo []string
	add := func(name string, below bool) {
		if m.types[name] == nil {
			enums[name] = m.enums[name] != nil
			return
		}
		family := m.bases(name)
		if below {
			family = append(family, m.derived(name)...)
		}
		for _, member := range family {
			for _, n := range m.bases(member) {
				if !types[n] {
					types[n] = true
					todo = append(todo, n)
				}
			}
		}
	}
	for _, e := range wanted {
		name, way, ok := m.endpoint(e.path)
		if !ok {
			if slices.Contains(e.versions, m.version) {
				return nil, nil, nil, fmt.Errorf("%s leads to no type", e.path)
			}
			lacking = append(lacking, e.path)
			continue
		}
		add(name, true)
		for _, n := range way {
			add(n, false)
		}
	}
	for len(todo) > 0 {
		t := m.types[todo[0]]
		todo = todo[1:]
		for name, p := range t.props {
			if !p.nav || slices.Contains(follow, name) {
				add(p.typ, true)
			}
		}
	}
	return types, enums, lacking, nil
}
