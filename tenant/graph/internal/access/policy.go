package access

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Policy has what decides whom a Conditional Access policy lets in. Everything but
// Enabled is read only of an enabled policy: another one is harmless.
type Policy struct {
	Name    string
	Enabled bool
	// Blocks: it blocks those to whom it applies. A grant control that this package
	// does not know counts as a block.
	Blocks bool
	// Asks are the names of its controls other than a block: "mfa", "signInFrequency".
	Asks []string

	people    people
	workloads workloads

	resources resources
	clients   []string // none: all
	platforms list
	locations list
	filter    string   // of devices, with its mode; "" for none
	flows     []string // none: all
	risk      []string // names of the conditions on risk
}

// people are the users to whom a policy applies.
type people struct {
	users, groups, roles list
	includeGuests        *guests
	excludeGuests        *guests
}

// workloads are the applications to which a policy applies.
type workloads struct {
	principals list
	// filtered: a filter includes some principals. Each may be one of them.
	filtered bool
}

// resources are the applications that a policy protects.
type resources struct {
	applications list
	// filtered: a filter includes some applications. Each may be one of them.
	filtered bool
	// others: it protects no resource, only actions of users or steps inside of
	// applications.
	others bool
}

// list is a pair of conditions. An exclusion outweighs an inclusion.
type list struct{ include, exclude []string }

// guests are the external users of a condition.
type guests struct {
	types []string
	// all: of every organization.
	all bool
}

// controls are the grant controls that ask for something and that can be met. The
// words are those of the enumeration conditionalAccessGrantControl of the metadata;
// a test compares them.
var controls = []string{"mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication", "passwordChange", "riskRemediation"}

// Read reads a policy exactly. encoding/json takes "IncludeUsers" for
// "includeUsers", and leaves out values of another type. The service may read
// them differently, so such a policy is an error here. A policy that is not enabled
// is harmless: only its state is read.
func Read(name string, body json.RawMessage) (Policy, error) {
	p := Policy{Name: name}
	r := &reader{}
	whole := r.object(body, "", "state", "conditions", "grantControls", "sessionControls")
	state := r.text(whole, "", "state")
	switch {
	case r.err != nil:
		return p, r.err
	case state == "" || strings.EqualFold(state, "disabled") || strings.EqualFold(state, "enabledForReportingButNotEnforced"):
		return p, nil
	case !strings.EqualFold(state, "enabled"):
		return p, fmt.Errorf("its state is %q, which is not known", state)
	}
	p.Enabled = true
	p.readControls(r, whole)
	p.readConditions(r, whole["conditions"])
	return p, r.err
}

func (p *Policy) readControls(r *reader, whole object) {
	const at = "/grantControls"
	grant := r.object(whole["grantControls"], at, "builtInControls", "customAuthenticationFactors", "termsOfUse", "authenticationStrength")
	for _, word := range r.texts(grant, at, "builtInControls") {
		if Has(controls, word) {
			p.Asks = append(p.Asks, word)
		} else { // "block", and what is not known
			p.Blocks = true
		}
	}
	for _, name := range []string{"customAuthenticationFactors", "termsOfUse"} {
		if len(r.texts(grant, at, name)) > 0 {
			p.Asks = append(p.Asks, name)
		}
	}
	if r.object(grant["authenticationStrength"], at+"/authenticationStrength") != nil {
		p.Asks = append(p.Asks, "authenticationStrength")
	}
	session := r.object(whole["sessionControls"], "/sessionControls")
	for _, name := range session.Names() {
		// Null, false and empty objects ask for nothing.
		if !strings.HasPrefix(name, "@") && !isEmpty(session[name]) {
			p.Asks = append(p.Asks, name)
		}
	}
}

func (p *Policy) readConditions(r *reader, raw json.RawMessage) {
	const at = "/conditions"
	c := r.object(raw, at, "users", "applications", "clientApplications", "clientAppTypes", "platforms", "locations", "devices",
		"authenticationFlows", "signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels", "insiderRiskLevels", "agentIdRiskLevels")
	p.people = r.people(c["users"], at+"/users")
	p.workloads = r.workloads(c["clientApplications"], at+"/clientApplications")
	p.resources = r.resources(c["applications"], at+"/applications")
	p.clients = r.texts(c, at, "clientAppTypes")
	p.platforms = r.list(c["platforms"], at+"/platforms", "Platforms")
	p.locations = r.list(c["locations"], at+"/locations", "Locations")
	p.filter = r.filter(c["devices"], at+"/devices")
	flows := r.object(c["authenticationFlows"], at+"/authenticationFlows", "transferMethods")
	p.flows = r.flags(flows, at+"/authenticationFlows", "transferMethods")
	for _, name := range []string{"signInRiskLevels", "userRiskLevels", "servicePrincipalRiskLevels"} {
		if levels := r.texts(c, at, name); len(levels) > 0 && !Has(levels, "none") {
			p.risk = append(p.risk, name)
		}
	}
	for _, name := range []string{"insiderRiskLevels", "agentIdRiskLevels"} { // flags in one text
		if levels := r.flags(c, at, name); len(levels) > 0 {
			p.risk = append(p.risk, name)
		}
	}
}

func (r *reader) people(raw json.RawMessage, at string) people {
	u := r.object(raw, at, "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles", "excludeRoles",
		"includeGuestsOrExternalUsers", "excludeGuestsOrExternalUsers")
	return people{
		users: r.pair(u, at, "Users"), groups: r.pair(u, at, "Groups"), roles: r.pair(u, at, "Roles"),
		includeGuests: r.guests(u["includeGuestsOrExternalUsers"], at+"/includeGuestsOrExternalUsers"),
		excludeGuests: r.guests(u["excludeGuestsOrExternalUsers"], at+"/excludeGuestsOrExternalUsers"),
	}
}

func (r *reader) guests(raw json.RawMessage, at string) *guests {
	o := r.object(raw, at, "guestOrExternalUserTypes", "externalTenants")
	if o == nil {
		return nil
	}
	g := &guests{types: r.flags(o, at, "guestOrExternalUserTypes")}
	tenants := r.object(o["externalTenants"], at+"/externalTenants", "membershipKind")
	// Without tenants, and with kind "all", it means every organization.
	g.all = tenants == nil || strings.EqualFold(r.text(tenants, at+"/externalTenants", "membershipKind"), "all")
	return g
}

func (r *reader) workloads(raw json.RawMessage, at string) workloads {
	o := r.object(raw, at, "includeServicePrincipals", "excludeServicePrincipals", "servicePrincipalFilter")
	w := workloads{principals: r.pair(o, at, "ServicePrincipals")}
	// A filter that excludes principals is left out, since each may be another one.
	w.filtered = r.mode(o["servicePrincipalFilter"], at+"/servicePrincipalFilter") == "include"
	return w
}

func (r *reader) resources(raw json.RawMessage, at string) resources {
	o := r.object(raw, at, "includeApplications", "excludeApplications", "applicationFilter", "includeUserActions", "includeAuthenticationContextClassReferences")
	res := resources{applications: r.pair(o, at, "Applications")}
	res.filtered = r.mode(o["applicationFilter"], at+"/applicationFilter") == "include"
	inside := len(r.texts(o, at, "includeUserActions"))+len(r.texts(o, at, "includeAuthenticationContextClassReferences")) > 0
	include := res.applications.include
	res.others = !res.filtered && (inside && len(include) == 0 || len(include) == 1 && Has(include, "None"))
	return res
}

// filter reads the filter for devices: its mode and its rule. Letter case and blanks
// make no difference to a rule's operators, so they make none here.
func (r *reader) filter(raw json.RawMessage, at string) string {
	o := r.object(raw, at, "deviceFilter")
	f := r.object(o["deviceFilter"], at+"/deviceFilter", "mode", "rule")
	rule := strings.Join(strings.Fields(strings.ToLower(r.text(f, at+"/deviceFilter", "rule"))), " ")
	mode := r.mode(o["deviceFilter"], at+"/deviceFilter")
	if rule == "" {
		return ""
	}
	return mode + " " + rule
}

// mode reads whether a filter includes or excludes. A mode that is not known includes.
func (r *reader) mode(raw json.RawMessage, at string) string {
	f := r.object(raw, at, "mode", "rule")
	switch mode := r.text(f, at, "mode"); {
	case f == nil:
		return ""
	case strings.EqualFold(mode, "exclude"):
		return "exclude"
	case mode == "" || strings.EqualFold(mode, "include"):
	default:
		r.fail(at+"/mode", errors.New("not known"))
	}
	return "include"
}

// Narrowed names the conditions that leave some ways in alone.
func (p *Policy) Narrowed() []string {
	var names []string
	add := func(narrows bool, name string) {
		if narrows {
			names = append(names, name)
		}
	}
	app := p.resources.applications
	add(!Has(app.include, "All") && len(app.include) > 0 || len(app.exclude) > 0 || p.resources.filtered || p.resources.others, "applications")
	add(len(p.clients) > 0 && !Has(p.clients, "all"), "client apps")
	add(len(p.platforms.include) > 0 && !Has(p.platforms.include, "all") || len(p.platforms.exclude) > 0, "platforms")
	add(len(p.locations.include) > 0 && !Has(p.locations.include, "All") || len(p.locations.exclude) > 0, "locations")
	add(p.filter != "", "devices")
	add(len(p.flows) > 0, "authentication flows")
	add(len(p.risk) > 0, "risk")
	return slices.Clip(names)
}
