package simulation

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/state"
)

// ports are one worker's connections to everything outside it.
type ports struct {
	w      *world
	worker *worker
}

var (
	_ state.Records = (*ports)(nil)
	_ state.Leaser  = (*ports)(nil)
	_ state.Blobs   = blobPorts{}
)

// Load is part of [state.Records].
func (p *ports) Load(ctx context.Context, req state.LoadRequest) (state.Loaded, error) {
	return through(ctx, p, call{op: opLoad, s: p.w.subject(req.Tenant)}, func(ctx context.Context) (state.Loaded, error) {
		return p.w.store.Load(ctx, req)
	})
}

// Commit is part of [state.Records].
func (p *ports) Commit(ctx context.Context, req state.CommitRequest) (state.Committed, error) {
	s := p.w.subject(req.Record.Tenant)
	c := call{op: opCommit, s: s}
	return through(ctx, p, c, func(ctx context.Context) (state.Committed, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		done, err := p.w.store.Commit(ctx, req)
		if err != nil {
			p.w.noteLocked(p.who(ctx), c, "refused: "+err.Error())
			return done, err
		}
		s.committed(p.who(ctx), req, done)
		return done, nil
	})
}

// List is part of [state.Records].
func (p *ports) List(ctx context.Context, req state.ListRequest) (state.Page, error) {
	return through(ctx, p, call{op: opList}, func(ctx context.Context) (state.Page, error) { return p.w.store.List(ctx, req) })
}

// History is part of [state.Records].
func (p *ports) History(ctx context.Context, req state.HistoryRequest) (state.HistoryPage, error) {
	return through(ctx, p, call{op: opHistory, s: p.w.subject(req.Tenant)}, func(ctx context.Context) (state.HistoryPage, error) {
		return p.w.store.History(ctx, req)
	})
}

// Runs is part of [state.Records].
func (p *ports) Runs(ctx context.Context, req state.RunsRequest) (state.RunsPage, error) {
	c := call{op: opRuns}
	if req.Tenant != "" {
		c.s = p.w.subject(req.Tenant)
	}
	return through(ctx, p, c, func(ctx context.Context) (state.RunsPage, error) { return p.w.store.Runs(ctx, req) })
}

// Claim is part of [state.Leaser].
func (p *ports) Claim(ctx context.Context, req state.ClaimRequest) (state.Claimed, error) {
	return through(ctx, p, call{op: opClaim}, func(ctx context.Context) (state.Claimed, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		got, err := p.w.store.Claim(ctx, req)
		for _, l := range got.Leases {
			p.w.subject(l.Record.Tenant).isLeased(p.who(ctx), opClaim, l)
		}
		return got, err
	})
}

// Acquire is part of [state.Leaser].
func (p *ports) Acquire(ctx context.Context, req state.AcquireRequest) (state.Lease, error) {
	s := p.w.subject(req.Tenant)
	return through(ctx, p, call{op: opAcquire, s: s}, func(ctx context.Context) (state.Lease, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		l, err := p.w.store.Acquire(ctx, req)
		if err == nil {
			s.isLeased(p.who(ctx), opAcquire, l)
		}
		return l, err
	})
}

// Renew is part of [state.Leaser].
func (p *ports) Renew(ctx context.Context, req state.RenewRequest) (state.Lease, error) {
	s := p.w.subject(req.Tenant)
	return through(ctx, p, call{op: opRenew, s: s}, func(ctx context.Context) (state.Lease, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		l, err := p.w.store.Renew(ctx, req)
		if err == nil {
			s.isLeased(p.who(ctx), opRenew, l)
		}
		return l, err
	})
}

// Release is part of [state.Leaser].
func (p *ports) Release(ctx context.Context, req state.ReleaseRequest) error {
	s := p.w.subject(req.Tenant)
	c := call{op: opRelease, s: s}
	_, err := through(ctx, p, c, func(ctx context.Context) (struct{}, error) {
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		err := p.w.store.Release(ctx, req)
		if err == nil {
			s.oracle.Release()
			p.w.noteLocked(p.who(ctx), c, fmt.Sprintf("fence %d", req.Fence))
		}
		return struct{}{}, err
	})
	return err
}

// blobPorts are one worker's connections to the blobs.
type blobPorts struct{ *ports }

// Put is part of [state.Blobs].
func (p blobPorts) Put(ctx context.Context, req state.PutRequest) (state.BlobRef, error) {
	s := p.w.subject(req.Tenant)
	return through(ctx, p.ports, call{op: opPut, s: s, detail: req.Kind, instant: true}, func(ctx context.Context) (state.BlobRef, error) {
		s.checkSecrets("a blob of kind "+req.Kind, req.Data)
		return p.w.store.Put(ctx, req)
	})
}

// Get is part of [state.Blobs].
func (p blobPorts) Get(ctx context.Context, ref state.BlobRef) ([]byte, error) {
	return through(ctx, p.ports, call{op: opBlob, s: p.w.subject(ref.Tenant), detail: ref.Kind, instant: true}, func(ctx context.Context) ([]byte, error) {
		return p.w.store.Get(ctx, ref)
	})
}

// Remove is part of [state.Blobs].
func (p blobPorts) Remove(ctx context.Context, tenant string) error {
	_, err := through(ctx, p.ports, call{op: opRemove, s: p.w.subject(tenant), instant: true}, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, p.w.store.Remove(ctx, tenant)
	})
	return err
}
