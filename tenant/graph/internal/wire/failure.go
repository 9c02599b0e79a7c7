package wire

import (
	"cmp"
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

// licenceSignals are words of codes and messages, in lower case, by which the service
// says that the tenant lacks a licence.
var licenceSignals = []string{
	"aadpremiumlicenserequired", "license", "licence", "premium", "not provisioned", "request not applicable to target tenant",
	"does not have a premium", "is not onboarded", "notlicensed", "tenant is not b2c",
}

// Refusal returns a refusal as an error, and nil for a success.
func (a Answer) Refusal(s Subject) *tenant.Error {
	if a.Status >= 200 && a.Status < 300 {
		return nil
	}
	body := decodeError(a.Body)
	e := &tenant.Error{Op: s.Op, Kind: s.Kind, ID: s.ID, Code: Word(body.code), Message: Cut(plain(body.message), maxMessage),
		RequestID: cmp.Or(Word(body.requestID), a.RequestID), RetryAfter: retryAfter(a.Header)}
	e.Class = classOf(a.Status, body)
	if e.Message == "" {
		e.Message = fmt.Sprintf("the service answered %d %s", a.Status, http.StatusText(a.Status))
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

// Unanswered is the error of a request without a whole answer. a is the part that came.
// A write may have taken effect, unless it surely was not sent.
func Unanswered(err error, a Answer, s Subject, write bool) *tenant.Error {
	e := &tenant.Error{Class: tenant.Transient, Op: s.Op, Kind: s.Kind, ID: s.ID, RequestID: a.RequestID, Err: err}
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
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
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
