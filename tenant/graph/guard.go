package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// The rules of [Client.Guard] that a plan can break. An approval accepts each by its
// name.
const (
	// RuleBreakGlass: a break-glass account ([Config.BreakGlass]) would be blocked
	// from every way in.
	RuleBreakGlass = "lockout-break-glass"
	// RuleSignedIn: the same of the account that is signed in.
	RuleSignedIn = "lockout-signed-in"
	// RuleApplication: the application that the run works as would be blocked, disabled
	// or deleted.
	RuleApplication = "lockout-application"
	// RulePartners: partners that administer the tenant would be blocked from every
	// way in.
	RulePartners = "lockout-partners"
	// RuleEveryone: a person whom no policy names would be blocked from every way in.
	RuleEveryone = "lockout-everyone"
	// RuleDeviceCode: the account that is signed in could not sign in by device code
	// again, which is how the run signed in ([Config.DeviceCode]).
	RuleDeviceCode = "lockout-device-code"
	// RuleUnreadable: whom a change would block cannot be told.
	RuleUnreadable = "lockout-unreadable"
	// RuleNoBreakGlass: the tenant lacks an account of [Config.BreakGlass].
	RuleNoBreakGlass = "break-glass-missing"
	// RuleMethods: an account would lose its last method of signing in beside the
	// password.
	RuleMethods = "authentication-methods"
	// RuleSecurityDefaults: security defaults would be turned on. They
	// allow no exclusions.
	RuleSecurityDefaults = "security-defaults"
)

// The information of [Client.Guard], which no approval has to name.
const (
	// AsksForMore: policies ask an account for more, such as a second factor.
	AsksForMore = "asks-for-more"
	// BlocksSome: policies block an account from some ways in, and leave others.
	BlocksSome = "blocks-some"
)

var _ tenant.Guard = (*Client)(nil)

// Guard is [tenant.Guard]. It finds changes after which somebody could not get in any
// more: the break-glass accounts, the account or the application that the run works
// as, partners, or everyone. It looks at Conditional Access policies, and at the
// groups and named locations that they name, at authentication methods, security
// defaults, and the application's own objects.
//
// Blocked means blocked from every way in. A policy that blocks legacy clients, a
// country, a platform or a risk leaves another way in. A policy that asks for more
// (multifactor authentication) does not block. Both are information
// ([tenant.Violation.Information]), which breaks no rule. Policies that the plan leaves
// alone count too, as the tenant has them now. A policy that the plan deletes or changes
// counts in its former form as well, beside the others: a deploy goes step by step, and
// a person may approve a part of the plan.
//
// It looks at the bodies that will be written, with ids and values in place of
// references. It fails closed: a policy that cannot be read exactly breaks
// RuleUnreadable, an unknown condition does not narrow a policy, and an account whose
// groups are unknown counts as not excluded. A group does not exclude an account if its
// dynamic rule changes, since the service computes its members later, or if the plan
// creates it. Both may include an account. An excluded role does not count either.
//
// It does not see everything: a device filter that matches every device counts as one
// that leaves a way in, an account that leaves the group to which a method is given
// keeps the method, and the application's credentials are not looked at.
//
// It reads accounts, their groups, policies, locations and methods, where the plan
// has a change that can matter. The permissions are those of [Client.Permissions], and
// UserAuthenticationMethod.Read.All for the methods of an account.
func (c *Client) Guard(ctx context.Context, req tenant.GuardRequest) ([]tenant.Violation, error) {
	g := &guarding{c: c}
	for _, change := range req.Changes {
		g.take(change)
	}
	if !g.matters() {
		return g.found, nil
	}
	if err := g.readTokens(ctx); err != nil {
		return nil, err
	}
	for _, judge := range []func(context.Context) error{g.judgeAccess, g.judgeMethods, g.judgeApplication} {
		if err := judge(ctx); err != nil {
			return nil, err
		}
	}
	return g.found, nil
}

// guarding is one call of Guard.
type guarding struct {
	c     *Client
	found []tenant.Violation

	access  accessChanges
	methods []methodChange
	own     []tenant.GuardChange // applications and service principals

	app, person claims
	accounts    []*account // nil until they are read
	read        bool
	guests      bool // whether an account is an external user decides
}

// take sorts a change to the rules that it is for.
func (g *guarding) take(change tenant.GuardChange) {
	switch change.Kind {
	case conditionalAccess, namedLocations, groups:
		if err := g.access.take(change, g.c.cfg.ReportOnly); err != nil {
			g.breaks(RuleUnreadable, []string{change.Item}, "whom %s %q would block cannot be told: %v", nounOf(change.Kind), change.Key, err)
		}
	case methodConfigurations:
		m, err := readMethodChange(change)
		if err != nil {
			g.breaks(RuleUnreadable, []string{change.Item}, "who could use the authentication method %q cannot be told: %v", change.Key, err)
		} else if m.narrows() {
			g.methods = append(g.methods, m)
		}
	case securityDefaults:
		g.judgeDefaults(change)
	case applications, servicePrincipals:
		g.own = append(g.own, change)
	}
}

// matters reports whether there is anything to ask the service about.
func (g *guarding) matters() bool {
	return g.access.matter() || len(g.methods)+len(g.own) > 0
}

func (g *guarding) readTokens(ctx context.Context) (err error) {
	if g.app, err = g.c.tokens.read(ctx, false); err != nil {
		return err
	}
	g.person, err = g.c.tokens.read(ctx, true)
	return err
}

// breaks adds a broken rule.
func (g *guarding) breaks(rule string, items []string, format string, args ...any) {
	g.found = append(g.found, tenant.Violation{Rule: rule, Items: items, Message: fmt.Sprintf(format, args...)})
}

// informs adds information.
func (g *guarding) informs(rule string, items []string, format string, args ...any) {
	g.found = append(g.found, tenant.Violation{Rule: rule, Items: items, Message: fmt.Sprintf(format, args...), Information: true})
}

// The kinds that Guard knows, by their names in the catalogue.
const (
	conditionalAccess    = "conditionalAccessPolicies"
	namedLocations       = "namedLocations"
	groups               = "groups"
	methodConfigurations = "authenticationMethodConfigurations"
	securityDefaults     = "identitySecurityDefaultsEnforcementPolicy"
	applications         = "applications"
	servicePrincipals    = "servicePrincipals"
)

// nounOf names a kind in a sentence.
func nounOf(kind string) string {
	switch kind {
	case conditionalAccess:
		return "the policy"
	case namedLocations:
		return "the named location"
	}
	return "the group"
}

// judgeDefaults finds security defaults that are turned on.
// https://learn.microsoft.com/entra/fundamentals/security-defaults: they ask every user
// to register for multifactor authentication, block legacy authentication, and have no
// exceptions.
func (g *guarding) judgeDefaults(change tenant.GuardChange) {
	enabled := func(raw json.RawMessage) (string, error) {
		o, err := odatajson.Parse(raw)
		if err != nil {
			return "", err
		}
		for name := range o {
			if name != "isEnabled" && strings.EqualFold(name, "isEnabled") {
				return "", fmt.Errorf("/%s: perhaps %q is meant", name, "isEnabled")
			}
		}
		return string(o["isEnabled"]), nil
	}
	after, err := enabled(change.After)
	before, _ := enabled(change.Before)
	switch {
	case err != nil:
		g.breaks(RuleUnreadable, []string{change.Item}, "whether security defaults would be on cannot be told: %v", err)
	case after == "" || after == "false" || after == "null" || after == before:
	case after == "true":
		g.breaks(RuleSecurityDefaults, []string{change.Item},
			"security defaults would be turned on: they ask everybody to register for multifactor authentication, and no break-glass account can be excluded")
	default:
		g.breaks(RuleUnreadable, []string{change.Item}, "whether security defaults would be on cannot be told: /isEnabled: not true or false")
	}
}

// judgeApplication finds changes of the objects of the application that the run works
// as.
func (g *guarding) judgeApplication(context.Context) error {
	for _, change := range g.own {
		before, err := odatajson.Parse(change.Before)
		if err != nil {
			continue // a create: it is not the run's application
		}
		appID := before.Text("appId")
		same := func(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
		mine := same(change.ID, g.app.Object) && g.app.isApplication() || same(appID, g.app.client()) || same(appID, g.person.client())
		if !mine {
			continue
		}
		after, err := exactObject(change.After, "accountEnabled")
		off := err == nil && string(after["accountEnabled"]) == "false" && string(before["accountEnabled"]) != "false"
		switch {
		case change.Verb == tenant.Delete:
			g.breaks(RuleApplication, []string{change.Item}, "%s %q would be deleted, which is the application that this run works as", change.Kind, change.Key)
		case err != nil && change.Part == "":
			g.breaks(RuleUnreadable, []string{change.Item}, "whether the application that this run works as could still sign in cannot be told: %v", err)
		case off:
			g.breaks(RuleApplication, []string{change.Item}, "%s %q would be disabled, which is the application that this run works as", change.Kind, change.Key)
		}
	}
	return nil
}
