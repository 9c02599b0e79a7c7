// Package retry repeats a call that failed with a transient error, and computes
// and waits for the pauses between attempts.
//
// The package does not know which errors are transient: the caller says so with
// a predicate, because stores, services and repositories fail in different
// ways.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// The pauses of [Do] double from first to limit.
const (
	first = 50 * time.Millisecond
	limit = 2 * time.Second
)

// Do calls f until it succeeds, at most attempts times, with growing pauses. It
// returns the result of the last call.
//
// Do repeats a call only if its error is transient and ctx has not ended. It
// checks ctx and not the error, because the error of an ended context can also
// come from a time-out inside f.
func Do[T any](ctx context.Context, attempts int, transient func(error) bool, f func() (T, error)) (T, error) {
	for n := 1; ; n++ {
		v, err := f()
		if err == nil || n >= attempts || !transient(err) || Pause(ctx, Backoff(n, first, limit)) != nil {
			return v, err
		}
	}
}

// Backoff returns the pause after the given number of failed attempts. The
// pause doubles from first to at most limit. Backoff then takes off up to a
// quarter, so that callers that failed together do not repeat together.
//
// That part, in whole milliseconds, comes from the nanoseconds of the time,
// which are as good as random. Under a test's clock (package testing/synctest)
// the pauses are the same every time.
func Backoff(attempts int, first, limit time.Duration) time.Duration {
	d := first
	for n := 1; n < attempts && d < limit; n++ {
		d *= 2
	}
	d = min(d, limit)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), uint64(d)))
	return d - time.Duration(r.Int64N((d/4).Milliseconds()+1))*time.Millisecond
}

// Pause waits for d, or until ctx ends, and then returns the cause. It does not
// wait if d is not positive. If ctx ends at the same instant as the pause, the
// context always wins, so that tests with a fake clock are deterministic.
func Pause(ctx context.Context, d time.Duration) error {
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Add(d).Before(deadline) {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
