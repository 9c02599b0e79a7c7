package simulation

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// connector is one worker's way to the tenants.
type connector struct {
	gate    *gate
	tenants *roster
}

var _ syncer.Connector = (*connector)(nil)

// Connect is part of [syncer.Connector].
func (p *connector) Connect(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
	s := p.tenants.of(req.Tenant)
	return through(ctx, p.gate, s.call(opConnect).atOnce(), func(context.Context) (tenant.Client, error) {
		authorize := func(ctx context.Context) error {
			_, err := req.Credential.Token(ctx, auth.TokenRequest{})
			return err
		}
		inner := s.fake.Client(tenanttest.ClientConfig{Worker: p.gate.proc.name, Authorize: authorize})
		return &client{gate: p.gate, worker: p.gate.proc.name, s: s, inner: inner}, nil
	})
}

// client is one worker's client of a tenant.
type client struct {
	gate   *gate
	worker string
	s      *subject
	inner  tenant.Client
}

var _ tenant.Client = (*client)(nil)

// Kinds is part of [tenant.Client].
func (c *client) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return through(ctx, c.gate, c.s.call(opKinds).atOnce(), c.inner.Kinds)
}

// Permissions is part of [tenant.Client].
func (c *client) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	return through(ctx, c.gate, c.s.call(opPermissions), func(ctx context.Context) (tenant.Permissions, error) {
		return c.inner.Permissions(ctx, req)
	})
}

// Read is part of [tenant.Client]. How a read fails is in its result.
func (c *client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	call := c.s.call(opRead).about(fmt.Sprintf("%s %v %v", req.Kind, req.IDs, req.Matches))
	return throughStruck(ctx, c.gate, call, func(ctx context.Context, f strike) (tenant.ReadResult, error) {
		if f.broken {
			return tenant.ReadResult{Completeness: tenant.Failed, Class: tenant.Transient, Reason: "failed by the simulation"}, nil
		}
		left := 1
		c.gate.note(ctx, call, req.Kind)
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
	call := c.s.call(opGet).about(req.Kind + "/" + req.ID)
	return through(ctx, c.gate, call, func(ctx context.Context) (tenant.Resource, error) {
		c.s.origins.look(c.worker, diff.Object{Kind: req.Kind, ID: req.ID})
		c.gate.note(ctx, call, req.Kind+"/"+req.ID)
		return c.inner.Get(ctx, req)
	})
}

// Apply is part of [tenant.Client].
func (c *client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	if c.gate.alive() == nil {
		c.s.witness.sends(c.worker, op)
	}
	defer c.s.witness.answered(c.worker, op)
	call := c.s.call(opApply).about(op.IdempotencyKey)
	return throughStruck(ctx, c.gate, call, func(ctx context.Context, f strike) (tenant.Applied, error) {
		if f.meddle {
			c.s.editor.meddle(op.Kind, op.ID)
		}
		actual := c.s.fake.Object(op.Kind, op.ID)
		applied, err := c.inner.Apply(ctx, op)
		if err != nil {
			c.gate.note(ctx, call, fmt.Sprintf("%s %s/%s is refused: %v", op.Verb, op.Kind, op.ID, err))
			return applied, err
		}
		id := applied.Resource.ID
		c.s.witness.applied(c.gate.who(ctx), c.worker, op, id, actual, c.s.fake.Object(op.Kind, id))
		return applied, nil
	})
}
