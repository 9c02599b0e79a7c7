package wire

import (
	"net/http"
	"strconv"
	"time"
)

// MaxPause bounds pauses that the service does not ask for.
const MaxPause = time.Minute

// maxRetryAfter bounds the pauses that the service asks for: more than 11 days. It
// keeps sums of times in range, and is far beyond any budget.
const maxRetryAfter = 1e6 * time.Second

// retryAfter reads the header Retry-After: seconds, or a date (RFC 9110,
// section 10.2.3). It returns 0 for any other header.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, maxRetryAfter.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}
