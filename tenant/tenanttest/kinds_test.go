package tenanttest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tenantsync/tenantsync/internal/beside"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

func TestKindsAreSane(t *testing.T) {
	kinds := tenanttest.Kinds()
	names := make(map[string]bool)
	for _, k := range kinds {
		if k.Name == "" || names[k.Name] {
			t.Errorf("kind name %q is empty or given twice", k.Name)
		}
		names[k.Name] = true
	}
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			for _, p := range wildcardPaths(k) {
				if err := pathError(p, true); err != "" {
					t.Errorf("path %q: %s", p, err)
				}
			}
			for _, p := range plainPaths(k) {
				if err := pathError(p, false); err != "" {
					t.Errorf("path %q: %s", p, err)
				}
			}
			for _, other := range namedKinds(k) {
				if !names[other] {
					t.Errorf("it names the kind %q, which is not in the catalogue", other)
				}
			}
			if k.Singleton && (k.Create || k.Delete) {
				t.Error("a singleton cannot be created or deleted")
			}
			if k.Scope == tenant.Referenced && (k.Create || k.Update || k.Delete) {
				t.Error("a referenced kind is never written")
			}
			for _, l := range k.Limits {
				if len(l.Verbs) == 0 || l.Reason == "" {
					t.Errorf("limit %+v takes no verb away or gives no reason", l)
				}
			}
			for _, p := range k.NaturalKey {
				if slices.Contains(k.ReadOnly, p) {
					t.Errorf("the natural key %q is read-only: no file could name the object", p)
				}
			}
		})
	}
}

// TestKindsAreTheCallers changes one answer and looks at the next.
func TestKindsAreTheCallers(t *testing.T) {
	kinds := tenanttest.Kinds()
	i := slices.IndexFunc(kinds, func(k tenant.Kind) bool { return len(k.References) > 0 })
	kinds[i].References[0].Path = "/changed"
	kinds[i].References[0].Kinds[0] = "changed"
	if got := tenanttest.Kinds()[i].References[0]; got.Path == "/changed" || got.Kinds[0] == "changed" {
		t.Errorf("a caller's change shows in the next answer: %+v", got)
	}
}

func TestPermissionsCoverKinds(t *testing.T) {
	read, write := make(map[string]bool), make(map[string]bool)
	for _, p := range tenanttest.Permissions() {
		if len(p.AnyOf) == 0 {
			t.Errorf("permission for %v has no name", p.Kinds)
		}
		for _, k := range p.Kinds {
			if p.Write {
				write[k] = true
			} else {
				read[k] = true
			}
		}
	}
	for _, k := range tenanttest.Kinds() {
		if !read[k.Name] {
			t.Errorf("%s: no permission to read", k.Name)
		}
		if writable := k.Create || k.Update || k.Delete; writable != write[k.Name] {
			t.Errorf("%s: can be written: %t; has a permission to write: %t", k.Name, writable, write[k.Name])
		}
		delete(read, k.Name)
		delete(write, k.Name)
	}
	for k := range read {
		t.Errorf("permission for %q, which is not in the catalogue", k)
	}
}

// resourceOf names each kind's row in the list of Graph's resources.
var resourceOf = map[string]string{
	tenanttest.ConditionalAccessPolicies:    "conditionalAccessPolicy",
	tenanttest.NamedLocations:               "namedLocation",
	tenanttest.Groups:                       "group",
	tenanttest.AuthenticationStrengths:      "authenticationStrengthPolicy",
	tenanttest.AuthenticationMethods:        "authenticationMethodConfiguration",
	tenanttest.AuthenticationContexts:       "authenticationContextClassReference",
	tenanttest.AuthorizationPolicy:          "authorizationPolicy",
	tenanttest.SecurityDefaults:             "identitySecurityDefaultsEnforcementPolicy",
	tenanttest.CrossTenantAccessDefault:     "crossTenantAccessPolicyConfigurationDefault",
	tenanttest.Agreements:                   "agreement",
	tenanttest.RoleDefinitions:              "unifiedRoleDefinition",
	tenanttest.Applications:                 "application",
	tenanttest.ServicePrincipals:            "servicePrincipal",
	tenanttest.DeviceCompliancePolicies:     "deviceCompliancePolicy",
	tenanttest.CompliancePolicies:           "deviceManagementCompliancePolicy",
	tenanttest.DeviceConfigurations:         "deviceConfiguration",
	tenanttest.ConfigurationPolicies:        "deviceManagementConfigurationPolicy (settings catalog)",
	tenanttest.AssignmentFilters:            "assignmentFilter",
	tenanttest.RoleScopeTags:                "roleScopeTag",
	tenanttest.NotificationMessageTemplates: "notificationMessageTemplate",
}

// writableAnyway are properties that the list calls read-only and that are not,
// with the reason.
var writableAnyway = map[string]map[string]string{
	tenanttest.RoleDefinitions: {
		"description":     "read-only for built-in roles, which a limit covers",
		"displayName":     "read-only for built-in roles, which a limit covers",
		"isEnabled":       "read-only for built-in roles, which a limit covers",
		"rolePermissions": "read-only for built-in roles, which a limit covers",
		"version":         "read-only for built-in roles, which a limit covers",
	},
}

// fewerVerbs are kinds whose endpoint has methods that the kind does not use.
var fewerVerbs = map[string]string{
	tenanttest.AuthenticationMethods: "the methods are a fixed set: POST and DELETE are for external ones",
	tenanttest.Applications:          "read so that references can be named, never written",
	tenanttest.ServicePrincipals:     "read so that references can be named, never written",
}

func TestKindsAgreeWithGraph(t *testing.T) {
	rows := graphResources(t)
	for _, k := range tenanttest.Kinds() {
		t.Run(k.Name, func(t *testing.T) {
			row, ok := rows[resourceOf[k.Name]]
			if !ok {
				t.Fatalf("no resource %q in the list", resourceOf[k.Name])
			}
			last := row["endpoint"][strings.LastIndex(row["endpoint"], "/")+1:]
			if !strings.HasSuffix(strings.ToLower(k.Name), strings.ToLower(last)) {
				t.Errorf("name %q does not end as the endpoint %s", k.Name, row["endpoint"])
			}
			if got, want := k.Singleton, row["kind"] == "singleton"; got != want {
				t.Errorf("singleton = %t, want %t", got, want)
			}
			for p := range strings.SplitSeq(row["read_only_properties"], ", ") {
				if p != "" && writableAnyway[k.Name][p] == "" && !slices.Contains(k.ReadOnly, "/"+p) {
					t.Errorf("%q is read-only in Graph and not in the kind", p)
				}
			}
			if fewerVerbs[k.Name] != "" {
				return
			}
			methods := row["methods"]
			for verb, method := range map[tenant.Verb]string{tenant.Create: "POST", tenant.Update: "PATCH", tenant.Delete: "DELETE"} {
				if got, want := k.Allows(verb), strings.Contains(methods, method); got != want {
					t.Errorf("allows %s: %t, Graph has %s", verb, got, methods)
				}
			}
		})
	}
}

func TestPermissionsAgreeWithGraph(t *testing.T) {
	rows := graphResources(t)
	for _, p := range tenanttest.Permissions() {
		for _, kind := range p.Kinds {
			row := rows[resourceOf[kind]]
			least, all := row["least_read_delegated"], row["all_read_delegated"]
			if p.Write {
				least, all = row["least_write_delegated"], row["all_write_delegated"]
			}
			words := strings.FieldsFunc(least+" "+all, func(r rune) bool { return strings.ContainsRune(" (+:)", r) })
			for _, name := range p.AnyOf {
				// The list has no readers of single method configurations: the policy's hold.
				if kind == tenanttest.AuthenticationMethods && !p.Write {
					words = append(words, strings.Fields(rows["authenticationMethodsPolicy"]["all_read_delegated"])...)
				}
				if !slices.Contains(words, name) {
					t.Errorf("%s (write %t): Graph's list does not have %s, it has %v", kind, p.Write, name, words)
				}
			}
		}
	}
}

// graphResources are Graph's resources, by name and column.
func graphResources(t *testing.T) map[string]map[string]string {
	t.Helper()
	rows := make(map[string]map[string]string)
	for _, row := range beside.Resources(t) {
		rows[row["resource"]] = row
	}
	return rows
}

// wildcardPaths are all paths of k in which "*" may stand.
func wildcardPaths(k tenant.Kind) []string {
	paths := slices.Concat(k.ReadOnly, k.CreateOnly, k.EmptyIsAbsent, k.Sensitive, k.Whole)
	for _, s := range k.Sets {
		paths = append(paths, s.Path)
	}
	for _, r := range k.References {
		paths = append(paths, r.Path)
	}
	for _, m := range k.Masked {
		paths = append(paths, m.Path)
	}
	return paths
}

// plainPaths are all paths of k that name one value.
func plainPaths(k tenant.Kind) []string {
	paths := slices.Clone(k.NaturalKey)
	for _, s := range k.Sets {
		paths = append(paths, s.By...)
	}
	for _, l := range k.Limits {
		paths = append(paths, l.When.Path)
	}
	for _, a := range k.After {
		paths = append(paths, a.When.Path, a.Then.Path)
	}
	return paths
}

func namedKinds(k tenant.Kind) []string {
	var names []string
	for _, r := range k.References {
		names = append(names, r.Kinds...)
	}
	for _, a := range k.After {
		names = append(names, a.Kind)
	}
	return names
}

// pathError says what is wrong with a JSON pointer, if anything.
func pathError(p string, wildcards bool) string {
	if p == "" {
		return ""
	}
	if p[0] != '/' {
		return "does not begin with a slash"
	}
	for segment := range strings.SplitSeq(p[1:], "/") {
		switch {
		case segment == "":
			return "has an empty segment"
		case segment == "*" && !wildcards:
			return "has a wildcard where one value is meant"
		case segment != "*" && strings.Contains(segment, "*"):
			return "has * as part of a segment"
		case strings.Contains(strings.NewReplacer("~0", "", "~1", "").Replace(segment), "~"):
			return "has a ~ that escapes nothing"
		}
	}
	return ""
}
