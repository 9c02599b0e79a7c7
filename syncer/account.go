package syncer

import (
	"context"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/runrecord"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
)

// account says how a run ends, and has the details for its report.
type account struct {
	ending.Result
	// outcome, err and undone are the result's, in the engine's types.
	outcome Outcome
	err     *ErrorInfo
	undone  Undone
	// items are the results of all approved items. approved are the IDs that the
	// decision names; nil for the whole plan.
	items    []ItemResult
	approved []string
	// refused are the items that a revert left alone.
	refused []string
	// after is the snapshot from after the writes.
	after *state.BlobRef
	// confirmed are notes that were made after the writes.
	confirmed []plan.Note
	// sum is the summary that the backup and plan phases stored for the report.
	sum *backup.Summary
	// lost has an error for each stored part of the run that can no longer be read.
	lost []error
}

// conclude sets how the run ends.
func (a *account) conclude(res ending.Result) {
	a.Result, a.outcome, a.err, a.undone = res, Outcome(res.Outcome), concluded(res.Err), Undone(res.Undone)
}

// account counts a run's results by its stored comparison and journal, and decides
// how the run ends. in is the phase in which the end came.
func (s *records) account(ctx context.Context, cur loaded, in Phase, end runEnd) (*account, error) {
	a := &account{refused: end.refused}
	if end.verified != nil {
		a.after, a.confirmed = end.verified.after, end.verified.confirmed
	}
	run, why := endingRun(cur, in), end.toConclude()
	n, err := s.tally(ctx, cur, end, ending.Came(run, why), a)
	if err != nil {
		return nil, err
	}
	a.conclude(ending.Conclude(run, why, n))
	return a, nil
}

// endingRun returns the record's facts about the run that ends.
func endingRun(cur loaded, in Phase) ending.Run {
	r := cur.d.Run
	run := ending.Run{Status: cur.rec.Status, Before: r.Before, Phase: string(in), Mode: string(r.Options.Mode),
		Wrote: r.Wrote, RollsBack: r.Options.DesiredFrom != "", Missing: len(cur.d.Missing)}
	if r.Decision != nil {
		run.Verdict = string(r.Decision.Verdict)
	}
	return run
}

// tally counts a run's results, and puts the details into its account. came is the
// outcome of items that were not attempted.
func (s *records) tally(ctx context.Context, cur loaded, end runEnd, came string, a *account) (n ending.Tally, err error) {
	r := cur.d.Run
	if end.proposed != nil {
		a.sum = end.proposed.Summary
	} else {
		a.sum, err = s.readComparison(ctx, cur.rec.Tenant, r)
	}
	if err := a.lose(ctx, &n, err); err != nil {
		return n, err
	}
	n.Adopted = len(a.sum.Adopted)
	n.Notes(a.sum.Notes)
	for _, k := range a.sum.Kinds {
		missing := slices.ContainsFunc(cur.d.Missing, func(m MissingPermission) bool { return slices.Contains(m.Kinds, k.Kind) })
		n.Kind(k, a.sum.Read[k.Kind], missing)
	}
	if r.Decision == nil || r.Decision.Verdict != Approve {
		return n, nil
	}
	p, err := s.decidedPlan(ctx, cur.rec.Tenant, r, Approve)
	if err := a.lose(ctx, &n, err); err != nil {
		return n, err
	}
	var items []*plan.Item
	if p != nil {
		a.approved, err = r.lists(s, cur.rec.Tenant).Items(ctx, r.Decision.Chosen, r.Decision.Digest)
		if err := a.lose(ctx, &n, notApproved(err)); err != nil {
			return n, err
		}
		if err == nil {
			items = runrecord.Covered(p, a.approved)
		}
	}
	if a.items, err = s.itemResults(ctx, cur, items, end, came); err != nil {
		return n, err
	}
	if items != nil {
		n.LeftOut = len(p.Items) - len(items)
	}
	for _, it := range a.items {
		item := ending.Item{ID: it.Item, Status: string(it.Status), Class: string(it.Class), Message: it.Message, RequestID: it.RequestID, Confirmed: it.Verified}
		if len(it.NotKept) > 0 {
			item.NotKept = it.NotKept[0].String()
		}
		n.Item(item)
	}
	return n, nil
}

// lose notes the error of a lost document, and returns any other error.
func (a *account) lose(ctx context.Context, n *ending.Tally, err error) error {
	if err == nil {
		return nil
	}
	d := failure.Dispose(ctx, err)
	if !d.Lost {
		return err
	}
	a.lost = append(a.lost, err)
	n.Lost = append(n.Lost, ending.Info{Class: d.Class, Message: err.Error()})
	return nil
}

// itemResults returns a result for each approved item, in the plan's order. An item
// without a line in the journal was not attempted. An item whose intent has no
// result is unknown. If the plan or the list of its approved items is lost, items is
// nil, and the journal alone names the items.
func (s *records) itemResults(ctx context.Context, cur loaded, items []*plan.Item, end runEnd, came string) ([]ItemResult, error) {
	results := map[string]ItemResult{}
	var begun []string // ids of items, in the order of their first intents
	for e, err := range s.journalLines(ctx, cur.rec.Tenant, cur.d.Run.ID) {
		switch {
		case err != nil:
			return nil, err
		case e.Intent != nil:
			if _, again := results[e.Intent.Item]; !again {
				begun = append(begun, e.Intent.Item)
			}
			results[e.Intent.Item] = ItemResult{Verb: e.Intent.Verb, Status: ItemUnknown, Class: word.ClassUnknown, TenantID: e.Intent.TenantID, Attempts: e.Intent.Attempt,
				Message: "the write was begun, and the run ended before it was found out what became of it: look at the tenant"}
		case e.Result != nil:
			results[e.Result.Item] = *e.Result
		}
	}
	if items == nil {
		for _, id := range begun {
			kind, key, _ := strings.Cut(id, "/")
			kind, _, _ = strings.Cut(kind, "#") // a part's kind has the part's name after #
			items = append(items, &plan.Item{ID: id, Kind: kind, Key: key, Verb: results[id].Verb})
		}
	}
	var out []ItemResult
	for _, it := range items {
		res, ok := results[it.ID]
		if !ok || res.Status == ItemRetry {
			res.Status, res.Class = ItemNotAttempted, Class(came)
			if res.Message == "" {
				res.Message = end.why()
			}
		}
		res.Item, res.Kind, res.Key, res.Verb, res.Changes = it.ID, it.Kind, it.Key, it.Verb, it.Changes
		if end.verified != nil {
			res.Verified = end.verified.items[it.ID]
			res.NotKept, res.NotKeptMore = notKept(end.verified.unmet[it.ID])
		}
		out = append(out, res)
	}
	return out, nil
}

// accountOfSuperseded returns the account of a waiting run that run by replaces.
func accountOfSuperseded(ctx context.Context, s *records, cur loaded, by string) (*account, error) {
	a := new(account)
	a.conclude(ending.Result{To: cur.d.Run.Before, Outcome: word.Cancelled, Reason: "superseded by run " + by})
	var err error
	a.sum, err = s.readComparison(ctx, cur.rec.Tenant, cur.d.Run)
	return a, a.lose(ctx, new(ending.Tally), err)
}
