package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// reading is one call of Read or Get: its kind, and its bounds.
type reading struct {
	c      *Client
	entry  *catalogue.Entry
	op     string
	limit  *limiter
	budget *budget
	bytes  *atomic.Int64 // of all answers
	tries  int           // of requests that failed in a row
}

func (c *Client) reading(e *catalogue.Entry, op string) *reading {
	return &reading{c: c, entry: e, op: op, limit: c.limits[e.Throttle], bytes: new(atomic.Int64),
		budget: newBudget("Config.ReadBudget", c.cfg.ReadBudget, c.budget)}
}

// bounded returns a context that ends with Config.ReadTimeout. Its cause is then
// an error of the read, and not one of the caller's context.
func (r *reading) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, r.c.cfg.ReadTimeout, &tenant.Error{Class: tenant.Transient, Op: r.op, Kind: r.entry.Name,
		Message: fmt.Sprintf("%s: the read took longer than the %s that Config.ReadTimeout allows. Raise it if the tenant is that large; "+
			"otherwise sync again later", r.about(), r.c.cfg.ReadTimeout)})
}

// get reads one address, again and again while that may help and the budget
// lasts. read, unless nil, takes the answer. An error of read is like no answer.
// The error is a *tenant.Error, or the context's.
func (r *reading) get(ctx context.Context, url, id string, read func(answer) error) (answer, error) {
	for {
		began := time.Now()
		a, err := r.once(ctx, request{method: http.MethodGet, url: url, headers: r.entry.Headers}, 1, id)
		if err == nil && read != nil {
			if err = read(a); err != nil {
				err = r.malformed(a, id, err)
			}
		}
		if err == nil {
			r.tries = 0
			return a, nil
		}
		wait, again := r.again(ctx, err, began)
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
	if err := r.full(answer{}, id); err != nil {
		return answer{}, err
	}
	if err := r.limit.enter(ctx, n, r.mayWait); err != nil {
		return answer{}, r.held(err, id)
	}
	defer r.limit.leave()
	slow := &slowError{r.c.cfg.RequestTimeout}
	call, stop := context.WithTimeoutCause(ctx, slow.allowed, slow)
	defer stop()
	a, err := r.c.send(call, r.c.pipeline(r.entry, false), req)
	r.bytes.Add(int64(len(a.body)))
	if err := r.full(a, id); err != nil {
		return a, err
	}
	if err != nil {
		if cause := ended(ctx); cause != nil {
			return a, cause
		}
		if context.Cause(call) == error(slow) {
			err = slow
		}
		failed := unanswered(err, a, r.op, r.entry.Name, id, false)
		failed.Message = joinWords(failed.Message, r.about())
		return a, failed
	}
	if failed := asError(a, r.op, r.entry.Name, id); failed != nil {
		return a, failed
	}
	r.limit.accepted()
	return a, nil
}

// full is the error of a read whose answers are too large together. Requests under
// way at the same time may bring some bytes more, and nothing is sent after it.
func (r *reading) full(a answer, id string) error {
	most := r.c.cfg.MaxReadBytes
	if r.bytes.Load() <= most {
		return nil
	}
	return r.broken(a, id, fmt.Sprintf("the answers have more than %d bytes together, the most that Config.MaxReadBytes allows. "+
		"Raise it if the tenant is that large; otherwise look at what stands between this program and the service", most))
}

// mayWait pays for a pause that the service has asked another request for.
func (r *reading) mayWait(pause time.Duration) bool {
	now := time.Now()
	return r.budget.spend(now, now.Add(pause)) == nil
}

// held is the error of a request that was not sent: the context's, or that of a
// pause for which the budget is too small.
func (r *reading) held(err error, id string) error {
	paused, ok := errors.AsType[*pausedError](err)
	if !ok {
		return err
	}
	return &tenant.Error{Class: tenant.Throttled, Op: r.op, Kind: r.entry.Name, ID: id, RetryAfter: paused.left,
		Message: fmt.Sprintf("%s: %v, and the budget of the read (Config.ReadBudget, Config.RunBudget) does not last so long. Sync again after it", r.about(), paused)}
}

// again reports whether a request that failed is to be sent again, and after which
// pause. A refusal pauses the whole group.
func (r *reading) again(ctx context.Context, err error, began time.Time) (time.Duration, bool) {
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
	if short := r.budget.spend(began, time.Now().Add(wait)); short != nil {
		r.giveUp(e, short)
		return 0, false
	}
	r.c.cfg.Logger.Info("the service refuses a read; waiting", "kind", r.entry.Name, "class", e.Class, "wait", wait, "request", e.RequestID)
	return wait, true
}

// giveUp adds to an error why the request is not sent again.
func (r *reading) giveUp(e *tenant.Error, short *budget) {
	if e.RetryAfter <= 0 {
		e.Message = joinWords(e.Message, fmt.Sprintf("given up on %s: the service kept refusing for longer than the %s that %s allows; sync again later",
			r.about(), short.size, short.name))
		return
	}
	e.Class = tenant.Throttled
	e.Message = joinWords(e.Message, fmt.Sprintf("given up on %s: the service asks for a pause of %s, and of the %s that %s allows not so much is left; "+
		"sync again after the pause", r.about(), e.RetryAfter.Round(time.Millisecond), short.size, short.name))
}

func joinWords(a, b string) string {
	if a == "" {
		return b
	}
	return a + " (" + b + ")"
}

// slowError says that a request took too long.
type slowError struct{ allowed time.Duration }

func (e *slowError) Error() string {
	return fmt.Sprintf("the service did not answer whole within the %s that Config.RequestTimeout allows", e.allowed)
}
