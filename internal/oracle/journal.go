package oracle

import (
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// intends takes the intent of a write into account.
func (o *Oracle) intends(in *syncer.Intent) {
	r := o.run
	switch {
	case o.status != state.InProgress || r.Verdict != syncer.Approve:
		o.violate(Approval, "%s is begun while %s, and nobody approved run %s", in.Item, o.status, r.ID)
	case !r.covers(in.Item):
		o.violate(Approval, "%s is begun, which the approval left out", in.Item)
	}
	if r.Cancelled {
		o.violate(WriteAhead, "%s is begun although run %s was cancelled", in.Item, r.ID)
	}
	if len(o.paused) > 0 {
		o.violate(WriteAhead, "%s is begun although the tenant is paused", in.Item)
	}
	if in.Key != r.ID+"/"+in.Item {
		o.violate(WriteAhead, "%s has the key %s", in.Item, in.Key)
	}
	if open, ok := r.open[in.Item]; ok {
		o.violate(WriteAhead, "%s is begun again (attempt %d) before it is known what became of attempt %d", in.Item, in.Attempt, open.Attempt)
	}
	if res, ok := r.results[in.Item]; ok {
		o.violate(WriteAhead, "%s is begun again after it was %s", in.Item, res.Status)
	}
	if r.effects[in.Item] > 0 {
		o.violate(AtMostOnce, "%s is begun again after it took effect", in.Item)
	}
	if r.begun[in.Item]++; in.Attempt < r.begun[in.Item] {
		o.violate(WriteAhead, "attempt %d of %s is the %dth", in.Attempt, in.Item, r.begun[in.Item])
	}
	r.open[in.Item] = *in
}

// results takes into account what is said to have become of an item.
func (o *Oracle) results(res *syncer.ItemResult) {
	r := o.run
	_, begun := r.open[res.Item]
	delete(r.open, res.Item)
	if old, ok := r.results[res.Item]; ok {
		o.violate(WriteAhead, "%s is %s after it was %s", res.Item, res.Status, old.Status)
	}
	if !begun && res.Status == syncer.ItemUnknown {
		o.violate(WriteAhead, "%s is %s without having been begun", res.Item, res.Status)
	}
	if res.Status == syncer.ItemRetry {
		return
	}
	r.results[res.Item] = *res
	if res.Status == syncer.ItemApplied && r.effects[res.Item] == 0 && !o.shows(r, res) {
		o.violate(Truth, "%s is said to be applied, and the tenant does not have it", res.Item)
	}
}

// shows reports whether the tenant has what an item was to bring although no
// write of it took effect: somebody else may have done the same.
func (o *Oracle) shows(r *Run, res *syncer.ItemResult) bool {
	if o.cfg.Exclusive {
		return false
	}
	object := o.cfg.Fake.Object(res.Kind, res.TenantID)
	if object == nil || res.Verb == tenant.Delete {
		return object == nil && res.Verb == tenant.Delete
	}
	if r.Plan == nil || !o.cfg.Live {
		return true // somebody may have changed it since
	}
	return o.likeApproved(r, r.Plan.Item(res.Item), object)
}
