package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
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
// An account counts as excluded if a policy excludes it, or a group in which it
// is, also through other groups, as the tenant shows them now: a group that the
// plan makes has nobody in it.
func (c *Client) Guard(ctx context.Context, req tenant.GuardRequest) ([]tenant.Violation, error) {
	var policies []policyChange
	for _, change := range req.Changes {
		if change.Kind != conditionalAccess || change.Verb == tenant.Delete || change.Part != "" {
			continue
		}
		var p caPolicy
		if err := json.Unmarshal(change.After, &p); err != nil {
			continue // no policy in a form that could be enabled
		}
		if p.State == "enabled" && !(c.cfg.ReportOnly && change.Verb == tenant.Create) && p.Grant != nil {
			policies = append(policies, policyChange{change, p})
		}
	}
	if len(policies) == 0 {
		return nil, nil
	}
	token, err := c.tokens.read(ctx, false)
	if err != nil {
		return nil, err
	}
	person, err := c.tokens.read(ctx, true)
	if err != nil {
		return nil, err
	}
	var found []tenant.Violation
	accounts := c.accounts(person)
	for _, a := range accounts {
		if err := c.memberships(ctx, &a); err != nil {
			return nil, err
		}
		for _, p := range policies {
			if v, broken := p.locksOut(a, req.IDs); broken {
				found = append(found, v)
			}
		}
	}
	for _, p := range policies {
		found = append(found, p.locksApplication(token)...)
		if c.cfg.DeviceCode && p.blocksDeviceCode() {
			found = append(found, tenant.Violation{Rule: RuleDeviceCode, Items: []string{p.change.Item},
				Message: fmt.Sprintf("the policy %q would block sign-in by device code, which is how this run signed in: the next sign-in would fail", p.change.Key)})
		}
	}
	return found, nil
}

// account is somebody who has to be able to get in.
type account struct {
	id, who string
	groups  map[string]bool // that it is in, also through others
	unknown string          // why they could not be read
}

// accounts are the break-glass accounts and whoever is signed in.
func (c *Client) accounts(token claims) []account {
	var all []account
	for _, id := range c.cfg.BreakGlass {
		all = append(all, account{id: id, who: "the break-glass account " + id})
	}
	if !token.isApplication() && token.Object != "" && !slices.Contains(c.cfg.BreakGlass, token.Object) {
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
	e := &Entry{Kind: tenant.Kind{Name: "users", Throttle: "directory"}, Endpoint: "/users", Version: "v1.0"}
	if c.limits["directory"] == nil {
		e.Throttle = c.kinds[0].Throttle // a catalogue of the host's own
	}
	r := c.reading(e, "guard")
	next := c.url(e, "/"+escapeID(a.id)+"/transitiveMemberOf/microsoft.graph.group") + "?$select=id&$top=999"
	for next != "" {
		_, p, err := r.page(ctx, next)
		if cause := ended(ctx); cause != nil {
			return cause
		}
		if tenant.ClassOf(err) == tenant.Unauthenticated {
			return err
		}
		if err == nil {
			for _, raw := range p.Value {
				if o, err := parseObject(raw); err == nil {
					a.groups[o.text("id")] = true
				}
			}
			next, err = c.nextLink(p.Next)
		}
		if err != nil {
			a.unknown = err.Error()
			return nil
		}
	}
	return nil
}

// caPolicy is what of a Conditional Access policy decides whom it applies to.
type caPolicy struct {
	State      string `json:"state"`
	Conditions struct {
		Users struct {
			IncludeUsers  []string `json:"includeUsers"`
			ExcludeUsers  []string `json:"excludeUsers"`
			IncludeGroups []string `json:"includeGroups"`
			ExcludeGroups []string `json:"excludeGroups"`
			IncludeRoles  []string `json:"includeRoles"`
		} `json:"users"`
		Clients struct {
			Include []string `json:"includeServicePrincipals"`
			Exclude []string `json:"excludeServicePrincipals"`
		} `json:"clientApplications"`
		Flows struct {
			TransferMethods string `json:"transferMethods"`
		} `json:"authenticationFlows"`
	} `json:"conditions"`
	Grant *struct {
		BuiltIn []string `json:"builtInControls"`
	} `json:"grantControls"`
}

type policyChange struct {
	change tenant.GuardChange
	policy caPolicy
}

// locksOut reports whether the policy would apply to an account.
func (p policyChange) locksOut(a account, ids map[string]map[string]string) (tenant.Violation, bool) {
	users := p.policy.Conditions.Users
	v := tenant.Violation{Rule: RuleLockout, Items: []string{p.change.Item}}
	in := func(groups []string) bool {
		return slices.ContainsFunc(groups, func(g string) bool { return a.groups[groupID(g, ids)] })
	}
	// A role may be the account's; nobody looks whose roles it has.
	included := slices.Contains(users.IncludeUsers, "All") || slices.Contains(users.IncludeUsers, a.id) || len(users.IncludeRoles) > 0 || in(users.IncludeGroups)
	if a.unknown != "" && len(users.IncludeGroups) > 0 {
		included = true
	}
	switch {
	case !included || slices.Contains(users.ExcludeUsers, a.id) || in(users.ExcludeGroups):
		return v, false
	case a.unknown != "" && len(users.ExcludeGroups) > 0:
		v.Message = fmt.Sprintf("whether the policy %q excludes %s could not be found out (%s): exclude the account itself, or look at its groups", p.change.Key, a.who, a.unknown)
	default:
		v.Message = fmt.Sprintf("the policy %q would apply to %s: exclude it, or a group in which it already is", p.change.Key, a.who)
	}
	return v, true
}

// groupID is the id of a group as a policy of a plan names it.
func groupID(name string, ids map[string]map[string]string) string {
	ref, ok := strings.CutPrefix(name, "${")
	if !ok {
		return name
	}
	kind, key, _ := strings.Cut(strings.TrimSuffix(ref, "}"), "/")
	key, _, _ = strings.Cut(key, "#")
	return ids[kind][unescapeKey.Replace(key)]
}

// unescapeKey reads a key within a reference, where "}", "#" and "%" are
// percent-encoded.
var unescapeKey = strings.NewReplacer("%7D", "}", "%7d", "}", "%23", "#", "%25", "%")

// locksApplication finds a policy for workload identities that would apply to
// the application that the run works as.
func (p policyChange) locksApplication(token claims) []tenant.Violation {
	clients := p.policy.Conditions.Clients
	if !token.isApplication() || token.Object == "" || !p.blocks() || slices.Contains(clients.Exclude, token.Object) {
		return nil
	}
	if !slices.Contains(clients.Include, "ServicePrincipalsInMyTenant") && !slices.Contains(clients.Include, token.Object) {
		return nil
	}
	return []tenant.Violation{{Rule: RuleLockout, Items: []string{p.change.Item},
		Message: fmt.Sprintf("the policy %q would block the application that this run works as (service principal %s): exclude it", p.change.Key, token.Object)}}
}

func (p policyChange) blocks() bool {
	return p.policy.Grant != nil && slices.Contains(p.policy.Grant.BuiltIn, "block")
}

func (p policyChange) blocksDeviceCode() bool {
	return p.blocks() && strings.Contains(p.policy.Conditions.Flows.TransferMethods, "deviceCodeFlow")
}
