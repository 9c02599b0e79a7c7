package oracle

import (
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// writes checks each write to the tenant: when it is sent, and when it takes
// effect.
type writes struct {
	*book
	cfg      *Config
	inFlight []Write
	// Numbers of the fake's findings that were reported.
	repeated, overlapping int
}

// begin records that a worker sends a write and waits for the answer.
func (c *writes) begin(w Write) {
	for _, f := range c.inFlight {
		if f.IdempotencyKey == w.IdempotencyKey {
			c.violate(AtMostOnce, "%s is being written already", w.IdempotencyKey)
		}
	}
	c.inFlight = append(c.inFlight, w)
}

// finish records that the worker has the answer to a write.
func (c *writes) finish(w Write) {
	i := slices.IndexFunc(c.inFlight, func(f Write) bool { return f.IdempotencyKey == w.IdempotencyKey && f.Worker == w.Worker })
	if i >= 0 {
		c.inFlight = slices.Delete(c.inFlight, i, i+1)
	}
}

// sent compares a write with the approval and the intent that were stored
// before it. r is the run of the write, or nil if that run is unknown.
func (c *writes) sent(r *Run, w Write) {
	if r == nil {
		c.violate(Approval, "%s is written by no run", w.IdempotencyKey)
		return
	}
	_, item := w.target()
	if !r.Ended.IsZero() {
		c.violate(WriteAhead, "%s is sent after its run ended", w.IdempotencyKey)
	}
	if in, ok := r.open[item]; !ok || in.Key != w.IdempotencyKey || in.Verb != w.Verb || in.TenantID != w.ID {
		c.violate(WriteAhead, "%s %s/%s of %s is sent without a stored intent (%+v)", w.Verb, w.Kind, w.ID, w.IdempotencyKey, in)
	}
	switch {
	case r.Verdict != syncer.Approve:
		c.violate(Approval, "%s is sent, and nobody approved the run", w.IdempotencyKey)
	case !r.covers(item):
		c.violate(Approval, "%s is sent, which the approval left out", w.IdempotencyKey)
	case r.Plan != nil:
		c.planned(r, w)
	}
}

// planned compares a write with its item in the plan of the run.
func (c *writes) planned(r *Run, w Write) {
	_, item := w.target()
	it := r.Plan.Item(item)
	if it == nil {
		c.violate(Approval, "%s is sent, which is not in the plan that was approved", w.IdempotencyKey)
		return
	}
	content{c.book, c.cfg.Reveal, r, it}.check(w.Operation)
}

// tookEffect checks a write that has changed the tenant, and records its
// effect.
func (c *writes) tookEffect(r *Run, w Write) {
	if r == nil {
		return // sent has reported it
	}
	_, item := w.target()
	r.Writes = append(r.Writes, w)
	if w.Verb == tenant.Create {
		r.created[item] = w.Object
	}
	if r.effects[item]++; r.effects[item] > 1 && c.cfg.standing(r, item, w.Time) > 1 {
		c.violate(AtMostOnce, "%s takes effect for the %dth time", w.IdempotencyKey, r.effects[item])
	}
	res, known := r.results[item]
	switch {
	case !r.Ended.IsZero() && !r.unknown[item] && (w.Time.IsZero() || w.Time.After(r.Ended)):
		c.violate(WriteAhead, "%s takes effect after its run ended, and the report does not call it unknown", w.IdempotencyKey)
	case known && res.Status != syncer.ItemUnknown && res.Status != syncer.ItemApplied:
		c.violate(WriteAhead, "%s takes effect after it was said to be %s", w.IdempotencyKey, res.Status)
	}
	if w.Verb != tenant.Create && w.Actual != nil && !w.Raced && !sameBody(w.Actual, w.Before) {
		c.violate(LostUpdate, "%s writes over %s, which was read as %s", w.IdempotencyKey, w.Actual, w.Before)
	}
	c.repeats()
}

// standing returns the number of effects of an item that no other party had
// overwritten at a time. The zero time means now.
//
// The engine cannot see an effect that someone else has overwritten: the tenant
// shows the item as before the write. A report may then say that the item was
// not carried out, and the run may write it again.
func (c *Config) standing(r *Run, item string, at time.Time) int {
	n := r.effects[item]
	if n == 0 {
		return 0
	}
	for _, w := range c.Fake.Writes() {
		if w.IdempotencyKey == r.ID+"/"+item && !w.Overwritten.IsZero() && (at.IsZero() || !w.Overwritten.After(at.Add(c.Skew))) {
			n--
		}
	}
	return n
}

// repeats reports the writes that took effect twice. The tenant detects a
// second object with the same natural key even if the writes have different
// idempotency keys.
func (c *writes) repeats() {
	all := c.cfg.Fake.Repeated()
	for _, w := range all[min(c.repeated, len(all)):] {
		c.violate(AtMostOnce, "%s %s %q was carried out twice: %s by %s", w.Verb, w.Kind, w.NaturalKey, w.IdempotencyKey, w.Worker)
	}
	c.repeated = len(all)
}

// overlaps reports the writes of two workers that the tenant carried out at the
// same time.
func (c *writes) overlaps() {
	all := c.cfg.Fake.Overlapping()
	for _, w := range all[min(c.overlapping, len(all)):] {
		c.violate(MutualExclusion, "%s by %s and %s by %s overlap", w.First.IdempotencyKey, w.FirstWorker, w.Second.IdempotencyKey, w.SecondWorker)
	}
	c.overlapping = len(all)
}
