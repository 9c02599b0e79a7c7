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
	"github.com/tenantsync/tenantsync/tenant/graph/internal/wire"
)

// fetcher sends the requests of one call of Read or Get, within the bounds of the
// call. A request that fails is sent again while that may help.
type fetcher struct {
	cfg    *Config
	at     addresses
	entry  *catalogue.Entry
	op     string
	sender wire.Sender
	limit  *wire.Limiter
	budget *wire.Budget
	bytes  *atomic.Int64 // of all answers
	tries  int           // of requests that failed in a row
}

// about is the subject of the errors about an object.
func (f *fetcher) about(id string) wire.Subject {
	return wire.Subject{Op: f.op, Kind: f.entry.Name, ID: id}
}

// bounded returns a context that ends with Config.ReadTimeout. Its cause is then
// an error of the read, and not one of the caller's context.
func (f *fetcher) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.cfg.ReadTimeout, &tenant.Error{Class: tenant.Transient, Op: f.op, Kind: f.entry.Name,
		Message: fmt.Sprintf("%s: the read took longer than the %s that Config.ReadTimeout allows. Raise it if the tenant is that large; "+
			"otherwise sync again later", f.kindOfTenant(), f.cfg.ReadTimeout)})
}

// get reads one address, again and again while that may help and the budget
// lasts. read, unless nil, takes the answer. An error of read is like no answer.
// The error is a *tenant.Error, or the context's.
func (f *fetcher) get(ctx context.Context, url, id string, read func(wire.Answer) error) (wire.Answer, error) {
	for {
		began := time.Now()
		a, err := f.once(ctx, wire.Request{Method: http.MethodGet, URL: url, Headers: f.entry.Headers}, 1, id)
		if err == nil && read != nil {
			if err = read(a); err != nil {
				err = f.malformed(a, id, err)
			}
		}
		if err == nil {
			f.tries = 0
			return a, nil
		}
		wait, again := f.again(ctx, err, began)
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
func (f *fetcher) once(ctx context.Context, req wire.Request, n int, id string) (wire.Answer, error) {
	if err := f.full(wire.Answer{}, id); err != nil {
		return wire.Answer{}, err
	}
	if err := f.limit.Enter(ctx, n, f.mayWait); err != nil {
		return wire.Answer{}, f.held(err, id)
	}
	defer f.limit.Leave()
	slow := &slowError{f.cfg.RequestTimeout}
	call, stop := context.WithTimeoutCause(ctx, slow.allowed, slow)
	defer stop()
	a, err := f.sender.Send(call, req)
	f.bytes.Add(int64(len(a.Body)))
	if err := f.full(a, id); err != nil {
		return a, err
	}
	if err != nil {
		if cause := wire.Ended(ctx); cause != nil {
			return a, cause
		}
		if context.Cause(call) == error(slow) {
			err = slow
		}
		failed := wire.Unanswered(err, a, f.about(id), false)
		failed.Message = joinWords(failed.Message, f.kindOfTenant())
		return a, failed
	}
	if failed := a.Refusal(f.about(id)); failed != nil {
		return a, failed
	}
	f.limit.Accepted()
	return a, nil
}

// full is the error of a read whose answers are too large together. Requests under
// way at the same time may bring some bytes more, and nothing is sent after it.
func (f *fetcher) full(a wire.Answer, id string) error {
	most := f.cfg.MaxReadBytes
	if f.bytes.Load() <= most {
		return nil
	}
	return f.broken(a, id, fmt.Sprintf("the answers have more than %d bytes together, the most that Config.MaxReadBytes allows. "+
		"Raise it if the tenant is that large; otherwise look at what stands between this program and the service", most))
}

// mayWait pays for a pause that the service has asked another request for.
func (f *fetcher) mayWait(pause time.Duration) bool {
	now := time.Now()
	return f.budget.Spend(now, now.Add(pause)) == nil
}

// held is the error of a request that was not sent: the context's, or that of a
// pause for which the budget is too small.
func (f *fetcher) held(err error, id string) error {
	paused, ok := errors.AsType[*wire.PausedError](err)
	if !ok {
		return err
	}
	return &tenant.Error{Class: tenant.Throttled, Op: f.op, Kind: f.entry.Name, ID: id, RetryAfter: paused.Left,
		Message: fmt.Sprintf("%s: %v, and the budget of the read (Config.ReadBudget, Config.RunBudget) does not last so long. Sync again after it", f.kindOfTenant(), paused)}
}

// again reports whether a request that failed is to be sent again, and after which
// pause. A refusal pauses the whole group.
func (f *fetcher) again(ctx context.Context, err error, began time.Time) (time.Duration, bool) {
	e, ok := errors.AsType[*tenant.Error](err)
	if err == nil || !ok || ctx.Err() != nil {
		return 0, false
	}
	var wait time.Duration
	switch {
	case e.Class == tenant.Throttled, e.Class == tenant.Transient && e.RetryAfter > 0:
		wait = f.limit.Refused(e.RetryAfter)
	case e.Class == tenant.Transient:
		f.tries++
		wait = retry.Backoff(f.tries, time.Second, wire.MaxPause)
	default:
		return 0, false
	}
	if short := f.budget.Spend(began, time.Now().Add(wait)); short != nil {
		f.giveUp(e, short)
		return 0, false
	}
	f.cfg.Logger.Info("the service refuses a read; waiting", "kind", f.entry.Name, "class", e.Class, "wait", wait, "request", e.RequestID)
	return wait, true
}

// giveUp adds to an error why the request is not sent again.
func (f *fetcher) giveUp(e *tenant.Error, short *wire.Budget) {
	if e.RetryAfter <= 0 {
		e.Message = joinWords(e.Message, fmt.Sprintf("given up on %s: the service kept refusing for longer than the %s that %s allows; sync again later",
			f.kindOfTenant(), short.Size, short.Name))
		return
	}
	e.Class = tenant.Throttled
	e.Message = joinWords(e.Message, fmt.Sprintf("given up on %s: the service asks for a pause of %s, and of the %s that %s allows not so much is left; "+
		"sync again after the pause", f.kindOfTenant(), e.RetryAfter.Round(time.Millisecond), short.Size, short.Name))
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

// malformed is the error of an answer that another read may cure.
func (f *fetcher) malformed(a wire.Answer, id string, err error) error {
	return &tenant.Error{Class: tenant.Transient, Op: f.op, Kind: f.entry.Name, ID: id, RequestID: a.RequestID,
		Message: "the answer is not what it should be", Err: err}
}

// broken is the error of an answer that another read would not cure.
func (f *fetcher) broken(a wire.Answer, id, message string) error {
	return &tenant.Error{Class: tenant.Permanent, Op: f.op, Kind: f.entry.Name, ID: id, RequestID: a.RequestID, Message: f.kindOfTenant() + ": " + message}
}

// kindOfTenant names the kind and, if it is known, the tenant.
func (f *fetcher) kindOfTenant() string {
	if directory := f.at.directory(); directory != "" {
		return f.entry.Name + " of the tenant " + wire.Word(directory)
	}
	return f.entry.Name
}
