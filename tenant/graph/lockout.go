package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// The rules of [Client.Guard].
const (
	// RuleLockout: an enabled Conditional Access policy would apply to an
	// account that has to be able to get in.
	RuleLockout = "conditional-access-lockout"
	// RuleDeviceCode: an enabled policy would block the way in which the run
	// itself was signed in to.
	RuleDeviceCode = "conditional-access-device-code"
)

var _ tenant.Guard = (*Client)(nil)

// Guard is [tenant.Guard]: it finds Conditional Access policies that the plan
// enables and that would lock out a break-glass account ([Config.BreakGlass]),
// the account or the application that the run works as, or block sign-in by
// device code where that is how the run signed in ([Config.DeviceCode]).
//
// It looks at the bodies that will be written, with ids and values in place of
// references. A policy that cannot be read exactly breaks RuleLockout.
//
// An account counts as excluded if a policy excludes it, or a group in which it
// is, also through other groups, as the tenant shows them now: a group that the
// plan makes is empty.
func (c *Client) Guard(ctx context.Context, req tenant.GuardRequest) ([]tenant.Violation, error) {
	var policies []policyChange
	var found []tenant.Violation
	for _, change := range req.Changes {
		if change.Kind != conditionalAccess || change.Verb == tenant.Delete || change.Part != "" {
			continue
		}
		policy, err := readPolicy(change.After)
		switch {
		case err != nil:
			found = append(found, tenant.Violation{Rule: RuleLockout, Items: []string{change.Item},
				Message: fmt.Sprintf("whom the policy %q would apply to cannot be told: %v", change.Key, err)})
		case policy.enabled && !(c.cfg.ReportOnly && change.Verb == tenant.Create) && policy.demands:
			policies = append(policies, policyChange{change, policy})
		}
	}
	if len(policies) == 0 {
		return found, nil
	}
	token, err := c.tokens.read(ctx, false)
	if err != nil {
		return nil, err
	}
	person, err := c.tokens.read(ctx, true)
	if err != nil {
		return nil, err
	}
	for _, a := range c.accounts(person) {
		if err := c.memberships(ctx, &a); err != nil {
			return nil, err
		}
		for _, p := range policies {
			if v, broken := p.locksOut(a); broken {
				found = append(found, v)
			}
		}
	}
	for _, p := range policies {
		found = append(found, p.locksApplication(token)...)
		if c.cfg.DeviceCode && p.policy.blocks && p.policy.deviceCode {
			found = append(found, tenant.Violation{Rule: RuleDeviceCode, Items: []string{p.change.Item},
				Message: fmt.Sprintf("the policy %q would block sign-in by device code, which is how this run signed in: the next sign-in would fail", p.change.Key)})
		}
	}
	return found, nil
}

// account is somebody who has to be able to get in.
type account struct {
	id, who string
	groups  map[string]bool // that it is in, also through others; ids in lower case
	unknown string          // why they could not be read
}

// accounts are the break-glass accounts and the account that is signed in.
func (c *Client) accounts(token claims) []account {
	var all []account
	for _, id := range c.cfg.BreakGlass {
		all = append(all, account{id: id, who: "the break-glass account " + id})
	}
	if !token.isApplication() && token.Object != "" && !has(c.cfg.BreakGlass, token.Object) {
		who := "the account that is signed in"
		if token.Name != "" {
			who += " (" + token.Name + ")"
		}
		all = append(all, account{id: token.Object, who: who})
	}
	return all
}

// memberships reads the groups that an account is in.
func (c *Client) memberships(ctx context.Context, a *account) error {
	a.groups = map[string]bool{}
	e := &catalogue.Entry{Kind: tenant.Kind{Name: "users", Throttle: "directory"}, Endpoint: "/users", Version: "v1.0"}
	if c.limits["directory"] == nil {
		e.Throttle = c.kinds[0].Throttle // a catalogue of the host's own
	}
	id, err := odatajson.Segment(a.id)
	if err != nil {
		a.unknown = err.Error()
		return nil
	}
	f := c.fetcher(e, "guard")
	// Roles and administrative units come along. A cast to groups needs the header
	// ConsistencyLevel: eventual, whose index may be behind the directory.
	bounded, stop := f.bounded(ctx)
	defer stop()
	list := collection{url: c.at.of(e, "/"+id+"/transitiveMemberOf") + "?$select=id&$top=999", id: a.id}
	err = f.pages(bounded, list, func(_ wire.Answer, p odatajson.Page) error {
		for _, raw := range p.Value {
			if o, err := odatajson.Parse(raw); err == nil {
				a.groups[strings.ToLower(o.Text("id"))] = true
			}
		}
		return nil
	})
	if cause := wire.Ended(ctx); cause != nil {
		return cause
	}
	if tenant.ClassOf(err) == tenant.Unauthenticated {
		return err
	}
	if err != nil {
		a.unknown = err.Error()
	}
	return nil
}

type policyChange struct {
	change tenant.GuardChange
	policy accessPolicy
}

// locksOut reports whether the policy would apply to an account.
func (p policyChange) locksOut(a account) (tenant.Violation, bool) {
	users := p.policy.users
	v := tenant.Violation{Rule: RuleLockout, Items: []string{p.change.Item}}
	in := func(groups []string) bool { // a group that the plan makes is empty
		return slices.ContainsFunc(groups, func(g string) bool { return a.groups[strings.ToLower(g)] })
	}
	// Any role may be the account's: the guard does not read its roles.
	included := has(users.include, "All") || has(users.include, a.id) || len(users.includeRoles) > 0 || in(users.includeGroups)
	if a.unknown != "" && len(users.includeGroups) > 0 {
		included = true
	}
	switch {
	case !included || has(users.exclude, a.id) || in(users.excludeGroups):
		return v, false
	case a.unknown != "" && len(users.excludeGroups) > 0:
		v.Message = fmt.Sprintf("whether the policy %q excludes %s could not be found out (%s): exclude the account itself, or look at its groups", p.change.Key, a.who, a.unknown)
	default:
		v.Message = fmt.Sprintf("the policy %q would apply to %s: exclude it, or a group in which it already is", p.change.Key, a.who)
	}
	return v, true
}

// locksApplication finds a policy for workload identities that would apply to
// the application that the run works as.
func (p policyChange) locksApplication(token claims) []tenant.Violation {
	clients := p.policy.clients
	if !token.isApplication() || token.Object == "" || !p.policy.blocks || has(clients.exclude, token.Object) {
		return nil
	}
	if !has(clients.include, "ServicePrincipalsInMyTenant") && !has(clients.include, token.Object) {
		return nil
	}
	return []tenant.Violation{{Rule: RuleLockout, Items: []string{p.change.Item},
		Message: fmt.Sprintf("the policy %q would block the application that this run works as (service principal %s): exclude it", p.change.Key, token.Object)}}
}
