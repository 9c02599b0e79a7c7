package simulation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/diff"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// intends notes that a write is about to be sent.
func (s *subject) intends(in *syncer.Intent) {
	r := s.run
	if open, ok := r.open[in.Item]; ok {
		s.w.violateLocked(s, "journal", "%s is begun again (attempt %d) before it is known what became of attempt %d", in.Item, in.Attempt, open.Attempt)
	}
	if res, ok := r.results[in.Item]; ok {
		s.w.violateLocked(s, "journal", "%s is begun again after it was %s", in.Item, res.Status)
	}
	if s.stopped {
		s.w.violateLocked(s, "journal", "%s is begun although the run is to end, or is paused", in.Item)
	}
	r.open[in.Item] = *in
}

// results holds what is said to have become of a write against what has.
func (s *subject) results(res *syncer.ItemResult) {
	r := s.run
	delete(r.open, res.Item)
	s.w.count1("item: "+string(res.Status), 1)
	switch res.Status {
	case syncer.ItemApplied, syncer.ItemUnknown:
	default:
		if r.effects[res.Item] > 0 {
			s.w.violateLocked(s, "journal", "%s is said to be %s (%s), and it has taken effect", res.Item, res.Status, res.Message)
		}
	}
	if res.Status == syncer.ItemRetry {
		return
	}
	if old, ok := r.results[res.Item]; ok {
		s.w.violateLocked(s, "journal", "%s is %s after it was %s", res.Item, res.Status, old.Status)
	}
	r.results[res.Item] = *res
	if res.Status == syncer.ItemApplied && r.effects[res.Item] == 0 && !strings.HasPrefix(res.Message, "it was already") && !s.asApproved(res) {
		s.w.violateLocked(s, "journal", "%s is said to be applied, and the tenant does not have it", res.Item)
	}
}

// itemOf finds the run's item that an operation carries out.
func (s *subject) itemOf(op tenant.Operation) (*run, *plan.Item, string) {
	runID, id, _ := strings.Cut(op.IdempotencyKey, "/")
	if s.run == nil || s.run.id != runID {
		return nil, nil, id
	}
	if s.run.plan == nil {
		return s.run, nil, id
	}
	return s.run, s.run.plan.Item(id), id
}

// writeBegins holds a write against everything that must be so before it.
func (s *subject) writeBegins(p *ports, op tenant.Operation) {
	w := s.w
	if p.alive() != nil {
		return // it will not be sent
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteLocked(p.worker.name, call{op: opApply, s: s}, fmt.Sprintf("begins: %s %s/%s, key %s", op.Verb, op.Kind, op.ID, op.IdempotencyKey))
	violate := func(rule, format string, args ...any) { w.violateLocked(s, rule, format, args...) }
	now := w.storeTime()
	if s.owner != p.worker.name || !s.leaseUntil.After(now) {
		violate("lease", "%s writes at %s, and the lease is %s's until %s", p.worker.name, now, s.owner, s.leaseUntil)
	}
	for _, other := range s.writing {
		if other.IdempotencyKey == op.IdempotencyKey {
			violate("nothing twice", "%s is being written already", op.IdempotencyKey)
		}
	}
	s.writing = append(s.writing, op)
	r, it, id := s.itemOf(op)
	if r == nil {
		violate("approval", "a write of %s, and the run is another", op.IdempotencyKey)
		return
	}
	if in, ok := r.open[id]; !ok || in.Key != op.IdempotencyKey || in.Verb != op.Verb || in.TenantID != op.ID {
		violate("journal", "a write of %s whose intent is not stored (%+v)", op.IdempotencyKey, in)
	}
	switch {
	case !r.approved:
		violate("approval", "a write of %s, and nobody approved the run", op.IdempotencyKey)
	case it == nil:
		violate("approval", "a write of %s, which is not in the plan that was approved", op.IdempotencyKey)
	case r.chosen != nil && !r.chosen[id]:
		violate("approval", "a write of %s, which the approval left out", op.IdempotencyKey)
	default:
		s.checkOperation(it, op)
	}
}

// writeEnds: the caller knows what became of the call, or that nobody does.
func (s *subject) writeEnds(p *ports, op tenant.Operation) {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	i := slices.IndexFunc(s.writing, func(o tenant.Operation) bool { return o.IdempotencyKey == op.IdempotencyKey })
	if i >= 0 {
		s.writing = slices.Delete(s.writing, i, i+1)
	}
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
	violate := func(rule, format string, args ...any) { w.violateLocked(s, rule, format, args...) }
	if twice := s.fake.Repeated(); len(twice) > 0 {
		violate("nothing twice", "%s %s/%s, key %s, took effect again", op.Verb, op.Kind, applied.Resource.ID, op.IdempotencyKey)
	}
	r, _, id := s.itemOf(op)
	if r == nil {
		violate("journal", "a write of %s takes effect when its run has long ended", op.IdempotencyKey)
		return applied, nil
	}
	if op.Verb == tenant.Create {
		r.created[id] = applied.Resource.ID
	}
	if r.effects[id]++; r.effects[id] > 1 {
		violate("nothing twice", "%s took effect %d times", op.IdempotencyKey, r.effects[id])
	}
	if res, ok := r.results[id]; ok && res.Status != syncer.ItemUnknown && res.Status != syncer.ItemApplied {
		violate("journal", "%s takes effect after it was said to be %s", op.IdempotencyKey, res.Status)
	}
	if op.Verb != tenant.Create && actual != nil && !sameBody(actual, op.Before) {
		object := diff.Object{Kind: op.Kind, ID: op.ID}
		seen, changed := s.looked[sight{p.worker.name, object}], s.touched[object]
		if !changed.After(seen) {
			violate("nothing lost", "%s wrote over %s, which it saw as %s at %s; it was changed at %s", p.worker.name, actual, op.Before, seen, changed)
		}
	}
	return applied, nil
}

// storeTime is what the store's clock shows. The caller holds the lock.
func (w *world) storeTime() time.Time {
	got, _ := w.store.Load(context.Background(), loadNothing)
	return got.Now
}
