package simulation

import (
	"context"

	"github.com/tenantsync/tenantsync/state"
)

// blobPort is one worker's connection to the blobs.
type blobPort struct {
	gate    *gate
	store   *state.Memory
	tenants *roster
}

var _ state.Blobs = (*blobPort)(nil)

// Put is part of [state.Blobs].
func (p *blobPort) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	s := p.tenants.of(req.Tenant)
	return through(ctx, p.gate, s.call(opPut).about(req.Kind).atOnce(), func(ctx context.Context) (state.BlobRef, error) {
		s.witness.stores("a blob of kind "+req.Kind, req.Data)
		return p.store.Put(ctx, req)
	})
}

// Get is part of [state.Blobs].
func (p *blobPort) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	return through(ctx, p.gate, p.tenants.of(ref.Tenant).call(opBlob).about(ref.Kind).atOnce(), func(ctx context.Context) ([]byte, error) {
		return p.store.Get(ctx, ref)
	})
}

// Remove is part of [state.Blobs].
func (p *blobPort) Remove(ctx context.Context, tenant string) error {
	_, err := through(ctx, p.gate, p.tenants.of(tenant).call(opRemove).atOnce(), func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.store.Remove(ctx, tenant)
	})
	return err
}
