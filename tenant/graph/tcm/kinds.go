package tcm

import (
	"encoding/json"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
)

// resourceType is a type of resource that snapshots have.
type resourceType struct {
	kind  string // in the repository
	title string
	name  string // at the service
	key   string // the property that tells resources of the type apart; empty for a singleton
}

// resourceTypes are the kinds of the client. The names and the keys (the only property
// that a resource must have) are those of the schema that Microsoft's documentation
// names for all types: https://json.schemastore.org/utcm-monitor.json, at
// github.com/SchemaStore/schemastore 3b6446ad8a077bac56f4a4796c0b7fd88927fc8e. Types
// that a combination of properties tells apart are left out, and types of single
// mailboxes and users: they are no configuration and use up the month's quota.
//
//	Exchange   https://learn.microsoft.com/graph/utcm-exchange-resources
//	Teams      https://learn.microsoft.com/graph/utcm-teams-resources
//	Purview    https://learn.microsoft.com/graph/utcm-securityandcompliance-resources
//
// The policies of Defender for Office 365 are resource types of Exchange.
var resourceTypes = []resourceType{
	{"exchangeAcceptedDomains", "Exchange accepted domains", "microsoft.exchange.accepteddomain", "Identity"},
	{"exchangeAuthenticationPolicies", "Exchange authentication policies", "microsoft.exchange.authenticationpolicy", "Identity"},
	{"exchangeDkimSigningConfigs", "Exchange DKIM signing", "microsoft.exchange.dkimsigningconfig", "Identity"},
	{"exchangeInboundConnectors", "Exchange inbound connectors", "microsoft.exchange.inboundconnector", "Identity"},
	{"exchangeMobileDeviceMailboxPolicies", "Exchange mobile device mailbox policies", "microsoft.exchange.mobiledevicemailboxpolicy", "Name"},
	{"exchangeOrganizationConfig", "Exchange organization settings", "microsoft.exchange.organizationconfig", ""},
	{"exchangeOutboundConnectors", "Exchange outbound connectors", "microsoft.exchange.outboundconnector", "Identity"},
	{"exchangeOwaMailboxPolicies", "Outlook on the web policies", "microsoft.exchange.owamailboxpolicy", "Name"},
	{"exchangeRemoteDomains", "Exchange remote domains", "microsoft.exchange.remotedomain", "Identity"},
	{"exchangeRoleAssignmentPolicies", "Exchange role assignment policies", "microsoft.exchange.roleassignmentpolicy", "Name"},
	{"exchangeSharingPolicies", "Exchange sharing policies", "microsoft.exchange.sharingpolicy", "Name"},
	{"exchangeTransportConfig", "Exchange transport settings", "microsoft.exchange.transportconfig", ""},
	{"exchangeTransportRules", "Exchange transport rules", "microsoft.exchange.transportrule", "Name"},

	{"defenderAntiPhishPolicies", "Defender anti-phishing policies", "microsoft.exchange.antiphishpolicy", "Identity"},
	{"defenderConnectionFilterPolicies", "Defender connection filter policies", "microsoft.exchange.hostedconnectionfilterpolicy", "Identity"},
	{"defenderContentFilterPolicies", "Defender spam filter policies", "microsoft.exchange.hostedcontentfilterpolicy", "Identity"},
	{"defenderMalwareFilterPolicies", "Defender malware filter policies", "microsoft.exchange.malwarefilterpolicy", "Identity"},
	{"defenderOutboundSpamFilterPolicies", "Defender outbound spam filter policies", "microsoft.exchange.hostedoutboundspamfilterpolicy", "Identity"},
	{"defenderQuarantinePolicies", "Defender quarantine policies", "microsoft.exchange.quarantinepolicy", "Identity"},
	{"defenderSafeAttachmentPolicies", "Defender Safe Attachments policies", "microsoft.exchange.safeattachmentpolicy", "Identity"},
	{"defenderSafeLinksPolicies", "Defender Safe Links policies", "microsoft.exchange.safelinkspolicy", "Identity"},

	{"teamsAppPermissionPolicies", "Teams app permission policies", "microsoft.teams.apppermissionpolicy", "Identity"},
	{"teamsAppSetupPolicies", "Teams app setup policies", "microsoft.teams.appsetuppolicy", "Identity"},
	{"teamsCallingPolicies", "Teams calling policies", "microsoft.teams.callingpolicy", "Identity"},
	{"teamsChannelsPolicies", "Teams channels policies", "microsoft.teams.channelspolicy", "Identity"},
	{"teamsClientConfigurations", "Teams client settings", "microsoft.teams.clientconfiguration", "Identity"},
	{"teamsFederationConfigurations", "Teams federation settings", "microsoft.teams.federationconfiguration", "Identity"},
	{"teamsMeetingConfigurations", "Teams meeting settings", "microsoft.teams.meetingconfiguration", "Identity"},
	{"teamsMeetingPolicies", "Teams meeting policies", "microsoft.teams.meetingpolicy", "Identity"},
	{"teamsMessagingPolicies", "Teams messaging policies", "microsoft.teams.messagingpolicy", "Identity"},

	{"purviewDlpCompliancePolicies", "Purview data loss prevention policies", "microsoft.securityandcompliance.dlpcompliancepolicy", "Name"},
	{"purviewLabelPolicies", "Purview sensitivity label policies", "microsoft.securityandcompliance.labelpolicy", "Name"},
	{"purviewProtectionAlerts", "Purview alert policies", "microsoft.securityandcompliance.protectionalert", "Name"},
	{"purviewRetentionCompliancePolicies", "Purview retention policies", "microsoft.securityandcompliance.retentioncompliancepolicy", "Name"},
	{"purviewSensitivityLabels", "Purview sensitivity labels", "microsoft.securityandcompliance.sensitivitylabel", "Name"},
}

// readOnly is the reason why nothing is written, for people.
const readOnly = "Tenant Configuration Management reads this kind and cannot write it; make the change in the tenant"

// asKind returns the kind of a resource type. A limit, and not only the missing verbs,
// tells people why nothing is written.
func (t resourceType) asKind() tenant.Kind {
	k := tenant.Kind{Name: t.kind, Title: t.title, Singleton: t.key == "",
		// "Ensure" is an instruction of the form of baselines: a resource that is there
		// has "Present".
		ReadOnly:    []string{"/Ensure"},
		SecretNames: true,
		Limits:      []tenant.Limit{{Verbs: []tenant.Verb{tenant.Create, tenant.Update, tenant.Delete}, Reason: readOnly}}}
	if t.key != "" {
		k.NaturalKey = []string{"/" + t.key}
	}
	return k
}

// id returns the id of a resource: the value of the property that tells the resources
// of the type apart. It is empty for a resource without one.
func (t resourceType) id(properties map[string]json.RawMessage) string {
	if t.key == "" {
		return t.kind
	}
	var id string
	if json.Unmarshal(properties[t.key], &id) != nil {
		return ""
	}
	return id
}

// namedIn reports whether a message of the service names the resource type, as a whole
// word.
func (t resourceType) namedIn(message string) bool {
	text := strings.ToLower(message)
	for at := 0; ; {
		i := strings.Index(text[at:], t.name)
		if i < 0 {
			return false
		}
		end := at + i + len(t.name)
		if end == len(text) || !isWord(text[end]) {
			return true
		}
		at = end
	}
}

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' }
