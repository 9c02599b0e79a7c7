package syncer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/baseline"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// A run hands on to the next one the ids of the objects that it created, the time until
// which reads may not show them, and the requests for approval that wait in the tenant.

// lagsUntil returns the time from which reads show every object that the run created
// and did not read back. A run that reads earlier could miss such an object and
// create it again.
func (c *session) lagsUntil(items []ItemResult, now time.Time) time.Time {
	var longest time.Duration
	for _, it := range items {
		if it.Verb == tenant.Create && !it.Verified && (it.Status == ItemApplied || it.Status == ItemUnknown) {
			longest = max(longest, deploy.Consistency(c.kinds, it.Kind))
		}
	}
	if longest == 0 {
		return time.Time{}
	}
	return now.Add(longest)
}

// storeEndBase stores the base if the ending moved it or the run created objects. It
// adds the ids of created objects that were not read back: without its id, the next
// run would create an object that has no name again.
//
// It returns nil if the base stays.
func (c *session) storeEndBase(ctx context.Context, end runEnd, items []ItemResult) (*baseline.Root, error) {
	base := end.base
	if end.proposed != nil {
		base = end.proposed.Base
	}
	if end.verified != nil && end.verified.base != nil {
		base = end.verified.base
	}
	moved := base != nil
	if !moved && slices.ContainsFunc(items, ItemResult.created) {
		stored, err := c.base(ctx)
		if err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
			return nil, err
		} else if err != nil { // the base is lost, and the run can still end
			c.log.Error("the next run will not know by its id what this one has created", "error", err)
			return nil, nil
		}
		base = cmp.Or(stored.Base, new(diff.Base))
	}
	base, added := bindCreated(base, items)
	if !added && !moved {
		return nil, nil
	}
	root, err := c.saveBase(ctx, base)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return root, nil
}

// created reports whether the item created an object whose id is known.
func (r ItemResult) created() bool {
	return r.Status == ItemApplied && r.Verb == tenant.Create && r.TenantID != ""
}

// bindCreated returns the base with the ids of the objects that the run created. It
// reports whether the base lacked one of them. It does not change base.
func bindCreated(base *diff.Base, items []ItemResult) (*diff.Base, bool) {
	if !slices.ContainsFunc(items, ItemResult.created) {
		return base, false
	}
	out, added := *base, false
	out.Objects = slices.Clone(base.Objects)
	at := make(map[plan.Target]int, len(out.Objects))
	for i, o := range out.Objects {
		at[plan.Target{Kind: o.Kind, Key: o.Key}] = i
	}
	for _, it := range items {
		if !it.created() {
			continue
		}
		t := plan.Target{Kind: it.Kind, Key: it.Key}
		bound := &diff.BaseObject{Kind: it.Kind, Key: it.Key, ID: it.TenantID}
		i, ok := at[t]
		switch {
		case !ok:
			at[t] = len(out.Objects)
			out.Objects = append(out.Objects, bound)
		case out.Objects[i].ID != it.TenantID: // an object that is gone had the key
			out.Objects[i] = bound
		default:
			continue
		}
		added = true
	}
	return &out, added
}

// storeRequests stores the requests for approval that are open after the run, and returns
// their blob: nil for none. The commit that refers to it must come later.
func storeRequests(ctx context.Context, c *session, items []ItemResult, now time.Time) (*state.BlobRef, error) {
	before, err := filedRequests(ctx, c)
	if err != nil {
		return nil, err
	}
	results := make([]deploy.Result, len(items))
	for i, it := range items {
		results[i] = *deployResult(it)
	}
	switch after := deploy.StillOpen(before.requests, results, now); {
	case len(after) == 0:
		return nil, nil
	case maps.Equal(before.requests, after):
		return before.ref, nil
	default:
		raw, err := json.Marshal(deploy.Requests{Format: deploy.RequestsFormat, Requests: after})
		if err != nil {
			return nil, fmt.Errorf("report: encode requests for approval: %w", err)
		}
		return c.put(ctx, "requests", raw)
	}
}
