package graph

import (
	"context"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// Apply is part of [tenant.Client]: one attempt, with any answer.
func (c *Client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	e, err := c.entry(string(op.Verb), op.Kind)
	if err != nil {
		return tenant.Applied{}, err
	}
	if err := ctx.Err(); err != nil {
		return tenant.Applied{}, notBegun(op, context.Cause(ctx))
	}
	if err := c.mayWrite(e, op); err != nil {
		return tenant.Applied{}, err
	}
	if err := c.locate(ctx, e, string(op.Verb)); err != nil {
		return tenant.Applied{}, err
	}
	w := &writer{sender: c.sender(e.Write), limit: c.limits[e.Throttle], timeout: c.cfg.WriteTimeout, log: c.cfg.Logger, reads: c.fetcher(e, string(op.Verb)),
		requests: c.approvals(), justification: c.cfg.Justification,
		change: &change{entry: e, op: op, at: c.at, pinned: c.cfg.pins(e.Name), reportOnly: c.cfg.ReportOnly && e.Name == conditionalAccess}}
	if op.Verb != tenant.Create && !e.Singleton {
		id, err := odatajson.Segment(op.ID)
		if err != nil {
			return tenant.Applied{}, invalid(op, "%v", err)
		}
		w.object = "/" + id
	}
	if op.Restore != "" {
		a, err := w.restore(ctx)
		return tenant.Applied{RequestID: a.RequestID, Resource: tenant.Resource{Kind: e.Name, ID: op.Restore}}, c.explain(e.Write, err)
	}
	steps, apart, err := w.steps()
	if err != nil {
		return tenant.Applied{}, err
	}
	a, err := w.sendAll(ctx, steps)
	if err == nil && op.Verb == tenant.Create {
		err = w.finishCreate(ctx, &a, apart)
	}
	if err != nil {
		return tenant.Applied{RequestID: a.RequestID}, c.explain(e.Write, err)
	}
	return w.applied(a, len(apart) == 0), nil
}

// mayWrite refuses what must not be sent.
func (c *Client) mayWrite(e *catalogue.Entry, op tenant.Operation) error {
	k := allowed(e, &c.cfg)
	switch why := lacking(e, c.cfg.Cloud); {
	case why != "":
		return &tenant.Error{Class: tenant.NotLicensed, Op: string(op.Verb), Kind: op.Kind, ID: op.ID, Message: why}
	case !k.Allows(op.Verb) && e.Allows(op.Verb):
		return invalid(op, unproven)
	case !k.Allows(op.Verb):
		return invalid(op, "the kind does not know the verb %q", op.Verb)
	case op.Part != "" && !slices.ContainsFunc(e.Parts, func(p tenant.Part) bool { return p.Name == op.Part }):
		return invalid(op, "the kind has no part %q", op.Part)
	case op.Part != "" && !c.cfg.writes(e.Name) && !e.Proven(tenant.Update, op.Part):
		return invalid(op, "neither an example of Microsoft's documentation nor two public tools show how the part %q is written; name the kind in Config.Unproven to have it done all the same", op.Part)
	case op.Verb == tenant.Create && op.ID != "":
		return invalid(op, "a create has no id: the service gives it one")
	case op.Verb != tenant.Create && op.ID == "" && !e.Singleton:
		return invalid(op, "no id is given")
	}
	return nil
}
