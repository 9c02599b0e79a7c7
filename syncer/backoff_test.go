package syncer

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// Pauses double up to a limit, less up to a quarter; they differ between
// moments, and are the same at the same one.
func TestBackoff(t *testing.T) {
	pauses := func() (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			for n := 1; n < 30; n++ {
				full := time.Minute
				if n <= 10 {
					full = min(full, 100*time.Millisecond<<(n-1))
				}
				d := backoff(n, 100*time.Millisecond, time.Minute)
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
