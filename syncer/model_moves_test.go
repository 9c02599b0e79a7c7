package syncer_test

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// maxSignIns is how often a run may ask for a sign-in.
const maxSignIns = 8

// move takes a change of status into account.
func (m *model) move(e syncer.Entry) {
	m.stats.moved(e)
	m.must(e.From == m.status, "a tenant has one status, and moves from it", "%s: from %s while it is %s", e.Event, e.From, m.status)
	to, err := state.Next(e.From, e.Event)
	m.must(err == nil && to == e.To, "every move is in the table", "%s from %s to %s: %v", e.Event, e.From, e.To, err)
	switch e.Event {
	case state.Start:
		m.started(e)
	case state.RequireAuthentication:
		m.run.signIns++
		m.must(m.run.interactive, "an unattended run asks nobody to sign in", "run %s", e.Run)
		m.must(m.run.signIns <= maxSignIns, "a run does not ask for ever", "run %s asks for the %dth time", e.Run, m.run.signIns)
		m.until = e.Time.Add(m.conf.Settings.AuthTimeout)
	case state.Authenticate:
		m.must(e.Time.Before(m.until), "nobody signs in at or after the deadline", "at %s, until %s", m.at(e.Time), m.at(m.until))
	case state.RequireApproval:
		m.proposed(e)
	case state.Approve, state.Reject, state.Revert:
		m.decided(e)
	case state.ClearNotRun, state.ClearIdle, state.ClearNewError, state.ClearPartiallySuccessful:
		m.must(e.To == cmp.Or(m.restsIn, state.NotRun), "a granted permission leads back to where the tenant rested", "to %s, not %s", e.To, m.restsIn)
		m.restsIn = ""
	case state.RequireConsent:
		if e.From.Resting() {
			m.must(slices.ContainsFunc(m.asked, func(a *asking) bool { return a.c.Name == "recheck" }), "at rest, only a check finds a permission missing", "commit %d", e.Version)
			m.restsIn = e.From
		}
	}
	if e.From.Active() && e.To.Resting() {
		m.ended(e)
	}
	m.status = e.To
}

// started begins a run.
func (m *model) started(e syncer.Entry) {
	a := m.find(e, "start", "retry", "cli")
	m.must(len(m.paused) == 0, "a paused tenant does not start", "run %s", e.Run)
	m.must(m.runs[e.Run] == nil && e.Run != "", "a run has a name of its own", "%q", e.Run)
	r := &modelRun{id: e.Run, actor: e.Actor, mode: syncer.Mode(e.Message), interactive: m.asksPeople(a), before: m.status,
		targets: a.start.Targets, started: e.Time, edited: m.edited, begun: map[string]int{}, open: map[string]bool{}, final: map[string]bool{}, unknown: map[string]bool{}}
	r.carried, m.carried = m.carried, nil
	m.run, m.runs[e.Run] = r, r
}

// asksPeople reports whether a run that somebody starts may ask for a sign-in:
// one that repeats another may if that could.
func (m *model) asksPeople(a *asking) bool {
	if a.c.Name != "retry" {
		return a.start.Interactive
	}
	if r := m.runs[a.c.Options["run"]]; r != nil {
		return r.interactive
	}
	return m.run != nil && m.run.interactive
}

// proposed begins to wait for a decision: anew, or, with the same proposal as
// the run that was superseded, as long as before and with its votes.
func (m *model) proposed(e syncer.Entry) {
	r := m.run
	m.must(r.mode == syncer.Full, "only a full run proposes something", "run %s is %s", r.id, r.mode)
	m.must(e.Digest != "", "a proposal has a digest", "run %s", r.id)
	m.isAbout(r)
	r.planned, r.digest, r.deadline = true, e.Digest, e.Time.Add(m.conf.Settings.Approval.Timeout)
	if old := r.carried; old != nil && old.digest == r.digest {
		r.same = append(slices.Clone(old.same), old.id)
		r.deadline = old.deadline
		r.votes = slices.DeleteFunc(slices.Clone(old.votes), func(v modelVote) bool { return v.actor == r.actor && !m.conf.Settings.Approval.AllowRequester })
	}
	m.until = r.deadline
}

// isAbout holds a proposal against what the run is about.
func (m *model) isAbout(r *modelRun) {
	p, err := m.front.Plan(context.Background(), syncer.RunRef{Tenant: m.w.tenant})
	if err != nil || p.Digest != r.digest || len(r.targets) == 0 {
		return
	}
	for _, it := range p.Items {
		m.must(slices.ContainsFunc(r.targets, func(t plan.Target) bool { return t.Kind == it.Kind && (t.Key == "" || t.Key == it.Key) }),
			"a run proposes only what it is about", "%s, of run %s about %v", it.ID, r.id, r.targets)
	}
}

// voted counts an approval that does not decide yet.
func (m *model) voted(e syncer.Entry) {
	items := m.answers(e)
	m.run.votes = append(m.run.votes, modelVote{e.Actor, items})
	m.must(m.agree(items) < m.conf.Settings.Approval.Approvals, "enough approvals decide", "%d of %d", m.agree(items), m.conf.Settings.Approval.Approvals)
}

// decided takes a decision into account.
func (m *model) decided(e syncer.Entry) {
	r := m.run
	r.items, r.decided = m.answers(e), e.Time
	r.verdict = map[state.Event]syncer.Verdict{state.Approve: syncer.Approve, state.Reject: syncer.Reject, state.Revert: syncer.RejectAndRevert}[e.Event]
	if e.Event == state.Approve {
		r.votes = append(r.votes, modelVote{e.Actor, r.items})
		m.must(m.agree(r.items) >= m.conf.Settings.Approval.Approvals, "nothing is approved by fewer than the rules ask for", "%d of %d", m.agree(r.items), m.conf.Settings.Approval.Approvals)
	}
}

// answers holds an answer to the proposal against the rules, and returns the
// items that it is about.
func (m *model) answers(e syncer.Entry) []string {
	r := m.run
	a := m.approverAsks(e)
	if a == nil {
		a = m.find(e, "approve", "reject", "revert")
		m.must(a.decision.Run == r.id || slices.Contains(r.same, a.decision.Run), "a decision is about the run that waits", "about %s, not %s", a.decision.Run, r.id)
		m.must(a.decision.Digest == r.digest, "a decision is about the plan that waits", "run %s", r.id)
	}
	m.must(e.Digest == r.digest, "a decision names the plan's digest", "run %s", r.id)
	m.must(!r.cancelled, "a cancelled run is not decided", "run %s", r.id)
	m.must(e.Time.Before(r.deadline), "nobody decides at or after the deadline", "at %s, until %s", m.at(e.Time), m.at(r.deadline))
	if e.Event != state.Reject && e.Event != state.Revert {
		m.must(e.Actor != r.actor || m.conf.Settings.Approval.AllowRequester, "nobody approves their own run", "%s, run %s", e.Actor, r.id)
		m.must(!slices.ContainsFunc(r.votes, func(v modelVote) bool { return v.actor == e.Actor }), "one person counts once", "%s, run %s", e.Actor, r.id)
	}
	return e.Items
}

// approverAsks reports whether the answer may be the Approver's.
func (m *model) approverAsks(e syncer.Entry) *asking {
	if m.conf.Approver == nil || e.Actor != "bob" {
		return nil
	}
	for _, a := range m.asked {
		if !a.seen && a.decision.Actor == "bob" {
			return nil
		}
	}
	return &asking{}
}

// agree counts who approved these items.
func (m *model) agree(items []string) int {
	n, want := 0, slices.Sorted(slices.Values(items))
	for _, v := range m.run.votes {
		if slices.Equal(slices.Sorted(slices.Values(v.items)), want) {
			n++
		}
	}
	return n
}

// phase takes a phase into account: after a decision there is no way back. rest
// are the lines of the commit that follow. A phase that failed is stored with what
// became of it; the plan is stored by a commit that says no more, or that asks for
// a decision.
func (m *model) phase(e syncer.Entry, rest []syncer.Entry) {
	r := m.run
	switch e.Phase {
	case syncer.PhasePlan:
		asks := slices.ContainsFunc(rest, func(l syncer.Entry) bool { return l.Type == syncer.EntryPhase && l.Phase == syncer.PhaseApprove })
		r.planned = r.planned || asks || len(rest) == 0
	case syncer.PhaseDeploy, syncer.PhaseVerify:
		m.must(r.verdict == syncer.Approve, "nothing is deployed without an approval", "run %s, phase %s", r.id, e.Phase)
		return
	case syncer.PhaseRevert:
		m.must(r.verdict == syncer.RejectAndRevert, "nothing is reverted without a decision", "run %s", r.id)
		return
	case syncer.PhaseReport:
		return
	}
	m.must(r.verdict == "", "after a decision nothing is planned anew", "run %s, phase %s", r.id, e.Phase)
}

// begun takes the intent of a write into account.
func (m *model) begun(e syncer.Entry) {
	r, in := m.run, e.Intent
	m.must(m.status == state.InProgress && r.verdict == syncer.Approve, "nothing is written without an approval", "%s in %s", in.Item, m.status)
	m.must(r.items == nil || slices.Contains(r.items, in.Item), "nothing is written but what was approved", "%s", in.Item)
	m.must(!r.cancelled, "a cancelled run begins no write", "%s", in.Item)
	m.must(len(m.paused) == 0, "a paused tenant is not written", "%s", in.Item)
	m.must(in.Key == r.id+"/"+in.Item, "a write has a key of its own", "%s: %s", in.Item, in.Key)
	m.must(!r.open[in.Item] && !r.final[in.Item], "nothing is written again before it is known what became of it", "%s", in.Item)
	r.begun[in.Item]++
	r.open[in.Item] = true
	m.must(in.Attempt >= r.begun[in.Item], "attempts are counted", "%s: attempt %d is the %dth", in.Item, in.Attempt, r.begun[in.Item])
}

// result takes into account what became of a write.
func (m *model) result(e syncer.Entry) {
	r, res := m.run, e.Result
	m.must(!r.final[res.Item], "an item has one result", "%s: %s", res.Item, res.Status)
	delete(r.open, res.Item)
	r.final[res.Item] = res.Status != syncer.ItemRetry
}

// cancelled takes a request to end the run into account. That a run is
// superseded is asked for with the other's start.
func (m *model) cancelled(e syncer.Entry) {
	if strings.HasPrefix(e.Message, "superseded by run ") {
		pending := m.status == state.PendingApproval || m.status == state.PendingAuthentication
		m.must(pending && !m.run.wrote(), "only a run that waits is superseded", "run %s in %s", e.Run, m.status)
		return
	}
	m.find(e, "cancel")
	m.run.cancelled = true
}

// timedOut holds what ended because of the time against the deadlines.
func (m *model) timedOut(e syncer.Entry) {
	switch e.Message {
	case "sign-in":
		m.must(!e.Time.Before(m.until), "no sign-in times out before its deadline", "at %s, until %s", m.at(e.Time), m.at(m.until))
		m.calm.punctual(e, m.until)
	case "approval":
		m.must(!e.Time.Before(m.until), "no approval times out before its deadline", "at %s, until %s", m.at(e.Time), m.at(m.until))
		m.calm.punctual(e, m.until)
	default:
		m.must(m.run.worked(e.Time) >= m.conf.Settings.RunTimeout, "no run times out before it has worked for so long", "run %s has worked for %s", e.Run, m.run.worked(e.Time))
	}
}

// ended ends a run, once, with a report that tells the truth.
func (m *model) ended(e syncer.Entry) {
	r := m.run
	m.must(r.ended.IsZero(), "a run ends once", "run %s", r.id)
	m.must(e.Report != nil, "a run ends with a report", "run %s", r.id)
	r.ended, r.outcome = e.Time, e.Outcome
	restored := strings.HasPrefix(string(e.Event), "restore_")
	m.must(restored == (e.Outcome == syncer.Cancelled && !r.wrote()), "a run that is cancelled before it wrote leads back", "%s (%s), wrote: %v", e.Event, e.Outcome, r.wrote())
	m.must(!restored || e.To == r.before, "a run that is cancelled leads back to where it began", "to %s, not %s", e.To, r.before)
	m.must(e.Outcome != syncer.Cancelled || r.cancelled || superseded(e), "a run is cancelled only by somebody", "run %s", r.id)
	if e.Outcome == syncer.TimedOut {
		m.timedOut(e)
	}
	if r.mode != syncer.Full {
		m.must(m.edits() == r.edited, "a look leaves the repository alone", "run %s, %s", r.id, r.mode)
	}
	switch {
	case restored:
	case e.Event == state.RequireConsent && e.Outcome != syncer.FailedWith:
		m.restsIn = state.Idle
	case e.Event == state.RequireConsent && r.before != state.PendingAdminConsent:
		m.restsIn = r.before
	case e.Event != state.RequireConsent:
		m.restsIn = ""
	}
	if superseded(e) {
		if e.From == state.PendingApproval {
			m.carried = r
		}
		return
	}
	m.reported(e)
}
