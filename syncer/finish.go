package syncer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/deploy"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/tenant"
)

// ending is how a run comes to its end, before the rules say which status that is.
type ending struct {
	outcome Outcome
	reason  string
	err     *ErrorInfo
	// while, if not empty, is the only status in which the run may end this way.
	while state.Status
	// consent: the run ends because permissions are missing.
	consent bool
	// refused are the items that a revert left alone.
	refused []string
	// base is where a revert moved it to.
	base *diff.Base
	// verified is what reading back showed; nil if nothing was.
	verified *verified
}

// tally counts what became of a run.
type tally struct {
	items   []ItemResult
	applied int
	// open are items that were approved and not applied, whatever the reason.
	open int
	// problems are failures of the plan itself: notes of failure classes.
	problems []plan.Note
	// unread are kinds in scope that could not be read, permissions apart.
	unread []string
	// lost is what was stored of the run and cannot be read any more.
	lost []error
	// notKept are the applied items that did not read back as written.
	notKept []ItemResult
}

// finish brings the run to its end: by the rules of how a run ends, with
// report and log stored before the one commit that ends it.
func (c *session) finish(ctx context.Context, end ending) error {
	cur := c.now()
	if cur.rec.Status.Resting() {
		return errInterrupted // it has ended
	}
	if end.while != "" && cur.rec.Status != end.while {
		return errInterrupted // a person was faster
	}
	in := c.phase()
	if in != PhaseReport {
		if err := c.note(ctx, PhaseReport); err != nil {
			return err
		}
	}
	c.began(PhaseReport)
	return c.s.telemetry.phase(ctx, c.tenant, cur.runID(), PhaseReport, func(ctx context.Context) error { return c.report(ctx, in, end) })
}

// report stores how the run ended. in is the phase that it ended in.
func (c *session) report(ctx context.Context, in Phase, end ending) error {
	cur := c.now()
	detached, stop := c.detach(ctx)
	defer stop()
	count, sum, err := c.s.tally(detached, cur, end)
	if err != nil {
		return err
	}
	for _, lost := range count.lost {
		c.log.Error("the report is not whole", "error", lost)
	}
	event, to, end := conclude(cur.rec.Status, cur.d, in, end, count)
	c.log.Info("run ended", "outcome", end.outcome, "status", to.Label(), "reason", end.reason)
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
			return errInterrupted
		}
		t.logEntry(lines)
		t.d.Base, t.d.LagsUntil = base, c.lagsUntil(count, t.now)
		t.end(c.s.cfg, end, ref)
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
		if base, err = c.base(ctx); isStoreError(err) || isNewer(err) {
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
func (t *draft) end(cfg Config, end ending, report *state.BlobRef) {
	r := t.d.Run
	t.resume()
	r.Ended, r.Report = t.now, report
	r.Progress, r.Carried, r.Votes, t.d.Same = Progress{}, nil, nil, nil
	r.Outcome, r.Reason, r.Error = end.outcome, end.reason, end.err
	if end.verified != nil {
		r.After = end.verified.after
	}
	t.rec.WakeAt = time.Time{}
	switch {
	case end.restored():
		if r.Before == state.PendingAdminConsent {
			t.wakeForRecheck(cfg)
		}
	case end.consent:
		if end.outcome != FailedWith {
			t.d.RestsIn = state.Idle
		} else if r.Before != state.PendingAdminConsent { // nothing was synced
			t.d.RestsIn = r.Before
		}
		t.wakeForRecheck(cfg)
	default:
		t.d.RestsIn = ""
	}
	if end.err == nil && !end.consent && end.outcome != Cancelled && end.outcome != TimedOut && end.outcome != FailedWith {
		t.d.LastSuccess = t.now
	}
}

// wakeForRecheck makes a tenant that lacks permissions due for the next look.
func (t *draft) wakeForRecheck(cfg Config) {
	if cfg.RecheckInterval > 0 {
		t.wakeIn = cfg.RecheckInterval
	}
}

// restored reports whether the run leads back to the status before it.
func (e ending) restored() bool { return e.outcome == Cancelled && e.err == nil }

// conclude applies the rules of how a run ends:
//
//   - cancelled before it wrote: the status from before;
//   - what was stored of the run is lost: Partially successful if anything was
//     applied, else New error;
//   - some approved changes applied and some not, for whatever reason:
//     Partially successful; nothing applied and any failed: New error;
//   - everything applied and the tenant has something otherwise than written:
//     Partially successful; what could not be read back does not count;
//   - everything applied and some kind could not be read: Partially successful;
//   - else a missing permission: Pending admin consent;
//   - else Idle.
//
// What the table does not allow from the present status becomes the nearest
// that it does: a run can always end.
func conclude(from state.Status, d *data, in Phase, end ending, n tally) (state.Event, state.Status, ending) {
	event, ruled := rule(d, in, end, n)
	to, err := state.Next(from, event)
	if err != nil {
		event, ruled = allowed(from, end, n)
		to, _ = state.Next(from, event) // legal in every active status
	}
	return event, to, ruled
}

// allowed is the ending of a run that cannot end as the rules say. That is one
// that waits for a sign-in with all its changes applied: nobody could read
// them back. Any other ends as an error.
func allowed(from state.Status, end ending, n tally) (state.Event, ending) {
	if _, err := state.Next(from, state.SucceedPartially); err == nil && n.applied > 0 {
		info := &ErrorInfo{Class: "unverified", Phase: PhaseVerify,
			Message: fmt.Sprintf("%d of %d changes applied, and not confirmed by reading back: %s", n.applied, n.applied+n.open, end.why())}
		return state.SucceedPartially, ending{outcome: Deployed, reason: info.Class, err: info, verified: end.verified}
	}
	info := &ErrorInfo{Class: "internal", Phase: PhaseReport, Message: fmt.Sprintf("the run could not end as %s while %s", end.outcome, from.Label())}
	if end.consent {
		info.Class, info.Message = string(auth.ConsentNeeded), "permissions are missing"
	}
	failed := ending{outcome: FailedWith, reason: end.reason, err: end.err, refused: end.refused, base: end.base, verified: end.verified}.withError(info)
	if failed.reason == "" {
		failed.reason = failed.err.Class
	}
	return state.Fail, failed
}

// rule finds the ending by the rules, whatever the status.
func rule(d *data, in Phase, end ending, n tally) (state.Event, ending) {
	r := d.Run
	fatal := end.outcome == FailedWith || end.outcome == TimedOut || end.outcome == Cancelled
	switch {
	case end.outcome == Cancelled && !r.Wrote:
		ev, _ := state.RestoreTo(r.Before)
		return ev, end
	case end.consent:
		return state.RequireConsent, end
	case len(n.lost) > 0 && n.applied > 0:
		return state.SucceedPartially, end.withError(lostParts(n))
	case len(n.lost) > 0 && !fatal:
		return state.Fail, ending{outcome: FailedWith, reason: classStorage, err: lostParts(n), refused: end.refused, base: end.base, verified: end.verified}
	case fatal && n.applied > 0 && n.open > 0:
		return state.SucceedPartially, end.withError(partlyApplied(n, end.reason))
	case fatal && n.applied > 0: // the work was done before the end came
		end.outcome, end.reason, end.err = Deployed, "", nil
	case fatal:
		ev := state.Fail
		if end.outcome == TimedOut {
			ev = state.TimeOut
		}
		return ev, end.withError(&ErrorInfo{Class: string(end.outcome), Phase: in, Message: end.reason})
	case n.applied == 0 && n.open+len(n.problems) > 0 && (end.outcome == Deployed || end.outcome == NoChanges || end.outcome == Adopted):
		failed := nothingApplied(n)
		return state.Fail, ending{outcome: FailedWith, reason: failed.Class, verified: end.verified}.withError(failed)
	}
	switch {
	case n.open > 0 || len(n.problems) > 0 && end.outcome != Previewed && end.outcome != BackedUp:
		return state.SucceedPartially, end.withError(partlyApplied(n, end.reason))
	case len(n.notKept) > 0:
		return state.SucceedPartially, end.withError(notKept(n))
	case len(end.refused) > 0:
		return state.SucceedPartially, end.withError(&ErrorInfo{Class: "edited", Phase: PhaseRevert, Message: refusedMessage(end.refused)})
	case len(n.unread) > 0:
		return state.SucceedPartially, end.withError(&ErrorInfo{Class: "unread", Phase: PhaseBackup,
			Message: "not completely read: " + joinActors(n.unread)})
	case len(d.Missing) > 0:
		end.consent = true
		return state.RequireConsent, end
	}
	return state.Succeed, end
}

// why says for people why the run has ended.
func (e ending) why() string {
	if e.err != nil {
		return e.err.Message
	}
	return e.reason
}

// withError keeps the first error that was found.
func (e ending) withError(info *ErrorInfo) ending {
	if e.err == nil {
		e.err = info
	}
	return e
}

func partlyApplied(n tally, reason string) *ErrorInfo {
	info := &ErrorInfo{Class: "partial", Phase: PhaseDeploy}
	info.Message = fmt.Sprintf("%d of %d changes applied", n.applied, n.applied+n.open)
	if reason != "" {
		info.Message += ": " + reason
	}
	n.explain(info)
	return info
}

// notKept says how many changes the service has not kept, and names the first.
func notKept(n tally) *ErrorInfo {
	first := n.notKept[0]
	info := &ErrorInfo{Class: "not_kept", Phase: PhaseVerify, RequestID: first.RequestID}
	info.Message = fmt.Sprintf("%d of %d changes written and not kept by the service; first: %s: %s", len(n.notKept), n.applied, first.Item, first.NotKept[0])
	return info
}

func lostParts(n tally) *ErrorInfo {
	return &ErrorInfo{Class: classify(n.lost[0]), Phase: PhaseReport, Message: errors.Join(n.lost...).Error()}
}

func nothingApplied(n tally) *ErrorInfo {
	info := &ErrorInfo{Class: "items", Phase: PhaseDeploy, Message: fmt.Sprintf("none of %d changes applied", n.open)}
	if n.open == 0 {
		info.Phase, info.Message = PhasePlan, "no change was applied"
	}
	if first := n.explain(info); first != "" {
		info.Class = first
	}
	return info
}

// explain adds to a message how much could not be planned, and the first of
// what went wrong, whose class it returns.
func (n tally) explain(info *ErrorInfo) (class string) {
	if len(n.problems) > 0 {
		info.Message += fmt.Sprintf(", %d could not be planned", len(n.problems))
	}
	for _, it := range n.items {
		if it.Status != ItemApplied && it.Status != ItemUnsupported && it.Status != ItemSkipped && it.Status != ItemNotAttempted {
			info.RequestID = it.RequestID
			info.Message += fmt.Sprintf("; first failure: %s: %s", it.Item, it.Message)
			return it.Class
		}
	}
	if len(n.problems) > 0 {
		note := n.problems[0]
		info.Message += fmt.Sprintf("; first failure: %s: %s", subject(note), note.Message)
		return string(note.Class)
	}
	return ""
}

// tally counts what became of a run, from its stored comparison and journal.
func (s *Syncer) tally(ctx context.Context, cur loaded, end ending) (tally, *comparison, error) {
	var n tally
	r := cur.d.Run
	sum, err := s.readComparison(ctx, cur.rec.Tenant, r)
	if err := n.lose(err); err != nil {
		return n, nil, err
	}
	for _, note := range sum.Notes {
		if note.Class.Failure() {
			n.problems = append(n.problems, note)
		}
	}
	for _, k := range sum.Kinds {
		switch {
		case k.Completeness == tenant.Partial, k.Completeness == tenant.Failed,
			k.Completeness == tenant.Forbidden && len(k.Missing) == 0:
			n.unread = append(n.unread, k.Kind)
		case k.Completeness == tenant.Forbidden && !slices.ContainsFunc(cur.d.Missing, func(m MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) }):
			n.unread = append(n.unread, k.Kind) // refused although nothing is known to be missing
		}
	}
	if r.Decision == nil || r.Decision.Verdict != Approve {
		return n, sum, nil
	}
	p, err := s.decidedPlan(ctx, cur.rec.Tenant, r, Approve)
	if err := n.lose(err); err != nil {
		return n, nil, err
	}
	if n.items, err = s.itemResults(ctx, cur, p, end); err != nil {
		return n, nil, err
	}
	for _, it := range n.items {
		switch it.Status {
		case ItemApplied:
			n.applied++
			if len(it.NotKept) > 0 {
				n.notKept = append(n.notKept, it)
			}
		case ItemUnsupported:
		default:
			n.open++
		}
	}
	return n, sum, nil
}

// lose notes what is lost; any other error is returned.
func (n *tally) lose(err error) error {
	if err == nil || !isLost(err) {
		return err
	}
	n.lost = append(n.lost, err)
	return nil
}

// itemResults are the results of all approved items, in the plan's order: an
// item without one was not attempted, and one with an open intent is unknown.
// Without the plan they are those of which the journal knows.
func (s *Syncer) itemResults(ctx context.Context, cur loaded, p *plan.Plan, end ending) ([]ItemResult, error) {
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
			results[e.Intent.Item] = ItemResult{Verb: e.Intent.Verb, Status: ItemUnknown, Class: string(ItemUnknown), TenantID: e.Intent.TenantID, Attempts: e.Intent.Attempt,
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
			res.Status, res.Class = ItemNotAttempted, string(end.outcome)
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
