package failure

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// OfCall classifies the error of a call to the tenant, or of a call for its
// credentials. It returns ErrSignInNeeded if the sign-in has ended, a
// [Retryable] if a later attempt may succeed, and otherwise the error itself.
// act names the call.
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
