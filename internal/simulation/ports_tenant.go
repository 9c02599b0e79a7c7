package simulation

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// connect makes a client of a tenant.
func (p *ports) connect(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	s := p.w.subject(req.Tenant)
	return through(ctx, p, call{op: opConnect, s: s, instant: true}, func(context.Context) (tenant.Client, error) {
		authorize := func(ctx context.Context) error {
			_, err := req.Credential.Token(ctx, auth.TokenRequest{})
			return err
		}
		return &client{p, s, s.fake.Client(tenanttest.ClientConfig{Worker: p.worker.name, Authorize: authorize})}, nil
	})
}

// client is one worker's client of a tenant.
type client struct {
	p     *ports
	s     *subject
	inner tenant.Client
}

var _ tenant.Client = (*client)(nil)

// Kinds is part of [tenant.Client].
func (c *client) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return through(ctx, c.p, call{op: opKinds, s: c.s, instant: true}, c.inner.Kinds)
}

// Permissions is part of [tenant.Client].
func (c *client) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	return through(ctx, c.p, call{op: opPermissions, s: c.s}, func(ctx context.Context) (tenant.Permissions, error) {
		return c.inner.Permissions(ctx, req)
	})
}

// Read is part of [tenant.Client]. How a read fails is in its result.
func (c *client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	detail := fmt.Sprintf("%s %v %v", req.Kind, req.IDs, req.Matches)
	return throughStruck(ctx, c.p, call{op: opRead, s: c.s, detail: detail}, func(ctx context.Context, f strike) (tenant.ReadResult, error) {
		if f.broken {
			return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Transient, Reason: "failed by the simulation"}, nil
		}
		left := 1
		c.p.noteRead(ctx, c.s, req)
		res, err := c.inner.Read(ctx, req, func(r tenant.Resource) error {
			if f.cut {
				if left--; left < 0 {
					return nil
				}
			}
			return emit(r)
		})
		if err == nil && f.cut && res.Completeness == tenant.Complete {
			res = tenant.ReadResult{Completeness: tenant.Partial, Class: tenant.Transient, Reason: "cut short by the simulation"}
		}
		return res, err
	})
}

// Get is part of [tenant.Client].
func (c *client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	return through(ctx, c.p, call{op: opGet, s: c.s, detail: req.Kind + "/" + req.ID}, func(ctx context.Context) (tenant.Resource, error) {
		c.p.noteGet(ctx, c.s, req)
		return c.inner.Get(ctx, req)
	})
}

// Apply is part of [tenant.Client].
func (c *client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	c.s.writeBegins(c.p, op)
	defer c.s.writeEnds(c.p, op)
	call := call{op: opApply, s: c.s, detail: op.IdempotencyKey}
	return throughStruck(ctx, c.p, call, func(ctx context.Context, f strike) (tenant.Applied, error) {
		if f.meddle {
			c.s.meddle(op.Kind, op.ID)
		}
		return c.s.applies(ctx, c.p, c.inner, op)
	})
}
