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

// Redactable is an error of the caller's that carries more than its text.
type Redactable interface {
	error
	// WithText returns the error with another text, and without the errors that
	// it wraps.
	WithText(text string) error
}

// LeftOut stands for the text of an answer to a request with secrets.
const LeftOut = "its text is left out, because the request held secret values"

// Error returns what may be kept of an error that answers a request with these
// secrets. Whoever answers may repeat the request, in any encoding, and no list
// of encodings is whole. So Error keeps no free text. It keeps what the caller
// acts by, and what a person needs to ask the service: class, code, request id.
// Of a [Redactable] it keeps the type, and of other errors those that it knows,
// such as a full disk. Without secrets Error returns err itself.
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

// known returns a text that names the error in the chain whose text can hold no
// secret, and that error, or nil.
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

// word returns a text that is one short word, such as a code or an id, and holds
// no secret that is recognized; "" for any other text.
func (f *finder) word(text string) string {
	odd := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.:/", c)
	}
	if len(text) > maxWord || strings.ContainsFunc(text, odd) || f.holds(text) {
		return ""
	}
	return text
}

// redacted is an error around another, with a text of its own.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }
func (e *redacted) Unwrap() error { return e.err }
