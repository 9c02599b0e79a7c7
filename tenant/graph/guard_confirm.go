package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/access"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

var _ tenant.Confirmer = (*Client)(nil)

// The answers of [Client.Confirm].
const (
	// StillIn: What If says that an account still gets in.
	StillIn = "what-if-still-in"
	// ShutOut: What If says that an account does not get in.
	ShutOut = "what-if-shut-out"
	// NotAsked: What If could not be asked, for another reason than a permission.
	NotAsked = "what-if-not-asked"
)

// Confirm is [tenant.Confirmer]. After a deploy of Conditional Access policies, groups or
// named locations, it asks Microsoft's What If whether each break-glass account and the
// signed-in account still get into Microsoft Graph, with a browser on Windows, without
// risk. What If sees the policies that are in the tenant. It does not evaluate policies
// that need a condition which the request lacks: a location, a device. It needs
// Policy.Read.All, which the kind needs anyway; Confirm says nothing without it.
//
// https://learn.microsoft.com/graph/api/conditionalaccessroot-evaluate (v1.0)
func (c *Client) Confirm(ctx context.Context, req tenant.ConfirmRequest) ([]tenant.Violation, error) {
	e := c.entries[conditionalAccess]
	if e == nil || lacking(e, c.cfg.Cloud) != "" || !slices.ContainsFunc(req.Kinds, isAccessKind) {
		return nil, nil
	}
	g := &guarding{c: c}
	if err := g.readTokens(ctx); err != nil {
		return nil, err
	}
	people := map[string]string{} // how a sentence calls them, by id
	ids := slices.Clone(c.cfg.BreakGlass)
	for _, id := range ids {
		people[id] = "the break-glass account " + id
	}
	if id := g.person.Object; id != "" && !g.person.isApplication() && !access.Has(ids, id) {
		ids = append(ids, id)
		people[id] = "the account that is signed in"
	}
	for _, id := range ids {
		blocking, err := c.whatIf(ctx, e, id)
		switch class := tenant.ClassOf(err); {
		case wire.Ended(ctx) != nil:
			return nil, wire.Ended(ctx)
		case class == tenant.Unauthenticated:
			return nil, err
		case class == tenant.AccessDenied, class == tenant.NotLicensed:
			return g.found, nil // not for this token, or not in this tenant
		case class == tenant.NotFound: // the account is not in the tenant; Guard says so
		case err != nil:
			g.informs(NotAsked, nil, "whether %s still gets in could not be asked: %v", people[id], err)
		case len(blocking) > 0:
			g.informs(ShutOut, nil, "What If says that %s does not get into Microsoft Graph with a browser on Windows: %s", people[id], policiesNamed(blocking))
		default:
			g.informs(StillIn, nil, "What If says that %s still gets into Microsoft Graph with a browser on Windows, from a place that no policy names", people[id])
		}
	}
	return g.found, nil
}

func isAccessKind(kind string) bool {
	return kind == conditionalAccess || kind == groups || kind == namedLocations
}

// whatIf returns the names of the enabled policies that would block an account.
func (c *Client) whatIf(ctx context.Context, e *catalogue.Entry, user string) ([]string, error) {
	body, err := json.Marshal(map[string]any{
		"signInIdentity":      map[string]any{"@odata.type": "#microsoft.graph.userSignIn", "userId": user},
		"signInContext":       map[string]any{"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": []string{access.Graph}},
		"signInConditions":    map[string]any{"devicePlatform": "windows", "clientAppType": "browser", "signInRiskLevel": "none", "userRiskLevel": "none"},
		"appliedPoliciesOnly": true,
	})
	if err != nil {
		return nil, err
	}
	f := c.fetcher(e, "confirm")
	bounded, stop := f.bounded(ctx)
	defer stop()
	// The path of the action is beside the policies.
	address := strings.TrimSuffix(f.at.of(e, ""), "/policies") + "/evaluate"
	answer, err := f.once(bounded, wire.Request{Method: http.MethodPost, URL: address, Body: body}, 1, user)
	if err != nil {
		return nil, err
	}
	page, err := odatajson.DecodePage(answer.Body)
	if err != nil {
		return nil, f.malformed(answer, user, err)
	}
	if page.Next != "" {
		return nil, f.broken(answer, user, "the answer of What If has more than one page, which it is not documented to have")
	}
	var blocking []string
	for _, raw := range page.Value {
		o, err := odatajson.Parse(raw)
		if err != nil {
			return nil, f.malformed(answer, user, err)
		}
		if string(o["policyApplies"]) == "false" {
			continue
		}
		name := o.Text("displayName")
		p, err := access.Read(name, raw)
		if err != nil {
			return nil, f.malformed(answer, user, fmt.Errorf("the policy %q: %w", name, err))
		}
		if p.Enabled && p.Blocks {
			blocking = append(blocking, name)
		}
	}
	return blocking, nil
}
