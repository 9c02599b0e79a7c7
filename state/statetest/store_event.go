package statetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

var eventCases = []kitCase{
	{
		"event/every legal move",
		"A commit with an event that is legal in the stored status moves the tenant; the Status of the request does not count.",
		func(k *kit) {
			for i, move := range state.Transitions() {
				r := createIn(k, fmt.Sprint("tenant-", i), move.From)
				r.Status = move.From
				got := k.commit(state.CommitRequest{Record: r, Events: []state.Event{move.Event}})
				if loaded := k.load(r.Tenant).Status; got.Status != move.To || loaded != move.To {
					k.errorf("%s in %s: Commit returned %q and stored %q, want %q", move.Event, move.From, got.Status, loaded, move.To)
				}
			}
		},
	},
	{
		"event/every illegal move",
		"A commit with an event that is illegal in the stored status returns a TransitionError that names both, and writes nothing, whatever status the request names.",
		func(k *kit) {
			for _, from := range state.Statuses() {
				r := createIn(k, "in "+string(from), from)
				for _, ev := range illegalIn(from) {
					wantIllegal(k, r, ev, from, ev)
				}
				k.wantUnchanged("after the illegal events", r, 0)
			}
		},
	},
	{
		"event/illegal for a new tenant",
		"A tenant without a record is in the status NotRun.",
		func(k *kit) {
			wantIllegal(k, newRecord("contoso"), state.Begin, state.NotRun, state.Begin)
			_, err := k.Store.Load(k.Context(), state.LoadRequest{Tenant: "contoso"})
			k.wantError("Load after the illegal event", err, state.ErrNotFound)
			if got := k.history(state.HistoryRequest{Tenant: "contoso"}); len(got) != 0 {
				k.errorf("the illegal event left %d entries", len(got))
			}
			r := k.commit(state.CommitRequest{Record: newRecord("contoso"), Events: []state.Event{state.Start}})
			if r.Status != state.Starting || k.load("contoso").Status != state.Starting {
				k.errorf("start makes a new tenant %q, want starting", r.Status)
			}
		},
	},
	{
		"event/several",
		"The events of a commit are applied in order, and the first that is illegal refuses all.",
		func(k *kit) {
			r := createIn(k, "contoso", state.PendingApproval)
			wantIllegal(k, r, state.Begin, state.InProgress, state.RestoreIdle, state.Start, state.Begin, state.Begin)
			wantIllegal(k, r, state.Start, state.InProgress, state.Approve, state.Start)
			wantIllegal(k, r, state.Start, state.PendingApproval, state.Start, state.RestoreIdle)
			k.wantUnchanged("after the illegal events", r, 0)
			got := k.commit(state.CommitRequest{Record: r, Events: []state.Event{state.RestoreNewError, state.Start, state.Begin}})
			if loaded := k.load("contoso").Status; got.Status != state.InProgress || loaded != state.InProgress {
				k.errorf("after three events: Commit returned %q and stored %q, want in_progress", got.Status, loaded)
			}
		},
	},
	{
		"event/none",
		"A commit without events keeps the status, whatever status the request names; a new record has NotRun.",
		func(k *kit) {
			for _, s := range state.Statuses() {
				r := createIn(k, "in "+string(s), s)
				for _, named := range []state.Status{state.Idle, state.Starting, "", "no status"} {
					r.Status = named
					if r = k.commit(state.CommitRequest{Record: r}); r.Status != s || k.load(r.Tenant).Status != s {
						k.errorf("a commit without events that names %q: returned %q and stored %q, want %q", named, r.Status, k.load(r.Tenant).Status, s)
					}
				}
			}
		},
	},
	{
		"event/conflict and expiry before it",
		"Conflicts and expiry are found before an illegal event.",
		func(k *kit) {
			r := k.commit(state.CommitRequest{Record: newRecord("contoso"), DeadlineIn: time.Minute})
			k.Pass(time.Minute)
			illegal := state.CommitRequest{Record: k.load("contoso"), Events: []state.Event{state.Approve}, BeforeDeadline: true}
			_, err := k.Store.Commit(k.Context(), illegal)
			k.wantError("Commit that is late and illegal", err, state.ErrExpired)
			illegal.Record.Version = r.Version + 1
			_, err = k.Store.Commit(k.Context(), illegal)
			k.wantError("Commit that is stale, late and illegal", err, state.ErrConflict)
		},
	},
}

// createIn creates a tenant in a status.
func createIn(k *kit, tenant string, s state.Status) state.Record {
	k.Helper()
	return k.commit(state.CommitRequest{Record: newRecord(tenant), Events: Path(state.NotRun, s)})
}

// illegalIn returns the events that are illegal in a status.
func illegalIn(s state.Status) []state.Event {
	var illegal []state.Event
	for _, ev := range state.Events() {
		if _, err := state.Next(s, ev); err != nil {
			illegal = append(illegal, ev)
		}
	}
	return illegal
}

// wantIllegal checks that the store refuses a commit because an event is
// illegal in a status. The request names the status to which the event would
// lead.
func wantIllegal(k *kit, r state.Record, ev state.Event, in state.Status, events ...state.Event) {
	k.Helper()
	for _, t := range state.Transitions() {
		if t.Event == ev {
			r.Status = t.To
		}
	}
	_, err := k.Store.Commit(k.Context(), state.CommitRequest{Record: r, Events: events, Entries: []state.Entry{{Type: "lost"}}})
	var illegal *state.TransitionError
	if !errors.As(err, &illegal) {
		k.errorf("Commit with the events %s: got error %v, want a TransitionError", events, err)
	} else if illegal.Event != ev || illegal.From != in {
		k.errorf("Commit with the events %s: the error names %s in %s, want %s in %s", events, illegal.Event, illegal.From, ev, in)
	}
}
