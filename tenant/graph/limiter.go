package graph

import (
	"cmp"
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

// limiter lets the requests of one throttling group through: so many at once,
// so many in a window of time, and none while the service asks for a pause.
// One pause is shared by all: requests that are sent while a tenant is
// throttled count against it.
type limiter struct {
	limit  Throttle
	places *semaphore.Weighted

	mu sync.Mutex
	// sent are the times of the last requests, oldest first, at most
	// limit.Requests of them.
	sent []time.Time
	// until is the end of the pause; refusals counts those in a row.
	until    time.Time
	refusals int
}

const atOnceDefault = 8

func newLimiter(limit Throttle) *limiter {
	return &limiter{limit: limit, places: semaphore.NewWeighted(int64(cmp.Or(limit.AtOnce, atOnceDefault)))}
}

// enter waits until n requests may be sent together, as a batch. leave must
// follow.
func (l *limiter) enter(ctx context.Context, n int) error {
	if err := l.places.Acquire(ctx, 1); err != nil {
		return context.Cause(ctx)
	}
	for {
		wait := l.reserve(n, time.Now())
		if wait <= 0 {
			return nil
		}
		if err := sleep(ctx, wait); err != nil {
			l.places.Release(1)
			return err
		}
	}
}

func (l *limiter) leave() { l.places.Release(1) }

// reserve takes places in the window, or returns how long to wait for them.
func (l *limiter) reserve(n int, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if wait := l.until.Sub(now); wait > 0 {
		return wait
	}
	if l.limit.Requests <= 0 {
		return 0
	}
	n = min(n, l.limit.Requests)
	for len(l.sent) > 0 && !l.sent[0].After(now.Add(-l.limit.Per())) {
		l.sent = l.sent[1:]
	}
	if over := len(l.sent) + n - l.limit.Requests; over > 0 {
		return max(l.sent[over-1].Add(l.limit.Per()).Sub(now), time.Millisecond)
	}
	for range n {
		l.sent = append(l.sent, now)
	}
	return 0
}

// refused begins or prolongs the pause, and returns how long it lasts from now.
// after is what the service asked for, or 0.
func (l *limiter) refused(after time.Duration) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if after <= 0 {
		if l.until.After(now) {
			return l.until.Sub(now) // another request was refused with this one
		}
		after = backoff(l.limit.Pause(), l.refusals)
		l.refusals++
	}
	if end := now.Add(after); end.After(l.until) {
		l.until = end
	}
	return l.until.Sub(now)
}

// accepted ends a row of refusals.
func (l *limiter) accepted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refusals = 0
}
