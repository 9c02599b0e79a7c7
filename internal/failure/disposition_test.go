package failure

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// Each kind of error has one disposition, alone, wrapped, and joined with an
// error that means less.
func TestDispositions(t *testing.T) {
	busy := &tenant.Error{Class: tenant.Throttled, RetryAfter: time.Minute}
	storage := &Storage{Err: errors.New("the database is away")}
	newer := fmt.Errorf("%w: format 9", ErrNewer)
	passing := &Retryable{Err: busy, After: time.Minute}
	for _, tt := range []struct {
		name string
		err  error
		want Disposition
	}{
		{"an error without a class", errors.New("boom"), Disposition{How: End, Class: "internal"}},
		{"a panic", &Error{Class: word.ClassInternal, Err: errors.New("a panic")}, Disposition{How: End, Class: "internal"}},
		{"an error of the run", New("invalid_target", "no such kind"), Disposition{How: End, Class: "invalid_target"}},
		{"an error of the authenticator", &auth.Error{Class: auth.Declined}, Disposition{How: End, Class: "declined"}},
		{"an error of the tenant", &tenant.Error{Class: tenant.Conflict}, Disposition{How: End, Class: "conflict"}},
		{"a throttled read that no phase marked", busy, Disposition{How: End, Class: "throttled"}},
		{"a stored part is gone", New(word.ClassStorage, "gone: %w", state.ErrNotFound), Disposition{How: End, Class: "storage", Lost: true}},
		{"a plan that nobody approved", New(word.ClassNotApproved, "another plan"), Disposition{How: End, Class: "not_approved", Lost: true}},
		{"a transient error", passing, Disposition{How: Retry, Class: "throttled", After: time.Minute}},
		{"a transient error of the repository", &Retryable{Err: New(word.ClassRepository, "away")}, Disposition{How: Retry, Class: "repository"}},
		{"the sign-in has ended", fmt.Errorf("%w: %w", ErrSignInNeeded, &tenant.Error{Class: tenant.Unauthenticated}), Disposition{How: SignIn, Class: "unauthenticated"}},
		{"the storage failed", storage, Disposition{How: StorageFailed, Class: "internal"}},
		{"a newer record", newer, Disposition{How: Newer, Class: "internal"}},
		{"a newer repository", fmt.Errorf("%w: folder", tenant.ErrNewerFormat), Disposition{How: Newer, Class: "internal"}},
		{"an interruption", ErrInterrupted, Disposition{How: Interrupted, Class: "internal"}},
		{"the lease is lost", ErrLeaseLost, Disposition{How: LeaseLost, Class: "internal"}},
	} {
		for form, err := range map[string]error{"": tt.err, ", wrapped": fmt.Errorf("act: %w", tt.err),
			", joined": errors.Join(errors.New("boom"), tt.err), ", joined and wrapped": fmt.Errorf("act: %w", errors.Join(tt.err, errors.New("boom")))} {
			if diff := cmp.Diff(tt.want, Dispose(t.Context(), err)); diff != "" {
				t.Errorf("%s%s (-want +got):\n%s", tt.name, form, diff)
			}
		}
	}
	// Of two meanings the one that leaves the run alone counts, in either order.
	order := []struct {
		how How
		err error
	}{{LeaseLost, ErrLeaseLost}, {Interrupted, ErrInterrupted}, {Newer, newer}, {StorageFailed, storage}, {SignIn, ErrSignInNeeded}, {Retry, passing}}
	for i, first := range order {
		for _, second := range order[i+1:] {
			for _, err := range []error{errors.Join(first.err, second.err), errors.Join(second.err, first.err)} {
				if got := Dispose(t.Context(), err).How; got != first.how {
					t.Errorf("%s and %s: got %s", first.how, second.how, got)
				}
			}
		}
	}
}

// Once the context has ended, its cause says what becomes of the work, whatever
// the error says.
func TestDispositionsOfAnEndedContext(t *testing.T) {
	for cause, want := range map[error]How{context.Canceled: ShutDown, context.DeadlineExceeded: ShutDown,
		ErrLeaseLost: LeaseLost, ErrInterrupted: Interrupted, ErrRunTimedOut: TimedOut} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		for _, err := range []error{cause, errors.New("boom"), New(word.ClassStorage, "gone"), &Storage{Err: errors.New("away")}, ErrSignInNeeded, ErrNewer} {
			if got := Dispose(ctx, err); got.How != want || got.Lost {
				t.Errorf("%v after %v: got %+v, want %s", err, cause, got, want)
			}
		}
	}
	// An error that only says that some context has ended is no shutdown of ours.
	if got := Dispose(t.Context(), context.DeadlineExceeded); got.How != End {
		t.Errorf("a time-out of the host's: got %+v, want the run to end", got)
	}
}

// Exactly these dispositions do not change the run.
func TestDispositionsThatLeaveTheRun(t *testing.T) {
	for h, want := range map[How]bool{End: false, Retry: false, SignIn: false,
		ShutDown: true, TimedOut: true, Interrupted: true, LeaseLost: true, Newer: true, StorageFailed: true} {
		if got := h.LeavesRun(); got != want {
			t.Errorf("%s: got %t, want %t", h, got, want)
		}
	}
}

// A review fails without a decision if neither the store nor a part of the run has
// failed, and if the work goes on.
func TestUndecided(t *testing.T) {
	for d, want := range map[Disposition]bool{
		{How: End}: true, {How: Retry}: true, {How: SignIn}: true,
		{How: End, Lost: true}: false, {How: StorageFailed}: false, {How: ShutDown}: false, {How: ShutDown, Lost: true}: false,
	} {
		if got := d.Undecided(); got != want {
			t.Errorf("%+v: got %t, want %t", d, got, want)
		}
	}
}

// Each error of the package leads to the error that it wraps, and has its text.
func TestErrorsWrap(t *testing.T) {
	cause := errors.New("away")
	for _, err := range []error{&Error{Class: word.ClassStorage, Err: cause}, New(word.ClassStorage, "%w", cause), &Retryable{Err: cause}, &Storage{Err: cause}} {
		if !errors.Is(err, cause) || err.Error() != "away" {
			t.Errorf("%T: got %v, want it to wrap its cause", err, err)
		}
	}
}

// Another text keeps the class, and the word about a panic.
func TestWithText(t *testing.T) {
	for class, want := range map[string]string{"storage": "left out", word.ClassInternal: "a panic; left out"} {
		err := (&Error{Class: class, Err: errors.New("secret")}).WithText("left out")
		got, ok := errors.AsType[*Error](err)
		if !ok || got.Class != class || got.Error() != want {
			t.Errorf("%s: got %v, want %q", class, err, want)
		}
	}
}

// Errors that name a state of the store are not transient. All others are,
// except panics.
func TestStorageTransient(t *testing.T) {
	for _, err := range []error{state.ErrConflict, state.ErrExpired, state.ErrUnknown, state.ErrInvalid, state.ErrNotFound, state.ErrLeased, state.ErrLeaseLost,
		&Error{Class: word.ClassInternal, Err: errors.New("a panic")}} {
		if StorageTransient(fmt.Errorf("commit: %w", err)) {
			t.Errorf("%v is transient", err)
		}
	}
	for _, err := range []error{errors.New("away"), &Error{Class: word.ClassStorage, Err: errors.New("away")}} {
		if !StorageTransient(err) {
			t.Errorf("%v is not transient", err)
		}
	}
}

// Only an error about a newer format of the plan becomes ErrNewer.
func TestAsNewer(t *testing.T) {
	newer := &plan.FormatError{What: "plan", Got: 9, Supported: 1}
	if got := AsNewer(fmt.Errorf("decode: %w", newer)); !errors.Is(got, ErrNewer) || !errors.Is(got, error(newer)) {
		t.Errorf("got %v, want ErrNewer with its cause", got)
	}
	other := errors.New("damaged")
	if got := AsNewer(other); got != other {
		t.Errorf("got %v, want the error itself", got)
	}
}
