package syncer

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/state"
)

// reportPhase ends a run whose work is done.
func (c *session) reportPhase(context.Context) (onward, error) {
	end := c.run().decidedEnding()
	return onward{end: &end}, nil
}

// finish ends the run. It decides the ending, stores the report and the log, and then
// makes the one commit that ends the run.
func (c *session) finish(ctx context.Context, end runEnd) error {
	cur := c.now()
	if cur.rec.Status.Resting() {
		return failure.ErrInterrupted // it has ended
	}
	if end.while != "" && cur.rec.Status != end.while {
		return failure.ErrInterrupted // a person was faster
	}
	in := c.phase()
	if in != PhaseReport {
		if err := c.note(ctx, PhaseReport); err != nil {
			return err
		}
	}
	c.began(PhaseReport)
	return c.s.telemetry.Phase(ctx, c.tenant, cur.runID(), string(PhaseReport), func(ctx context.Context) error { return c.report(ctx, in, end) })
}

// report stores how the run ended. in is the phase that it ended in.
func (c *session) report(ctx context.Context, in Phase, end runEnd) error {
	cur := c.now()
	var seen lookedAt
	if cur.rec.Status == state.PendingApproval {
		seen = c.s.glance(ctx, c.tenant, cur.d.Run)
	}
	detached, stop := c.detach(ctx)
	defer stop()
	propose := func(*run) {}
	if end.proposed != nil {
		var err error
		if propose, err = c.storeProposal(detached, end.proposed); err != nil {
			return err
		}
	}
	cur, err := cur.with(func(r *run) {
		if c.identity != nil { // this commit may be the first since the sign-in
			r.Identity = c.identity
		}
		propose(r)
	})
	if err != nil {
		return err
	}
	a, err := c.s.account(detached, cur, in, end)
	if err != nil {
		return err
	}
	for _, lost := range a.lost {
		c.log.Error("the report is not whole", "error", lost)
	}
	c.logWaitOver(end)
	c.log.Log(ctx, endLevel(a.To), "run ended", "outcome", a.Undone.Qualify(a.Outcome), "status", a.To.Label(), "reason", a.Reason)
	base, err := c.storeEndBase(detached, end, a.items)
	if err != nil {
		return err
	}
	requests, err := storeRequests(detached, c, a.items, cur.storeTime())
	if err != nil {
		return err
	}
	ref, err := c.s.storeReport(detached, cur, a, seen)
	if err != nil {
		return err
	}
	c.stopped(true)
	lines := c.flush(detached)
	return c.commit(ctx, func(t *draft) error {
		if t.rec.Status != cmp.Or(end.while, cur.rec.Status) {
			return failure.ErrInterrupted
		}
		t.logEntry(lines)
		propose(t.d.Run)
		t.moveBase(base)
		t.d.Requests = requests
		t.d.LagsUntil = c.lagsUntil(a.items, t.now)
		t.looked(seen)
		t.end(a, ref)
		t.lookLater(c.restingSettings(), a.To)
		return t.move(a.Event, EntryData{Phase: PhaseReport, Outcome: a.outcome, Message: a.Reason, Error: a.err,
			Report: ref, Plan: t.d.Run.Plan, Backup: t.d.Run.Backup, After: t.d.Run.After})
	})
}

// end puts the ending into the record.
func (t *draft) end(a *account, report *state.BlobRef) {
	r := t.d.Run
	t.resume()
	r.Ended, r.Report = t.now, report
	r.Progress, r.Carried, r.Votes, t.d.Same = Progress{}, nil, nil, nil
	r.Outcome, r.Reason, r.Error, r.Undone = a.outcome, a.Reason, a.err, a.undone
	if a.after != nil {
		r.After = a.after
	}
	t.d.RestsIn = a.RestsIn(r.Before, t.d.RestsIn)
	t.d.LooksFailed = 0
	if a.Succeeded() {
		t.d.LastSuccess = t.now
	}
}

// logWaitOver logs the wait of a run that ends because no person answered in time.
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

// endLevel returns the level of the log line about a run's end, by the status in which
// the tenant rests.
func endLevel(s state.Status) slog.Level {
	switch s {
	case state.NewError:
		return slog.LevelError
	case state.PartiallySuccessful, state.PendingAdminConsent:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
