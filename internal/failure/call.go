package failure

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// OfCall returns the error of a call to the tenant, or for its credentials, by
// what it means for the run: that the sign-in has ended, that a later attempt may
// succeed, or the error itself. act names the call.
func OfCall(act string, err error) error {
	wrapped := fmt.Errorf("%s: %w", act, err)
	switch auth.ClassOf(err) {
	case auth.SignInNeeded:
		return fmt.Errorf("%w: %w", ErrSignInNeeded, wrapped)
	case auth.Transient:
		return &Retryable{Err: wrapped}
	}
	switch tenant.ClassOf(err) {
	case tenant.Unauthenticated:
		return fmt.Errorf("%w: %w", ErrSignInNeeded, wrapped)
	case tenant.Transient, tenant.Throttled:
		var after time.Duration
		if e, ok := errors.AsType[*tenant.Error](err); ok {
			after = e.RetryAfter
		}
		return &Retryable{Err: wrapped, After: after}
	}
	return wrapped
}
