package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// journal checks the intents and the results of writes that a run stores.
type journal struct {
	*book
	cfg *Config
}

// intends checks the intent of a write, and records it as open.
func (c journal) intends(h *history, now time.Time, in *syncer.Intent) {
	r := h.run
	switch {
	case h.status != state.InProgress || r.Verdict != syncer.Approve:
		c.violate(Approval, "%s is begun while %s, and nobody approved run %s", in.Item, h.status, r.ID)
	case !r.covers(in.Item):
		c.violate(Approval, "%s is begun, which the approval left out", in.Item)
	}
	if r.Cancelled {
		c.violate(WriteAhead, "%s is begun although run %s was cancelled", in.Item, r.ID)
	}
	if len(h.paused) > 0 {
		c.violate(WriteAhead, "%s is begun although the tenant is paused", in.Item)
	}
	if in.Key != r.ID+"/"+in.Item {
		c.violate(WriteAhead, "%s has the key %s", in.Item, in.Key)
	}
	if open, ok := r.open[in.Item]; ok {
		c.violate(WriteAhead, "%s is begun again (attempt %d) before it is known what became of attempt %d", in.Item, in.Attempt, open.Attempt)
	}
	if res, ok := r.results[in.Item]; ok {
		c.violate(WriteAhead, "%s is begun again after it was %s", in.Item, res.Status)
	}
	if c.cfg.standing(r, in.Item, now) > 0 {
		c.violate(AtMostOnce, "%s is begun again after it took effect", in.Item)
	}
	if r.begun[in.Item]++; in.Attempt < r.begun[in.Item] {
		c.violate(WriteAhead, "attempt %d of %s is the %dth", in.Attempt, in.Item, r.begun[in.Item])
	}
	r.open[in.Item] = *in
}

// results checks the result of an item, and records it unless the run retries.
func (c journal) results(r *Run, res *syncer.ItemResult) {
	_, begun := r.open[res.Item]
	delete(r.open, res.Item)
	if old, ok := r.results[res.Item]; ok {
		c.violate(WriteAhead, "%s is %s after it was %s", res.Item, res.Status, old.Status)
	}
	if !begun && res.Status == syncer.ItemUnknown {
		c.violate(WriteAhead, "%s is %s without having been begun", res.Item, res.Status)
	}
	if res.Status == syncer.ItemRetry {
		return
	}
	r.results[res.Item] = *res
	if res.Status == syncer.ItemApplied && r.effects[res.Item] == 0 && !c.shows(r, res) {
		c.violate(Truth, "%s is said to be applied, and the tenant does not have it", res.Item)
	}
}

// shows reports whether the tenant has the values that the item wants although
// no write of the item took effect. Another party may have made the same
// change.
func (c journal) shows(r *Run, res *syncer.ItemResult) bool {
	if c.cfg.Exclusive {
		return false
	}
	object := c.cfg.Fake.Object(res.Kind, res.TenantID)
	if object == nil || res.Verb == tenant.Delete {
		return object == nil && res.Verb == tenant.Delete
	}
	if r.Plan == nil || !c.cfg.Live {
		return true // another party may have changed it since
	}
	it := r.Plan.Item(res.Item)
	return it != nil && content{c.book, c.cfg.Reveal, r, it}.reached(object)
}
