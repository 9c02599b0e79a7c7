package authtest

import (
	"net/http"
	"strings"
	"time"
)

// Endpoint names one of the fake's endpoints.
type Endpoint string

// The endpoints.
const (
	AnyEndpoint        Endpoint = ""
	DiscoveryEndpoint  Endpoint = "discovery"
	DeviceCodeEndpoint Endpoint = "devicecode"
	TokenEndpoint      Endpoint = "token"
)

// Fault is a way in which a server is out of order.
type Fault int

// The faults.
const (
	// Unavailable answers 503.
	Unavailable Fault = iota
	// Dropped closes the connection without an answer.
	Dropped
	// Hanging gives no answer until the client gives up.
	Hanging
	// Garbled answers 200 with a page, as a proxy may.
	Garbled
)

// OAuthError is an error answer of Entra.
type OAuthError struct {
	// Error and SubError are the protocol's.
	Error    string
	SubError string
	// Code is the AADSTS number.
	Code int
	// Status is the HTTP status. Defaults to 400.
	Status int
	// RetryAfter is sent as a header, in whole seconds, if it is not 0.
	RetryAfter time.Duration
}

// Some errors of Entra.
var (
	BlockedByPolicy = OAuthError{Error: "invalid_grant", SubError: "message_only", Code: 53003}
	ConsentNeeded   = OAuthError{Error: "invalid_grant", SubError: "consent_required", Code: 65001}
	UnknownClient   = OAuthError{Error: "unauthorized_client", Code: 700016}
)

// fault is a scripted failure. At an outage's fault, left is -1.
type fault struct {
	at       Endpoint
	left     int
	from, to time.Time
	how      Fault
	refusal  *OAuthError
}

// FailNext makes the next n requests at the endpoint meet a fault.
func (e *Entra) FailNext(at Endpoint, n int, how Fault) { e.add(fault{at: at, left: n, how: how}) }

// RefuseNext makes the next n requests at the endpoint get an error answer. At
// the token endpoint, polls that would be answered "not yet" do not count.
func (e *Entra) RefuseNext(at Endpoint, n int, refusal OAuthError) {
	e.add(fault{at: at, left: n, refusal: &refusal})
}

// Outage makes every request meet a fault for a time that begins after a while.
func (e *Entra) Outage(after, length time.Duration, how Fault) {
	from := time.Now().Add(after)
	e.add(fault{left: -1, from: from, to: from.Add(length), how: how})
}

// SlowDown answers the next n polls with slow_down.
func (e *Entra) SlowDown(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.slowDown += n
}

func (e *Entra) add(f fault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, f)
}

// takeFault returns the fault that a request meets now, or nil.
func (e *Entra) takeFault(at Endpoint) *Fault {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	for i := range e.faults {
		f := &e.faults[i]
		during := f.left < 0 && !now.Before(f.from) && now.Before(f.to)
		if f.refusal != nil || (f.at != AnyEndpoint && f.at != at) || (f.left <= 0 && !during) {
			continue
		}
		if f.left > 0 {
			f.left--
		}
		return &f.how
	}
	return nil
}

// takeRefusal returns the error answer that a request gets now, or nil.
// The lock is held.
func (e *Entra) takeRefusal(at Endpoint) *OAuthError {
	for i := range e.faults {
		f := &e.faults[i]
		if f.refusal != nil && f.left > 0 && (f.at == AnyEndpoint || f.at == at) {
			f.left--
			return f.refusal
		}
	}
	return nil
}

// meet lets a request meet a fault.
func meet(how Fault, w http.ResponseWriter, r *http.Request) {
	switch how {
	case Unavailable:
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
	case Garbled:
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html>Please log in to the network.</html>"))
	case Hanging:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Dropped:
		panic(http.ErrAbortHandler)
	}
}

func endpointOf(path string) Endpoint {
	switch {
	case strings.HasSuffix(path, "/devicecode"):
		return DeviceCodeEndpoint
	case strings.HasSuffix(path, "/token"):
		return TokenEndpoint
	}
	return DiscoveryEndpoint
}
