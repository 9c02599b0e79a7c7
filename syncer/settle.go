package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// consistencyDefault is how long a kind's objects may stay invisible, for
// kinds that do not say.
const consistencyDefault = time.Minute

// consistency is how long reads of a kind may lag behind writes.
func consistency(kinds *schema.Kinds, name string) time.Duration {
	return cmp.Or(kinds.Kind(name).Consistency, consistencyDefault)
}

// awaitDependencies waits until the objects that the run has created and that
// an item refers to can be read: until then, the tenant may refuse references
// to them. After the kind's consistency bound it is left to the tenant.
func (d *deployment) awaitDependencies(ctx context.Context, it *plan.Item) error {
	for _, dep := range it.DependsOn {
		res, ok := d.journal.result(dep)
		if !ok || res.Verb != tenant.Create {
			continue
		}
		until := time.Now().Add(consistency(d.c.kinds, res.Kind))
		for try := 1; !d.isVisible(dep); try++ {
			_, err := d.c.client.Get(ctx, tenant.GetRequest{Kind: res.Kind, ID: res.TenantID})
			if err == nil || !time.Now().Before(until) {
				d.mu.Lock()
				d.visible[dep] = true
				d.mu.Unlock()
				break
			}
			if failed := d.readFailed(ctx, "deploy "+it.ID+": read what it refers to", err); failed != nil && !isRetryable(failed) {
				return failed
			}
			if err := retry.Pause(ctx, retry.Backoff(try, 200*time.Millisecond, 5*time.Second)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *deployment) isVisible(item string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.visible[item]
}

// sight is what a look at the tenant shows of a write.
type sight int

const (
	unseen   sight = iota // it cannot be read, or looked for
	failed                // it could not be read this time
	done                  // it is as the item wants it
	before                // it is as before the write
	neither               // it is something else
	vanished              // an update's object is not there
)

// settle finds out what became of a write whose outcome is unknown, by reading
// the tenant: it took effect (applied), it did not (to be tried again), or
// nobody can tell (unknown: reported, and never repeated). Absence of an effect
// counts only after the longest that the write may have taken to have one, and
// after that the kind's consistency bound, since reads may lag.
func (d *deployment) settle(ctx context.Context, it *plan.Item, open openIntent, cause string) (*ItemResult, error) {
	bound := d.c.s.cfg.WriteTimeout + consistency(d.c.kinds, it.Kind)
	res := &ItemResult{Item: it.ID, Kind: it.Kind, Key: it.Key, Verb: it.Verb, TenantID: it.TenantID, Attempts: open.Attempt, Class: string(ItemUnknown)}
	for try := 1; ; try++ {
		// What a read shows is from when it began, or later: it may take long.
		late := d.c.now().storeTime().Sub(open.at) >= bound
		seen, id, err := d.see(ctx, it)
		if err != nil {
			return nil, err
		}
		switch {
		case seen == done:
			res.Status, res.Class, res.TenantID = ItemApplied, "", cmp.Or(id, it.TenantID)
			return res, nil
		case !late:
		case seen == failed && try < d.c.s.cfg.MaxAttempts: // who takes over is late from the start
		case seen == before:
			res.Status, res.Class = itemRetry, string(tenant.Transient)
			res.Message = cmp.Or(cause, "the write was interrupted") + "; the tenant shows that it had no effect"
			return res, nil
		case seen == neither && it.Verb == tenant.Delete:
			res.Status, res.Class = ItemConflict, string(tenant.Conflict)
			res.Message = "it was not deleted, and has been changed in the tenant meanwhile"
			return res, nil
		default:
			res.Status = ItemUnknown
			res.Message = fmt.Sprintf("%s; what became of it could not be found out within %s: look at %s in the tenant",
				cmp.Or(cause, "the write was interrupted"), bound, it.ID)
			return res, nil
		}
		if err := retry.Pause(ctx, retry.Backoff(try, 500*time.Millisecond, 10*time.Second)); err != nil {
			return nil, err
		}
	}
}

// see looks at the tenant once. The error is one that ends the phase: the
// context's, or a sign-in that is needed.
func (d *deployment) see(ctx context.Context, it *plan.Item) (sight, string, error) {
	current, err := d.currentOf(ctx, it)
	notFound := errors.Is(err, &tenant.Error{Class: tenant.NotFound})
	switch {
	case err != nil && !notFound:
		switch err := d.readFailed(ctx, "deploy "+it.ID+": find out what became of it", err); {
		case err == nil:
			return unseen, "", nil
		case isRetryable(err):
			return failed, "", nil
		default:
			return unseen, "", err
		}
	case notFound && it.Verb == tenant.Delete:
		return done, it.TenantID, nil
	case notFound && it.Verb == tenant.Create:
		return before, "", nil
	case notFound:
		return vanished, "", nil
	}
	if it.Verb != tenant.Delete {
		if reached, err := apply.Reached(d.step(it), current); err == nil && reached {
			return done, current.ID, nil
		}
	}
	if it.Verb == tenant.Create {
		return neither, current.ID, nil
	}
	if sum, err := apply.Fingerprint(it, d.c.kinds.Get(it.Kind), current.Body, d.key); err == nil && sum == it.Before {
		return before, current.ID, nil
	}
	return neither, current.ID, nil
}

// currentOf reads an item's object: by id, or, for a create, by its name. Two
// of that name are an error: it cannot be told which is ours. So is a create
// without a name to look for.
func (d *deployment) currentOf(ctx context.Context, it *plan.Item) (*tenant.Resource, error) {
	if it.Verb != tenant.Create {
		r, err := d.c.client.Get(ctx, tenant.GetRequest{Kind: it.Kind, ID: it.TenantID})
		return &r, err
	}
	found, ok, err := d.find(ctx, it)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, &tenant.Error{Class: tenant.Permanent, Op: "read", Kind: it.Kind, ID: it.Key, Message: "it has no name to look for"}
	case len(found) == 0:
		return nil, &tenant.Error{Class: tenant.NotFound, Op: "read", Kind: it.Kind, ID: it.Key}
	case len(found) > 1:
		return nil, &tenant.Error{Class: tenant.Permanent, Op: "read", Kind: it.Kind, ID: it.Key, Message: "several objects have its name"}
	}
	return &found[0], nil
}
