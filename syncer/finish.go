package syncer

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// finish brings the run to its end: by the rules of how a run ends, with
// report and log stored before the one commit that ends it.
func (c *session) finish(ctx context.Context, end ending) error {
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
func (c *session) report(ctx context.Context, in Phase, end ending) error {
	cur := c.now()
	if cur.rec.Status == state.PendingApproval {
		end.seen = c.s.glance(ctx, c.tenant, cur.d.Run)
	}
	detached, stop := c.detach(ctx)
	defer stop()
	end.outcome = factsOf(cur.rec.Status, cur.d, end, tally{}).came()
	count, sum, err := c.s.tally(detached, cur, end)
	if err != nil {
		return err
	}
	for _, lost := range count.lost {
		c.log.Error("the report is not whole", "error", lost)
	}
	event, to, end := conclude(endingTable, cur.rec.Status, cur.d, in, end, count)
	c.logWaitOver(end)
	c.log.Log(ctx, endLevel(to), "run ended", "outcome", end.undone.Qualify(end.outcome), "status", to.Label(), "reason", end.reason)
	base, err := c.storeEndBase(detached, end, count.items, cur.d.Base)
	if err != nil {
		return err
	}
	rep, err := c.s.buildReport(detached, cur, end, count, sum, to)
	if err != nil {
		return err
	}
	ref, err := c.s.putReport(detached, rep)
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
		t.d.Base, t.d.LagsUntil = base, c.lagsUntil(count, t.now)
		t.looked(end.seen)
		t.end(end, ref)
		t.d.LooksFailed = 0
		t.lookLater(c.restingSettings(), to)
		return t.move(event, EntryData{Phase: PhaseReport, Outcome: end.outcome, Message: end.reason, Error: end.err,
			Report: ref, Plan: t.d.Run.Plan, Backup: t.d.Run.Backup, After: t.d.Run.After})
	})
}

// reportPhase ends a run whose work is done.
func (c *session) reportPhase(context.Context) (onward, error) {
	end := c.run().decidedEnding()
	return onward{end: &end}, nil
}

// lagsUntil is when reads are sure to show what the run created and has not
// seen since. The next run reads no sooner, or it would create it again.
func (c *session) lagsUntil(n tally, now time.Time) time.Time {
	var longest time.Duration
	for _, it := range n.items {
		if it.Verb == tenant.Create && !it.Verified && (it.Status == ItemApplied || it.Status == ItemUnknown) {
			longest = max(longest, deploy.Consistency(c.kinds, it.Kind))
		}
	}
	if longest == 0 {
		return time.Time{}
	}
	return now.Add(longest)
}

// storeEndBase stores the base where the ending moved it, with the ids of what
// the run has created: what was not read back is known by its id all the same.
// Without it an object that has no name would be made again by the next run.
func (c *session) storeEndBase(ctx context.Context, end ending, items []ItemResult, now *state.BlobRef) (*state.BlobRef, error) {
	base := end.base
	if end.verified != nil && end.verified.base != nil {
		base = end.verified.base
	}
	moved := base != nil
	if !moved && slices.ContainsFunc(items, ItemResult.created) {
		var err error
		if base, err = c.base(ctx); err != nil && failure.Dispose(ctx, err).How.LeavesRun() {
			return nil, err
		} else if err != nil { // lost: the run can end all the same
			c.log.Error("the next run will not know by its id what this one has created", "error", err)
			return now, nil
		}
		base = cmp.Or(base, new(diff.Base))
	}
	if !bindCreated(base, items) && !moved {
		return now, nil
	}
	raw, err := base.Encode()
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return c.put(ctx, "base", raw)
}

// created reports whether an object was made whose id is known.
func (r ItemResult) created() bool {
	return r.Status == ItemApplied && r.Verb == tenant.Create && r.TenantID != ""
}

// bindCreated adds to the base which object is which of those that the run has
// created, and reports whether it did not know that of all.
func bindCreated(base *diff.Base, items []ItemResult) (added bool) {
	for _, it := range items {
		if !it.created() {
			continue
		}
		bound := &diff.BaseObject{Kind: it.Kind, Key: it.Key, ID: it.TenantID}
		i := slices.IndexFunc(base.Objects, func(o *diff.BaseObject) bool { return o.Kind == it.Kind && o.Key == it.Key })
		switch {
		case i < 0:
			base.Objects = append(base.Objects, bound)
		case base.Objects[i].ID != it.TenantID: // an object that is gone had the key
			base.Objects[i] = bound
		default:
			continue
		}
		added = true
	}
	return added
}

// end puts the ending into the record.
func (t *draft) end(end ending, report *state.BlobRef) {
	r := t.d.Run
	t.resume()
	r.Ended, r.Report = t.now, report
	r.Progress, r.Carried, r.Votes, t.d.Same = Progress{}, nil, nil, nil
	r.Outcome, r.Reason, r.Error, r.Undone = end.outcome, end.reason, end.err, end.undone
	if end.verified != nil {
		r.After = end.verified.after
	}
	switch {
	case end.restored():
	case end.consent:
		if end.outcome != FailedWith {
			t.d.RestsIn = state.Idle
		} else if r.Before != state.PendingAdminConsent { // nothing was synced
			t.d.RestsIn = r.Before
		}
	default:
		t.d.RestsIn = ""
	}
	if end.succeeded() {
		t.d.LastSuccess = t.now
	}
}

// succeeded reports whether the run moves LastSuccess.
func (e ending) succeeded() bool {
	return e.err == nil && !e.consent && !slices.Contains([]Outcome{Cancelled, TimedOut, FailedWith, NothingToRollBack}, e.outcome)
}

// restored reports whether the run leads back to the status before it.
func (e ending) restored() bool { return e.outcome == Cancelled && e.err == nil }

// tally counts what became of a run, from its stored comparison and journal.
func (s *records) tally(ctx context.Context, cur loaded, end ending) (tally, *comparison, error) {
	var n tally
	r := cur.d.Run
	sum, err := s.readComparison(ctx, cur.rec.Tenant, r)
	if err := n.lose(ctx, err); err != nil {
		return n, nil, err
	}
	n.adopted = len(sum.Adopted)
	for _, note := range sum.Notes {
		if note.Class.Failure() {
			n.problems = append(n.problems, note)
		}
		switch {
		case note.Class == plan.Unsupported:
			n.unsupported++
		case note.Class.DeletesOff():
			n.deletesOff++
		}
	}
	for _, k := range sum.Kinds {
		if k.Completeness != tenant.NotInScope {
			n.kinds++
		}
		if k.Scope == tenant.Referenced && sum.Read[k.Kind] > 0 {
			n.namesOnly++
		}
		switch {
		case k.Completeness == tenant.Partial, k.Completeness == tenant.Failed,
			k.Completeness == tenant.Forbidden && len(k.Missing) == 0:
			n.unread = append(n.unread, k)
		case k.Completeness == tenant.Forbidden && !slices.ContainsFunc(cur.d.Missing, func(m MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) }):
			n.unread = append(n.unread, k) // refused although nothing is known to be missing
		}
	}
	if r.Decision == nil || r.Decision.Verdict != Approve {
		return n, sum, nil
	}
	p, err := s.decidedPlan(ctx, cur.rec.Tenant, r, Approve)
	if err := n.lose(ctx, err); err != nil {
		return n, nil, err
	}
	if n.items, err = s.itemResults(ctx, cur, p, end); err != nil {
		return n, nil, err
	}
	if p != nil {
		n.leftOut = len(p.Items) - len(n.items)
	}
	for _, it := range n.items {
		switch it.Status {
		case ItemApplied:
			n.applied++
			if len(it.NotKept) > 0 {
				n.notKept = append(n.notKept, it)
			}
		case ItemUnsupported:
			n.unsupported++
		case ItemUnknown:
			n.open++
			n.unknown++
		default:
			n.open++
		}
	}
	return n, sum, nil
}

// lose notes what is lost; any other error is returned.
func (n *tally) lose(ctx context.Context, err error) error {
	if err == nil || !failure.Dispose(ctx, err).Lost {
		return err
	}
	n.lost = append(n.lost, err)
	return nil
}

// itemResults are the results of all approved items, in the plan's order: an
// item without one was not attempted, and one with an open intent is unknown.
// Without the plan they are those of which the journal knows.
func (s *records) itemResults(ctx context.Context, cur loaded, p *plan.Plan, end ending) ([]ItemResult, error) {
	results := map[string]ItemResult{}
	var begun []string // items, in the order in which they were
	for e, err := range s.journalLines(ctx, cur.rec.Tenant, cur.d.Run.ID) {
		switch {
		case err != nil:
			return nil, err
		case e.Intent != nil:
			if _, again := results[e.Intent.Item]; !again {
				begun = append(begun, e.Intent.Item)
			}
			results[e.Intent.Item] = ItemResult{Verb: e.Intent.Verb, Status: ItemUnknown, Class: ClassUnknown, TenantID: e.Intent.TenantID, Attempts: e.Intent.Attempt,
				Message: "the write was begun, and the run ended before it was found out what became of it: look at the tenant"}
		case e.Result != nil:
			results[e.Result.Item] = *e.Result
		}
	}
	if p == nil {
		p = new(plan.Plan)
		for _, id := range begun {
			kind, key, _ := strings.Cut(id, "/")
			kind, _, _ = strings.Cut(kind, "#") // of a part
			p.Items = append(p.Items, plan.Item{ID: id, Kind: kind, Key: key, Verb: results[id].Verb})
		}
	}
	var out []ItemResult
	for i := range p.Items {
		it := &p.Items[i]
		if !covers(cur.d.Run.Decision.Items, it.ID) {
			continue
		}
		res, ok := results[it.ID]
		if !ok || res.Status == ItemRetry {
			res.Status, res.Class = ItemNotAttempted, Class(end.outcome)
			if res.Message == "" {
				res.Message = end.why()
			}
		}
		res.Item, res.Kind, res.Key, res.Verb, res.Changes = it.ID, it.Kind, it.Key, it.Verb, it.Changes
		if end.verified != nil {
			res.Verified = end.verified.items[it.ID]
			res.notKept(end.verified.unmet[it.ID])
		}
		out = append(out, res)
	}
	return out, nil
}

// logWaitOver says what a run waited for that ends because a person was too
// late.
func (c *session) logWaitOver(end ending) {
	cur := c.now()
	r := cur.d.Run
	if end.stop != stopTimedOut {
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

// endLevel is the level of the line that a run ended: by the status that the
// tenant rests in.
func endLevel(s state.Status) slog.Level {
	switch s {
	case state.NewError:
		return slog.LevelError
	case state.PartiallySuccessful, state.PendingAdminConsent:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
