package redact

import (
	"errors"
	"slices"

	"github.com/tenantsync/tenantsync/tenant"
)

// Redactable is an error of the caller's that carries more than its text.
type Redactable interface {
	error
	// WithText returns the error with another text, and without the errors that
	// it wraps.
	WithText(text string) error
}

// Error takes the secrets out of an error of the tenant's or the repository's.
// A [tenant.Error], a sentinel of package tenant or a [Redactable] stays in the
// chain, because the caller acts by it. Error returns err itself if its text
// holds no secret.
func Error(err error, secrets []string) error {
	if err == nil || len(secrets) == 0 {
		return err
	}
	r := New(secrets)
	text := r.Text(err.Error())
	if text == err.Error() {
		return err
	}
	e, ok := errors.AsType[*tenant.Error](err)
	if !ok {
		for _, known := range []error{tenant.ErrMoved, tenant.ErrNoRevision, tenant.ErrInvalidRequest, tenant.ErrNewerFormat} {
			if errors.Is(err, known) {
				return &redacted{text: text, err: known}
			}
		}
		if e, ok := errors.AsType[Redactable](err); ok {
			return e.WithText(text)
		}
		return errors.New(text)
	}
	clean := *e
	clean.Code, clean.Message, clean.RequestID = r.Text(e.Code), r.Text(e.Message), r.Text(e.RequestID)
	clean.Missing = slices.Clone(e.Missing)
	for i, m := range clean.Missing {
		clean.Missing[i] = r.Text(m)
	}
	if clean.Err = nil; e.Err != nil {
		clean.Err = errors.New(r.Text(e.Err.Error()))
	}
	if err == error(e) {
		return &clean
	}
	return &redacted{text: text, err: &clean}
}

// redacted is an error around another, with a text of its own.
type redacted struct {
	text string
	err  error
}

func (e *redacted) Error() string { return e.text }
func (e *redacted) Unwrap() error { return e.err }
