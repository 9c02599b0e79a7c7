package syncertest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Recorder is an observer that keeps all events. The zero Recorder is ready to use. It
// is safe for concurrent use.
type Recorder struct {
	mu     sync.Mutex
	events []syncer.Event
}

// Observe keeps an event.
func (r *Recorder) Observe(_ context.Context, e syncer.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

// All returns all events so far; the caller owns the slice.
func (r *Recorder) All() []syncer.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Take returns the events since it was last called.
func (r *Recorder) Take() []syncer.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.events
	r.events = nil
	return out
}

// Statuses returns the statuses that a tenant has shown, in order, beginning
// with the one before the first change.
func (r *Recorder) Statuses(tenantName string) []state.Status {
	var out []state.Status
	for _, e := range r.All() {
		if e.Tenant != tenantName || e.Type != syncer.StatusChanged {
			continue
		}
		if len(out) == 0 {
			out = append(out, e.From)
		}
		out = append(out, e.To)
	}
	return out
}

// Line is a status change as one line for people: "contoso: Not run → Starting".
func Line(e syncer.Event) string {
	return fmt.Sprintf("%s: %s → %s", e.Tenant, e.From.Label(), e.To.Label())
}
