package graph

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
)

// reading is one call of Read or Get: what it is about, and how long it may go
// on being refused.
type reading struct {
	c      *Client
	entry  *Entry
	op     string
	limit  *limiter
	budget *budget
	tries  int // of connections that failed in a row
}

func (c *Client) reading(e *Entry, op string) *reading {
	return &reading{c: c, entry: e, op: op, limit: c.limits[e.Throttle], budget: &budget{left: c.cfg.ReadBudget, outer: c.budget}}
}

// get reads one address, again and again while that may help and the budget
// lasts. The error is a *tenant.Error, or the context's.
func (r *reading) get(ctx context.Context, url, id string) (answer, error) {
	for {
		a, err := r.once(ctx, request{method: http.MethodGet, url: url}, 1, id)
		wait, again := r.again(ctx, err)
		if !again {
			return a, err
		}
		if err := retry.Pause(ctx, wait); err != nil {
			return a, err
		}
	}
}

// once sends a request that counts as n. The error is a *tenant.Error, or the
// context's.
func (r *reading) once(ctx context.Context, req request, n int, id string) (answer, error) {
	if err := r.limit.enter(ctx, n); err != nil {
		return answer{}, err
	}
	a, err := r.c.send(ctx, r.c.pipeline(r.entry, false), req)
	r.limit.leave()
	if err != nil {
		if cause := ended(ctx); cause != nil {
			return a, cause
		}
		return a, unanswered(err, a, r.op, r.entry.Name, id, false)
	}
	if failed := asError(a, r.op, r.entry.Name, id); failed != nil {
		return a, failed
	}
	r.limit.accepted()
	r.tries = 0
	return a, nil
}

// again reports whether a failed request is to be sent again, and after which
// pause. A refusal pauses the whole group.
func (r *reading) again(ctx context.Context, err error) (time.Duration, bool) {
	e, ok := errors.AsType[*tenant.Error](err)
	if err == nil || !ok || ctx.Err() != nil {
		return 0, false
	}
	var wait time.Duration
	switch {
	case e.Class == tenant.Throttled, e.Class == tenant.Transient && e.RetryAfter > 0:
		wait = r.limit.refused(e.RetryAfter)
	case e.Class == tenant.Transient:
		r.tries++
		wait = retry.Backoff(r.tries, time.Second, maxPause)
	default:
		return 0, false
	}
	if !r.budget.spend(wait) {
		e.Message = joinWords(e.Message, "given up: the service kept refusing for longer than the budget allows")
		return 0, false
	}
	r.c.cfg.Logger.Info("the service refuses a read; waiting", "kind", r.entry.Name, "class", e.Class, "wait", wait, "request", e.RequestID)
	return wait, true
}

func joinWords(a, b string) string {
	if a == "" {
		return b
	}
	return a + " (" + b + ")"
}
