package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// part is one request of a batch: an address relative to the version, and the
// answer.
type part struct {
	url string
	id  string // of the object that it is about
	wire.Answer
	err error // a *tenant.Error
}

// part returns the request for an object, or for something below it. It has an error
// in place of an address if the id cannot stand in one.
func (f *fetcher) part(id, below, search string) *part {
	p := &part{id: id}
	if !f.entry.Singleton {
		escaped, err := odatajson.Segment(id)
		if err != nil {
			p.err = &tenant.Error{Class: tenant.Invalid, Op: f.op, Kind: f.entry.Name, ID: wire.Cut(id, odatajson.MaxID), Message: err.Error()}
			return p
		}
		below = "/" + escaped + below
	}
	p.url = f.at.relative(f.entry, below) + query(search)
	return p
}

// getAll reads many addresses, in batches that run several at a time, and each
// that is refused again while that may help. What remains refused has its error
// in its part. The error is the context's, or one that ends the whole read.
func (f *fetcher) getAll(ctx context.Context, parts []*part) error {
	parts = slices.DeleteFunc(slices.Clone(parts), func(p *part) bool { return p.err != nil }) // see fetcher.part
	switch len(parts) {
	case 0:
		return nil
	case 1:
		a, err := f.get(ctx, f.address(parts[0]), parts[0].id, nil)
		parts[0].Answer, parts[0].err = a, err
		return f.fatal(ctx, err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(f.limit.AtOnce())
	for len(parts) > 0 {
		n := min(wire.BatchSize, len(parts))
		some := parts[:n]
		parts = parts[n:]
		each := *f // retries are counted by batch, the budget is shared
		group.Go(func() error { return each.batch(ctx, some) })
	}
	return group.Wait()
}

// fatal returns errors that end the whole read: the context's, and that of
// credentials that are not accepted.
func (f *fetcher) fatal(ctx context.Context, err error) error {
	if cause := wire.Ended(ctx); cause != nil {
		return cause
	}
	if tenant.ClassOf(err) == tenant.Unauthenticated {
		return err
	}
	return nil
}

// batch reads up to 20 addresses.
func (f *fetcher) batch(ctx context.Context, parts []*part) error {
	for {
		began := time.Now()
		err := f.sendBatch(ctx, parts)
		if fatal := f.fatal(ctx, err); fatal != nil {
			return fatal
		}
		rest := parts
		if err == nil {
			if rest, err = f.refusedParts(ctx, parts); err == nil {
				return nil // err is the refusal that asks for the longest pause
			}
			if fatal := f.fatal(ctx, err); fatal != nil {
				return fatal
			}
		}
		wait, again := f.again(ctx, err, began)
		if !again {
			for _, p := range rest {
				p.err = errorOf(err, p.id)
			}
			return nil
		}
		if parts = rest; retry.Pause(ctx, wait) != nil {
			return context.Cause(ctx)
		}
	}
}

// errorOf returns the error with which a batch is given up, as that of one object.
func errorOf(err error, id string) error {
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		return err
	}
	one := *e
	one.ID = id
	return &one
}

// address is the whole address of a part.
func (f *fetcher) address(p *part) string { return f.at.version(f.entry) + p.url }

// refusedParts returns the parts that may be sent again, and the error of the
// one that asks for the longest pause.
func (f *fetcher) refusedParts(ctx context.Context, parts []*part) (rest []*part, worst error) {
	var longest *tenant.Error
	for _, p := range parts {
		e, ok := errors.AsType[*tenant.Error](p.err)
		if p.err == nil || !ok {
			continue
		}
		if fatal := f.fatal(ctx, p.err); fatal != nil {
			return nil, fatal
		}
		if e.Class != tenant.Throttled && e.Class != tenant.Transient {
			continue
		}
		rest = append(rest, p)
		if longest == nil || e.RetryAfter > longest.RetryAfter {
			longest = e
		}
	}
	if longest == nil {
		return nil, nil
	}
	return rest, longest
}

// sendBatch sends one batch and puts each answer into its part. An error is
// that of the batch as a whole.
func (f *fetcher) sendBatch(ctx context.Context, parts []*part) error {
	urls := make([]string, len(parts))
	for i, p := range parts {
		urls[i] = p.url
	}
	req, err := wire.Batch(f.at.version(f.entry), urls, f.entry.Headers)
	if err != nil {
		return err
	}
	a, err := f.once(ctx, req, len(parts), "")
	if err != nil {
		return err
	}
	answers, err := a.Parts(len(parts))
	if err != nil {
		return wire.Unanswered(err, a, f.about(""), false)
	}
	for i, p := range parts {
		p.Answer, p.err = answers[i].Answer, nil
		if answers[i].Times != 1 {
			p.err = &tenant.Error{Class: tenant.Transient, Op: f.op, Kind: f.entry.Name, ID: p.id, RequestID: a.RequestID,
				Message: fmt.Sprintf("the batch's answer has this request %d times, not once", answers[i].Times)}
		} else if failed := p.Refusal(f.about(p.id)); failed != nil {
			p.err = failed
		}
	}
	f.tries = 0
	return nil
}
