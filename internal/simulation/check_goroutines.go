package simulation

import (
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// bubbleOf finds the number of the bubble that a goroutine is in.
var bubbleOf = regexp.MustCompile(`^goroutine \d+ \[[^]]*synctest bubble (\d+)[^]]*\]`)

// atWork are functions of the engine that a goroutine is in while it works on a
// tenant, or waits with one.
var atWork = []string{"syncer.(*Syncer).advance(", "lease.(*Hold).Keep(", "syncer.(*session).loop("}

// checkGoroutines: tenants that wait for a decision, or for nothing, hold no
// goroutine. It can only be looked at while nobody has a lease and no call is
// under way; it reports whether it was.
func (w *world) checkGoroutines() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	waiting := 0
	now := w.storeTime()
	for _, s := range w.subjects {
		owner, until := s.oracle.Holder()
		if s.rec.Status == state.PendingApproval && s.leased(now) && now.Sub(s.rec.UpdatedAt) > time.Hour && !w.cfg.approver {
			w.violateLocked(s, "waiting costs nothing", "it waits for a decision since %s, and %s has a lease until %s", s.rec.UpdatedAt, owner, until)
			return true
		}
		if s.leased(now) || s.rec.Status == state.Starting || s.rec.Status == state.InProgress {
			return false
		}
		if s.rec.Status == state.PendingApproval {
			waiting++
		}
	}
	if w.underWay > 0 {
		return false
	}
	for _, g := range goroutinesHere() {
		for _, f := range atWork {
			if strings.Contains(g, f) {
				w.violateLocked(nil, "waiting costs nothing", "nobody has a lease, %d tenants wait for a decision, and a goroutine is at work:\n%s", waiting, g)
				return true
			}
		}
	}
	w.count1("world: looks at the goroutines", 1)
	w.count1("world: tenants that waited without one", waiting)
	return true
}

// goroutinesHere are the stacks of the goroutines of this bubble.
func goroutinesHere() (all []string) {
	own := bubble(stacks(false))
	for g := range strings.SplitSeq(stacks(true), "\n\n") {
		if bubble(g) == own {
			all = append(all, g)
		}
	}
	return all
}

func bubble(stack string) string {
	if m := bubbleOf.FindStringSubmatch(stack); m != nil {
		return m[1]
	}
	return ""
}

func stacks(all bool) string {
	for size := 1 << 18; ; size *= 2 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, all); n < size {
			return string(buf[:n])
		}
	}
}
