package crashtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Totals is what an audit has counted.
type Totals struct {
	Tenants int
	// Syncs are the runs that have ended.
	Syncs int
	// Items are the approved changes; Writes is what took effect in tenants.
	Items, Writes int
	// Ends counts the runs by how they ended.
	Ends map[string]int

	// Twice are the writes that took effect and should not have, since they
	// already had.
	Twice int
	// Lost are the approved changes that a tenant does not have, and the
	// differences between what a tenant and its repository hold and what they
	// should.
	Lost int
	// Wrong are statuses: moves that the table does not have, records that
	// disagree with their history, and what people saw that was never so.
	Wrong int
	// Untrue are reports that say otherwise than what the tenant has carried
	// out, and writes that were not approved or not journalled before.
	Untrue int
	// Overlapping are pairs of writes of two workers to one tenant at a time.
	Overlapping int
	// Unknown are changes of which the report says that nobody knows.
	Unknown int
	// Problems describes the first of them.
	Problems []string
}

// Bad is how many of the things there are of which there must be none.
func (t *Totals) Bad() int { return t.Twice + t.Lost + t.Wrong + t.Untrue + t.Overlapping + t.Unknown }

// String is the report's line.
func (t *Totals) String() string {
	var ends []string
	for _, end := range slices.Sorted(maps.Keys(t.Ends)) {
		ends = append(ends, fmt.Sprintf("%s %d", end, t.Ends[end]))
	}
	return fmt.Sprintf("%d tenants, %d syncs finished (%s), %d changes approved, %d written; applied twice %d, lost %d, wrong statuses %d, untrue reports %d, unknown %d, overlapping writes %d",
		t.Tenants, t.Syncs, strings.Join(ends, ", "), t.Items, t.Writes, t.Twice, t.Lost, t.Wrong, t.Untrue, t.Unknown, t.Overlapping)
}

func newTotals() *Totals { return &Totals{Ends: map[string]int{}} }

// Audit holds what the runs of some tenants have left behind against what must
// be true. Nothing may be under way any more.
func (f *Fleet) Audit(ctx context.Context, tenants ...string) (*Totals, error) {
	totals := newTotals()
	for _, name := range tenants {
		a := &audit{fleet: f, name: name, totals: totals}
		if err := a.run(ctx, nil); err != nil {
			return totals, fmt.Errorf("audit %s: %w", name, err)
		}
	}
	return totals, nil
}

// maxProblems is how many problems are described.
const maxProblems = 20

// audit looks at one tenant.
type audit struct {
	fleet  *Fleet
	name   string
	totals *Totals
	// moves are the statuses by the version that they began with.
	moves []moved
	runs  map[string]*audited
	order []string
}

type moved struct {
	version int64
	to      state.Status
	outcome syncer.Outcome
	run     string
}

// audited is what the history says of one run.
type audited struct {
	ends, reports int
	approved      bool
	begun         map[string]bool // items with an intent
	open          map[string]bool // those without a result after it
	end           moved
}

func (a *audit) problem(count *int, format string, args ...any) {
	*count++
	if len(a.totals.Problems) < maxProblems {
		a.totals.Problems = append(a.totals.Problems, a.name+": "+fmt.Sprintf(format, args...))
	}
}

func (a *audit) run(ctx context.Context, seen map[int64]state.Status) error {
	a.totals.Tenants++
	if err := a.readHistory(ctx); err != nil {
		return err
	}
	row, err := a.fleet.Front.Status(ctx, a.name)
	if err != nil {
		return err
	}
	a.checkRecord(row)
	for version, status := range seen {
		if was := a.statusAt(version); was != status {
			a.problem(&a.totals.Wrong, "people saw %s at version %d, when it was %s", status, version, was)
		}
	}
	for _, id := range a.order {
		if err := a.checkRun(ctx, id); err != nil {
			return err
		}
	}
	a.checkWrites()
	return nil
}

// readHistory follows the moves and the journals.
func (a *audit) readHistory(ctx context.Context) error {
	a.runs = map[string]*audited{}
	status, version, n := state.NotRun, int64(0), 0
	req := syncer.HistoryRequest{Tenant: a.name, Limit: 1000}
	for {
		listed, err := a.fleet.Front.History(ctx, req)
		entries, next := listed.Items, listed.Next
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Version < version || e.Version == version && e.N <= n && version > 0 {
				a.problem(&a.totals.Wrong, "history: entry %d/%d comes after %d/%d", e.Version, e.N, version, n)
			}
			version, n = e.Version, e.N
			if e.Type == syncer.EntryMove {
				if e.From != status {
					a.problem(&a.totals.Wrong, "history: a move from %s while in %s", e.From, status)
				}
				if to, err := state.Next(e.From, e.Event); err != nil || to != e.To {
					a.problem(&a.totals.Wrong, "history: the move %s from %s to %s is not in the table (%v)", e.Event, e.From, e.To, err)
				}
				status = e.To
				a.moves = append(a.moves, moved{version: e.Version, to: e.To, outcome: e.Outcome, run: e.Run})
			}
			a.entry(e)
		}
		if req.Cursor = next; next == "" {
			return nil
		}
	}
}

// entry takes an entry into a run's account.
func (a *audit) entry(e syncer.Entry) {
	if e.Run == "" {
		return
	}
	r := a.runs[e.Run]
	if r == nil {
		r = &audited{begun: map[string]bool{}, open: map[string]bool{}}
		a.runs[e.Run] = r
		a.order = append(a.order, e.Run)
	}
	switch {
	case e.Type == syncer.EntryMove:
		r.approved = r.approved || e.Event == state.Approve
		if e.From.Active() && e.To.Resting() {
			r.ends++
			r.end = a.moves[len(a.moves)-1]
		}
		if e.Report != nil {
			r.reports++
		}
	case e.Intent != nil:
		if !r.approved {
			a.problem(&a.totals.Untrue, "run %s: %s was begun before anybody approved", e.Run, e.Intent.Item)
		}
		if r.open[e.Intent.Item] {
			a.problem(&a.totals.Untrue, "run %s: %s was begun again before it was known what became of it", e.Run, e.Intent.Item)
		}
		r.begun[e.Intent.Item], r.open[e.Intent.Item] = true, true
	case e.Result != nil:
		delete(r.open, e.Result.Item)
	}
}

// statusAt is the status that the history has at a version.
func (a *audit) statusAt(version int64) state.Status {
	status := state.NotRun
	for _, m := range a.moves {
		if m.version <= version {
			status = m.to
		}
	}
	return status
}

func (a *audit) checkRecord(row syncer.Row) {
	if len(a.moves) == 0 {
		a.problem(&a.totals.Wrong, "it has no history, and is %s", row.Status)
		return
	}
	last := a.moves[len(a.moves)-1]
	if outcome := a.runs[last.run].end.outcome; row.Status != last.to || row.Outcome != outcome || row.Run != last.run || row.Version < last.version {
		a.problem(&a.totals.Wrong, "the record is %s (%s) of run %s at version %d, and the history ends in %s (%s) of run %s at version %d",
			row.Status, row.Outcome, row.Run, row.Version, last.to, outcome, last.run, last.version)
	}
	if !row.Status.Resting() {
		a.problem(&a.totals.Wrong, "it is still %s (%s)", row.Status, row.Phase)
	}
}

// checkRun holds a run's report against its history and the tenant.
func (a *audit) checkRun(ctx context.Context, id string) error {
	r := a.runs[id]
	if r.ends != 1 || r.reports != 1 || len(r.open) > 0 {
		a.problem(&a.totals.Wrong, "run %s has %d ends, %d reports and %d writes of which nobody knows", id, r.ends, r.reports, len(r.open))
		return nil
	}
	a.totals.Syncs++
	a.totals.Ends[fmt.Sprintf("%s/%s", r.end.to, r.end.outcome)]++
	rep, err := a.fleet.Front.Report(ctx, syncer.RunRef{Tenant: a.name, Run: id})
	if err != nil {
		return err
	}
	if rep.Run != id || rep.Status != r.end.to || rep.Outcome != r.end.outcome {
		a.problem(&a.totals.Untrue, "run %s: the report says %s (%s) of run %s, the history %s (%s)", id, rep.Status, rep.Outcome, rep.Run, r.end.to, r.end.outcome)
	}
	written := map[string]int{}
	for _, w := range a.fleet.World.Tenant(a.name).Writes() {
		if item, ok := strings.CutPrefix(w.IdempotencyKey, id+"/"); ok {
			written[item]++
			if !r.begun[item] {
				a.problem(&a.totals.Untrue, "run %s: %s was written without an intent", id, item)
			}
		}
	}
	for _, it := range rep.Items {
		a.totals.Items++
		switch {
		case it.Status == syncer.ItemUnknown:
			a.problem(&a.totals.Unknown, "run %s: %s is unknown: %s", id, it.Item, it.Message)
		case it.Status == syncer.ItemApplied && written[it.Item] == 0:
			a.problem(&a.totals.Lost, "run %s: %s is reported as applied, and the tenant has no such write", id, it.Item)
		case it.Status != syncer.ItemApplied && written[it.Item] > 0:
			a.problem(&a.totals.Untrue, "run %s: %s is reported as %s (%s), and the tenant has carried it out", id, it.Item, it.Status, it.Message)
		}
		delete(written, it.Item)
	}
	for item := range written {
		a.problem(&a.totals.Untrue, "run %s: %s was written and is not in the report", id, item)
	}
	return nil
}

// checkWrites looks at what only the tenant can tell.
func (a *audit) checkWrites() {
	f := a.fleet.World.Tenant(a.name)
	a.totals.Writes += len(f.Writes())
	for _, w := range f.Repeated() {
		a.problem(&a.totals.Twice, "%s %s %q was applied twice (%s, by %s)", w.Verb, w.Kind, w.NaturalKey, w.IdempotencyKey, w.Worker)
	}
	for _, o := range f.Overlapping() {
		a.problem(&a.totals.Overlapping, "%s by %s and %s by %s overlap", o.First.IdempotencyKey, o.FirstWorker, o.Second.IdempotencyKey, o.SecondWorker)
	}
	for _, w := range f.Writes() {
		run, _, _ := strings.Cut(w.IdempotencyKey, "/")
		if a.runs[run] == nil {
			a.problem(&a.totals.Untrue, "%s was written by no run", w.IdempotencyKey)
		}
	}
}
