package statetest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
)

var errBoom = errors.New("boom")

func record(tenant string) state.Record {
	return state.Record{Tenant: tenant, Status: state.NotRun, Data: json.RawMessage(`{}`)}
}

// everyCall makes each call of the three interfaces once, by its op.
func everyCall(ctx context.Context, s state.Records, l state.Leaser, b state.Blobs) map[string]error {
	errs := make(map[string]error)
	_, errs["Store.Load"] = s.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	_, errs["Store.Commit"] = s.Commit(ctx, state.CommitRequest{Record: record("contoso")})
	_, errs["Store.List"] = s.List(ctx, state.ListRequest{})
	_, errs["Store.History"] = s.History(ctx, state.HistoryRequest{Tenant: "contoso"})
	_, errs["Store.Runs"] = s.Runs(ctx, state.RunsRequest{})
	_, errs["Leaser.Claim"] = l.Claim(ctx, state.ClaimRequest{For: 1, Limit: 1})
	_, errs["Leaser.Acquire"] = l.Acquire(ctx, state.AcquireRequest{Tenant: "contoso", For: 1})
	_, errs["Leaser.Renew"] = l.Renew(ctx, state.RenewRequest{Tenant: "contoso", Fence: 1, For: 1})
	errs["Leaser.Release"] = l.Release(ctx, state.ReleaseRequest{Tenant: "contoso", Fence: 1})
	ref, err := b.Put(ctx, state.PutRequest{Tenant: "contoso", Kind: "plan"})
	errs["Blobs.Put"] = err
	if err != nil {
		ref = state.PutRequest{Tenant: "contoso", Kind: "plan"}.Ref()
	}
	_, errs["Blobs.Get"] = b.Get(ctx, ref)
	errs["Blobs.Remove"] = b.Remove(ctx, "contoso")
	return errs
}

// The walk strikes each call once, and only that one.
func TestFaultsStrikeEachCall(t *testing.T) {
	struck := make(map[string]bool)
	for i := 0; ; i++ {
		var in statetest.Injector
		in.Inject(statetest.FaultAt(i, statetest.Fault{Before: errBoom}))
		m := state.NewMemory()
		errs := everyCall(t.Context(), statetest.WithFaults(m, &in), statetest.LeaserWithFaults(m, &in), statetest.BlobsWithFaults(m, &in))
		if in.Count() != len(errs) {
			t.Errorf("%d calls were counted, want %d", in.Count(), len(errs))
		}
		if i >= in.Count() {
			break
		}
		for op, err := range errs {
			if errors.Is(err, errBoom) != (op == in.Calls()[i].Op) {
				t.Errorf("call %d is %s, and %s returned %v", i, in.Calls()[i].Op, op, err)
			}
		}
		struck[in.Calls()[i].Op] = true
	}
	if len(struck) != 12 {
		t.Errorf("struck %v, want 12 ops", struck)
	}
}

// A call with an unknown outcome may or may not have taken effect.
func TestUnknownOutcome(t *testing.T) {
	for _, tt := range []struct {
		fault statetest.Fault
		want  error
	}{
		{statetest.Fault{Before: state.ErrUnknown}, state.ErrNotFound},
		{statetest.Fault{After: state.ErrUnknown}, nil},
	} {
		var in statetest.Injector
		in.Inject(statetest.FaultOn("Store.Commit", 0, tt.fault))
		s := statetest.WithFaults(state.NewMemory(), &in)
		got, err := s.Commit(t.Context(), state.CommitRequest{Record: record("contoso")})
		if !errors.Is(err, state.ErrUnknown) || got.Record.Version != 0 {
			t.Errorf("%+v: Commit returned version %d, %v", tt.fault, got.Record.Version, err)
		}
		if _, err := s.Load(t.Context(), state.LoadRequest{Tenant: "contoso"}); !errors.Is(err, tt.want) {
			t.Errorf("%+v: Load returned %v, want %v", tt.fault, err, tt.want)
		}
	}
}

func TestDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var in statetest.Injector
		in.Inject(statetest.FaultEvery(statetest.Fault{Delay: time.Minute}, "Store.List"))
		s := statetest.WithFaults(state.NewMemory(), &in)
		begin := time.Now()
		if _, err := s.List(t.Context(), state.ListRequest{}); err != nil || time.Since(begin) != time.Minute {
			t.Errorf("List returned %v after %v, want nil after 1m", err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.List(ctx, state.ListRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("List returned %v, want the context's error", err)
		}
	})
}

// The wrappers, without a fault, change nothing.
func TestWrappedMemoryPasses(t *testing.T) {
	factory := func(*testing.T) statetest.Fixture {
		m := state.NewMemory()
		var in statetest.Injector
		return statetest.Fixture{
			Store:  statetest.WithFaults(m, &in),
			Leaser: statetest.LeaserWithFaults(m, &in),
			Blobs:  statetest.BlobsWithFaults(m, &in),
			Pass:   m.Pass,
		}
	}
	statetest.TestStore(t, factory)
	statetest.TestLeaser(t, factory)
	statetest.TestBlobs(t, factory)
}

// After an unknown outcome a caller repeats a commit safely: it loads and
// compares.
func ExampleWithFaults() {
	ctx := context.Background()
	var in statetest.Injector
	in.Inject(statetest.FaultOn("Store.Commit", 0, statetest.Fault{After: state.ErrUnknown}))
	store := statetest.WithFaults(state.NewMemory(), &in)

	_, err := store.Commit(ctx, state.CommitRequest{Record: record("contoso")})
	fmt.Println(err)
	loaded, err := store.Load(ctx, state.LoadRequest{Tenant: "contoso"})
	fmt.Println(loaded.Record.Version, err)
	for _, call := range in.Calls() {
		fmt.Println(call.Index, call.Op)
	}
	// Output:
	// state: outcome unknown
	// 1 <nil>
	// 0 Store.Commit
	// 1 Store.Load
}
