package graph

import (
	"context"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

var _ tenant.ApprovalReader = (*Client)(nil)

// ReadApproval is part of [tenant.ApprovalReader].
func (c *Client) ReadApproval(ctx context.Context, code string) (tenant.ApprovalRequest, error) {
	f := c.approvals()
	id, err := odatajson.Segment(code)
	if err != nil {
		return tenant.ApprovalRequest{}, &tenant.Error{Class: tenant.Invalid, Op: f.op, Kind: f.entry.Name, ID: code, Message: err.Error()}
	}
	bounded, stop := f.bounded(ctx)
	defer stop()
	var found request
	_, err = f.get(bounded, c.at.of(f.entry, "/"+id), code, func(a wire.Answer) (err error) {
		found, err = decodeRequest(a.Body)
		return err
	})
	return found.ApprovalRequest, c.explain(approvalScopes, err)
}

// approvals returns what reads the tenant's requests for approval.
func (c *Client) approvals() *fetcher {
	e := &catalogue.Entry{Kind: tenant.Kind{Name: "operationApprovalRequests", Throttle: c.kinds[0].Throttle},
		Endpoint: "/deviceManagement/operationApprovalRequests", Version: "beta", Read: approvalScopes}
	for _, k := range c.kinds {
		if mayBeHeld(c.entries[k.Name]) {
			e.Throttle = k.Throttle
			break
		}
	}
	return c.fetcher(e, "get")
}
