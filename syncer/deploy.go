package syncer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/internal/apply"
	"github.com/tenantsync/tenantsync/internal/reference"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// deployment carries out the stored plan: what was approved, nothing else.
type deployment struct {
	c       *session
	plan    *plan.Plan
	chosen  map[string]bool // approved items
	set     Settings
	key     string // of hashes of secrets
	journal *journal

	// bindings do not change while a wave is carried out: what an item refers
	// to was made in an earlier wave.
	bindings reference.Bindings
	desired  map[string]tenant.Resource // by item ID; only for sensitive values

	mu      sync.Mutex
	learned map[*plan.Item]string // ids of what this wave has created
	visible map[string]bool       // by item ID: created, and seen by a read or waited for
}

// deploy carries the approved items out, wave by wave, and goes on to verify.
// Taken up again after a crash it first finds out what became of the writes
// that were under way; once the run is to end it does only that.
func (c *session) deploy(ctx context.Context) error {
	dep, err := c.openDeployment(ctx)
	if err != nil {
		return err
	}
	if c.run().closing() == "" {
		if err := dep.commitRollback(ctx); err != nil {
			return err
		}
	}
	for wave := range dep.waves() {
		if err := dep.runWave(ctx, wave); err != nil {
			return err
		}
	}
	return c.commit(ctx, func(t *draft) error {
		t.phase(PhaseVerify)
		t.due()
		return nil
	})
}

// openDeployment reads the plan, the journal and the ids, and connects.
func (c *session) openDeployment(ctx context.Context) (*deployment, error) {
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	r := c.run()
	dep := &deployment{c: c, chosen: map[string]bool{},
		desired: map[string]tenant.Resource{}, learned: map[*plan.Item]string{}, visible: map[string]bool{}}
	var err error
	if dep.plan, err = c.s.decidedPlan(ctx, c.tenant, r, Approve); err != nil {
		return nil, err
	}
	if dep.set, err = c.s.settings(ctx, c.tenant, c.identity.Directory); err != nil {
		return nil, err
	}
	// The run's end needs the base. Nothing is written before it can be read.
	if _, err := c.base(ctx); err != nil {
		return nil, err
	}
	dep.key = c.s.keys(c.tenant).Tenant
	for i := range dep.plan.Items {
		id := dep.plan.Items[i].ID
		dep.chosen[id] = covers(r.Decision.Items, id)
	}
	if dep.journal, err = c.readJournal(ctx, len(dep.items())); err != nil {
		return nil, err
	}
	if err := dep.bind(ctx, r); err != nil {
		return nil, err
	}
	return dep, dep.readSensitive(ctx)
}

// items are the approved ones, in the plan's order.
func (d *deployment) items() []*plan.Item {
	var out []*plan.Item
	for i := range d.plan.Items {
		if it := &d.plan.Items[i]; d.chosen[it.ID] {
			out = append(out, it)
		}
	}
	return out
}

// waves yields the approved items wave by wave.
func (d *deployment) waves() func(yield func([]*plan.Item) bool) {
	return func(yield func([]*plan.Item) bool) {
		items := d.items()
		for len(items) > 0 {
			n := slices.IndexFunc(items, func(it *plan.Item) bool { return it.Wave != items[0].Wave })
			if n < 0 {
				n = len(items)
			}
			if !yield(items[:n]) {
				return
			}
			items = items[n:]
		}
	}
}

// bind reads the ids known when the plan was made, and adds those of what the
// run has created since.
func (d *deployment) bind(ctx context.Context, r *run) error {
	raw, err := d.c.s.get(ctx, *r.Bindings)
	if err != nil {
		return err
	}
	var form bindingsForm
	if err := decodeForm("bindings", raw, bindingsFormat, &form); err != nil {
		return fmt.Errorf("deploy: %w", err)
	}
	if d.bindings = form.Bindings; d.bindings == nil {
		d.bindings = reference.Bindings{}
	}
	for _, it := range d.items() {
		if res, ok := d.journal.result(it.ID); ok && res.Status == ItemApplied {
			d.learn(it, res.TenantID)
		}
	}
	d.bindLearned()
	return nil
}

// learn notes the id of an item's object, for the waves that follow.
func (d *deployment) learn(it *plan.Item, id string) {
	if id == "" || it.Verb == tenant.Delete {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.learned[it] = id
}

// bindLearned adds what was learned to the ids; no item is under way.
func (d *deployment) bindLearned() {
	for it, id := range d.learned {
		if d.bindings[it.Kind] == nil {
			d.bindings[it.Kind] = map[string]string{}
		}
		d.bindings[it.Kind][it.Key] = id
	}
	clear(d.learned)
}

// readSensitive reads the repository's resources of items whose sensitive
// values the plan does not hold.
func (d *deployment) readSensitive(ctx context.Context) error {
	if !slices.ContainsFunc(d.items(), func(it *plan.Item) bool { return len(it.Sensitive) > 0 }) {
		return nil
	}
	line, err := d.line(ctx)
	if err != nil {
		return err
	}
	for _, it := range d.items() {
		if r := resourceIn(line, it.Kind, it.Key); r != nil {
			d.desired[it.ID] = *r
		}
	}
	return nil
}

// desiredAt reads the desired line at the plan's revision, or, where that is
// not kept, its head: each resource's own sum tells whether it is still the same.
func (c *session) desiredAt(ctx context.Context, revision string) (tenant.Desired, error) {
	line, err := repo(ctx, c, "read the desired line", func() (tenant.Desired, error) {
		return c.s.cfg.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: c.tenant, Revision: revision})
	})
	if errors.Is(err, tenant.ErrNoRevision) {
		return c.desired(ctx)
	}
	return line, err
}

// step is what plan needs to carry an item out.
func (d *deployment) step(it *plan.Item) apply.Step {
	s := apply.Step{Item: it, Kind: d.c.kinds.Get(it.Kind), Bindings: d.bindings, Variables: d.set.Variables, Key: d.key}
	if r, ok := d.desired[it.ID]; ok {
		s.Desired = &r
	}
	return s
}

// runWave carries out the items of one wave, several at a time.
func (d *deployment) runWave(ctx context.Context, items []*plan.Item) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.c.s.cfg.WriteConcurrency)
	for _, it := range items {
		if _, done := d.journal.result(it.ID); done {
			continue
		}
		group.Go(d.c.safely("deploy "+it.ID, func() error { return d.carryOut(ctx, it) }))
	}
	if err := group.Wait(); err != nil {
		return err
	}
	d.bindLearned()
	return nil
}
