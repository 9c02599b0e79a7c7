package sqlitestore

import (
	"log/slog"
	"sync/atomic"
	"time"
)

// maxAhead is how far the database's newest commit may be ahead of the
// machine's clock for the store's time to wait for the clock. A clock that was
// set back by more than that is believed: otherwise one commit under a wrong
// clock could stop the store's time for years.
const maxAhead = time.Minute

// clock is the store's time: the machine's in microseconds, which does not go
// back when the machine's is set back by a little.
type clock struct {
	log  *slog.Logger
	last atomic.Int64 // the latest time given
	told atomic.Int64 // when a warning was last logged
}

// now returns the time, which is at least floor and at least what it last
// returned, if these are at most maxAhead of the machine's.
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

// toMicro returns a caller's time as it is stored: nil for none.
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
