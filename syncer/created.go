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

// A run tells the next one what it has created: the ids, and how long reads may
// not show the objects.

// lagsUntil is when reads are sure to show what the run created and has not
// seen since. The next run reads no sooner, or it would create it again.
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

// storeEndBase stores the base where the ending moved it, with the ids of what
// the run has created: what was not read back is known by its id all the same.
// Without it an object that has no name would be made again by the next run.
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
		} else if err != nil { // lost: the run can end all the same
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

// created reports whether an object was made whose id is known.
func (r ItemResult) created() bool {
	return r.Status == ItemApplied && r.Verb == tenant.Create && r.TenantID != ""
}

// bindCreated adds to the base which object is which of those that the run has
// created, and reports whether it did not know that of all.
func bindCreated(base *diff.Base, items []ItemResult) (added bool) {
	for _, it := range items {
		if !it.created() {
			continue
		}
		bound := &diff.BaseObject{Kind: it.Kind, Key: it.Key, ID: it.TenantID}
		i := slices.IndexFunc(base.Objects, func(o *diff.BaseObject) bool { return o.Kind == it.Kind && o.Key == it.Key })
		switch {
		case i < 0:
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
