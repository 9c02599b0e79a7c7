package statetest

import (
	"context"

	"github.com/tenantsync/tenantsync/state"
)

// brokenStore is a store with some methods replaced.
type brokenStore struct {
	state.Records
	load    func(context.Context, state.LoadRequest) (state.Loaded, error)
	commit  func(context.Context, state.CommitRequest) (state.Committed, error)
	list    func(context.Context, state.ListRequest) (state.Page, error)
	history func(context.Context, state.HistoryRequest) (state.HistoryPage, error)
	runs    func(context.Context, state.RunsRequest) (state.RunsPage, error)
}

func (b brokenStore) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	if b.load != nil {
		return b.load(ctx, req)
	}
	return b.Records.Load(ctx, req)
}

func (b brokenStore) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	if b.commit != nil {
		return b.commit(ctx, req)
	}
	return b.Records.Commit(ctx, req)
}

func (b brokenStore) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	if b.list != nil {
		return b.list(ctx, req)
	}
	return b.Records.List(ctx, req)
}

func (b brokenStore) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	if b.history != nil {
		return b.history(ctx, req)
	}
	return b.Records.History(ctx, req)
}

func (b brokenStore) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	if b.runs != nil {
		return b.runs(ctx, req)
	}
	return b.Records.Runs(ctx, req)
}

// brokenLeaser is a leaser with some methods replaced.
type brokenLeaser struct {
	state.Leaser
	claim   func(context.Context, state.ClaimRequest) (state.Claimed, error)
	acquire func(context.Context, state.AcquireRequest) (state.Lease, error)
	renew   func(context.Context, state.RenewRequest) (state.Lease, error)
	release func(context.Context, state.ReleaseRequest) error
}

func (b brokenLeaser) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	if b.claim != nil {
		return b.claim(ctx, req)
	}
	return b.Leaser.Claim(ctx, req)
}

func (b brokenLeaser) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	if b.acquire != nil {
		return b.acquire(ctx, req)
	}
	return b.Leaser.Acquire(ctx, req)
}

func (b brokenLeaser) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	if b.renew != nil {
		return b.renew(ctx, req)
	}
	return b.Leaser.Renew(ctx, req)
}

func (b brokenLeaser) Release(ctx context.Context, req state.ReleaseRequest) error {
	if b.release != nil {
		return b.release(ctx, req)
	}
	return b.Leaser.Release(ctx, req)
}

// brokenBlobs is a Blobs with some methods replaced.
type brokenBlobs struct {
	state.Blobs
	put    func(context.Context, state.PutRequest) (state.BlobRef, error)
	get    func(context.Context, state.BlobRef) ([]byte, error)
	remove func(context.Context, string) error
}

func (b brokenBlobs) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	if b.put != nil {
		return b.put(ctx, req)
	}
	return b.Blobs.Put(ctx, req)
}

func (b brokenBlobs) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	if b.get != nil {
		return b.get(ctx, ref)
	}
	return b.Blobs.Get(ctx, ref)
}

func (b brokenBlobs) Remove(ctx context.Context, tenant string) error {
	if b.remove != nil {
		return b.remove(ctx, tenant)
	}
	return b.Blobs.Remove(ctx, tenant)
}

type prunerFunc func(context.Context, state.PruneRequest) (state.Pruned, error)

func (f prunerFunc) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	return f(ctx, req)
}
