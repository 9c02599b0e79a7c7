package pgstore_test

import (
	"context"
	"sync/atomic"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/state"
)

// alternating makes each call on the other one of two stores.
type alternating struct {
	stores [2]store
	calls  atomic.Int64
}

func (a *alternating) next() store { return a.stores[a.calls.Add(1)%2] }

func (a *alternating) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	return a.next().Load(ctx, req)
}

func (a *alternating) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	return a.next().Commit(ctx, req)
}

func (a *alternating) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	return a.next().List(ctx, req)
}

func (a *alternating) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	return a.next().History(ctx, req)
}

func (a *alternating) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	return a.next().Runs(ctx, req)
}

func (a *alternating) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	return a.next().Claim(ctx, req)
}

func (a *alternating) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	return a.next().Acquire(ctx, req)
}

func (a *alternating) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	return a.next().Renew(ctx, req)
}

func (a *alternating) Release(ctx context.Context, req state.ReleaseRequest) error {
	return a.next().Release(ctx, req)
}

func (a *alternating) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	return a.next().Put(ctx, req)
}

func (a *alternating) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	return a.next().Get(ctx, ref)
}

func (a *alternating) Remove(ctx context.Context, tenant string) error {
	return a.next().Remove(ctx, tenant)
}

func (a *alternating) Prune(ctx context.Context, req state.PruneRequest) (state.Pruned, error) {
	return a.next().Prune(ctx, req)
}

func (a *alternating) Caches() auth.CacheStore { return alternatingCaches{a} }

type alternatingCaches struct{ a *alternating }

func (c alternatingCaches) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	return c.a.next().Caches().Load(ctx, key)
}

func (c alternatingCaches) Save(ctx context.Context, key auth.CacheKey, cache auth.Cache) (int64, error) {
	return c.a.next().Caches().Save(ctx, key, cache)
}

func (c alternatingCaches) Delete(ctx context.Context, key auth.CacheKey) error {
	return c.a.next().Caches().Delete(ctx, key)
}
