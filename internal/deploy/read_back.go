package deploy

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Verified is the result of reading back.
type Verified struct {
	// Agreed reports, by item ID, whether the object has the written values.
	Agreed map[string]bool
	// Unmet has, by item ID, the properties whose values differ from the written
	// ones.
	Unmet map[string][]apply.Difference
	// Objects are the objects as last read.
	Objects map[diff.Object]tenant.Resource
	// Gone are the deleted objects that the tenant no longer shows.
	Gone []diff.Object
}

// ReadBack polls each applied object until it shows the written values, or
// until its time is up. It polls all objects concurrently, so many slow objects
// take no longer than one. ReadConcurrency limits the requests and not the
// waiting. The first reads begin in the order of the items. With an error,
// ReadBack also returns its results so far.
func (d *Deployment) ReadBack(ctx context.Context) (*Verified, error) {
	b := &readBack{d: d, requests: make(chan struct{}, d.job.ReadConcurrency),
		out: Verified{Agreed: map[string]bool{}, Unmet: map[string][]apply.Difference{}, Objects: map[diff.Object]tenant.Resource{}}}
	var ended error
	group, ctx := errgroup.WithContext(ctx)
	for _, it := range d.job.Items {
		res, ok := d.journal.applied(it.ID)
		if !ok {
			continue
		}
		if ended = b.takeTurn(ctx); ended != nil {
			break
		}
		group.Go(func() error {
			return d.port.Safely("verify "+it.ID, func() error {
				return b.await(ctx, it, diff.Object{Kind: it.Kind, ID: res.TenantID})
			})
		})
	}
	err := cmp.Or(group.Wait(), ended)
	return &b.out, err
}

// Describe tells a comparison about the run's writes: the touched kinds, the
// ids of the created objects, which lists may not show yet, and the written
// secrets, which no read can show. seen is the result of reading back.
func (d *Deployment) Describe(in *diff.Input, seen *Verified) {
	in.Bound, in.Written, in.NotKept = reference.Bindings{}, nil, nil
	for _, it := range d.job.Items {
		if t := (plan.Target{Kind: it.Kind}); !slices.Contains(in.Targets, t) {
			in.Targets = append(in.Targets, t)
		}
		res, ok := d.journal.applied(it.ID)
		if !ok {
			continue
		}
		in.Written = append(in.Written, it)
		if len(seen.Unmet[it.ID]) > 0 {
			in.NotKept = append(in.NotKept, it)
		}
		if it.Verb == tenant.Create {
			if in.Bound[it.Kind] == nil {
				in.Bound[it.Kind] = map[string]string{}
			}
			in.Bound[it.Kind][it.Key] = res.TenantID
		}
	}
}

// readBack collects the results of the reads. It is safe for concurrent use.
type readBack struct {
	d        *Deployment
	requests chan struct{} // one for each concurrent request

	mu  sync.Mutex
	out Verified
}

// takeTurn waits until a request is allowed. endTurn must follow.
func (b *readBack) takeTurn(ctx context.Context) error {
	select {
	case b.requests <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *readBack) endTurn() { <-b.requests }

// await polls one object. Its time begins with the first read, for which the
// caller has taken the turn.
func (b *readBack) await(ctx context.Context, it *plan.Item, id diff.Object) error {
	wait := b.d.job.VerifyTimeout
	if it.Verb == tenant.Create { // the next run must see the object, or it would create it again
		wait = max(wait, Consistency(b.d.job.Kinds, it.Kind))
	}
	var until time.Time
	for n := 1; ; n++ {
		if n > 1 {
			if err := b.takeTurn(ctx); err != nil {
				return err
			}
		}
		r, began, err := b.read(ctx, id)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if n == 1 {
			until = began.Add(wait)
		}
		agreed := b.add(it, id, r, err)
		if agreed || time.Now().After(until) || tenant.ClassOf(err) == tenant.Unauthenticated {
			if !agreed {
				b.d.job.Log.Warn("item not read back as written", "item", it.ID, "verb", it.Verb, "reads", n)
			}
			return nil
		}
		if n == 1 {
			b.d.job.Log.Debug("waiting until the tenant shows a write", "item", it.ID, "verb", it.Verb, "until", until)
		}
		if err := retry.Pause(ctx, retry.Backoff(n, 200*time.Millisecond, 5*time.Second)); err != nil {
			return err
		}
	}
}

// read reads an object, ends the turn, and returns the time at which the read
// began.
func (b *readBack) read(ctx context.Context, id diff.Object) (r tenant.Resource, began time.Time, err error) {
	defer b.endTurn() // even after a panic of the client
	began = time.Now()
	r, err = b.d.client.Get(ctx, tenant.GetRequest{Kind: id.Kind, ID: id.ID})
	return r, began, err
}

// add adds the answer of one read, and reports whether the object has the
// written values. Only the last read of an object shows which properties were
// not kept: after a failed read, the tenant's properties are not known.
func (b *readBack) add(it *plan.Item, id diff.Object, r tenant.Resource, err error) (agreed bool) {
	missing := errors.Is(err, &tenant.Error{Class: tenant.NotFound})
	var unmet []apply.Difference
	switch {
	case err == nil:
		var failed error
		unmet, failed = apply.Unmet(b.d.view.step(it), &r)
		agreed = failed == nil && len(unmet) == 0
	case missing:
		agreed = it.Verb == tenant.Delete
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.out.Unmet[it.ID] = unmet
	switch {
	case err == nil:
		r.Kind = it.Kind
		b.out.Objects[id] = r
	case missing:
		delete(b.out.Objects, id) // an earlier read may have shown the object
		if agreed {
			b.out.Gone = append(b.out.Gone, id)
		}
	}
	b.out.Agreed[it.ID] = agreed
	return agreed
}
