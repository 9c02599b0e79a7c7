package wire

import (
	"maps"
	"net/http"
)

// Request is one request, to be sent once.
type Request struct {
	Method string
	URL    string
	Body   []byte
	// Headers are added to those of every request.
	Headers map[string]string
}

// SetHeader adds a header. The map may be shared, so it is copied.
func (r *Request) SetHeader(name, value string) {
	headers := maps.Clone(r.Headers)
	if headers == nil {
		headers = map[string]string{}
	}
	headers[name] = value
	r.Headers = headers
}

// Answer is a whole answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// RequestID is the service's id of the request, or ours.
	RequestID string
}

// Subject is what a request is about, for its errors.
type Subject struct{ Op, Kind, ID string }
