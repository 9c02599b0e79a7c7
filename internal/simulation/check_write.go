package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/internal/oracle"
	"github.com/tenantsync/tenantsync/tenant"
)

// writeBegins shows the oracle that a write is about to be sent.
func (s *subject) writeBegins(p *ports, op tenant.Operation) {
	w := s.w
	if p.alive() != nil {
		return // it will not be sent
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked(p.worker.name, call{op: opApply, s: s}, fmt.Sprintf("begins: %s %s/%s, key %s", op.Verb, op.Kind, op.ID, op.IdempotencyKey))
	s.oracle.Begin(oracle.Write{Operation: op, Worker: p.worker.name, At: w.storeTime()})
}

// writeEnds: the caller knows what became of the call, or that nobody does.
func (s *subject) writeEnds(p *ports, op tenant.Operation) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	s.oracle.Finish(oracle.Write{Operation: op, Worker: p.worker.name})
}

// applies carries a write out in the tenant.
func (s *subject) applies(ctx context.Context, p *ports, inner tenant.Client, op tenant.Operation) (tenant.Applied, error) {
	w := s.w
	actual := s.fake.Object(op.Kind, op.ID)
	applied, err := inner.Apply(ctx, op)
	w.mu.Lock()
	defer w.mu.Unlock()
	c := call{op: opApply, s: s}
	if err != nil {
		w.noteLocked(p.who(ctx), c, fmt.Sprintf("%s %s/%s is refused: %v", op.Verb, op.Kind, op.ID, err))
		return applied, err
	}
	w.noteLocked(p.who(ctx), c, fmt.Sprintf("%s %s/%s takes effect: %s%s", op.Verb, op.Kind, applied.Resource.ID, op.Patch, op.After))
	w.count1("write: "+string(op.Verb), 1)
	has := decode(s.fake.Object(op.Kind, applied.Resource.ID))
	for _, name := range made {
		if v, ok := has[name].(string); ok {
			s.inTenant[v] = true
		}
	}
	object := diff.Object{Kind: op.Kind, ID: op.ID}
	raced := s.touched[object].After(s.looked[sight{p.worker.name, object}])
	s.oracle.Effect(oracle.Write{Operation: op, Worker: p.worker.name, Object: applied.Resource.ID, Actual: actual, Raced: raced})
	return applied, nil
}

// storeTime is what the store's clock shows. The caller holds the lock.
func (w *world) storeTime() time.Time {
	got, _ := w.store.Load(context.Background(), loadNothing)
	return got.Now
}
