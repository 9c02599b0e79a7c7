package graph

import (
	"net/http"
	"strconv"
	"time"
)

// maxPause bounds pauses that the service does not ask for.
const maxPause = time.Minute

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
