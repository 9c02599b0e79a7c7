package graph

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// So many requests go through in a window of time, and one more waits until the
// window has moved past as many as it needs.
func TestLimiterWindow(t *testing.T) {
	const window = 10 * time.Second
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return start.Add(d) }
	type step struct {
		at   time.Duration
		n    int
		want time.Duration // to wait
	}
	tests := []struct {
		name     string
		requests int
		steps    []step
	}{
		{"one less, as many, one more", 3, []step{{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, window}}},
		{"the window moves", 2, []step{{0, 1, 0}, {4 * time.Second, 1, 0}, {window - 1, 1, time.Millisecond}, {window, 1, 0}, {window, 1, 4 * time.Second}}},
		{"just before it moves", 1, []step{{0, 1, 0}, {window - 2*time.Millisecond, 1, 2 * time.Millisecond}, {window - time.Nanosecond, 1, time.Millisecond}, {window, 1, 0}}},
		{"a batch counts as its requests", 5, []step{{0, 3, 0}, {time.Second, 2, 0}, {2 * time.Second, 4, window - time.Second}, {2 * time.Second, 3, window - 2*time.Second}}},
		{"a batch of as many as the window takes", 2, []step{{0, 2, 0}, {0, 2, window}}},
		{"a batch of more than the window takes", 2, []step{{0, 5, 0}, {0, 1, window}, {window, 5, 0}}},
		{"no limit", 0, []step{{0, 100, 0}, {0, 100, 0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := newLimiter(Throttle{Requests: tt.requests, PerSeconds: 10})
			for i, s := range tt.steps {
				if got := l.reserve(s.n, at(s.at)); got != s.want {
					t.Errorf("step %d: %d requests at %s: got a wait of %s, want %s", i, s.n, s.at, got, s.want)
				}
			}
		})
	}
}

// A refusal pauses the whole group, for as long as the service asks for or else
// for growing pauses; a shorter one does not shorten it.
func TestLimiterPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Throttle{PauseSeconds: 4})
		expect := func(what string, got, least, most time.Duration) {
			t.Helper()
			if got < least || got > most {
				t.Errorf("%s: got %s, want %s to %s", what, got, least, most)
			}
		}
		expect("the first refusal", l.refused(0), 3*time.Second, 4*time.Second)
		rest := time.Until(l.until)
		expect("another request's of the same time", l.refused(0), rest, rest)
		expect("the service asks for less", l.refused(time.Second), rest, rest)
		expect("the service asks for more", l.refused(10*time.Second), 10*time.Second, 10*time.Second)
		if got := l.reserve(1, time.Now()); got != 10*time.Second {
			t.Errorf("during the pause: got a wait of %s, want 10s", got)
		}
		<-time.After(10 * time.Second)
		if got := l.reserve(1, time.Now()); got > 0 {
			t.Errorf("at the end of the pause: got a wait of %s, want none", got)
		}
		expect("the second in a row", l.refused(0), 6*time.Second, 8*time.Second)
		<-time.After(8 * time.Second)
		l.accepted()
		expect("the first after a success", l.refused(0), 3*time.Second, 4*time.Second)
	})
}

// Refusals that follow each other closely space the requests out; successes take
// the spacing back.
func TestLimiterSpacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Throttle{Requests: 20, PerSeconds: 10})
		refuse := func() {
			l.refused(time.Second)
			<-time.After(time.Second)
		}
		spacing := func(what string, want time.Duration) {
			t.Helper()
			if l.spacing != want {
				t.Errorf("%s: got a spacing of %s, want %s", what, l.spacing, want)
			}
		}
		refuse()
		spacing("a refusal after none", 0)
		for range denseRefusals {
			l.accepted()
		}
		refuse()
		spacing("a refusal after enough requests", 0)
		for range denseRefusals - 1 {
			l.accepted()
		}
		refuse()
		spacing("a refusal after one less", 500*time.Millisecond) // 20 in 10 seconds
		refuse()
		spacing("the next one", time.Second)
		l.refused(time.Second)
		l.refused(time.Second)
		spacing("two at once", 2*time.Second)
		<-time.After(time.Second)

		now := time.Now()
		if got := l.reserve(3, now); got > 0 {
			t.Errorf("got a wait of %s, want none", got)
		}
		if got := l.reserve(1, now); got != 6*time.Second {
			t.Errorf("after a batch of 3: got a wait of %s, want 6s", got)
		}
		for range 20 {
			refuse()
		}
		spacing("after many", longestSpacing)
		l.accepted()
		spacing("after a success", longestSpacing-longestSpacing/16)
		l.spacing = leastSpacing + leastSpacing/15
		l.accepted()
		spacing("at the least", leastSpacing+leastSpacing/15-(leastSpacing+leastSpacing/15)/16)
		l.accepted()
		spacing("below the least", 0)

		unlimited := newLimiter(Throttle{})
		unlimited.since = 0
		unlimited.refused(time.Second)
		if unlimited.spacing != leastSpacing {
			t.Errorf("without a limit of ours: got a spacing of %s, want %s", unlimited.spacing, leastSpacing)
		}
	})
}

// As many requests as the limit says are under way at once. One that waits for
// its turn ends with its context, and its place is free again.
func TestLimiterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(Throttle{AtOnce: 2})
		for range 2 {
			if err := l.enter(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
		}
		cause := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.enter(ctx, 1) }()
		synctest.Wait()
		select {
		case err := <-ended:
			t.Errorf("a third request went through: %v", err)
		default:
		}
		cancel(cause)
		if err := <-ended; !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
		l.leave()
		l.leave()

		// One that ends during a pause gives its place back.
		l.refused(time.Hour)
		for range 3 {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
			if err := l.enter(ctx, 1); !errors.Is(err, cause) {
				t.Errorf("during a pause: got %v, want the cause", err)
			}
			cancel()
		}
		<-time.After(time.Hour)
		for range 2 {
			if err := l.enter(t.Context(), 1); err != nil {
				t.Error(err)
			}
		}
	})
}

// A wait may take all that is left of a budget and of the one around it.
func TestBudget(t *testing.T) {
	outer := &budget{left: 10}
	first, second := &budget{left: 6, outer: outer}, &budget{left: 6, outer: outer}
	for i, s := range []struct {
		b    *budget
		wait time.Duration
		want bool
	}{{first, 7, false}, {first, 5, true}, {first, 2, false}, {first, 1, true}, {first, 1, false}, {second, 5, false}, {second, 4, true}, {second, 1, false}} {
		if got := s.b.spend(s.wait); got != s.want {
			t.Errorf("step %d: spending %d: got %v, want %v", i, s.wait, got, s.want)
		}
	}
	if outer.left != 0 || first.left != 0 || second.left != 2 {
		t.Errorf("left %d, %d and %d, want 0, 0 and 2", outer.left, first.left, second.left)
	}
}
