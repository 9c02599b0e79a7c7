package syncer

import (
	"time"

	"github.com/tenantsync/tenantsync/internal/runrecord"
)

// began logs that this process works on a phase. Only the process that begins a wait
// for a decision logs that phase.
func (c *holding) began(p Phase) {
	if c.walk.in == p || p == PhaseApprove && c.walk.in == "" {
		return
	}
	if c.walk.in == "" {
		c.waited(p)
	}
	c.logDecision(p)
	c.stopped(true)
	c.walk.in, c.walk.begun = p, time.Now()
	c.log.Info("phase began", "phase", p)
}

// waited logs that the wait for a decision is over. The process that continues with
// phase p calls it.
func (c *holding) waited(p Phase) {
	cur := c.now()
	r := cur.d.Run
	switch d := r.Decision; {
	case r.Phase == PhaseApprove:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", false, "duration", cur.storeTime().Sub(r.Since))
	case r.Phase == p && d != nil && !r.Wrote && r.Attempt == 0:
		c.log.Info("phase ended", "phase", PhaseApprove, "complete", true, "duration", d.Time.Sub(r.Since))
	}
}

// stopped logs that this process no longer works on the phase. A phase is not complete
// if an error ended it, or if another process may have to do the rest.
func (c *holding) stopped(complete bool) {
	if c.walk.in == "" {
		return
	}
	c.log.Info("phase ended", "phase", c.walk.in, "complete", complete, "duration", time.Since(c.walk.begun))
	c.walk.in = ""
}

// logDecision logs the votes and the decision as phase p begins. People vote and
// decide in any process. Each session that resumes the run logs them once, because
// the log of a process that died is lost.
func (c *holding) logDecision(p Phase) {
	r := c.run()
	d := r.Decision
	if c.decided == r.ID || d == nil && p != PhaseReport {
		return
	}
	c.decided = r.ID
	for _, v := range r.Votes {
		if d != nil && len(r.Votes) == 1 {
			break // the decision is that vote
		}
		c.log.Info("voted to approve", "actor", v.Actor, "comment", v.Comment, "items", itemsCovered(v.Chosen), "at", v.Time)
	}
	if d != nil {
		c.log.Info("decided", "verdict", d.Verdict, "actor", joinActors(d.Actors), "comment", d.Comment, "items", itemsCovered(d.Chosen),
			"rules accepted as broken", len(d.Accept), "at", d.Time)
	}
}

// itemsCovered says how many items a decision covers.
func itemsCovered(c runrecord.Chosen) any {
	if c.All() {
		return "all"
	}
	return c.Len()
}
