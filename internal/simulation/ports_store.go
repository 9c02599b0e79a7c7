package simulation

import (
	"context"

	"github.com/tenantsync/tenantsync/state"
)

// storePort is one worker's connection to the records and the leases.
type storePort struct {
	gate    *gate
	store   *state.Memory
	tenants *roster
}

var (
	_ state.Records = (*storePort)(nil)
	_ state.Leaser  = (*storePort)(nil)
)

// Load is part of [state.Records].
func (p *storePort) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	return through(ctx, p.gate, p.tenants.of(req.Tenant).call(opLoad), func(ctx context.Context) (state.Loaded, error) {
		return p.store.Load(ctx, req)
	})
}

// Commit is part of [state.Records].
func (p *storePort) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	s := p.tenants.of(req.Record.Tenant)
	c := s.call(opCommit)
	return through(ctx, p.gate, c, func(ctx context.Context) (state.Committed, error) {
		done, err := p.store.Commit(ctx, req)
		if err != nil {
			p.gate.note(ctx, c, "refused: "+err.Error())
			return done, err
		}
		s.witness.committed(p.gate.who(ctx), req, done)
		return done, nil
	})
}

// List is part of [state.Records].
func (p *storePort) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	return through(ctx, p.gate, call{op: opList}, func(ctx context.Context) (state.Page, error) { return p.store.List(ctx, req) })
}

// History is part of [state.Records].
func (p *storePort) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	return through(ctx, p.gate, p.tenants.of(req.Tenant).call(opHistory), func(ctx context.Context) (state.HistoryPage, error) {
		return p.store.History(ctx, req)
	})
}

// Runs is part of [state.Records].
func (p *storePort) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	c := call{op: opRuns}
	if req.Tenant != "" {
		c = p.tenants.of(req.Tenant).call(opRuns)
	}
	return through(ctx, p.gate, c, func(ctx context.Context) (state.RunsPage, error) { return p.store.Runs(ctx, req) })
}

// Claim is part of [state.Leaser].
func (p *storePort) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	return through(ctx, p.gate, call{op: opClaim}, func(ctx context.Context) (state.Claimed, error) {
		got, err := p.store.Claim(ctx, req)
		for _, l := range got.Leases {
			p.tenants.of(l.Record.Tenant).witness.leased(p.gate.who(ctx), opClaim, l)
		}
		return got, err
	})
}

// Acquire is part of [state.Leaser].
func (p *storePort) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	s := p.tenants.of(req.Tenant)
	return through(ctx, p.gate, s.call(opAcquire), func(ctx context.Context) (state.Lease, error) {
		l, err := p.store.Acquire(ctx, req)
		if err == nil {
			s.witness.leased(p.gate.who(ctx), opAcquire, l)
		}
		return l, err
	})
}

// Renew is part of [state.Leaser].
func (p *storePort) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	s := p.tenants.of(req.Tenant)
	return through(ctx, p.gate, s.call(opRenew), func(ctx context.Context) (state.Lease, error) {
		l, err := p.store.Renew(ctx, req)
		if err == nil {
			s.witness.leased(p.gate.who(ctx), opRenew, l)
		}
		return l, err
	})
}

// Release is part of [state.Leaser].
func (p *storePort) Release(ctx context.Context, req state.ReleaseRequest) error {
	s := p.tenants.of(req.Tenant)
	_, err := through(ctx, p.gate, s.call(opRelease), func(ctx context.Context) (struct{}, error) {
		err := p.store.Release(ctx, req)
		if err == nil {
			s.witness.released(p.gate.who(ctx), req.Fence)
		}
		return struct{}{}, err
	})
	return err
}
