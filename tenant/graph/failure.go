package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// odataError is the form of Graph's errors:
// https://learn.microsoft.com/graph/errors.
type odataError struct{ code, message, requestID string }

// maxMessage is the most bytes that are kept of a message of the service, and maxWord
// those of a code or the id of a request.
const (
	maxMessage = 500
	maxWord    = 100
)

// licenceSignals are words of codes and messages, in lower case, by which the service
// says that the tenant lacks a licence.
var licenceSignals = []string{
	"aadpremiumlicenserequired", "license", "licence", "premium", "not provisioned", "request not applicable to target tenant",
	"does not have a premium", "is not onboarded", "notlicensed", "tenant is not b2c",
}

// asError returns a refusal as an error, and nil for a success.
func asError(a answer, op, kind, id string) *tenant.Error {
	if a.status >= 200 && a.status < 300 {
		return nil
	}
	body := decodeError(a.body)
	e := &tenant.Error{Op: op, Kind: kind, ID: id, Code: cut(plain(body.code), maxWord), Message: cut(plain(body.message), maxMessage),
		RequestID: cmp.Or(cut(plain(body.requestID), maxWord), a.requestID), RetryAfter: retryAfter(a.header)}
	e.Class = classOf(a.status, body)
	if e.Message == "" {
		e.Message = fmt.Sprintf("the service answered %d %s", a.status, http.StatusText(a.status))
	}
	return e
}

func classOf(status int, body odataError) tenant.Class {
	switch status {
	case http.StatusUnauthorized:
		return tenant.Unauthenticated
	case http.StatusForbidden:
		if saysLicence(body) {
			return tenant.NotLicensed
		}
		return tenant.AccessDenied
	case http.StatusNotFound, http.StatusGone:
		return tenant.NotFound
	case http.StatusConflict, http.StatusPreconditionFailed:
		return tenant.Conflict
	case http.StatusTooManyRequests:
		return tenant.Throttled
	case http.StatusRequestTimeout, http.StatusLocked, http.StatusFailedDependency, http.StatusTooEarly:
		return tenant.Transient
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
		if saysLicence(body) {
			return tenant.NotLicensed
		}
		return tenant.Invalid
	}
	if status >= 500 && status != http.StatusNotImplemented {
		return tenant.Transient
	}
	return tenant.Permanent
}

func saysLicence(body odataError) bool {
	words := strings.ToLower(body.code + " " + body.message)
	return slices.ContainsFunc(licenceSignals, func(s string) bool { return strings.Contains(words, s) })
}

// unanswered is the error of a request without a whole answer. For a write it
// may have taken effect, unless it surely was not sent.
func unanswered(err error, a answer, op, kind, id string, write bool) *tenant.Error {
	e := &tenant.Error{Class: tenant.Transient, Op: op, Kind: kind, ID: id, RequestID: a.requestID, Err: err}
	if _, ok := errors.AsType[*azcore.ResponseError](err); ok || isCredential(err) {
		e.Class, e.Message = tenant.Unauthenticated, "no token for the request"
		return e
	}
	e.MaybeApplied = write && !notSent(err)
	if _, ok := errors.AsType[*tooLargeError](err); ok && !write {
		e.Class = tenant.Permanent // another read would bring the same
	}
	return e
}

// isCredential reports whether the credential failed: what azcore and
// azidentity mark as not worth another try.
func isCredential(err error) bool {
	var marked interface{ NonRetriable() }
	return errors.As(err, &marked)
}

// notSent reports whether an error is of before the request was sent.
func notSent(err error) bool {
	if errors.Is(err, errNotSent) {
		return true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok && dns != nil {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// ended returns the context's error where it is what made err.
func ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return context.Cause(ctx)
}

// cut shortens a text to some bytes and a mark.
func cut(s string, size int) string {
	if len(s) <= size {
		return s
	}
	return strings.ToValidUTF8(s[:size], "") + "…"
}

// plain takes line breaks and control characters out of a message, and the
// JSON that Intune puts around its own.
func plain(s string) string {
	if inner, err := odatajson.Parse([]byte(s)); err == nil && inner.Text("Message") != "" {
		s = inner.Text("Message")
	}
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// decodeError reads a refusal. Fields that it lacks in the documented form stay
// empty.
func decodeError(body []byte) (e odataError) {
	whole, err := odatajson.Parse(body)
	if err != nil {
		return e
	}
	inner, err := odatajson.Parse(whole["error"])
	if err != nil {
		return e
	}
	e.code, e.message = inner.Text("code"), inner.Text("message")
	if more, err := odatajson.Parse(inner["innerError"]); err == nil {
		e.requestID = more.Text("request-id")
	}
	return e
}
