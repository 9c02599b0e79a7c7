package deploy

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// The classes of items whose request for approval ended without an approval.
const (
	Rejected  = "approval_rejected"
	Withdrawn = "approval_withdrawn"
	Lapsed    = "approval_lapsed"
)

// Request is a request for approval, as runs keep it. It holds no value of the change.
type Request struct {
	// Code is the service's name of the request. It is empty if the service says that
	// a request is open and does not say which.
	Code string `json:"code,omitempty"`
	// Until is when the request lapses.
	Until time.Time `json:"until,omitzero"`
	// Sum is the keyed hash of the held request: method, address and body.
	Sum string `json:"sum,omitempty"`
	// Change is the keyed hash of the change, and Before the fingerprint of its object
	// when the request was filed. Both are empty if a part of the change was carried
	// out before the request: the rest is another change of another object.
	Change string `json:"change,omitempty"`
	Before string `json:"before,omitempty"`
	// KeyID names the key of the hashes.
	KeyID string `json:"keyId,omitempty"`
}

// outdated says why an approved request must not be completed; "" if it may be.
func (r Request) outdated(it *plan.Item, edited bool, key string) string {
	const then = "; it was not sent. Withdraw request %s in the tenant, or wait until it lapses (%s), and sync again"
	switch {
	case !OwnKey(r.KeyID, key):
		return fmt.Sprintf("the change was approved in the tenant, but the secret of the configuration (Config.Secret) was replaced since the request was filed, so that nothing tells whether it is the same"+then, r.Code, r.until())
	case r.Before != "" && r.Before != it.Before:
		return fmt.Sprintf("the change was approved in the tenant, but its object has been changed there since the request was filed"+then, r.Code, r.until())
	case edited:
		return fmt.Sprintf("an earlier form of the change was approved in the tenant, and it has been edited since the request was filed"+then, r.Code, r.until())
	}
	return ""
}

// closed is the result of an item whose request ended without an approval.
func (r Request) closed(it *plan.Item, state tenant.ApprovalState) *Result {
	res := &Result{Status: Failed, TenantID: it.TenantID}
	switch state {
	case tenant.ApprovalRejected:
		res.Class, res.Message = Rejected, "an administrator rejected its request for approval (%s) in the tenant"
	case tenant.ApprovalWithdrawn:
		res.Class, res.Message = Withdrawn, "its request for approval (%s) was withdrawn in the tenant"
	default:
		res.Class, res.Message = Lapsed, "its request for approval (%s) lapsed: no administrator approved it in time, or it was not completed in time"
	}
	res.Message = fmt.Sprintf(res.Message, r.Code) + "; nothing was sent. The next sync proposes the change afresh"
	return res
}

// waits is the result of an item whose request is open.
func (r Request) waits(it *plan.Item, edited bool) *Result {
	res := &Result{Status: Waits, Class: string(tenant.AwaitsApproval), TenantID: it.TenantID, Approval: &r}
	switch {
	case r.Code == "":
		res.Message = "a request for approval of this object is open in the tenant already, and it is not known which: look at it there, and sync again once it is closed"
	case edited:
		res.Message = fmt.Sprintf("request %s for an earlier form of the change waits for approval in the tenant until %s: withdraw it there, and sync again", r.Code, r.until())
	default:
		res.Message = fmt.Sprintf("request %s waits for approval by another administrator in the tenant until %s; once it is approved, sync again", r.Code, r.until())
	}
	return res
}

func (r Request) until() string { return r.Until.UTC().Format("2006-01-02 15:04 UTC") }

// RequestsFormat is the newest format of stored requests.
const RequestsFormat = 1

// Requests are the requests that wait in a tenant, by item ID, as they are stored.
type Requests struct {
	Format   int                `json:"format"`
	Requests map[string]Request `json:"requests"`
}

// requestKept is how long a request is kept after it has lapsed, so that a run whose plan
// has the same change reports that.
const requestKept = 30 * 24 * time.Hour

// StillOpen returns the requests that are open after a run with these results.
func StillOpen(before map[string]Request, results []Result, now time.Time) map[string]Request {
	after := map[string]Request{}
	for id, r := range before {
		if now.Before(r.Until.Add(requestKept)) {
			after[id] = r
		}
	}
	for _, res := range results {
		switch {
		case res.Approval != nil && res.Approval.Code != "":
			after[res.Item] = *res.Approval
		case res.Status == Applied, slices.Contains([]string{Rejected, Withdrawn, Lapsed}, res.Class):
			delete(after, res.Item)
		}
	}
	return after
}
