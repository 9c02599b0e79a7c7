package wire

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// Limit is a limit of requests.
type Limit struct {
	// Requests in Per are sent at most. 0 is no limit of our own.
	Requests int
	Per      time.Duration
	// AtOnce is the most requests under way. Defaults to 8.
	AtOnce int
	// Pause is the first pause after a refusal that asks for none.
	Pause time.Duration
	// LongestPause is the longest pause that is shared. Defaults to any. A longer one
	// ends the refused read, and others ask the service themselves: one header must not
	// stop a whole tenant.
	LongestPause time.Duration
}

// Limiter lets the requests of one throttling group through: so many at once,
// so many in a window of time, and none while the service asks for a pause.
// One pause is shared by all: requests that are sent while a tenant is
// throttled count against it.
type Limiter struct {
	limit  Limit
	places *semaphore.Weighted

	mu sync.Mutex
	// sent are the times of the last requests, oldest first, at most
	// limit.Requests of them.
	sent []time.Time
	// until is the end of the pause; refusals counts those in a row.
	until    time.Time
	refusals int
	// spacing is the least time between requests while the tenant's limit is
	// tighter than ours, since others use it up; next is when one may be sent.
	// since counts the requests that went through since the last refusal.
	spacing time.Duration
	next    time.Time
	since   int
}

// A refusal within so many requests after the last one says that the pace is
// wrong, and not that a burst was too long: the requests are spaced out. What
// goes through takes the spacing back bit by bit. Without it a read that uses
// the limit up and the write that follows it would always be refused.
const (
	denseRefusals  = 4
	leastSpacing   = 100 * time.Millisecond
	longestSpacing = 30 * time.Second
)

const atOnceDefault = 8

// NewLimiter returns a limiter that has let nothing through yet.
func NewLimiter(limit Limit) *Limiter {
	limit.AtOnce = cmp.Or(limit.AtOnce, atOnceDefault)
	return &Limiter{limit: limit, places: semaphore.NewWeighted(int64(limit.AtOnce)), since: denseRefusals}
}

// AtOnce returns the most requests under way.
func (l *Limiter) AtOnce() int { return l.limit.AtOnce }

// PausedError says that the service's pause was longer than a request may wait.
type PausedError struct{ Left time.Duration }

func (e *PausedError) Error() string {
	return fmt.Sprintf("the service asks for a pause, with %s left", e.Left)
}

// Enter waits until n requests may be sent together, as a batch. may decides
// about each wait for the service's pause; nil waits always. Leave must follow,
// unless there is an error.
func (l *Limiter) Enter(ctx context.Context, n int, may func(pause time.Duration) bool) error {
	if err := l.places.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	for {
		wait := l.reserve(n, time.Now())
		if wait <= 0 {
			return nil
		}
		if pause := l.pause(); pause > 0 && may != nil && !may(pause) {
			l.places.Release(1)
			return &PausedError{Left: pause}
		}
		if err := retry.Pause(ctx, wait); err != nil {
			l.places.Release(1)
			return err
		}
	}
}

// pause returns how long the service's pause lasts from now.
func (l *Limiter) pause() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Until(l.until)
}

// Leave ends what Enter let through.
func (l *Limiter) Leave() { l.places.Release(1) }

// reserve takes places in the window, or returns how long to wait for them.
func (l *Limiter) reserve(n int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := max(l.until.Sub(now), l.next.Sub(now)); wait > 0 {
		return wait
	}
	if l.limit.Requests <= 0 {
		l.space(n, now)
		return 0
	}
	n = min(n, l.limit.Requests)
	for len(l.sent) > 0 && !l.sent[0].After(now.Add(-l.limit.Per)) {
		l.sent = l.sent[1:]
	}
	if over := len(l.sent) + n - l.limit.Requests; over > 0 {
		return max(l.sent[over-1].Add(l.limit.Per).Sub(now), time.Millisecond)
	}
	for range n {
		l.sent = append(l.sent, now)
	}
	l.space(n, now)
	return 0
}

// space notes that n requests are sent now.
func (l *Limiter) space(n int, now time.Time) {
	if l.spacing > 0 {
		l.next = now.Add(time.Duration(n) * l.spacing)
	}
}

// Refused begins or prolongs the pause, and returns how long it lasts from now. A
// pause that is longer than LongestPause is only returned.
// after is the pause that the service asked for, or 0.
func (l *Limiter) Refused(after time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	together := l.until.After(now) // another request was refused with this one
	if !together {
		if l.since < denseRefusals {
			least := leastSpacing
			if l.limit.Requests > 0 {
				least = max(least, l.limit.Per/time.Duration(l.limit.Requests))
			}
			l.spacing = min(max(2*l.spacing, least), longestSpacing)
		}
		l.since = 0
	}
	if after <= 0 {
		if together {
			return l.until.Sub(now)
		}
		l.refusals++
		after = retry.Backoff(l.refusals, l.limit.Pause, MaxPause)
	}
	if l.limit.LongestPause > 0 && after > l.limit.LongestPause {
		return after
	}
	if end := now.Add(after); end.After(l.until) {
		l.until = end
	}
	return l.until.Sub(now)
}

// Accepted ends a row of refusals.
func (l *Limiter) Accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals = 0
	l.since = min(l.since+1, denseRefusals)
	if l.spacing -= l.spacing / 16; l.spacing < leastSpacing {
		l.spacing = 0
	}
}
