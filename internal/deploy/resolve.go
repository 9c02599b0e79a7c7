package deploy

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// sight is the evidence of a write in the tenant.
type sight int

const (
	sightNone     sight = iota // the object cannot be read, or looked for
	sightFailed                // the object could not be read this time
	sightDone                  // the object is as the item wants it
	sightBefore                // the object is as before the write
	sightBegun                 // the object of a delete is changed for it, or a deleted object is back
	sightOther                 // the object is something else
	sightVanished              // the object of an update is not there
)

// resolve reads the tenant to find the outcome of a write. Either the write
// took effect (applied), or it did not (retry), or the tenant does not show the
// outcome (unknown: reported, and never repeated).
//
// The absence of an effect counts only after the longest time that the write
// may take, plus the kind's consistency bound, because reads may lag behind.
func (v *view) resolve(ctx context.Context, it *plan.Item, open openIntent, cause string) (*Result, error) {
	bound := v.job.WriteTimeout + Consistency(v.job.Kinds, it.Kind)
	cause = cmp.Or(cause, "the write was interrupted")
	res := &Result{Item: it.ID, Kind: it.Kind, Key: it.Key, Verb: it.Verb, TenantID: it.TenantID, Attempts: open.Attempt, Class: string(Unknown)}
	for n := 1; ; n++ {
		// A read shows the tenant as it was when the read began, or later, because
		// a read may take long.
		late := v.port.Now().Sub(open.at) >= bound
		seen, id, err := v.see(ctx, it)
		if err != nil {
			return nil, err
		}
		switch {
		case it.Restored && (seen == sightDone || seen == sightBegun):
			// Only the client knows whether all of the restore is done. It may be
			// repeated.
			res.Status, res.Class = Retry, string(tenant.Transient)
			res.Message = cause + "; the tenant shows the object again"
			return res, nil
		case seen == sightDone:
			res.Status, res.Class, res.TenantID = Applied, "", cmp.Or(id, it.TenantID)
			return res, nil
		case !late:
		case seen == sightFailed && n < v.job.MaxAttempts: // a process that resumes the work is late from the start
		case seen == sightBefore:
			res.Status, res.Class = Retry, string(tenant.Transient)
			res.Message = cause + "; the tenant shows that it had no effect"
			return res, nil
		case seen == sightBegun:
			res.Status, res.Class = Retry, string(tenant.Transient)
			res.Message = cause + "; the tenant shows the object changed for its delete, and not deleted"
			return res, nil
		case seen == sightOther && it.Verb == tenant.Delete:
			res.Status, res.Class = Conflict, string(tenant.Conflict)
			res.Message = "it was not deleted, and has been changed in the tenant since"
			return res, nil
		default:
			res.Status = Unknown
			res.Message = fmt.Sprintf("%s; what became of it could not be found out within %s: look at %s in the tenant", cause, bound, it.ID)
			return res, nil
		}
		if err := retry.Pause(ctx, retry.Backoff(n, 500*time.Millisecond, 10*time.Second)); err != nil {
			return nil, err
		}
	}
}

// see reads the tenant once, and returns the object's id if it is known. An
// error ends the work.
func (v *view) see(ctx context.Context, it *plan.Item) (sight, string, error) {
	current, shown, err := v.current(ctx, it)
	switch {
	case err != nil || shown != sightDone:
		return shown, "", err
	case current == nil && it.Verb == tenant.Delete:
		return sightDone, it.TenantID, nil
	case current == nil && it.Verb == tenant.Create:
		return sightBefore, "", nil
	case current == nil:
		return sightVanished, "", nil
	}
	if reached, err := apply.Reached(v.step(it), current); err == nil && reached {
		return sightDone, current.ID, nil
	}
	if same, err := v.unchanged(it, current); err == nil && same {
		if it.Restored {
			return sightBegun, current.ID, nil
		}
		return sightBefore, current.ID, nil
	}
	if v.begunDelete(it, current) != nil {
		return sightBegun, current.ID, nil
	}
	return sightOther, current.ID, nil
}

// current reads an item's object: by its id, or, for a create, by its name. The
// object is nil if the tenant says that it is not there. sightDone means that
// the read succeeded.
//
// Two objects of one name are no answer, because nothing tells which of them
// the write made. Neither is an item without a name to look for.
func (v *view) current(ctx context.Context, it *plan.Item) (*tenant.Resource, sight, error) {
	var object *tenant.Resource
	var failed *Failure
	if it.Verb == tenant.Create && !it.Restored {
		var found []tenant.Resource
		var ok bool
		found, ok, failed = v.find(ctx, it)
		switch {
		case failed != nil:
		case !ok || len(found) > 1:
			return nil, sightNone, nil
		case len(found) == 1:
			object = &found[0]
		}
	} else {
		r, err := v.client.Get(ctx, tenant.GetRequest{Kind: it.Kind, ID: it.TenantID})
		object, failed = v.answer(ctx, "deploy "+it.ID+": find out what became of it", r, err)
	}
	if failed == nil {
		return object, sightDone, nil
	}
	switch failed.Disposition {
	case Ends:
		return nil, sightNone, failed.Err
	case Transient:
		return nil, sightFailed, nil
	}
	return nil, sightNone, nil
}
