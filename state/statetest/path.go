package statetest

import (
	"slices"

	"github.com/tenantsync/tenantsync/state"
)

// Path returns the fewest events that lead from one status to another, for
// tests that need a tenant in that status: the Events of a
// [state.CommitRequest]. It is nil if the statuses are equal. Path panics for
// an unknown status, because each status leads to each other.
func Path(from, to state.Status) []state.Event {
	paths := map[state.Status][]state.Event{from: nil}
	for queue := []state.Status{from}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if at == to {
			return paths[at]
		}
		for _, t := range state.Transitions() {
			if _, seen := paths[t.To]; t.From == at && !seen {
				paths[t.To] = append(slices.Clone(paths[at]), t.Event)
				queue = append(queue, t.To)
			}
		}
	}
	panic("statetest: no events lead from " + string(from) + " to " + string(to))
}
