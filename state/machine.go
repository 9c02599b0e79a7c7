package state

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/looplab/fsm"
)

// TransitionError says that an event is not legal in a status. The status did
// not change.
type TransitionError struct {
	Event Event
	From  Status
}

// Error names the event, the status, and the events that are legal in it.
func (e *TransitionError) Error() string {
	var legal []string
	for _, ev := range EventsFrom(e.From) {
		legal = append(legal, string(ev))
	}
	return fmt.Sprintf("state: event %s is not legal in status %s (%s); legal there: %s",
		e.Event, string(e.From), e.From.Label(), strings.Join(legal, ", "))
}

// EventsFrom returns the events that are legal in a status, in the order of
// the table. The caller owns the slice.
func EventsFrom(s Status) []Event {
	var legal []Event
	for _, t := range table {
		if t.From == s {
			legal = append(legal, t.Event)
		}
	}
	return legal
}

// Valid reports whether ev is one of the events.
func (ev Event) Valid() bool {
	return slices.ContainsFunc(table, func(t Transition) bool { return t.Event == ev })
}

// Next returns the status to which an event moves a tenant. When the event is
// not legal in the status, the error is a [*TransitionError]; a status or an
// event that does not exist is ErrInvalid. Next is safe for concurrent use.
func Next(from Status, ev Event) (Status, error) { return next(&machines, from, ev) }

// machines are idle machines. Building a machine costs twelve times as much as
// setting an idle one to another status.
var machines = sync.Pool{New: func() any { return newMachine(table) }}

// pool has the methods of sync.Pool that next uses.
type pool interface {
	Get() any
	Put(any)
}

// newMachine returns a machine without callbacks: with callbacks, Event may
// return an error although the status has changed, and looplab/fsm ignores a
// misspelt name. The caller acts on a move, in one commit.
func newMachine(rows []Transition) *fsm.FSM {
	events := make([]fsm.EventDesc, len(rows))
	for i, t := range rows {
		events[i] = fsm.EventDesc{Name: string(t.Event), Src: []string{string(t.From)}, Dst: string(t.To)}
	}
	return fsm.NewFSM(string(NotRun), events, nil)
}

func next(p pool, from Status, ev Event) (Status, error) {
	// SetState takes any text, so the status is checked before.
	if !from.Valid() {
		return "", fmt.Errorf("%w: %q is not a status", ErrInvalid, string(from))
	}
	m := p.Get().(*fsm.FSM)
	m.SetState(string(from))
	// A context that ends between the start and the end of a move would leave the
	// machine wedged forever; this one never ends.
	err := m.Event(context.Background(), string(ev))
	if err == nil {
		to := Status(m.Current())
		p.Put(m)
		return to, nil
	}
	// looplab/fsm returns these two errors before it changes the machine, so the
	// machine can be used again. After any other error it is thrown away.
	switch err.(type) {
	case fsm.InvalidEventError:
		p.Put(m)
		return "", &TransitionError{Event: ev, From: from}
	case fsm.UnknownEventError:
		p.Put(m)
		return "", fmt.Errorf("%w: %q is not an event", ErrInvalid, string(ev))
	default:
		return "", fmt.Errorf("state: event %s in status %s: %w", ev, string(from), err)
	}
}
