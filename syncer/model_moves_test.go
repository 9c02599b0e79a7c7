package syncer_test

import (
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// maxSignIns is how often a run may ask for a sign-in.
const maxSignIns = 8

// entry holds a line of history against what was asked for, before the oracle
// takes it into account. The caller holds the lock.
func (m *model) entry(e syncer.Entry) {
	switch e.Type {
	case syncer.EntryMove:
		m.move(e)
	case syncer.EntryVote:
		m.answers(e)
	case syncer.EntryCancel:
		if !strings.HasPrefix(e.Message, "superseded by run ") { // that was asked for with the other's start
			m.find(e, "cancel")
		}
	case syncer.EntryPause:
		m.find(e, "pause")
	case syncer.EntryResume:
		m.find(e, "resume")
	}
}

// move holds a change of status against what was asked for.
func (m *model) move(e syncer.Entry) {
	m.stats.moved(e)
	r := m.o.Run()
	switch e.Event {
	case state.Start:
		m.started(e)
	case state.RequireAuthentication:
		m.must(m.wishes[e.Run].interactive, "an unattended run asks nobody to sign in", "run %s", e.Run)
		m.must(r.SignIns < maxSignIns, "a run does not ask for ever", "run %s asks for the %dth time", e.Run, r.SignIns+1)
	case state.RequireApproval:
		m.isAbout(e)
	case state.Approve, state.Reject, state.Revert:
		m.answers(e)
	case state.RequireConsent:
		m.must(e.From.Active() || slices.ContainsFunc(m.asked, func(a *asking) bool { return a.c.Name == "recheck" }),
			"at rest, only a check finds a permission missing", "commit %d", e.Version)
	}
	if e.From.Resting() || !e.To.Resting() {
		return
	}
	if e.Outcome == syncer.TimedOut && (e.Message == "sign-in" || e.Message == "approval") {
		m.calm.punctual(e, m.o.Until())
	}
	if r.Mode != syncer.Full {
		m.must(m.edits() == m.wishes[r.ID].edited, "a look leaves the repository alone", "run %s, %s", r.ID, r.Mode)
	}
}

// started notes what a run was asked for.
func (m *model) started(e syncer.Entry) {
	a := m.find(e, "start", "retry", "cli")
	m.wishes[e.Run] = &wish{interactive: m.asksPeople(a), targets: a.start.Targets, edited: m.edited,
		whole: a.c.Name != "retry" && len(a.start.Targets) == 0 && a.start.DesiredFrom == "", touched: a.touched}
}

// asksPeople reports whether a run that somebody starts may ask for a sign-in:
// one that repeats another may if that could.
func (m *model) asksPeople(a *asking) bool {
	if a.c.Name != "retry" {
		return a.start.Interactive
	}
	if other := m.wishes[a.c.Options["run"]]; other != nil {
		return other.interactive
	}
	return m.o.Run() != nil && m.wishes[m.o.Run().ID].interactive
}

// isAbout holds a proposal against what the run is about.
func (m *model) isAbout(e syncer.Entry) {
	targets := m.wishes[e.Run].targets
	p, err := m.front.Plan(context.Background(), syncer.RunRef{Tenant: m.w.tenant})
	if err != nil || p.Digest != e.Digest || len(targets) == 0 {
		return
	}
	for _, it := range p.Items {
		m.must(slices.ContainsFunc(targets, func(t plan.Target) bool { return t.Kind == it.Kind && (t.Key == "" || t.Key == it.Key) }),
			"a run proposes only what it is about", "%s, of run %s about %v", it.ID, e.Run, targets)
	}
}

// answers holds a decision in the history against the one that somebody sent,
// who is not the Approver.
func (m *model) answers(e syncer.Entry) {
	if m.approverAsks(e) {
		return
	}
	r, a := m.o.Run(), m.find(e, "approve", "reject", "revert")
	m.must(a.decision.Run == r.ID || slices.Contains(r.Same, a.decision.Run), "a decision is about the run that waits", "about %s, not %s", a.decision.Run, r.ID)
	m.must(a.decision.Digest == r.Digest, "a decision is about the plan that waits", "run %s", r.ID)
}

// approverAsks reports whether the answer may be the Approver's.
func (m *model) approverAsks(e syncer.Entry) bool {
	return m.conf.Approver != nil && e.Actor == "bob" &&
		!slices.ContainsFunc(m.asked, func(a *asking) bool { return !a.seen && a.decision.Actor == "bob" })
}
