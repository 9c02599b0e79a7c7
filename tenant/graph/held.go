package graph

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

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
				lost.Code = r.code
				if !r.Until.IsZero() {
					lost.Until = r.Until
				}
			}
		}
		return nil
	})
	if err != nil {
		w.log.Warn("the tenant's requests for approval cannot be read", "kind", w.entry.Name, "err", err)
	}
}
