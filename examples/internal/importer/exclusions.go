package importer

import "fmt"

// exclusion describes exported objects that are not configuration of a kind, or that
// would mean something else in another tenant.
type exclusion struct {
	layout string
	// folder or typ selects the objects to leave out: the name of a folder, or a type
	// of Graph without "microsoft.graph.". A "*" in a type stands for any text.
	folder, typ string
	// below extends the exclusion to all folders below the folder.
	below bool
	why   string
}

// error returns the reason for one object. found is the text by which the importer
// recognized it.
func (e exclusion) error(found string) error { return fmt.Errorf("%s: %s", found, e.why) }

// what names the excluded objects, for people.
func (e exclusion) what() string {
	if e.typ != "" {
		return "type `" + e.typ + "`"
	}
	return "folder `" + e.folder + "`"
}

const (
	whyPeople  = "people and devices are no configuration; put people into groups by hand"
	whyMembers = "members and owners are people and other objects, which differ from tenant to tenant"
	whyState   = "it is the tenant's own state, and nothing that can be created elsewhere"
	whyNoGraph = "it was not read from Microsoft Graph"
)

// exclusions lists the objects that an import leaves out on purpose. The documentation
// shows this table. The importer also refuses an object that matches neither the table
// nor a kind, with another reason.
var exclusions = []exclusion{
	{layout: "EntraExporter", typ: "user", why: whyPeople},
	{layout: "EntraExporter", folder: "Users", why: whyPeople},
	{layout: "EntraExporter", typ: "device", why: whyPeople},
	{layout: "EntraExporter", typ: "orgContact", why: whyPeople},
	{layout: "EntraExporter", folder: "Members", why: whyMembers},
	{layout: "EntraExporter", folder: "Owners", why: whyMembers},
	{layout: "EntraExporter", folder: "ScopedMembers", why: whyMembers},
	{layout: "EntraExporter", folder: "ScopedRoleMembers", why: whyMembers},
	{layout: "EntraExporter", folder: "ExternalSponsors", why: whyMembers},
	{layout: "EntraExporter", folder: "InternalSponsors", why: whyMembers},
	{layout: "EntraExporter", folder: "Reviewers", why: whyMembers},
	{layout: "EntraExporter", folder: "AppRoleAssignedTo", why: whyMembers},
	{layout: "EntraExporter", folder: "Devices", why: whyPeople},
	{layout: "EntraExporter", folder: "Admin/Teams", below: true, why: "no kind of the catalogue"},
	{layout: "EntraExporter", folder: "DirectoryRoles", why: "activated roles are the tenant's state; their definitions are the kind roleDefinitions"},
	{layout: "EntraExporter", typ: "directoryRole", why: "activated roles are the tenant's state; their definitions are the kind roleDefinitions"},
	{layout: "EntraExporter", folder: "PIM", below: true, why: "it holds assignments of people to roles"},
	{layout: "EntraExporter", folder: "SubscribedSkus", why: "licences are bought, not configured"},
	{layout: "EntraExporter", typ: "subscribedSku", why: "licences are bought, not configured"},
	{layout: "EntraExporter", folder: "Directory/OnPremisesSynchronization", why: whyState},
	{layout: "EntraExporter", folder: "OnPremisesPublishingProfiles/Provisioning", below: true, why: whyState},
	{layout: "EntraExporter", folder: "OnPremisesPublishingProfiles/ApplicationProxy/Connectors", why: whyState},
	{layout: "EntraExporter", folder: "Identity/UserFlows", why: "the kind is of directories for customers"},
	{layout: "EntraExporter", folder: "Identity/B2CUserFlows", why: "the kind is of directories for customers"},
	{layout: "EntraExporter", folder: "RoleManagement/Exchange", below: true, why: "roles of Exchange are not roles of the directory"},
	{layout: "IntuneManagement", typ: "deviceManagement*SettingInstance", why: "it is a setting of an endpoint security profile of the old kind, which Intune no longer creates"},
	{layout: "IntuneManagement", folder: "Locations", why: "Intune no longer has the kind"},
	{layout: "IntuneManagement", folder: "InventoryPolicies", why: "no kind of the catalogue"},
	{layout: "IntuneManagement", folder: "iOSDepProfile", why: "the profile belongs to a token of Apple of one tenant"},
	{layout: "IntuneCD", folder: "Activation Lock Bypass Codes", why: "it holds secrets of devices"},
	{layout: "IntuneCD", folder: "Apple Push Notification", why: "the certificate belongs to one tenant"},
	{layout: "IntuneCD", folder: "Autopilot Devices", why: whyPeople},
	{layout: "IntuneCD", folder: "Device Management Settings", why: "it holds one property of the kind deviceManagementSettings"},
	{layout: "IntuneCD", folder: "Entra/Password Reset Policies", why: whyNoGraph},
	{layout: "IntuneCD", folder: "Entra/Roaming Settings", why: whyNoGraph},
	{layout: "IntuneCD", folder: "Managed Google Play", why: "the connection belongs to one tenant"},
	{layout: "IntuneCD", folder: "Partner Connections", below: true, why: "the connection belongs to one tenant"},
	{layout: "IntuneCD", folder: "Script Data", why: "it repeats the content of scripts"},
}

// excludedFolders are the exclusions by the plain names of their folders.
var excludedFolders = func() map[string]*exclusion {
	folders := make(map[string]*exclusion)
	for i, e := range exclusions {
		if e.folder != "" {
			folders[plainPath(e.folder)] = &exclusions[i]
		}
	}
	return folders
}()

// refusals lists what an import refuses in every layout. The documentation shows
// this table after the exclusions.
var refusals = []struct{ what, why string }{
	{"a type that no kind has", "neither the folder's name nor anything else decides then"},
	{"a context that no kind has", "the same, for an object without a type"},
	{"a property that objects of the folder's kind cannot have", "for an object without type and context: the folder's name is not enough"},
	{"a kind that is not among those that are used", "the host's setting decides"},
	{"a kind whose objects the service neither creates nor changes", "it could never be deployed"},
	{"an object that refers to what the export lacks", "it would mean something else in another tenant"},
	{"an object that names a person", "the person does not exist in another tenant"},
	{"an id or a name that several files claim", "unless nothing refers to the id"},
	{"expressions, variables and data sources of Terraform", "only Terraform can evaluate them; references to resources of the same files are read"},
	{"resources of Terraform and Microsoft365DSC that are not translated", "their properties are not those of Graph"},
	{"files that are no JSON, or larger than the limit", "scripts, packages and texts lie beside their objects, which have their content"},
}
