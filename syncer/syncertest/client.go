package syncertest

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/tenant"
)

// faultyClient sends a client's calls through a worker's injector.
type faultyClient struct {
	client tenant.Client
	in     *fault.Injector
}

func (f faultyClient) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return fault.Do(ctx, f.in, "Client.Kinds", func() ([]tenant.Kind, error) { return f.client.Kinds(ctx) })
}

func (f faultyClient) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	return fault.Do(ctx, f.in, "Client.Permissions", func() (tenant.Permissions, error) { return f.client.Permissions(ctx, req) })
}

func (f faultyClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	return fault.Do(ctx, f.in, "Client.Read", func() (tenant.ReadResult, error) { return f.client.Read(ctx, req, emit) })
}

func (f faultyClient) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	return fault.Do(ctx, f.in, "Client.Get", func() (tenant.Resource, error) { return f.client.Get(ctx, req) })
}

func (f faultyClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	return fault.Do(ctx, f.in, "Client.Apply", func() (tenant.Applied, error) { return f.client.Apply(ctx, op) })
}
