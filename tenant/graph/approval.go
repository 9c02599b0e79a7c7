package graph

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// Multi Admin Approval of Intune. See
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval-graph-api

// approvalLasts is how long a request for approval stays open: "If a request isn't
// processed within 3 days of submission, it expires".
// https://learn.microsoft.com/intune/fundamentals/role-based-access-control/multi-admin-approval
const approvalLasts = 3 * 24 * time.Hour

// maxJustification is the longest [Config.Justification], in bytes. The service takes
// 1,024 characters, and the client adds a mark of its own.
const maxJustification = 900

// approvalScopes are the permissions to read requests for approval.
// https://learn.microsoft.com/graph/api/intune-rbac-operationapprovalrequest-get?view=graph-rest-beta
var approvalScopes = catalogue.Scopes{Delegated: [][]string{{"DeviceManagementRBAC.Read.All", "DeviceManagementConfiguration.Read.All",
	"DeviceManagementRBAC.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"}}}

// mayBeHeld reports whether Multi Admin Approval can protect the kind: it is Intune's.
func mayBeHeld(e *catalogue.Entry) bool {
	return strings.HasPrefix(e.Endpoint, "/deviceManagement/") || strings.HasPrefix(e.Endpoint, "/deviceAppManagement/")
}

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

// request is a request for approval.
type request struct {
	tenant.ApprovalRequest
	code, justification string
}

// approvalStates are the states by the service's words. "unknown" and words that a
// newer service may have count as pending: such a request is not sent, and not filed
// again.
// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequeststatus?view=graph-rest-beta
var approvalStates = map[string]tenant.ApprovalState{
	"approved": tenant.ApprovalApproved, "rejected": tenant.ApprovalRejected, "cancelled": tenant.ApprovalWithdrawn, "canceled": tenant.ApprovalWithdrawn,
	"completed": tenant.ApprovalCompleted, "expired": tenant.ApprovalLapsed,
}

// decodeRequest reads a request for approval.
// https://learn.microsoft.com/graph/api/resources/intune-rbac-operationapprovalrequest?view=graph-rest-beta
func decodeRequest(body []byte) (request, error) {
	o, err := odatajson.Parse(body)
	if err != nil {
		return request{}, err
	}
	r := request{code: o.Text("id"), justification: o.Text("requestJustification")}
	r.State = cmp.Or(approvalStates[strings.ToLower(o.Text("status"))], tenant.ApprovalPending)
	r.Until, _ = time.Parse(time.RFC3339, o.Text("expirationDateTime"))
	return r, nil
}

// requestText is the text of a request that a sum is made of.
func requestText(r wire.Request) []byte {
	return fmt.Appendf(nil, "%s %s\n%s", r.Method, r.URL, r.Body)
}

// sum is the sum of a request's method, address and body; empty without a key.
func (w *writer) sum(r wire.Request) string {
	if w.op.Sum == nil {
		return ""
	}
	return w.op.Sum(requestText(r))
}

// approvalHeaders adds to a request the justification, or instead of it the code of an
// approved request: the service takes one of them. It returns an error if the approved
// request is another one than this.
func (w *writer) approvalHeaders(r *wire.Request, first bool) error {
	switch a := w.op.Approval; {
	case a != nil && first && (a.Sum != w.sum(*r) || a.Sum == ""):
		return &tenant.Error{Class: tenant.Conflict, Op: string(w.op.Verb), Kind: w.entry.Name, ID: w.op.ID,
			Message: "the request that was approved in the tenant is not the one that would be sent now; nothing was sent"}
	case a != nil && first:
		r.SetHeader(wire.CodeHeader, a.Code)
	case w.justification != "" && mayBeHeld(w.entry):
		r.SetHeader(wire.JustificationHeader, base64.StdEncoding.EncodeToString([]byte(strings.TrimSpace(w.justification+" "+w.mark()))))
	}
	return nil
}

// mark names the operation in the justification of its request, so that the request is
// found again whose code was lost with the answer. It is empty for an operation without
// an idempotency key.
func (w *writer) mark() string {
	if w.op.IdempotencyKey == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(w.op.IdempotencyKey))
	return "[" + hex.EncodeToString(sum[:12]) + "]"
}

// find completes an approval without a code: it looks for the open request that an
// earlier attempt of the operation has filed, by the mark in its justification.
func (w *writer) find(ctx context.Context, lost *tenant.Approval) {
	mark := w.mark()
	if mark == "" {
		return
	}
	err := w.requests.pages(ctx, collection{url: w.at.of(w.requests.entry, "")}, func(_ wire.Answer, p odatajson.Page) error {
		for _, raw := range p.Value {
			r, err := decodeRequest(raw)
			open := r.State == tenant.ApprovalPending || r.State == tenant.ApprovalApproved
			if err == nil && open && strings.HasSuffix(r.justification, mark) {
				lost.Code, lost.Until = r.code, r.Until
			}
		}
		return nil
	})
	if err != nil {
		w.log.Warn("the tenant's requests for approval cannot be read", "kind", w.entry.Name, "err", err)
	}
}
