package oracle

import (
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Run holds the facts of the history about one run.
type Run struct {
	ID, Actor string
	Mode      syncer.Mode
	// Before is the status in which the run began.
	Before  state.Status
	Started time.Time
	SignIns int

	// Planned reports whether the run has made a plan.
	Planned bool
	// Plan is nil until the oracle can read it, from the record or from the
	// entry that ends the run.
	Plan   *plan.Plan
	Digest string
	// Deadline is the deadline of the approval.
	Deadline time.Time
	// Same lists the superseded runs that proposed the same plan.
	Same  []string
	Votes []Vote
	// Verdict is empty before the decision. Items lists the approved items; nil
	// means all.
	Verdict syncer.Verdict
	Items   []string
	Decided time.Time

	Cancelled bool
	// Ended is zero until the run ends.
	Ended   time.Time
	To      state.Status
	Outcome syncer.Outcome
	// Report is nil until the run ends, and also if the report cannot be read.
	Report *syncer.Report
	// Writes lists the writes that took effect.
	Writes []Write

	superseded *Run // the pending run that this one replaced
	waited     time.Duration
	waits      time.Time // start of the present wait

	// By item.
	begun   map[string]int
	open    map[string]syncer.Intent
	results map[string]syncer.ItemResult // final ones
	effects map[string]int
	created map[string]string // ids of objects
	unknown map[string]bool   // in the report
	adopted map[string]bool

	commits int
	updates bool // its writes to the repository were fed
}

// Vote is an approval.
type Vote struct {
	Actor string
	Items []string
}

func newRun(id string) *Run {
	return &Run{ID: id, begun: map[string]int{}, open: map[string]syncer.Intent{}, results: map[string]syncer.ItemResult{},
		effects: map[string]int{}, created: map[string]string{}, unknown: map[string]bool{}, adopted: map[string]bool{}}
}

// Wrote reports whether the run may have sent a write.
func (r *Run) Wrote() bool { return len(r.begun) > 0 }

// Ending names how the run ended.
func (r *Run) Ending() string { return string(r.To) + "/" + string(r.Outcome) }

// covers reports whether the approval includes the item.
func (r *Run) covers(item string) bool { return r.Items == nil || slices.Contains(r.Items, item) }

// clock adds up the time that the run waits.
func (r *Run) clock(now time.Time, waiting bool) {
	switch {
	case waiting && r.waits.IsZero():
		r.waits = now
	case !waiting && !r.waits.IsZero():
		r.waited, r.waits = r.waited+now.Sub(r.waits), time.Time{}
	}
}

// Agreeing counts the approvals of exactly these items.
func (r *Run) Agreeing(items []string) int {
	n, want := 0, slices.Sorted(slices.Values(items))
	for _, v := range r.Votes {
		if slices.Equal(slices.Sorted(slices.Values(v.Items)), want) {
			n++
		}
	}
	return n
}

// Worked returns the time that the run has worked until now, without its waits.
func (r *Run) Worked(now time.Time) time.Duration {
	d := now.Sub(r.Started) - r.waited
	if !r.waits.IsZero() {
		d -= now.Sub(r.waits)
	}
	return d
}
