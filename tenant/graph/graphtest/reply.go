package graphtest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/odata"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
)

// answer is an answer to a request.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection is cut after this
}

// exchange holds what answers repeat of their request.
type exchange struct {
	id, clientID string
	host         string // "https://host"
	version      string // "v1.0" or "beta"
}

// ok answers with a body.
func (exchange) ok(status int, body any) answer {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("graphtest: encode: %v", err)) // made of decoded JSON
	}
	return answer{status: status, header: http.Header{}, body: raw}
}

func (exchange) empty() answer { return answer{status: http.StatusNoContent, header: http.Header{}} }

// context is the address by which an answer tells its type: of a collection
// or, with "/$entity", of one object.
func (x exchange) context(e *catalogue.Entry, of string) string {
	return x.host + "/" + x.version + "/$metadata#" + strings.TrimPrefix(e.Endpoint, "/") + of
}

// fail answers with an error as Graph writes it:
// https://learn.microsoft.com/graph/errors
func (x exchange) fail(status int, code, message string) answer {
	return x.ok(status, map[string]any{"error": map[string]any{
		"code": code, "message": message,
		"innerError": map[string]any{"date": time.Now().UTC().Format("2006-01-02T15:04:05"), "request-id": x.id, "client-request-id": cmp.Or(x.clientID, x.id)},
	}})
}

func (x exchange) notAllowed() answer {
	return x.fail(http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
}

func (x exchange) noResource(segment string) answer {
	return x.fail(http.StatusNotFound, "ResourceNotFound", "Resource not found for the segment '"+segment+"'.")
}

// unreadable refuses a body that is not a JSON object.
func (x exchange) unreadable() answer {
	return x.fail(http.StatusBadRequest, odata.BadRequest, "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
}

// failed answers with the refusal of the tenant or of the reader of queries.
func (x exchange) failed(err error) answer {
	if e, ok := errors.AsType[*odata.Error](err); ok {
		return x.fail(http.StatusBadRequest, e.Code, e.Message)
	}
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		panic(http.ErrAbortHandler) // the answer is lost
	}
	switch e.Class {
	case tenant.NotFound:
		return x.fail(http.StatusNotFound, "Request_ResourceNotFound", "Resource '"+e.ID+"' does not exist or one of its queried reference-property objects are not present.")
	case tenant.Conflict:
		return x.fail(http.StatusConflict, "Request_Conflict", e.Message)
	case tenant.Throttled:
		return x.tooMany(e.RetryAfter)
	case tenant.Unauthenticated:
		return x.fail(http.StatusUnauthorized, "InvalidAuthenticationToken", e.Message)
	case tenant.AccessDenied:
		return x.fail(http.StatusForbidden, "Forbidden", "You do not have the role for this.")
	case tenant.NotLicensed:
		return x.fail(http.StatusForbidden, "AccessDenied", "Your tenant does not have a premium license for this feature.")
	case tenant.Invalid:
		return x.fail(http.StatusBadRequest, odata.BadRequest, e.Message)
	case tenant.Transient:
		if e.MaybeApplied {
			panic(http.ErrAbortHandler)
		}
		return x.fail(http.StatusServiceUnavailable, "ServiceUnavailable", e.Message)
	}
	return x.fail(http.StatusNotImplemented, "NotImplemented", e.Message)
}

// tooMany refuses with 429.
func (x exchange) tooMany(after time.Duration) answer {
	a := x.fail(http.StatusTooManyRequests, "TooManyRequests", "Too many requests. Please wait and try again.")
	if after > 0 {
		a.header.Set("Retry-After", strconv.Itoa(int((after+time.Second-1)/time.Second)))
	}
	return a
}

// relink puts another nextLink into a page.
func (x exchange) relink(a answer, link string) answer {
	body, err := decode(a.body)
	if err != nil {
		return a
	}
	body["@odata.nextLink"] = link
	return x.ok(a.status, body)
}
