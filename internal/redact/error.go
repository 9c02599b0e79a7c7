package redact

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// Redactable is a caller's error with more content than a text.
type Redactable interface {
	error
	// WithText returns the error with another text, and without the errors that
	// it wraps.
	WithText(text string) error
}

// LeftOut replaces the text of an answer to a request with secrets.
const LeftOut = "its text is left out, because the request held secret values"

// Error redacts an error that answers a request with these secrets. The service
// may repeat the request in any encoding, and no list of encodings is complete.
// So Error drops free text. It keeps the class, the code and the request id,
// because the caller decides by them, and a person quotes them to the service.
// It keeps the type of a [Redactable], and known errors such as a full disk.
// Without secrets Error returns err itself.
func Error(err error, secrets []string) error {
	secrets = slices.DeleteFunc(slices.Clone(secrets), func(s string) bool { return s == "" })
	if err == nil || len(secrets) == 0 {
		return err
	}
	f := newFinder(secrets)
	text, cause := known(err)
	if e, ok := errors.AsType[*tenant.Error](err); ok {
		clean := &tenant.Error{Class: e.Class, Op: e.Op, Kind: e.Kind, ID: f.word(e.ID), Code: f.word(e.Code), Message: text, RequestID: f.word(e.RequestID),
			RetryAfter: e.RetryAfter, MaybeApplied: e.MaybeApplied}
		if e.Approval != nil { // the sum is the engine's own
			held := *e.Approval
			held.Code = f.word(held.Code)
			clean.Approval = &held
		}
		for _, name := range e.Missing {
			if name = f.word(name); name != "" {
				clean.Missing = append(clean.Missing, name)
			}
		}
		return clean
	}
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return &auth.Error{Class: e.Class, Tenant: e.Tenant, SignIn: e.SignIn, Code: f.word(e.Code), Message: text, CorrelationID: f.word(e.CorrelationID)}
	}
	if e, ok := errors.AsType[Redactable](err); ok {
		return e.WithText(text)
	}
	return &redacted{text: text, err: cause}
}

// sentinels are errors whose texts are known.
var sentinels = []error{tenant.ErrMoved, tenant.ErrNoRevision, tenant.ErrInvalidRequest, tenant.ErrNewerFormat,
	context.DeadlineExceeded, context.Canceled, fs.ErrExist, fs.ErrNotExist, fs.ErrPermission}

// known returns the known error in the chain, whose text cannot contain a
// secret, and that text. Without one the error is nil.
func known(err error) (text string, cause error) {
	if i := slices.IndexFunc(sentinels, func(s error) bool { return errors.Is(err, s) }); i >= 0 {
		cause = sentinels[i]
	} else if no, ok := errors.AsType[syscall.Errno](err); ok {
		cause = no
	}
	if cause == nil {
		return LeftOut, nil
	}
	return cause.Error() + "; " + LeftOut, cause
}

// maxWord is the length of the longest word that Error keeps.
const maxWord = 128

// word returns the text if it is one short word, such as a code or an id, and
// no secret is found in it. Otherwise it returns "".
func (f *finder) word(text string) string {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:/", c)
	}
	if len(text) > maxWord || strings.ContainsFunc(text, odd) || f.holds(text) {
		return ""
	}
	return text
}

// redacted wraps an error and has its own text.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }
func (e *redacted) Unwrap() error { return e.err }
