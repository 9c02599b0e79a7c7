package syncer

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// awaitApplied polls each applied object until it shows what was written. All
// objects are polled side by side, so that many that do not show it take no
// longer than one; ReadConcurrency limits the requests, not the waiting.
func (d *deployment) awaitApplied(ctx context.Context, out *verified) (map[diff.Object]tenant.Resource, []diff.Object, error) {
	seen := &observed{out: out, objects: map[diff.Object]tenant.Resource{}}
	reads := make(chan struct{}, d.c.s.cfg.ReadConcurrency)
	group, ctx := errgroup.WithContext(ctx)
	for _, it := range d.items() {
		res, ok := d.journal.result(it.ID)
		if !ok || res.Status != ItemApplied {
			continue
		}
		group.Go(d.c.safely("verify "+it.ID, func() error {
			return d.await(ctx, it, diff.Object{Kind: it.Kind, ID: res.TenantID}, reads, seen)
		}))
	}
	err := group.Wait() // before gone is read
	return seen.objects, seen.gone, err
}

// await polls one object. The time begins with the first read.
func (d *deployment) await(ctx context.Context, it *plan.Item, id diff.Object, reads chan struct{}, seen *observed) error {
	wait := d.c.s.cfg.VerifyTimeout
	if it.Verb == tenant.Create { // the next run must see it, or it would create it again
		wait = max(wait, consistency(d.c.kinds, it.Kind))
	}
	var until time.Time
	for try := 1; ; try++ {
		r, began, err := d.readInTurn(ctx, id, reads)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if try == 1 {
			until = began.Add(wait)
		}
		agreed := seen.add(d, it, id, r, err)
		if agreed || time.Now().After(until) || tenant.ClassOf(err) == tenant.Unauthenticated {
			return nil
		}
		if err := retry.Pause(ctx, retry.Backoff(try, 200*time.Millisecond, 5*time.Second)); err != nil {
			return err
		}
	}
}

// readInTurn reads an object once there is room in reads, and says when it began.
func (d *deployment) readInTurn(ctx context.Context, id diff.Object, reads chan struct{}) (r tenant.Resource, began time.Time, err error) {
	select {
	case reads <- struct{}{}:
		defer func() { <-reads }() // also after a panic of the client
	case <-ctx.Done():
		return r, began, context.Cause(ctx)
	}
	began = time.Now()
	r, err = d.c.client.Get(ctx, tenant.GetRequest{Kind: id.Kind, ID: id.ID})
	return r, began, err
}

// observed collects what the reads have shown so far. It is safe for concurrent
// use.
type observed struct {
	mu      sync.Mutex
	out     *verified
	objects map[diff.Object]tenant.Resource
	gone    []diff.Object
}

// add takes the answer of one read into account, and reports whether the object
// is as written. Only the last read of an object says what was not kept: after
// one that failed, nobody knows what the tenant has by now.
func (b *observed) add(d *deployment, it *plan.Item, id diff.Object, r tenant.Resource, err error) (agreed bool) {
	missing := errors.Is(err, &tenant.Error{Class: tenant.NotFound})
	var unmet []apply.Difference
	switch {
	case err == nil:
		var failed error
		unmet, failed = apply.Unmet(d.step(it), &r)
		agreed = failed == nil && len(unmet) == 0
	case missing:
		agreed = it.Verb == tenant.Delete
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.unmet[it.ID] = unmet
	switch {
	case err == nil:
		r.Kind = it.Kind
		b.objects[id] = r
	case missing:
		delete(b.objects, id) // an earlier read may have shown it still
		if agreed {
			b.gone = append(b.gone, id)
		}
	}
	b.out.items[it.ID] = agreed
	return agreed
}
