package syncer

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// The lines of a run's log that are about people and waits. The record tells
// what people have done in other processes; see [Syncer.Logs].

// logPrompt says who has to sign in, and where. It does not have the code, and
// of the page only the host: a page's address can have the code in it.
func (c *session) logPrompt(p auth.Prompt) {
	cur := c.now()
	r := cur.d.Run
	if cur.rec.Status != state.PendingAuthentication || r == nil {
		return
	}
	page := ""
	if u, err := url.Parse(p.URL); err == nil {
		page = u.Hostname()
	}
	c.log.Info("waiting for a sign-in", "sign-in", p.SignIn, "page", page, "directory", cmp.Or(cur.d.Directory, c.set.Directory),
		"asked by", r.Actor, "until", cur.rec.Deadline)
}

// logConnected says as whom the run works on the tenant.
func (c *session) logConnected(id auth.Identity) {
	c.log.Info("connected", "as", cmp.Or(id.Username, id.ObjectID, id.Application), "application", id.Application,
		"directory", id.Directory, "home directory", id.HomeDirectory)
}

// logConsent names the permissions that are missing, or says that those that
// were missing are granted.
func (c *session) logConsent(found consent) {
	switch {
	case len(found.missing) > 0:
		c.log.Warn("permissions are missing", "missing", permissionNames(found.missing))
	case len(c.now().d.Missing) > 0:
		c.log.Info("the missing permissions are granted", "granted", permissionNames(c.now().d.Missing))
	}
}

// permissionNames lists permissions for people.
func permissionNames(missing []MissingPermission) string {
	names := make([]string, len(missing))
	for i, m := range missing {
		names[i] = strings.Join(m.AnyOf, " or ")
	}
	slices.Sort(names)
	return joinActors(slices.Compact(names))
}

// logPlan counts what the plan is about.
func (c *session) logPlan(p *plan.Plan) {
	n := p.Counts()
	c.log.Info("plan made", "digest", short(p.Digest), "items", len(p.Items), "create", n.Create, "update", n.Update, "delete", n.Delete,
		"conflicts", n.Conflicts, "problems", n.Problems)
}

// logApprovalWait says whose decision the run is about to wait for.
func (c *session) logApprovalWait(y policy, p *plan.Plan) {
	r := c.run()
	attrs := []any{"needed", demandNames(y.current(p, nil, r.Actor)), "asked by", r.Actor, "for", y.Timeout}
	if old := r.Carried; old != nil && old.Digest == p.Digest { // that run's wait goes on, with its votes
		attrs = append(attrs, "since", old.Since, "votes", len(old.Votes), "superseded", old.Run)
	}
	c.log.Info("waiting for approval", attrs...)
}

// demandNames lists the demands that are not met, for people.
func demandNames(demands []Demand) string {
	var names []string
	for _, d := range demands {
		if !d.Met() {
			names = append(names, d.String())
		}
	}
	return strings.Join(names, "; ")
}

// logDecision says, as phase p begins, who has decided and who has voted before.
// Votes and decisions are made in any process. Each session that goes on with
// the run logs them once, since the log of a process that died is lost.
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
		c.log.Info("voted to approve", "actor", v.Actor, "comment", v.Comment, "items", itemsCovered(v.Items), "at", v.Time)
	}
	if d != nil {
		c.log.Info("decided", "verdict", d.Verdict, "actor", joinActors(d.Actors), "comment", d.Comment, "items", itemsCovered(d.Items),
			"rules accepted as broken", len(d.Accept), "at", d.Time)
	}
}

// itemsCovered says how many items a decision covers.
func itemsCovered(items []string) any {
	if items == nil {
		return "all"
	}
	return len(items)
}

// logCancel says who has cancelled the run, once in a session.
func (c *session) logCancel(r *run) {
	if r.Cancel == nil || c.cancelled == r.ID {
		return
	}
	c.cancelled = r.ID
	c.log.Info("cancelled", "actor", r.Cancel.Actor, "comment", r.Cancel.Comment, "phase", c.phase(), "at", r.Cancel.Time)
}

// isTimeUp reports whether the run's time has ended during the present step.
func (c *holding) isTimeUp() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.timeUp != nil && c.timeUp()
}

// leaveUnfinished notes an act that was under way when the run's time was up.
func (c *holding) leaveUnfinished(act string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unfinished = append(c.unfinished, act)
}

// maxUnfinished bounds the acts that the line of a time-out names.
const maxUnfinished = 5

// logRunTimedOut says what the run was doing when its time was up.
func (c *session) logRunTimedOut() {
	r := c.run()
	c.mu.Lock()
	acts := slices.Clone(c.unfinished)
	c.mu.Unlock()
	slices.Sort(acts)
	acts = slices.Compact(acts)
	left := max(0, len(acts)-maxUnfinished)
	attrs := []any{"phase", c.phase(), "time limit", r.WorkFor, "during", joinActors(acts[:len(acts)-left])}
	if left > 0 {
		attrs = append(attrs, "and more", left)
	}
	if p := r.Progress; p.Total > 0 && p.Phase == c.phase() {
		attrs = append(attrs, "done", p.Done, "of", p.Total)
	}
	if r.Attempt > 0 {
		attrs = append(attrs, "failed attempts", r.Attempt)
	}
	c.log.Error("the run has timed out", attrs...)
}

// logWaitOver says what a run waited for that ends because a person was too
// late.
func (c *session) logWaitOver(end runEnd) {
	cur := c.now()
	r := cur.d.Run
	if end.stop != ending.TimedOut {
		return
	}
	switch end.while {
	case state.PendingAuthentication:
		name := ""
		if r.Prompt != nil {
			name = r.Prompt.SignIn
		}
		c.log.Error("the run has timed out waiting for a sign-in", "sign-in", name, "directory", cmp.Or(cur.d.Directory, c.set.Directory),
			"asked by", r.Actor, "since", r.WaitingSince, "until", cur.rec.Deadline)
	case state.PendingApproval:
		c.log.Error("the run has timed out waiting for approval", "needed", demandNames(r.Demands), "votes", len(r.Votes),
			"asked by", r.Actor, "since", r.Since, "until", cur.rec.Deadline)
	}
}
