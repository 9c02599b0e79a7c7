package state_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

var applied = time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)

// storedRecord is a record that is stored at version 4 with fence 2.
func storedRecord() state.Record {
	return state.Record{
		Tenant: "contoso", Version: 4, Status: state.PendingApproval, Run: "run-1", Data: json.RawMessage(`{}`),
		Deadline: applied, Fence: 2, LeaseOwner: "worker", LeaseUntil: applied, UpdatedAt: applied.Add(-time.Hour),
	}
}

func TestApply(t *testing.T) {
	req := state.CommitRequest{
		Record: state.Record{
			Tenant: "contoso", Version: 4, Status: state.Idle, Run: "run-2", Data: json.RawMessage(`{"v":2}`),
			Labels: map[string]string{"a": "b"}, Fence: 99, LeaseOwner: "me", UpdatedAt: applied.Add(time.Hour),
		},
		Events:     []state.Event{state.RestoreIdle, state.Start},
		Entries:    []state.Entry{{Type: "cancelled", Run: "run-1"}, {Type: "started", Run: "run-2", Tenant: "other", N: 7}},
		Runs:       []state.Run{{ID: "run-1", Status: state.Idle, Started: applied, Tenant: "other"}},
		WakeIn:     time.Minute,
		DeadlineIn: time.Hour,
	}
	got, err := req.Apply(storedRecord(), applied)
	if err != nil {
		t.Fatal(err)
	}
	want := state.Change{
		Record: state.Record{
			Tenant: "contoso", Version: 5, Status: state.Starting, Run: "run-2", Data: json.RawMessage(`{"v":2}`),
			Labels: map[string]string{"a": "b"}, WakeAt: applied.Add(time.Minute), Deadline: applied.Add(time.Hour),
			Fence: 2, LeaseOwner: "worker", LeaseUntil: applied, UpdatedAt: applied,
		},
		Entries: []state.Entry{
			{Type: "cancelled", Run: "run-1", Tenant: "contoso", Version: 5, N: 0, Time: applied},
			{Type: "started", Run: "run-2", Tenant: "contoso", Version: 5, N: 1, Time: applied},
		},
		Runs: []state.Run{{ID: "run-1", Status: state.Idle, Started: applied, Tenant: "contoso", UpdatedAt: applied}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The order of the checks decides which error a request gets.
func TestApplyOrder(t *testing.T) {
	req := state.CommitRequest{
		Record: state.Record{Tenant: "contoso", Version: 3, Data: json.RawMessage(`{}`)},
		Events: []state.Event{state.Begin}, Fence: 1, BeforeDeadline: true,
	}
	for _, step := range []struct {
		want error
		next func()
	}{
		{state.ErrConflict, func() { req.Record.Version = 4 }},
		{state.ErrConflict, func() { req.Fence = 2 }},
		{state.ErrExpired, func() { req.BeforeDeadline = false }},
		{nil, func() {}},
	} {
		change, err := req.Apply(storedRecord(), applied)
		var illegal *state.TransitionError
		if step.want != nil && !errors.Is(err, step.want) || step.want == nil && !errors.As(err, &illegal) {
			t.Errorf("got %v, want %v", err, step.want)
		}
		if diff := cmp.Diff(state.Change{}, change); diff != "" {
			t.Errorf("%v comes with a change: %s", err, diff)
		}
		step.next()
	}
}

func TestApplyRemoves(t *testing.T) {
	stored := storedRecord()
	stored.Fence = 9 // more leases than commits
	removal := state.CommitRequest{
		Record: state.Record{Tenant: "contoso", Version: 4}, Remove: true, Entries: []state.Entry{{Type: "removed"}},
	}
	gone, err := removal.Apply(stored, applied)
	if err != nil {
		t.Fatal(err)
	}
	want := state.Change{
		Record:  state.Record{Tenant: "contoso", Fence: 10},
		Entries: []state.Entry{{Type: "removed", Tenant: "contoso", Version: 10, Time: applied}},
		Removed: true,
	}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Errorf("removal (-want +got):\n%s", diff)
	}
	create := state.CommitRequest{Record: state.Record{Tenant: "contoso", Data: json.RawMessage(`{}`)}}
	again, err := create.Apply(gone.Record, applied)
	if err != nil || again.Record.Version != 11 || again.Record.Fence != 10 || again.Record.Status != state.NotRun {
		t.Errorf("created again: %+v, %v; want version 11 with fence 10", again.Record, err)
	}
	create.Fence = 10
	if _, err := create.Apply(gone.Record, applied); !errors.Is(err, state.ErrConflict) {
		t.Errorf("created again with a fence: %v, want ErrConflict", err)
	}
}

// Moves and Apply agree for every status and every sequence of events.
func TestMovesFitApply(t *testing.T) {
	events := [][]state.Event{nil}
	for _, first := range state.Events() {
		events = append(events, []state.Event{first})
		for _, second := range state.Events() {
			events = append(events, []state.Event{first, second})
		}
	}
	legal := 0
	for _, evs := range events {
		req := state.CommitRequest{Record: storedRecord(), Events: evs}
		moves := req.Moves()
		for _, from := range state.Statuses() {
			stored := storedRecord()
			stored.Status = from
			change, err := req.Apply(stored, applied)
			to, ok := moves[from]
			if ok != (err == nil) || to != change.Record.Status {
				t.Errorf("%v in %s: Moves says %q, %v; Apply says %q, %v", evs, from, to, ok, change.Record.Status, err)
			}
			if ok {
				legal++
			}
		}
	}
	if legal < len(state.Statuses())+len(state.Transitions()) {
		t.Errorf("%d moves were legal, want more", legal)
	}
}

func TestPath(t *testing.T) {
	for _, from := range state.Statuses() {
		for _, to := range state.Statuses() {
			at := from
			for _, ev := range statetest.Path(from, to) {
				next, err := state.Next(at, ev)
				if err != nil {
					t.Errorf("from %s to %s: %v", from, to, err)
				}
				at = next
			}
			if at != to {
				t.Errorf("the path from %s to %s ends in %s", from, to, at)
			}
		}
	}
	if got := statetest.Path(state.Idle, state.Starting); len(got) != 1 {
		t.Errorf("the path from idle to starting is %v, want start", got)
	}
}

// The zero value of Memory keeps the contract, whichever method comes first.
func TestZeroMemoryConforms(t *testing.T) {
	factory := func(*testing.T) statetest.Fixture {
		m := new(state.Memory)
		return statetest.Fixture{Store: m, Leaser: m, Blobs: m, Pruner: m, Pass: m.Pass, Damage: m.Damage}
	}
	statetest.TestStore(t, factory)
	statetest.TestLeaser(t, factory)
	statetest.TestBlobs(t, factory)
	statetest.TestPruner(t, factory)
}

// Of equal times a list of runs takes the tenants in order, in any number of
// pages, though it keeps few in memory.
func TestRunsOfManyTenants(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m state.Memory
		for i := range 500 {
			run := state.Run{ID: "run", Status: state.Idle, Started: applied.Add(time.Duration(i*7919%10) * time.Second)}
			commit(t, &m, state.CommitRequest{Record: newRecord(fmt.Sprintf("tenant-%03d", i)), Runs: []state.Run{run}})
		}
		var last state.Run
		n := 0
		for req := (state.RunsRequest{Limit: 30}); ; {
			page, err := m.Runs(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Runs {
				if n > 0 && (r.Started.After(last.Started) || r.Started.Equal(last.Started) && r.Tenant >= last.Tenant) {
					t.Fatalf("%s at %v comes after %s at %v", r.Tenant, r.Started, last.Tenant, last.Started)
				}
				last = r
				n++
			}
			if req.Cursor = page.Next; req.Cursor == "" {
				break
			}
		}
		if n != 500 {
			t.Errorf("%d runs were listed, want 500", n)
		}
	})
}

// A tenant without a record, or with the record of its removal, has no lease.
func TestLeaseRequestsWithoutRecord(t *testing.T) {
	type leaseRequest interface {
		Apply(stored state.Record, now time.Time) (state.Record, error)
	}
	for name, stored := range map[string]state.Record{"no record": {}, "a removed tenant": {Tenant: "contoso", Fence: 2}} {
		for _, req := range []leaseRequest{
			state.AcquireRequest{Tenant: "contoso", For: time.Minute},
			state.RenewRequest{Tenant: "contoso", Fence: 2, For: time.Minute},
			state.ReleaseRequest{Tenant: "contoso", Fence: 2},
		} {
			if got, err := req.Apply(stored, time.Now()); !errors.Is(err, state.ErrNotFound) {
				t.Errorf("%s: %T: got %+v, %v, want ErrNotFound", name, req, got, err)
			}
		}
	}
}
