package syncer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// A run hands on to the next one the ids of the objects that it created, and the time
// until which reads may not show them.

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
func (c *session) storeEndBase(ctx context.Context, end runEnd, items []ItemResult, now *state.BlobRef) (*state.BlobRef, error) {
	base := end.base
	if end.verified != nil && end.verified.base != nil {
		base = end.verified.base
	}
	moved := base != nil
	if !moved && slices.ContainsFunc(items, ItemResult.created) {
		var err error
		if base, err = c.base(ctx); err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
			return nil, err
		} else if err != nil { // the base is lost, and the run can still end
			c.log.Error("the next run will not know by its id what this one has created", "error", err)
			return now, nil
		}
		base = cmp.Or(base, new(diff.Base))
	}
	if !bindCreated(base, items) && !moved {
		return now, nil
	}
	raw, err := base.Encode()
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return c.put(ctx, "base", raw)
}

// created reports whether the item created an object whose id is known.
func (r ItemResult) created() bool {
	return r.Status == ItemApplied && r.Verb == tenant.Create && r.TenantID != ""
}

// bindCreated adds the ids of the objects that the run created to the base. It reports
// whether the base lacked one of them.
func bindCreated(base *diff.Base, items []ItemResult) (added bool) {
	if !slices.ContainsFunc(items, ItemResult.created) {
		return false // base may be nil
	}
	type name struct{ kind, key string }
	at := make(map[name]int, len(base.Objects))
	for i, o := range base.Objects {
		at[name{o.Kind, o.Key}] = i
	}
	for _, it := range items {
		if !it.created() {
			continue
		}
		bound := &diff.BaseObject{Kind: it.Kind, Key: it.Key, ID: it.TenantID}
		i, ok := at[name{it.Kind, it.Key}]
		switch {
		case !ok:
			at[name{it.Kind, it.Key}] = len(base.Objects)
			base.Objects = append(base.Objects, bound)
		case base.Objects[i].ID != it.TenantID: // an object that is gone had the key
			base.Objects[i] = bound
		default:
			continue
		}
		added = true
	}
	return added
}
