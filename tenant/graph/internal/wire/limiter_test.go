package wire

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
			l := NewLimiter(Limit{Requests: tt.requests, Per: window})
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
		l := NewLimiter(Limit{Pause: 4 * time.Second})
		expect := func(what string, got, least, most time.Duration) {
			t.Helper()
			if got < least || got > most {
				t.Errorf("%s: got %s, want %s to %s", what, got, least, most)
			}
		}
		expect("the first refusal", l.Refused(0), 3*time.Second, 4*time.Second)
		rest := time.Until(l.until)
		expect("another request's of the same time", l.Refused(0), rest, rest)
		expect("the service asks for less", l.Refused(time.Second), rest, rest)
		expect("the service asks for more", l.Refused(10*time.Second), 10*time.Second, 10*time.Second)
		if got := l.reserve(1, time.Now()); got != 10*time.Second {
			t.Errorf("during the pause: got a wait of %s, want 10s", got)
		}
		<-time.After(10 * time.Second)
		if got := l.reserve(1, time.Now()); got > 0 {
			t.Errorf("at the end of the pause: got a wait of %s, want none", got)
		}
		expect("the second in a row", l.Refused(0), 6*time.Second, 8*time.Second)
		<-time.After(8 * time.Second)
		l.Accepted()
		expect("the first after a success", l.Refused(0), 3*time.Second, 4*time.Second)
	})
}

// Refusals that follow each other closely space the requests out; successes take
// the spacing back.
func TestLimiterSpacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limit{Requests: 20, Per: 10 * time.Second})
		refuse := func() {
			l.Refused(time.Second)
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
		for range 4 {
			l.Accepted()
		}
		refuse()
		spacing("a refusal after enough requests", 0)
		for range 3 {
			l.Accepted()
		}
		refuse()
		spacing("a refusal after one less", 500*time.Millisecond) // 20 in 10 seconds
		refuse()
		spacing("the next one", time.Second)
		l.Refused(time.Second)
		l.Refused(time.Second)
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
		l.Accepted()
		spacing("after a success", longestSpacing-longestSpacing/16)
		l.spacing = leastSpacing + leastSpacing/15
		l.Accepted()
		spacing("at the least", leastSpacing+leastSpacing/15-(leastSpacing+leastSpacing/15)/16)
		l.Accepted()
		spacing("below the least", 0)

		one := NewLimiter(Limit{Requests: 1, Per: 10 * time.Second})
		one.since = 0
		one.Refused(time.Second)
		if one.spacing != 10*time.Second {
			t.Errorf("with a limit of one: got a spacing of %s, want 10s", one.spacing)
		}
		unlimited := NewLimiter(Limit{})
		unlimited.since = 0
		unlimited.Refused(time.Second)
		if unlimited.spacing != leastSpacing {
			t.Errorf("without a limit of ours: got a spacing of %s, want %s", unlimited.spacing, leastSpacing)
		}
	})
}

// As many requests as the limit says are under way at once. One that waits for
// its turn ends with its context, and its place is free again.
func TestLimiterAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limit{AtOnce: 2})
		for range 2 {
			if err := l.Enter(t.Context(), 1, nil); err != nil {
				t.Fatal(err)
			}
		}
		cause := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Enter(ctx, 1, nil) }()
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
		l.Leave()
		l.Leave()

		// One that ends during a pause gives its place back.
		l.Refused(time.Hour)
		for range 3 {
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, cause)
			if err := l.Enter(ctx, 1, nil); !errors.Is(err, cause) {
				t.Errorf("during a pause: got %v, want the cause", err)
			}
			cancel()
		}
		<-time.After(time.Hour)
		for range 2 {
			if err := l.Enter(t.Context(), 1, nil); err != nil {
				t.Error(err)
			}
		}
	})
}

// A wait may take all that is left of a budget and of the one around it. Waits at
// the same time are paid for once.
func TestBudget(t *testing.T) {
	run := NewBudget("run", 10, nil)
	first, second := NewBudget("first", 6, run), NewBudget("second", 6, run)
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i, s := range []struct {
		b          *Budget
		begin, end time.Duration
		short      *Budget // the one that does not last
	}{
		{first, 0, 7, first}, {first, 0, 5, nil},
		{first, 0, 2, nil}, {first, 3, 5, nil}, {first, 4, 7, first}, {first, 4, 6, nil}, // the time to 5 is paid
		{first, 6, 7, first}, {first, 2, 6, nil},
		{second, 0, 6, nil}, // the run has paid
		{second, 6, 7, second},
		{NewBudget("third", 9, run), 6, 11, run}, {NewBudget("fourth", 9, run), 6, 10, nil}, {NewBudget("fifth", 9, run), 9, 11, run},
	} {
		if got := s.b.Spend(start.Add(s.begin), start.Add(s.end)); got != s.short {
			t.Errorf("step %d: from %d to %d: got %v, want %v", i, s.begin, s.end, got, s.short)
		}
	}
	if run.left != 0 || first.left != 0 || second.left != 0 {
		t.Errorf("left %d, %d and %d, want none", run.left, first.left, second.left)
	}
}

// A pause is shared up to the longest. A longer one is told to who was refused, and
// holds up nothing else.
func TestLimiterLongestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct{ asked, shared time.Duration }{
			{time.Minute - 1, time.Minute - 1}, {time.Minute, time.Minute}, {time.Minute + 1, 0},
		} {
			l := NewLimiter(Limit{LongestPause: time.Minute})
			if got := l.Refused(tt.asked); got != tt.asked {
				t.Errorf("asked for %s: got a wait of %s", tt.asked, got)
			}
			if got := max(l.pause(), 0); got != tt.shared {
				t.Errorf("asked for %s: others wait %s, want %s", tt.asked, got, tt.shared)
			}
		}
	})
}

// A pause that is over is none: a request that has to wait for its own limit then is not
// asked. A pause of any length is waited for.
func TestLimiterAtTheEndOfAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limit{Requests: 1, Per: time.Second})
		never := func(pause time.Duration) bool {
			t.Errorf("asked for a pause of %s", pause)
			return false
		}
		if err := l.Enter(t.Context(), 1, never); err != nil {
			t.Fatal(err)
		}
		l.until = time.Now()
		if err := l.Enter(t.Context(), 1, never); err != nil {
			t.Errorf("at the end of the pause: %v", err)
		}
		<-time.After(time.Second)
		l.until = time.Now().Add(1)
		if err := l.Enter(t.Context(), 1, nil); err != nil || time.Now().Before(l.until) {
			t.Errorf("before the end of the pause: %v", err)
		}
	})
}

// Without a number of its own a group has eight requests under way.
func TestLimiterAtOnceDefault(t *testing.T) {
	if got := NewLimiter(Limit{}).AtOnce(); got != 8 {
		t.Errorf("got %d, want 8", got)
	}
	if got := NewLimiter(Limit{AtOnce: 3}).AtOnce(); got != 3 {
		t.Errorf("got %d, want 3", got)
	}
}

// A request that may not wait for the pause is not sent, and gives its place back.
// One that waits for its own limit of requests is not asked.
func TestLimiterEnterDuringAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLimiter(Limit{AtOnce: 1, Requests: 1, Per: 10 * time.Second})
		never := func(time.Duration) bool { return false }
		if err := l.Enter(t.Context(), 1, never); err != nil {
			t.Errorf("without a pause: %v", err)
		}
		l.Leave()
		if err := l.Enter(t.Context(), 1, never); err != nil {
			t.Errorf("for the limit of requests: %v", err)
		}
		l.Leave()
		l.Refused(time.Minute)
		for range 2 {
			paused, ok := errors.AsType[*PausedError](l.Enter(t.Context(), 1, never))
			if !ok || paused.Left != time.Minute {
				t.Fatalf("got %v, want an error with the rest of the pause", paused)
			}
		}
		var asked time.Duration
		began := time.Now()
		if err := l.Enter(t.Context(), 1, func(d time.Duration) bool { asked = d; return true }); err != nil || asked != time.Minute || time.Since(began) != time.Minute {
			t.Errorf("got %v after %s, asked for %s, want the pause", err, time.Since(began), asked)
		}
	})
}
