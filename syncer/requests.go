package syncer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/format"
	"github.com/tenantsync/tenantsync/state"
)

// ApprovalRequest is a request for approval, in the tenant, of a change that the tenant
// holds. It holds no value of the change.
type ApprovalRequest struct {
	// Code is the service's name of the request. It is empty if the service says that a
	// request for the object is open and does not say which.
	Code string `json:"code,omitempty"`
	// Until is when the request lapses.
	Until time.Time `json:"until,omitzero"`
	// Sum, Change and Before are keyed hashes: of the held request, of the change, and of
	// the object as it was.
	Sum    string `json:"sum,omitempty"`
	Change string `json:"change,omitempty"`
	Before string `json:"before,omitempty"`
	// KeyID names the key of the hashes.
	KeyID string `json:"keyId,omitempty"`
}

// A run hands on to later runs the requests for approval that wait in the tenant. They
// grow with the plan, so they are in a blob that the record names.

// requestsFormat is the newest format of stored requests, see dataFormat.
const requestsFormat = 1

// requestsKept is how long a request is kept after it has lapsed, so that a run that has
// the same change in its plan reports that.
const requestsKept = 30 * 24 * time.Hour

// openRequests is the blob of the requests, by item ID.
type openRequests struct {
	Format   int                        `json:"format"`
	Requests map[string]ApprovalRequest `json:"requests"`
}

// requests reads the requests for approval that earlier runs have filed. Without them
// the work goes on: the service refuses to file an open request again.
func (c *session) requests(ctx context.Context) (map[string]ApprovalRequest, error) {
	ref := c.now().d.Requests
	if ref == nil {
		return nil, nil
	}
	var stored openRequests
	raw, err := c.s.get(ctx, *ref)
	if err == nil {
		err = format.Decode("requests", raw, requestsFormat, &stored)
	}
	if err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
		return nil, err
	}
	if err != nil { // the list is lost, and the run can go on
		c.log.Error("the run does not know which changes wait for approval in the tenant", "error", err)
	}
	return stored.Requests, nil
}

// requestsToSend returns the requests as a deployment takes them.
func (c *session) requestsToSend(ctx context.Context) (map[string]deploy.Request, error) {
	all, err := c.requests(ctx)
	out := make(map[string]deploy.Request, len(all))
	for id, r := range all {
		out[id] = deploy.Request(r)
	}
	return out, err
}

// storeRequests stores the requests that are open after the run, and returns their blob:
// nil for none. The commit that refers to it must come later.
func (c *session) storeRequests(ctx context.Context, items []ItemResult) (*state.BlobRef, error) {
	cur := c.now()
	before, err := c.requests(ctx)
	if err != nil {
		return nil, err
	}
	after := stillOpen(before, items, cur.storeTime())
	switch {
	case len(after) == 0:
		return nil, nil
	case maps.Equal(before, after):
		return cur.d.Requests, nil
	}
	raw, err := json.Marshal(openRequests{Format: requestsFormat, Requests: after})
	if err != nil {
		return nil, fmt.Errorf("syncer: %s: encode requests: %w", c.tenant, err)
	}
	return c.put(ctx, "requests", raw)
}

// stillOpen returns the requests after a run with these results.
func stillOpen(before map[string]ApprovalRequest, items []ItemResult, now time.Time) map[string]ApprovalRequest {
	after := map[string]ApprovalRequest{}
	for id, r := range before {
		if now.Before(r.Until.Add(requestsKept)) {
			after[id] = r
		}
	}
	closed := []Class{ClassApprovalRejected, ClassApprovalWithdrawn, ClassApprovalLapsed}
	for _, it := range items {
		switch {
		case it.Approval != nil && it.Approval.Code != "":
			after[it.Item] = *it.Approval
		case it.Status == ItemApplied, slices.Contains(closed, it.Class):
			delete(after, it.Item)
		}
	}
	return after
}
