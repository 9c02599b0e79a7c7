package sqlitestore

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// maxAhead bounds how far the database's newest commit may be ahead of the
// machine's clock. Up to it, the store's time stands still until the clock has
// caught up. If a clock was set back by more, the store follows the clock:
// otherwise one commit under a wrong clock could stop the store's time for
// years.
const maxAhead = time.Minute

// clock is the store's time: the machine's time in microseconds. It does not go
// back when the machine's clock is set back by a little.
type clock struct {
	log  *slog.Logger
	last atomic.Int64 // the latest time given
	told atomic.Int64 // when a warning was last logged
}

// now returns the time. It is not before floor and not before the last time
// that now returned, if these are at most maxAhead of the machine's time.
func (c *clock) now(floor int64) int64 {
	for {
		last := c.last.Load()
		machine := time.Now().UnixMicro()
		now := max(machine, last, floor)
		if now-machine > maxAhead.Microseconds() {
			c.warn(machine, now)
			now = machine
		}
		if c.last.CompareAndSwap(last, now) {
			return now
		}
	}
}

// warn logs at most once a minute.
func (c *clock) warn(machine, ahead int64) {
	told := c.told.Load()
	if machine-told >= 0 && machine-told < time.Minute.Microseconds() || !c.told.CompareAndSwap(told, machine) {
		return
	}
	c.log.Warn("the machine's clock is behind the database: was it set back? Leases and wake-ups last longer by that much",
		"clock", fromMicro(machine), "database", fromMicro(ahead))
}

// zeroMicro is the zero time.
var zeroMicro = time.Time{}.UnixMicro()

// toMicro returns the stored form of a caller's time: nil for the zero time.
func toMicro(t time.Time) *int64 {
	micro := t.UnixMicro()
	if micro == zeroMicro {
		return nil
	}
	return &micro
}

func fromMicro(micro int64) time.Time { return time.UnixMicro(micro).UTC() }

// timeOf is the reverse of toMicro.
func timeOf(micro *int64) time.Time {
	if micro == nil {
		return time.Time{}
	}
	return fromMicro(*micro)
}
