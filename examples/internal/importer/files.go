package importer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// migrationTable is the file in which an exporting tool names the objects that
// others refer to by id.
type migrationTable struct {
	TenantID     string `json:"TenantId"`
	Organization string
	Objects      []tableEntry
}

type tableEntry struct {
	DisplayName string
	ID          string `json:"Id"`
	Type        string
}

const migrationTableName = "MigrationTable.json"

// readFiles reads every file below the folder.
func (im *importer) readFiles(files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return nil
		}
		im.report.Files++
		if !d.Type().IsRegular() || !strings.EqualFold(path.Ext(name), ".json") {
			im.report.leftOut(name, "", "", errors.New("not a regular file with a name that ends in .json"))
			return nil
		}
		if info, err := d.Info(); err == nil && info.Size() > tenant.MaxFileSize {
			im.report.leftOut(name, "", "", fmt.Errorf("the file has %d bytes, more than the limit of %d", info.Size(), tenant.MaxFileSize))
			return nil
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		text, err := tenant.DecodeFile(name, data)
		if err != nil {
			im.report.leftOut(name, "", "", err)
			return nil
		}
		if strings.EqualFold(path.Base(name), migrationTableName) {
			im.readTable(name, text)
			return nil
		}
		im.readObjects(name, text)
		return nil
	})
}

func (im *importer) readTable(name string, text []byte) {
	var t migrationTable
	if err := json.Unmarshal(text, &t); err != nil {
		im.report.leftOut(name, "", "", fmt.Errorf("not a migration table: %w", err))
		return
	}
	if im.table.TenantID != "" && !strings.EqualFold(im.table.TenantID, t.TenantID) {
		im.report.leftOut(name, "", "", errors.New("a second migration table, of another tenant: import one tenant's export at a time"))
		return
	}
	im.table.TenantID, im.table.Organization = t.TenantID, t.Organization
	im.table.Objects = append(im.table.Objects, t.Objects...)
}

// readObjects reads a file that holds one object, or a list of objects in one
// property.
func (im *importer) readObjects(name string, text []byte) {
	if depth := depthOf(text); depth > maxDepth {
		im.report.leftOut(name, "", "", fmt.Errorf("its objects are nested %d deep, more than the limit of %d", depth, maxDepth))
		return
	}
	body, err := bodies.Decode(text)
	if err != nil {
		im.report.leftOut(name, "", "", err)
		return
	}
	property, list := wrapped(body)
	if list == nil {
		im.readObject(name, body, "")
		return
	}
	if len(list) == 0 {
		im.report.leftOut(name, "", "", fmt.Errorf("the list %q is empty", property))
	}
	for i, element := range list {
		im.readObject(fmt.Sprintf("%s[%d]", name, i), element, property)
	}
}

// maxDepth is how deep objects may be nested. Those of Graph have some 20 levels;
// an indented object of 10,000 has gigabytes.
const maxDepth = 200

// depthOf returns how deep valid JSON is nested.
func depthOf(text []byte) (deepest int) {
	depth, inString, escaped := 0, false, false
	for _, c := range text {
		switch {
		case inString:
			inString = c != '"' || escaped
			escaped = c == '\\' && !escaped
		case c == '"':
			inString = true
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}

func (im *importer) readObject(file string, body map[string]any, property string) {
	dir := path.Dir(file)
	kind, known := im.kinds[im.kindOf(body, property, dir)]
	if !known {
		im.report.leftOut(file, "", "", fmt.Errorf("no kind in the catalogue for %s", describe(body, property, dir)))
		return
	}
	id, _ := body["id"].(string)
	im.objects = append(im.objects, &object{kind: kind, id: strings.ToLower(id), file: file, body: body})
}

// wrapped returns the only property of body besides annotations, if it is an
// array of objects: as in {"groups":[…]} and in an answer of Graph ({"value":[…]}).
// Otherwise list is nil.
func wrapped(body map[string]any) (property string, list []map[string]any) {
	for name, v := range body {
		if isAnnotation(name) {
			continue
		}
		array, ok := v.([]any)
		if !ok || property != "" {
			return "", nil
		}
		property, list = name, make([]map[string]any, 0, len(array))
		for _, element := range array {
			object, ok := element.(map[string]any)
			if !ok {
				return "", nil
			}
			list = append(list, object)
		}
	}
	return property, list
}

// kindOf finds the kind of an object: from its type, else from the property
// that the list stood in, else from the nearest folder with a known name.
func (im *importer) kindOf(body map[string]any, property, dir string) string {
	if kind := kindOfType(body); kind != "" {
		return kind
	}
	kind := im.folderKind(property)
	for ; kind == "" && dir != "."; dir = path.Dir(dir) {
		kind = im.folderKind(path.Base(dir))
	}
	// Compliance policies for Linux are settings without a type, and usually
	// lie among the others.
	if kind == tenanttest.DeviceCompliancePolicies && body["settings"] != nil && body["technologies"] != nil {
		return tenanttest.CompliancePolicies
	}
	return kind
}

// describe says by what an object's kind was looked for.
func describe(body map[string]any, property, dir string) string {
	if t, ok := body["@odata.type"].(string); ok {
		return "type " + t
	}
	if property != "" && property != "value" {
		return fmt.Sprintf("property %q", property)
	}
	return fmt.Sprintf("folder %q", dir)
}

// typeKinds has the kinds of Graph's types, without "#microsoft.graph.".
var typeKinds = map[string]string{
	"conditionalAccessPolicy":                          tenanttest.ConditionalAccessPolicies,
	"ipNamedLocation":                                  tenanttest.NamedLocations,
	"countryNamedLocation":                             tenanttest.NamedLocations,
	"compliantNetworkNamedLocation":                    tenanttest.NamedLocations,
	"group":                                            tenanttest.Groups,
	"authenticationStrengthPolicy":                     tenanttest.AuthenticationStrengths,
	"authenticationContextClassReference":              tenanttest.AuthenticationContexts,
	"authorizationPolicy":                              tenanttest.AuthorizationPolicy,
	"identitySecurityDefaultsEnforcementPolicy":        tenanttest.SecurityDefaults,
	"crossTenantAccessPolicyConfigurationDefault":      tenanttest.CrossTenantAccessDefault,
	"agreement":                                        tenanttest.Agreements,
	"unifiedRoleDefinition":                            tenanttest.RoleDefinitions,
	"deviceManagementCompliancePolicy":                 tenanttest.CompliancePolicies,
	"deviceManagementConfigurationPolicy":              tenanttest.ConfigurationPolicies,
	"deviceAndAppManagementAssignmentFilter":           tenanttest.AssignmentFilters,
	"roleScopeTag":                                     tenanttest.RoleScopeTags,
	"notificationMessageTemplate":                      tenanttest.NotificationMessageTemplates,
	"iosManagedAppProtection":                          "iosManagedAppProtections",
	"androidManagedAppProtection":                      "androidManagedAppProtections",
	"targetedManagedAppConfiguration":                  "targetedManagedAppConfigurations",
	"azureADWindowsAutopilotDeploymentProfile":         "windowsAutopilotDeploymentProfiles",
	"activeDirectoryWindowsAutopilotDeploymentProfile": "windowsAutopilotDeploymentProfiles",
	"deviceManagementScript":                           "deviceManagementScripts",
	"deviceShellScript":                                "deviceShellScripts",
	"deviceHealthScript":                               "deviceHealthScripts",
	"termsAndConditions":                               "termsAndConditions",
	"administrativeUnit":                               "administrativeUnits",
}

func kindOfType(body map[string]any) string {
	t, _ := body["@odata.type"].(string)
	t = strings.TrimPrefix(t, "#microsoft.graph.")
	switch {
	case typeKinds[t] != "":
		return typeKinds[t]
	case strings.HasSuffix(t, "AuthenticationMethodConfiguration"):
		return tenanttest.AuthenticationMethods
	case strings.HasSuffix(t, "CompliancePolicy"):
		return tenanttest.DeviceCompliancePolicies
	case strings.HasSuffix(t, "EnrollmentCompletionPageConfiguration"), strings.HasPrefix(t, "deviceEnrollment"):
		return "deviceEnrollmentConfigurations"
	case packaged(t):
		return "mobileAppPackages"
	case strings.HasSuffix(t, "App"), strings.HasSuffix(t, "SuiteApp"):
		return "mobileApps"
	}
	return ""
}

// packaged reports whether objects of a type are apps with an uploaded package.
func packaged(typ string) bool {
	e, _ := catalogue.Default().Entry("mobileAppPackages")
	return slices.ContainsFunc(e.List.Only, func(c tenant.Condition) bool { return string(c.Equals) == `"#microsoft.graph.`+typ+`"` })
}

// folderKinds has the kinds of common folder names, in lower case without
// spaces and punctuation. The kinds' own names are known besides.
var folderKinds = map[string]string{
	"conditionalaccess":           tenanttest.ConditionalAccessPolicies,
	"conditionalaccesspolicy":     tenanttest.ConditionalAccessPolicies,
	"namedlocation":               tenanttest.NamedLocations,
	"group":                       tenanttest.Groups,
	"securitygroups":              tenanttest.Groups,
	"staticgroups":                tenanttest.Groups,
	"dynamicgroups":               tenanttest.Groups,
	"authenticationstrength":      tenanttest.AuthenticationStrengths,
	"authenticationstrengths":     tenanttest.AuthenticationStrengths,
	"authenticationmethods":       tenanttest.AuthenticationMethods,
	"authenticationcontext":       tenanttest.AuthenticationContexts,
	"authenticationcontexts":      tenanttest.AuthenticationContexts,
	"securitydefaults":            tenanttest.SecurityDefaults,
	"termsofuse":                  tenanttest.Agreements,
	"directoryroles":              tenanttest.RoleDefinitions,
	"compliance":                  tenanttest.DeviceCompliancePolicies,
	"compliancepolicies":          tenanttest.DeviceCompliancePolicies,
	"devicecompliance":            tenanttest.DeviceCompliancePolicies,
	"devicecompliancepolicy":      tenanttest.DeviceCompliancePolicies,
	"compliancepoliciesv2":        tenanttest.CompliancePolicies,
	"deviceconfiguration":         tenanttest.DeviceConfigurations,
	"deviceconfigurationprofiles": tenanttest.DeviceConfigurations,
	"settingscatalog":             tenanttest.ConfigurationPolicies,
	"filter":                      tenanttest.AssignmentFilters,
	"filters":                     tenanttest.AssignmentFilters,
	"assignmentfilter":            tenanttest.AssignmentFilters,
	"scopetag":                    tenanttest.RoleScopeTags,
	"scopetags":                   tenanttest.RoleScopeTags,
	"notification":                tenanttest.NotificationMessageTemplates,
	"notifications":               tenanttest.NotificationMessageTemplates,
	"notificationtemplates":       tenanttest.NotificationMessageTemplates,
}

// folderKind returns the kind that a folder's name stands for, or "".
func (im *importer) folderKind(name string) string {
	plain := strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
	if kind, ok := folderKinds[plain]; ok {
		return kind
	}
	for name := range im.kinds {
		if strings.EqualFold(name, plain) {
			return name
		}
	}
	return ""
}
