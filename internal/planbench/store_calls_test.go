package planbench

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tenantsync/tenantsync/state"
)

// tape is a store that records the calls of one sync, without a lease's renewals,
// which depend on time.
type tape struct {
	state.Store
	mu    sync.Mutex
	calls []call
}

// call makes a recorded call again for another tenant, with content of the same size
// and the same events. It changes the record of that tenant.
type call func(ctx context.Context, s state.Store, r *state.Record) error

func (t *tape) add(c call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calls = append(t.calls, c)
}

func (t *tape) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	t.add(func(ctx context.Context, s state.Store, r *state.Record) error {
		if _, err := s.Load(ctx, state.LoadRequest{Tenant: r.Tenant}); !errors.Is(err, state.ErrNotFound) {
			return err
		}
		return nil // before the first replay
	})
	return t.Store.Load(ctx, req)
}

func (t *tape) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	t.add(func(ctx context.Context, s state.Store, r *state.Record) error {
		again := req
		again.Record.Tenant, again.Record.Version, again.Record.Refs = r.Tenant, r.Version, nil
		if req.Fence != 0 {
			again.Fence = r.Fence
		}
		done, err := s.Commit(ctx, again)
		*r = done.Record
		return err
	})
	return t.Store.Commit(ctx, req)
}

func (t *tape) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	t.add(func(ctx context.Context, s state.Store, r *state.Record) error {
		again := req
		again.Tenant = r.Tenant
		again.Data = slices.Concat(req.Data, []byte(r.Tenant)) // another content for each tenant
		_, err := s.Put(ctx, again)
		return err
	})
	return t.Store.Put(ctx, req)
}

func (t *tape) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	t.add(func(ctx context.Context, s state.Store, _ *state.Record) error {
		_, err := s.Get(ctx, ref) // of the recorded tenant
		return err
	})
	return t.Store.Get(ctx, ref)
}

func (t *tape) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	t.add(func(ctx context.Context, s state.Store, r *state.Record) error {
		again := req
		again.Tenant = r.Tenant
		got, err := s.Acquire(ctx, again)
		*r = got.Record
		return err
	})
	return t.Store.Acquire(ctx, req)
}

func (t *tape) Release(ctx context.Context, req state.ReleaseRequest) error {
	t.add(func(ctx context.Context, s state.Store, r *state.Record) error {
		return s.Release(ctx, state.ReleaseRequest{Tenant: r.Tenant, Fence: r.Fence})
	})
	return t.Store.Release(ctx, req)
}

// replay makes the recorded calls for the tenant of a record.
func (t *tape) replay(ctx context.Context, s state.Store, r *state.Record) error {
	for _, c := range t.calls {
		if err := c(ctx, s, r); err != nil {
			return err
		}
	}
	return nil
}
