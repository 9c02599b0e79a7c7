package state_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/state"
)

func ExampleNext() {
	to, err := state.Next(state.PendingApproval, state.Approve)
	fmt.Println(to.Label(), err)

	_, err = state.Next(state.Starting, state.Approve)
	if refused, ok := errors.AsType[*state.TransitionError](err); ok {
		fmt.Printf("%s is not for a tenant that is %q\n", refused.Event, refused.From.Label())
	}
	// Output:
	// In progress <nil>
	// approve is not for a tenant that is "Starting"
}

func ExampleTransitionError() {
	_, err := state.Next(state.PendingAuthentication, state.Succeed)
	fmt.Println(strings.ReplaceAll(err.Error(), "; ", "\n"))
	// Output:
	// state: event succeed is not legal in status pending_authentication (Pending authentication)
	// legal there: authenticate, succeed_partially, time_out, fail, restore_not_run, restore_idle, restore_new_error, restore_partially_successful, restore_pending_admin_consent
}

func ExampleMermaid() {
	for line := range strings.Lines(state.Mermaid()) {
		if strings.Contains(line, "pending_approval -->") {
			fmt.Print(strings.TrimSpace(line))
		}
	}
	// Output: pending_approval --> in_progress: approve, reject, revert
}

// auditedStore wraps a store and sees each commit. The other methods are the
// wrapped store's.
type auditedStore struct {
	state.Records
	audit func(state.Record)
}

func (s auditedStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	committed, err := s.Records.Commit(ctx, req)
	if err == nil {
		s.audit(committed.Record)
	}
	return committed, err
}

func ExampleStore() {
	ctx := context.Background()
	var store state.Records = auditedStore{
		Records: state.NewMemory(),
		audit:   func(r state.Record) { fmt.Println(r.Tenant, r.Version, r.Status.Label()) },
	}
	committed, err := store.Commit(ctx, state.CommitRequest{Record: newRecord("contoso")})
	if err != nil {
		fmt.Println(err)
		return
	}
	start := state.CommitRequest{Record: committed.Record, Events: []state.Event{state.Start}}
	committed, err = store.Commit(ctx, start)
	if err != nil {
		fmt.Println(err)
		return
	}
	// The same once more: the version that it names is no longer the stored one.
	_, err = store.Commit(ctx, start)
	fmt.Println(errors.Is(err, state.ErrConflict))
	// With the right version the store refuses the event.
	start.Record = committed.Record
	_, err = store.Commit(ctx, start)
	var illegal *state.TransitionError
	fmt.Println(errors.As(err, &illegal))
	// Output:
	// contoso 1 Not run
	// contoso 2 Starting
	// true
	// true
}

// A store leaves the rules of a commit to Apply. This one keeps the records of
// tenants in a map. examples/host/store.go in the repository is a whole store
// on the same methods, in less than 200 lines.
func ExampleCommitRequest_Apply() {
	records := map[string]state.Record{}
	commit := func(req state.CommitRequest) (state.Record, error) {
		if err := req.Validate(); err != nil {
			return state.Record{}, err
		}
		// A store on a database begins a transaction here, and reads its clock.
		change, err := req.Apply(records[req.Record.Tenant], time.Now())
		if err != nil {
			return state.Record{}, err
		}
		records[req.Record.Tenant] = change.Record // also change.Entries and change.Runs
		return change.Record, nil
	}
	contoso, err := commit(state.CommitRequest{Record: state.Record{Tenant: "contoso", Data: []byte(`{}`)}, Events: []state.Event{state.Start}})
	fmt.Println(contoso.Version, contoso.Status.Label(), err)
	_, err = commit(state.CommitRequest{Record: contoso, Events: []state.Event{state.Approve}})
	var illegal *state.TransitionError
	fmt.Println(errors.As(err, &illegal))
	_, err = commit(state.CommitRequest{Record: state.Record{Tenant: "contoso", Data: []byte(`{}`)}})
	fmt.Println(err)
	// Output:
	// 1 Starting <nil>
	// true
	// state: changed by someone else: version 1 of "contoso" is stored, not 0
}

func ExampleLeaser() {
	ctx := context.Background()
	memory := state.NewMemory()
	start := state.CommitRequest{Record: newRecord("contoso"), Events: []state.Event{state.Start}, WakeIn: time.Second}
	if _, err := memory.Commit(ctx, start); err != nil {
		fmt.Println(err)
		return
	}
	memory.Pass(time.Second) // so that it is due
	claimed, err := memory.Claim(ctx, state.ClaimRequest{Owner: "worker 1", For: time.Minute, Limit: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, lease := range claimed.Leases {
		fmt.Println(lease.Record.Tenant, "is worked on by", lease.Record.LeaseOwner)
	}
	_, err = memory.Acquire(ctx, state.AcquireRequest{Tenant: "contoso", Owner: "worker 2", For: time.Minute})
	fmt.Println(err)
	// Output:
	// contoso is worked on by worker 1
	// state: leased by another owner: "worker 1"
}
