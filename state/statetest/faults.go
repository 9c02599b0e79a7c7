package statetest

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/state"
)

// Injector decides which calls a fault strikes, and keeps a list of all calls.
// It has the methods Inject, which takes a func(Call) Fault, Calls, Count and
// Do. Its zero value injects nothing. Several wrappers may share one, so that
// their calls are counted in one sequence.
type Injector = fault.Injector

// Call is one call that went through an Injector: its Op ("Store.Commit"), its
// Index among all calls and Nth among those of its op, both from 0.
type Call = fault.Call

// Fault changes a call: a Delay first, then Before, an error in place of the
// call, or After, an error in place of its result. An unknown outcome is
// [state.ErrUnknown] as Before (without the effect) or as After (with it).
type Fault = fault.Fault

// FaultAt strikes the call with this index among all.
func FaultAt(index int, f Fault) func(Call) Fault { return fault.At(index, f) }

// FaultOn strikes the nth call of one op, counted from 0.
func FaultOn(op string, nth int, f Fault) func(Call) Fault { return fault.On(op, nth, f) }

// FaultEvery strikes each call of the ops, or each call when none is named.
func FaultEvery(f Fault, ops ...string) func(Call) Fault { return fault.Every(f, ops...) }

// StoreWithFaults wraps a store so that its calls go through in, under the names
// of [WithFaults], [LeaserWithFaults] and [BlobsWithFaults].
func StoreWithFaults(s state.Store, in *Injector) state.Store {
	return state.Split{Records: WithFaults(s, in), Leaser: LeaserWithFaults(s, in), Blobs: BlobsWithFaults(s, in)}
}

// WithFaults wraps records so that its calls go through in, as "Store.Load",
// "Store.Commit", "Store.List", "Store.History" and "Store.Runs".
func WithFaults(s state.Records, in *Injector) state.Records { return faultyStore{s, in} }

type faultyStore struct {
	store state.Records
	in    *Injector
}

func (f faultyStore) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	return strike(ctx, f.in, "Store.Load", f.store.Load, req)
}

func (f faultyStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	return strike(ctx, f.in, "Store.Commit", f.store.Commit, req)
}

func (f faultyStore) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	return strike(ctx, f.in, "Store.List", f.store.List, req)
}

func (f faultyStore) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	return strike(ctx, f.in, "Store.History", f.store.History, req)
}

func (f faultyStore) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	return strike(ctx, f.in, "Store.Runs", f.store.Runs, req)
}

// LeaserWithFaults wraps a leaser so that its calls go through in, as
// "Leaser.Claim", "Leaser.Acquire", "Leaser.Renew" and "Leaser.Release".
func LeaserWithFaults(l state.Leaser, in *Injector) state.Leaser { return faultyLeaser{l, in} }

type faultyLeaser struct {
	leaser state.Leaser
	in     *Injector
}

func (f faultyLeaser) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	return strike(ctx, f.in, "Leaser.Claim", f.leaser.Claim, req)
}

func (f faultyLeaser) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	return strike(ctx, f.in, "Leaser.Acquire", f.leaser.Acquire, req)
}

func (f faultyLeaser) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	return strike(ctx, f.in, "Leaser.Renew", f.leaser.Renew, req)
}

func (f faultyLeaser) Release(ctx context.Context, req state.ReleaseRequest) error {
	return f.in.Do(ctx, "Leaser.Release", func() error { return f.leaser.Release(ctx, req) })
}

// BlobsWithFaults wraps blobs so that their calls go through in, as
// "Blobs.Put", "Blobs.Get" and "Blobs.Remove".
func BlobsWithFaults(b state.Blobs, in *Injector) state.Blobs { return faultyBlobs{b, in} }

type faultyBlobs struct {
	blobs state.Blobs
	in    *Injector
}

func (f faultyBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	return strike(ctx, f.in, "Blobs.Put", f.blobs.Put, req)
}

func (f faultyBlobs) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	return strike(ctx, f.in, "Blobs.Get", f.blobs.Get, ref)
}

func (f faultyBlobs) Remove(ctx context.Context, tenant string) error {
	return f.in.Do(ctx, "Blobs.Remove", func() error { return f.blobs.Remove(ctx, tenant) })
}

// strike calls a method through the injector.
func strike[Req, Res any](ctx context.Context, in *Injector, op string, method func(context.Context, Req) (Res, error), req Req) (Res, error) {
	return fault.Do(ctx, in, op, func() (Res, error) { return method(ctx, req) })
}
