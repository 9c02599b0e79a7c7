package syncer

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Each kind of error has one disposition, alone, wrapped, and joined with an
// error that means less.
func TestDispositions(t *testing.T) {
	busy := &tenant.Error{Class: tenant.Throttled, RetryAfter: time.Minute}
	storage := &storeError{errors.New("the database is away")}
	newer := fmt.Errorf("%w: format 9", ErrNewerFormat)
	passing := &retryable{err: busy, after: time.Minute}
	for _, tt := range []struct {
		name string
		err  error
		want disposition
	}{
		{"an error without a class", errors.New("boom"), disposition{how: howEnd, class: "internal"}},
		{"a panic", &runError{class: ClassInternal, err: errors.New("a panic")}, disposition{how: howEnd, class: "internal"}},
		{"an error of the run", failure("invalid_target", "no such kind"), disposition{how: howEnd, class: "invalid_target"}},
		{"an error of the authenticator", &auth.Error{Class: auth.Declined}, disposition{how: howEnd, class: "declined"}},
		{"an error of the tenant", &tenant.Error{Class: tenant.Conflict}, disposition{how: howEnd, class: "conflict"}},
		{"a throttled read that no phase marked", busy, disposition{how: howEnd, class: "throttled"}},
		{"a stored part is gone", failure(ClassStorage, "gone: %w", state.ErrNotFound), disposition{how: howEnd, class: "storage", lost: true}},
		{"a plan that nobody approved", failure(ClassNotApproved, "another plan"), disposition{how: howEnd, class: "not_approved", lost: true}},
		{"a transient error", passing, disposition{how: howRetry, class: "throttled", after: time.Minute}},
		{"a transient error of the repository", &retryable{err: failure(ClassRepository, "away")}, disposition{how: howRetry, class: "repository"}},
		{"the sign-in has ended", fmt.Errorf("%w: %w", errSignInNeeded, &tenant.Error{Class: tenant.Unauthenticated}), disposition{how: howSignIn, class: "unauthenticated"}},
		{"the storage failed", storage, disposition{how: howStorage, class: "internal"}},
		{"a newer record", newer, disposition{how: howNewer, class: "internal"}},
		{"a newer repository", fmt.Errorf("%w: folder", tenant.ErrNewerFormat), disposition{how: howNewer, class: "internal"}},
		{"an interruption", errInterrupted, disposition{how: howInterrupted, class: "internal"}},
		{"the lease is lost", errLeaseLost, disposition{how: howLeaseLost, class: "internal"}},
	} {
		for form, err := range map[string]error{"": tt.err, ", wrapped": fmt.Errorf("act: %w", tt.err),
			", joined": errors.Join(errors.New("boom"), tt.err), ", joined and wrapped": fmt.Errorf("act: %w", errors.Join(tt.err, errors.New("boom")))} {
			if diff := cmp.Diff(tt.want, dispose(t.Context(), err), cmp.AllowUnexported(disposition{})); diff != "" {
				t.Errorf("%s%s (-want +got):\n%s", tt.name, form, diff)
			}
		}
	}
	// Of two meanings the one that leaves the run alone counts, in either order.
	order := []struct {
		how how
		err error
	}{{howLeaseLost, errLeaseLost}, {howInterrupted, errInterrupted}, {howNewer, newer}, {howStorage, storage}, {howSignIn, errSignInNeeded}, {howRetry, passing}}
	for i, first := range order {
		for _, second := range order[i+1:] {
			for _, err := range []error{errors.Join(first.err, second.err), errors.Join(second.err, first.err)} {
				if got := dispose(t.Context(), err).how; got != first.how {
					t.Errorf("%s and %s: got %s", first.how, second.how, got)
				}
			}
		}
	}
}

// Once the context has ended, its cause says what becomes of the work, whatever
// the error says.
func TestDispositionsOfAnEndedContext(t *testing.T) {
	for cause, want := range map[error]how{context.Canceled: howShutdown, context.DeadlineExceeded: howShutdown,
		errLeaseLost: howLeaseLost, errInterrupted: howInterrupted, errRunTimedOut: howTimedOut} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		for _, err := range []error{cause, errors.New("boom"), failure(ClassStorage, "gone"), &storeError{errors.New("away")}, errSignInNeeded, ErrNewerFormat} {
			if got := dispose(ctx, err); got.how != want || got.lost {
				t.Errorf("%v after %v: got %+v, want %s", err, cause, got, want)
			}
		}
	}
	// An error that only says that some context has ended is no shutdown of ours.
	if got := dispose(t.Context(), context.DeadlineExceeded); got.how != howEnd {
		t.Errorf("a time-out of the host's: got %+v, want the run to end", got)
	}
}

// A run is left as it is by exactly these.
func TestDispositionsThatLeaveTheRun(t *testing.T) {
	for h, want := range map[how]bool{howEnd: false, howRetry: false, howSignIn: false,
		howShutdown: true, howTimedOut: true, howInterrupted: true, howLeaseLost: true, howNewer: true, howStorage: true} {
		if got := h.leavesRun(); got != want {
			t.Errorf("%s: got %t, want %t", h, got, want)
		}
	}
}
