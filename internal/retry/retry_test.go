package retry_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
)

// Pauses double up to a limit, less up to a quarter. They differ between
// moments, and are equal at the same moment.
func TestBackoff(t *testing.T) {
	pauses := func() (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			for n := 1; n < 30; n++ {
				full := time.Minute
				if n <= 10 {
					full = min(full, 100*time.Millisecond<<(n-1))
				}
				d := retry.Backoff(n, 100*time.Millisecond, time.Minute)
				if d > full || d < full-full/4 {
					t.Errorf("pause %d is %s, want %s less at most a quarter", n, d, full)
				}
				all = append(all, d)
				<-time.After(1)
			}
		})
		return all
	}
	first := pauses()
	if !slices.Equal(first, pauses()) {
		t.Error("the same moments give other pauses")
	}
	late := slices.Compact(slices.Sorted(slices.Values(first[10:])))
	if len(late) < 10 {
		t.Errorf("of %d pauses at the limit only %d differ: %s", len(first[10:]), len(late), late)
	}
}

// A pause never exceeds the limit, however many attempts failed.
func TestBackoffAtTheLimit(t *testing.T) {
	tests := []struct {
		name         string
		attempts     int
		first, limit time.Duration
	}{
		{"no attempt", 0, time.Second, time.Minute},
		{"very many attempts", 1e6, time.Second, time.Minute},
		{"a first pause above the limit", 1, time.Hour, time.Minute},
		{"a first pause of one millisecond", 1, time.Millisecond, time.Minute},
		{"a first pause of four milliseconds", 1, 4 * time.Millisecond, time.Minute},
		{"a first pause of eight milliseconds", 1, 8 * time.Millisecond, time.Minute},
		{"a first pause at the longest limit", 3, math.MaxInt64, math.MaxInt64},
		{"a long first pause", 40, 24 * time.Hour, 1000 * time.Hour},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := retry.Backoff(tt.attempts, tt.first, tt.limit); d <= 0 || d > tt.limit {
				t.Errorf("got %s, want more than 0 and at most %s", d, tt.limit)
			}
		})
	}
}

func TestDo(t *testing.T) {
	transient, lasting, stop := errors.New("transient"), errors.New("lasting"), errors.New("stop")
	tests := []struct {
		name   string
		errs   []error // of the calls, in order; then calls succeed
		during bool    // ctx ends in the first call
		after  bool    // ctx ends in the first pause
		calls  int
		want   error
	}{
		{name: "success", calls: 1},
		{name: "success after transient errors", errs: []error{transient, transient}, calls: 3},
		{name: "too many transient errors", errs: []error{transient, transient, transient, transient, transient}, calls: 4, want: transient},
		{name: "a lasting error", errs: []error{lasting}, calls: 1, want: lasting},
		{name: "a lasting error after a transient one", errs: []error{transient, lasting}, calls: 2, want: lasting},
		{name: "a context that ends in a call", errs: []error{transient}, during: true, calls: 1, want: transient},
		{name: "a context that ends in a pause", errs: []error{transient}, after: true, calls: 1, want: transient},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				if tt.after {
					time.AfterFunc(time.Millisecond, func() { cancel(stop) })
				}
				begun, calls := time.Now(), 0
				got, err := retry.Do(ctx, 4, func(err error) bool { return err == transient }, func() (int, error) {
					calls++
					if tt.during {
						cancel(stop)
					}
					if calls <= len(tt.errs) {
						return calls, tt.errs[calls-1]
					}
					return calls, nil
				})
				if calls != tt.calls || got != calls || err != tt.want {
					t.Errorf("got %d and %v after %d calls, want what call %d returned and %v", got, err, calls, tt.calls, tt.want)
				}
				took := time.Since(begun)
				if quick := took <= time.Millisecond; quick != (calls == 1) {
					t.Errorf("%d calls took %s, want a pause between two calls", calls, took)
				}
			})
		})
	}
}

// A context that ends together with the pause wins every time.
func TestPauseAtTheDeadline(t *testing.T) {
	stop := errors.New("stop")
	for _, pause := range []time.Duration{time.Minute, 0} {
		synctest.Test(t, func(t *testing.T) {
			for range 100 {
				ctx, cancel := context.WithTimeoutCause(t.Context(), pause, stop)
				if err := retry.Pause(ctx, pause); err != stop {
					t.Errorf("a pause of %s: got %v, want %v", pause, err, stop)
				}
				cancel()
			}
		})
	}
}

func TestPause(t *testing.T) {
	stop := errors.New("stop")
	tests := []struct {
		name  string
		pause time.Duration
		ends  time.Duration // when the context ends; negative: it has ended before; 0: never
		took  time.Duration
		want  error
	}{
		{name: "to its end", pause: time.Hour, took: time.Hour},
		{name: "the shortest pause", pause: 1, took: 1},
		{name: "no pause"},
		{name: "a negative pause", pause: -time.Second},
		{name: "a context that ends first", pause: time.Hour, ends: time.Minute, took: time.Minute, want: stop},
		{name: "an ended context", pause: time.Hour, ends: -1, want: stop},
		{name: "no pause and an ended context", ends: -1, want: stop},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				switch {
				case tt.ends < 0:
					cancel(stop)
				case tt.ends > 0:
					time.AfterFunc(tt.ends, func() { cancel(stop) })
				}
				begun := time.Now()
				if err := retry.Pause(ctx, tt.pause); err != tt.want {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if took := time.Since(begun); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
			})
		})
	}
}

// An ended context ends every pause, also one of no length.
func TestPauseAfterTheEnd(t *testing.T) {
	cause := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	for range 50 {
		for _, d := range []time.Duration{-1, 0} {
			if err := retry.Pause(ctx, d); !errors.Is(err, cause) {
				t.Fatalf("a pause of %d: got %v, want the cause", d, err)
			}
		}
	}
	for _, d := range []time.Duration{-1, 0} {
		if err := retry.Pause(t.Context(), d); err != nil {
			t.Errorf("a pause of %d: got %v", d, err)
		}
	}
}
