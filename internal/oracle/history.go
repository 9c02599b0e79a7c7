package oracle

import (
	"time"

	"github.com/tenantsync/tenantsync/state"
)

// history holds the facts of a tenant's commits, up to the last commit that was
// fed. It judges nothing.
type history struct {
	version int64
	status  state.Status
	moves   []moved
	until   time.Time    // the deadline, while the tenant waits for a person
	restsIn state.Status // the status once all permissions are granted
	paused  map[string]bool

	run     *Run // the current run, or the last one
	carried *Run // superseded just now, while it waited for a decision
	runs    map[string]*Run
	order   []*Run
	refs    []state.BlobRef
}

// moved is a status, and the version that it began with.
type moved struct {
	version int64
	status  state.Status
}

// newHistory returns the history of a tenant without commits.
func newHistory() *history {
	h := &history{}
	h.remove()
	return h
}

// remove forgets the tenant's runs: a removed tenant begins anew.
func (h *history) remove() {
	*h = history{version: h.version, status: state.NotRun, moves: h.moves, paused: map[string]bool{}, runs: map[string]*Run{}}
}

// move sets the status after the last commit.
func (h *history) move(to state.Status) {
	h.status = to
	h.moves = append(h.moves, moved{h.version, to})
}

// at returns the tenant's status at a version.
func (h *history) at(version int64) state.Status {
	status := state.NotRun
	for _, m := range h.moves {
		if m.version <= version {
			status = m.status
		}
	}
	return status
}

// begin makes a run the current one.
func (h *history) begin(r *Run) {
	r.Before = h.status
	r.superseded, h.carried = h.carried, nil
	h.run, h.runs[r.ID] = r, r
	h.order = append(h.order, r)
}

// forget drops the oldest run if there are more than keep, and reports whether
// it did. It keeps the names of runs.
func (h *history) forget(keep int) bool {
	if keep == 0 || len(h.order) <= keep {
		return false
	}
	old := h.order[0]
	h.runs[old.ID] = &Run{ID: old.ID, Ended: old.Ended, unknown: old.unknown, effects: map[string]int{}, created: map[string]string{}}
	h.order = h.order[1:]
	h.refs, h.moves = nil, h.moves[max(0, len(h.moves)-100):]
	return true
}

// waiting reports whether the run's own clock stands still.
func (h *history) waiting() bool {
	return h.status == state.PendingAuthentication || h.status == state.PendingApproval || h.status.Active() && len(h.paused) > 0
}
