package runrecord_test

import (
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/internal/runrecord"
)

// A wait does not count as work, whatever the store's clock does.
func TestClock(t *testing.T) {
	start := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	c := runrecord.NewClock(at(0), time.Hour)
	left := func(minutes, want int) {
		t.Helper()
		if got := c.Left(at(minutes)); got != time.Duration(want)*time.Minute {
			t.Errorf("after %d minutes: got %s left, want %d minutes", minutes, got, want)
		}
	}
	left(0, 60)
	left(10, 50)
	c.Await(at(10))
	if !c.Waiting() {
		t.Error("the clock does not stand still")
	}
	c.Resume(at(40)) // 30 minutes later
	if c.Waiting() {
		t.Error("the clock stands still after the wait")
	}
	left(40, 50)
	c.Resume(at(50)) // no wait: adds nothing
	left(50, 40)
	c.Await(at(50))
	c.Resume(at(45)) // the store's clock went back
	left(50, 40)
	left(100, -10)
	if c.WorkFor != time.Hour {
		t.Errorf("got a run that began with %s, want an hour", c.WorkFor)
	}
}
