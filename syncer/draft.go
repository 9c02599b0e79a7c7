package syncer

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/bounds"
	"github.com/tenantsync/tenantsync/state"
)

// draft is a record under change: what the next commit will store. Changes are
// functions of a draft, so that they can be made again on a newer record after
// a conflict.
type draft struct {
	rec state.Record
	d   *data
	now time.Time // the store's

	moves          []state.Event
	runs           []state.Run
	entries        []state.Entry
	events         []Event
	wakeIn         time.Duration
	deadlineIn     time.Duration
	beforeDeadline bool
	// refused is why the change cannot be made.
	refused error
}

// errNoChange is returned by a change that has nothing to commit.
var errNoChange = errors.New("nothing to change")

// run returns the id of the draft's run.
func (t *draft) run() string {
	if t.d.Run == nil {
		return ""
	}
	return t.d.Run.ID
}

// entry appends a line of history.
func (t *draft) entry(typ EntryType, d EntryData) {
	t.entries = append(t.entries, newEntry(t.run(), typ, d))
}

// event is told to the observer once the commit is made.
func (t *draft) event(e Event) {
	e = bounds.Of(e)
	e.RunRef = RunRef{Tenant: t.rec.Tenant, Run: t.run()}
	t.events = append(t.events, e)
}

// move asks the store for an event of the state machine. An illegal one is
// refused here already, so that the status of the draft is what the store will
// answer.
func (t *draft) move(ev state.Event, d EntryData) error {
	from := t.rec.Status
	to, err := state.Next(from, ev)
	if err != nil {
		return fmt.Errorf("syncer: %s: %w", t.rec.Tenant, err)
	}
	t.moves = append(t.moves, ev)
	t.rec.Status = to
	t.rec.Deadline = time.Time{}
	if t.d.Run != nil {
		t.d.Run.Prompt = nil // the user code is kept only while it is shown
		t.d.Run.Attempt = 0
	}
	d.Event, d.From, d.To = ev, from, to
	t.entry(EntryMove, d)
	t.event(Event{Type: StatusChanged, From: from, To: to, Cause: ev, Outcome: d.Outcome, Reason: d.Message, Error: d.Error})
	if from.Resting() && to.Resting() || t.d.Run == nil {
		return nil // a look at the permissions, not the run, moved the tenant
	}
	return t.listRun()
}

// due makes the tenant due at once, so that another worker takes it up as soon
// as nobody holds its lease.
func (t *draft) due() { t.rec.WakeAt = t.now }

// await begins to wait for a person: the run's own clock stops.
func (t *draft) await() { t.d.Run.WaitingSince = t.now }

// resume ends a wait: what was waited is added to the run's time.
func (t *draft) resume() {
	r := t.d.Run
	if !r.WaitingSince.IsZero() {
		r.WorkUntil = r.WorkUntil.Add(max(0, t.now.Sub(r.WaitingSince)))
		r.WaitingSince = time.Time{}
	}
	if len(t.d.Paused) > 0 {
		t.await()
	}
}
