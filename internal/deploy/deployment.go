package deploy

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Deployment carries out a [Job]: the approved items, and nothing else.
type Deployment struct {
	job     Job
	port    Port
	client  tenant.Client
	journal *journal
	ids     *ids
	view    *view
	visible *visibility
}

// Open reads how far the work has come. It also reads the desired configuration
// if an item has sensitive values, because a plan does not hold them.
func Open(ctx context.Context, port Port, job Job) (*Deployment, error) {
	d := &Deployment{job: job, port: port, client: job.Client, ids: newIDs(job.Bindings)}
	d.view = &view{job: &d.job, port: port, client: job.Client, ids: d.ids, desired: map[string]tenant.Resource{}}
	var err error
	if d.journal, err = readJournal(ctx, port, len(job.Items)); err != nil {
		return nil, err
	}
	d.visible = &visibility{client: job.Client, view: d.view, journal: d.journal, seen: map[string]bool{}}
	for _, it := range job.Items {
		if res, ok := d.journal.applied(it.ID); ok {
			d.ids.learn(it, res.TenantID)
		}
	}
	d.ids.publish()
	return d, d.readSensitive(ctx)
}

// readSensitive reads the repository's resources for the items with sensitive
// values, which the plan does not hold.
func (d *Deployment) readSensitive(ctx context.Context) error {
	if !slices.ContainsFunc(d.job.Items, func(it *plan.Item) bool { return len(it.Sensitive) > 0 }) {
		return nil
	}
	desired, err := d.port.Desired(ctx)
	if err != nil {
		return err
	}
	files := make(map[plan.Target]tenant.Resource, len(desired.Resources))
	for _, r := range desired.Resources {
		files[plan.Target{Kind: r.Kind, Key: r.Key}] = r
	}
	for _, it := range d.job.Items {
		if r, ok := files[plan.Target{Kind: it.Kind, Key: it.Key}]; ok {
			d.view.desired[it.ID] = r
		}
	}
	return nil
}

// Run carries out the items, wave by wave. After a crash it first resolves the
// outcomes of interrupted writes. If the run is to end, it does only that.
func (d *Deployment) Run(ctx context.Context) error {
	d.logResumed()
	for items := d.job.Items; len(items) > 0; {
		n := slices.IndexFunc(items, func(it *plan.Item) bool { return it.Wave != items[0].Wave })
		if n < 0 {
			n = len(items)
		}
		if err := d.runWave(ctx, items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

// runWave carries out the items of one wave, several at a time.
func (d *Deployment) runWave(ctx context.Context, items []*plan.Item) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.job.WriteConcurrency)
	for _, it := range items {
		if _, done := d.journal.result(it.ID); done {
			continue
		}
		group.Go(func() error {
			return d.port.Safely("deploy "+it.ID, func() error { return d.carryOut(ctx, it) })
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	d.ids.publish()
	return nil
}
