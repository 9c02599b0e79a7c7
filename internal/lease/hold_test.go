package lease

import (
	"testing"
	"time"
)

// While a machine sleeps, its monotonic clock stands still: the lease ends by
// the clock that shows less time. A time without a monotonic reading stands for
// the wall clock.
func TestLeaseEndsByEitherClock(t *testing.T) {
	now := time.Now()
	for name, tt := range map[string]struct {
		end  sureEnd
		want time.Duration
	}{
		"both agree":              {newSureEnd(now, time.Minute), time.Minute},
		"slept for 2 minutes":     {sureEnd{monotonic: now.Add(time.Minute), wall: now.Add(-time.Minute).Round(0)}, -time.Minute},
		"wall clock was set back": {sureEnd{monotonic: now.Add(time.Second), wall: now.Add(time.Hour).Round(0)}, time.Second},
	} {
		if got := tt.end.left(now); got.Round(time.Microsecond) != tt.want {
			t.Errorf("%s: got %s left, want %s", name, got, tt.want)
		}
	}
	if end := newSureEnd(now, time.Minute); end.wall != end.wall.Round(0) || end.monotonic == end.wall {
		t.Errorf("got %v, want one with and one without a monotonic reading", end)
	}
}
