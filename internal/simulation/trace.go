package simulation

import (
	"fmt"
	"strings"
	"time"
)

// shown is how many of a tenant's last events a violation shows.
const shown = 40

// event is one thing that happened.
type event struct {
	at            time.Time
	who, op, what string
}

func (e event) String() string {
	return fmt.Sprintf("%s  %-10s %-18s %s", e.at.UTC().Format("Jan 02 15:04:05.000000000"), e.who, e.op, e.what)
}

// trace is everything that happened, as a hash, and the last of it as text. Its
// caller holds the world's lock.
//
// The hash is the sum of the events': their order follows from their times, and
// between those of one time there is none.
type trace struct {
	sum   uint64
	count int
	// log, if not nil, is told every event as it comes.
	log func(tenant string, e event)
}

// add notes an event of a tenant, or of the whole world (nil).
func (t *trace) add(s *subject, e event) {
	name := "-"
	if s != nil {
		name = s.name
		s.last[s.events%shown] = e
		s.events++
	}
	h := drawOf(uint64(e.at.UnixNano()), word(name), word(e.who), word(e.op), word(e.what))
	t.sum += h.next()
	t.count++
	if t.log != nil {
		t.log(name, e)
	}
}

// history is the tenant's last events, oldest first.
func (s *subject) history() string {
	var b strings.Builder
	for i := max(0, s.events-shown); i < s.events; i++ {
		fmt.Fprintf(&b, "  %s\n", s.last[i%shown])
	}
	return b.String()
}
