package oracle

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// Write is one call that writes to the tenant.
type Write struct {
	tenant.Operation
	Worker string
	// At is the store's time of the call, for the lease. Optional.
	At time.Time
	// Object is the id of the object that was written. Known once it took effect.
	Object string
	// Time is when it took effect. The zero time is now.
	Time time.Time
	// Actual is the object just before the effect. Optional.
	Actual json.RawMessage
	// Raced: somebody else changed the object after the worker last looked at
	// it. No client of such a tenant can notice.
	Raced bool
}

// runOf finds the run and the item that a write is for.
func (o *Oracle) runOf(w Write) (*Run, string) {
	run, item, _ := strings.Cut(w.IdempotencyKey, "/")
	return o.runs[run], item
}

// Begin takes into account that a worker sends a write.
func (o *Oracle) Begin(w Write) {
	if o.owner != "" && (o.owner != w.Worker || !o.leaseUntil.After(w.At)) {
		o.violate(Fencing, "%s writes at %s, and %s has the lease until %s", w.Worker, w.At, o.owner, o.leaseUntil)
	}
	for _, f := range o.flights {
		if f.IdempotencyKey == w.IdempotencyKey {
			o.violate(AtMostOnce, "%s is being written already", w.IdempotencyKey)
		}
	}
	o.flights = append(o.flights, w)
	o.begin(w)
}

// begin holds a write against what was approved and stored before it.
func (o *Oracle) begin(w Write) {
	r, item := o.runOf(w)
	if r == nil {
		o.violate(Approval, "%s is written by no run", w.IdempotencyKey)
		return
	}
	if !r.Ended.IsZero() {
		o.violate(WriteAhead, "%s is sent after its run ended", w.IdempotencyKey)
	}
	if in, ok := r.open[item]; !ok || in.Key != w.IdempotencyKey || in.Verb != w.Verb || in.TenantID != w.ID {
		o.violate(WriteAhead, "%s %s/%s of %s is sent without a stored intent (%+v)", w.Verb, w.Kind, w.ID, w.IdempotencyKey, in)
	}
	switch {
	case r.Verdict != syncer.Approve:
		o.violate(Approval, "%s is sent, and nobody approved the run", w.IdempotencyKey)
	case !r.covers(item):
		o.violate(Approval, "%s is sent, which the approval left out", w.IdempotencyKey)
	case r.Plan != nil:
		o.planned(r, w)
	}
}

// planned holds a write against its item in the plan.
func (o *Oracle) planned(r *Run, w Write) {
	_, item := o.runOf(w)
	it := r.Plan.Item(item)
	if it == nil {
		o.violate(Approval, "%s is sent, which is not in the plan that was approved", w.IdempotencyKey)
		return
	}
	content{o, r, it}.check(w.Operation)
}

// Effect takes into account that a write has changed the tenant.
func (o *Oracle) Effect(w Write) {
	r, item := o.runOf(w)
	if r == nil {
		return // found when it began
	}
	r.Writes = append(r.Writes, w)
	if w.Verb == tenant.Create {
		r.created[item] = w.Object
	}
	if r.effects[item]++; r.effects[item] > 1 {
		o.violate(AtMostOnce, "%s takes effect for the %dth time", w.IdempotencyKey, r.effects[item])
	}
	res, known := r.results[item]
	switch {
	case !r.Ended.IsZero() && !r.unknown[item] && (w.Time.IsZero() || w.Time.After(r.Ended)):
		o.violate(WriteAhead, "%s takes effect after its run ended, and the report does not call it unknown", w.IdempotencyKey)
	case known && res.Status != syncer.ItemUnknown && res.Status != syncer.ItemApplied:
		o.violate(WriteAhead, "%s takes effect after it was said to be %s", w.IdempotencyKey, res.Status)
	}
	if w.Verb != tenant.Create && w.Actual != nil && !w.Raced && !sameBody(w.Actual, w.Before) {
		o.violate(LostUpdate, "%s writes over %s, which was read as %s", w.IdempotencyKey, w.Actual, w.Before)
	}
	o.twice()
}

// twice asks the tenant for effects that repeat another. It knows of a second
// object of one natural key, whatever the keys of the writes.
func (o *Oracle) twice() {
	all := o.cfg.Fake.Repeated()
	for _, w := range all[min(o.polled.repeated, len(all)):] {
		o.violate(AtMostOnce, "%s %s %q was carried out twice: %s by %s", w.Verb, w.Kind, w.NaturalKey, w.IdempotencyKey, w.Worker)
	}
	o.polled.repeated = len(all)
}

// Finish takes into account that the caller of a write has its answer.
func (o *Oracle) Finish(w Write) {
	i := slices.IndexFunc(o.flights, func(f Write) bool { return f.IdempotencyKey == w.IdempotencyKey && f.Worker == w.Worker })
	if i >= 0 {
		o.flights = slices.Delete(o.flights, i, i+1)
	}
}

// Lease takes into account that the store gives or renews a lease.
func (o *Oracle) Lease(l state.Lease, renewed bool) {
	rec := l.Record
	if !renewed && rec.Fence <= o.fence {
		o.violate(Fencing, "%s is given fence %d after fence %d", rec.LeaseOwner, rec.Fence, o.fence)
	}
	if !renewed && o.leaseUntil.After(l.Now) {
		o.violate(Fencing, "%s is given the lease at %s, and %s has it until %s", rec.LeaseOwner, l.Now, o.owner, o.leaseUntil)
	}
	o.fence, o.owner, o.leaseUntil = rec.Fence, rec.LeaseOwner, rec.LeaseUntil
}

// Release takes into account that the owner has released the lease.
func (o *Oracle) Release() { o.leaseUntil = time.Time{} }

// Holder returns the last owner of the lease, and until when they have it; the
// zero time after a release.
func (o *Oracle) Holder() (owner string, until time.Time) { return o.owner, o.leaseUntil }

// Update is a write of the engine to the desired line.
type Update struct {
	Run string
	// Act is what the run does: "adopt", "revert" or "rollback".
	Act string
	// Changes are those that took effect.
	Changes []tenant.Change
}

// Update takes a write to the repository into account.
func (o *Oracle) Update(u Update) {
	r := o.runs[u.Run]
	if r == nil || r != o.run {
		return // a request that was on its way when its run ended
	}
	r.updates = true
	for _, ch := range u.Changes {
		id := ch.Kind + "/" + ch.Key
		if r.Mode != syncer.Full {
			o.violate(Approval, "run %s of mode %s writes %s to the repository", r.ID, r.Mode, id)
		}
		switch u.Act {
		case "adopt":
			r.adopted[id] = true
		case "revert":
			if r.Verdict != syncer.RejectAndRevert {
				o.violate(Approval, "run %s takes %s back, and nobody said so", r.ID, id)
			}
		case "rollback":
			if r.Verdict != syncer.Approve {
				o.violate(Approval, "run %s rolls %s back, and nobody approved it", r.ID, id)
			}
		}
	}
}
