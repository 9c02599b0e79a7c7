package graph

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// maxPause bounds pauses that the service does not ask for.
const maxPause = time.Minute

// backoff doubles from first, with up to a quarter taken off at random.
func backoff(first time.Duration, n int) time.Duration {
	d := maxPause
	if n < 10 {
		d = min(first<<n, maxPause)
	}
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

// sleep waits for d or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
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

// retryAfter reads the header Retry-After: seconds, or a date (RFC 9110,
// section 10.2.3). 0 if there is none that can be read.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 && seconds < 1e6 {
		return time.Duration(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(time.Until(at), 0)
	}
	return 0
}
