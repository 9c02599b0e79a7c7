package tenanttest

import "github.com/tenantsync/tenantsync/tenant"

// Permissions returns the Microsoft Graph permissions that the [Kinds] need,
// read ones first. The names are those that a person consents to; the
// permissions for applications have the same names. The slice and all in it
// belong to the caller.
func Permissions() []tenant.Permission {
	const (
		policyRead    = "Policy.Read.All"
		directoryRead = "Directory.Read.All"
		directory     = "Directory.ReadWrite.All"
		config        = "DeviceManagementConfiguration.ReadWrite.All"
		rbac          = "DeviceManagementRBAC.ReadWrite.All"
		service       = "DeviceManagementServiceConfig.ReadWrite.All"
	)
	intune := []string{DeviceCompliancePolicies, CompliancePolicies, DeviceConfigurations, ConfigurationPolicies, AssignmentFilters}
	read := func(kinds []string, anyOf ...string) tenant.Permission {
		return tenant.Permission{AnyOf: anyOf, Kinds: kinds}
	}
	write := func(kinds []string, anyOf ...string) tenant.Permission {
		return tenant.Permission{AnyOf: anyOf, Kinds: kinds, Write: true}
	}
	return []tenant.Permission{
		read([]string{ConditionalAccessPolicies, NamedLocations}, policyRead),
		read([]string{Groups}, "Group.Read.All", "Group.ReadWrite.All", directoryRead, directory),
		read([]string{AuthenticationStrengths}, "Policy.Read.AuthenticationMethod", policyRead,
			"Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess"),
		read([]string{AuthenticationMethods}, "Policy.Read.AuthenticationMethod", policyRead, "Policy.ReadWrite.AuthenticationMethod"),
		read([]string{AuthenticationContexts}, "AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All",
			"Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"),
		read([]string{AuthorizationPolicy}, policyRead, "Policy.ReadWrite.Authorization"),
		read([]string{SecurityDefaults}, policyRead, "Policy.ReadWrite.SecurityDefaults"),
		read([]string{CrossTenantAccessDefault}, policyRead, "Policy.ReadWrite.CrossTenantAccess"),
		read([]string{Agreements}, "Agreement.Read.All"),
		read([]string{RoleDefinitions}, "RoleManagement.Read.Directory", "RoleManagement.Read.All",
			"RoleManagement.ReadWrite.Directory", directoryRead, directory),
		read([]string{Applications, ServicePrincipals}, "Application.Read.All", "Application.ReadWrite.All", directoryRead, directory),
		read(intune, "DeviceManagementConfiguration.Read.All", config),
		read([]string{RoleScopeTags}, "DeviceManagementConfiguration.Read.All", "DeviceManagementRBAC.Read.All", config, rbac),
		read([]string{NotificationMessageTemplates}, "DeviceManagementServiceConfig.Read.All", service),

		// To write Conditional Access takes all three.
		write([]string{ConditionalAccessPolicies, NamedLocations}, "Policy.ReadWrite.ConditionalAccess"),
		write([]string{ConditionalAccessPolicies, NamedLocations, SecurityDefaults}, policyRead),
		write([]string{ConditionalAccessPolicies}, "Application.Read.All"),
		write([]string{Groups}, "Group.ReadWrite.All", directory),
		write([]string{AuthenticationStrengths}, "Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod"),
		write([]string{AuthenticationMethods}, "Policy.ReadWrite.AuthenticationMethod"),
		write([]string{AuthenticationContexts}, "AuthenticationContext.ReadWrite.All", "Policy.ReadWrite.ConditionalAccess"),
		write([]string{AuthorizationPolicy}, "Policy.ReadWrite.Authorization"),
		write([]string{SecurityDefaults}, "Policy.ReadWrite.SecurityDefaults"),
		write([]string{CrossTenantAccessDefault}, "Policy.ReadWrite.CrossTenantAccess"),
		write([]string{Agreements}, "Agreement.ReadWrite.All"),
		write([]string{RoleDefinitions}, "RoleManagement.ReadWrite.Directory", directory),
		write(intune, config),
		write([]string{RoleScopeTags}, config, rbac),
		write([]string{NotificationMessageTemplates}, service),
	}
}
