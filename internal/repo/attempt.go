package repo

import (
	"context"
	"errors"

	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/tenant"
)

// attempt calls f until it succeeds or another attempt cannot help, at most
// MaxAttempts times. act names the call in the error. A panic is returned as it
// is. Every other error has the class "repository", and is retryable if only the
// attempts have run out.
func attempt[T any](ctx context.Context, l Lines, act string, f func() (T, error)) (T, error) {
	v, err := retry.Do(ctx, l.MaxAttempts, Transient, f)
	if err == nil || failure.IsPanic(err) {
		return v, err
	}
	classed := failure.New(word.ClassRepository, "%s: %w", act, err)
	if ctx.Err() == nil && Transient(err) {
		return v, &failure.Retryable{Err: classed}
	}
	return v, classed
}

// Transient reports whether the same call may succeed at another attempt.
func Transient(err error) bool {
	for _, e := range []error{tenant.ErrMoved, tenant.ErrNoRevision, tenant.ErrInvalidRequest} {
		if errors.Is(err, e) {
			return false
		}
	}
	// A repository may be built on the host's store, and return its errors.
	return failure.StorageTransient(err) && !failure.IsNewer(err)
}
