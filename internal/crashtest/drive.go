package crashtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// DriveConfig configures a [Drive].
type DriveConfig struct {
	Seed    uint64
	Tenants int
	// AtOnce is the number of tenants that have a run at a time.
	AtOnce int
}

// Drive keeps tenants busy: it edits each tenant on both sides, starts a run,
// waits for its end, and repeats this.
type Drive struct {
	fleet *Fleet
	cfg   DriveConfig
	going sync.WaitGroup

	mu       sync.Mutex
	queue    []*driven // at rest
	all      []*driven
	done     bool
	problems []string
}

// driven is one tenant of a drive.
type driven struct {
	name  string
	want  Want
	round int
	// seen holds the statuses that the drive saw, by the record's version.
	seen map[int64]state.Status
}

// maxTries is the greatest number of runs of a tenant in one round.
const maxTries = 6

// Drive starts a [Drive], which ends with [Drive.Finish].
func (f *Fleet) Drive(ctx context.Context, cfg DriveConfig) *Drive {
	d := &Drive{fleet: f, cfg: cfg}
	for i := range cfg.Tenants {
		t := &driven{name: fmt.Sprintf("tenant-%04d", i), want: Want{}, seen: map[int64]state.Status{}}
		d.all = append(d.all, t)
	}
	d.queue = slices.Clone(d.all)
	for range cfg.AtOnce {
		d.going.Go(func() { d.loop(ctx) })
	}
	return d
}

// Finish gives a run to every tenant without one, waits until all tenants rest,
// and returns the problems.
func (d *Drive) Finish() []string {
	d.mu.Lock()
	d.done = true
	d.mu.Unlock()
	d.going.Wait()
	return d.problems
}

// next takes a tenant that rests from the queue. It returns nil when the drive
// is finished.
func (d *Drive) next() *driven {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.done {
		d.queue = slices.DeleteFunc(d.queue, func(t *driven) bool { return t.round > 0 })
	}
	if len(d.queue) == 0 {
		return nil
	}
	t := d.queue[0]
	d.queue = d.queue[1:]
	return t
}

func (d *Drive) loop(ctx context.Context) {
	for ctx.Err() == nil {
		t := d.next()
		if t == nil {
			return
		}
		err := d.turn(ctx, t)
		d.mu.Lock()
		d.queue = append(d.queue, t)
		if err != nil {
			d.problems = append(d.problems, err.Error())
		}
		d.mu.Unlock()
	}
}

// turn makes one round of a tenant: edits, and then runs until one ends Idle.
func (d *Drive) turn(ctx context.Context, t *driven) error {
	edits := t.want.Edit(d.cfg.Seed, t.name, t.round)
	t.round++
	fake := d.fleet.World.Tenant(t.name)
	r := rand.New(rand.NewPCG(d.cfg.Seed, uint64(t.round)<<32+uint64(len(t.want))))
	fake.SlowWrites(time.Duration(5+r.IntN(60)) * time.Millisecond)
	for _, drift := range edits.Drift {
		drift.Apply(fake)
	}
	if err := d.fleet.Edit(ctx, t.name, fmt.Sprintf("round-%d", t.round), edits.Changes...); err != nil {
		return fmt.Errorf("%s: edit: %w", t.name, err)
	}
	for range maxTries {
		if err := d.start(ctx, t.name); err != nil {
			return err
		}
		row, err := d.fleet.Await(ctx, t.name, func(r syncer.Row) bool {
			t.seen[r.Version] = r.Status
			return r.Status.Resting()
		})
		if err != nil {
			return err
		}
		if row.Status == state.Idle {
			return nil
		}
	}
	row, err := d.fleet.Front.Status(ctx, t.name)
	return errors.Join(fmt.Errorf("%s: no run of %d ended Idle; the last one is %s: %+v", t.name, maxTries, row.Label, row.Error), err)
}

// start starts a run, and repeats a start that fails. ErrActive then means that
// an earlier attempt has started the run.
func (d *Drive) start(ctx context.Context, tenantName string) error {
	err := d.fleet.Until(ctx, func() (bool, error) {
		_, err := d.fleet.Front.Start(ctx, syncer.StartRequest{Tenant: tenantName, Actor: "ann"})
		if errors.Is(err, syncer.ErrActive) {
			err = nil
		}
		return true, err
	})
	if err != nil {
		return fmt.Errorf("%s: start: %w", tenantName, err)
	}
	return nil
}

// Audit does the checks of [Fleet.Audit] for all tenants of the drive. It also
// compares each tenant and its repository with the expected content. No run may
// be under way.
func (d *Drive) Audit(ctx context.Context) (*Totals, error) {
	totals := newTotals()
	for _, t := range d.all {
		if err := d.fleet.audit(ctx, totals, t.name, t.seen); err != nil {
			return totals, fmt.Errorf("audit %s: %w", t.name, err)
		}
		line, err := d.fleet.Repository.Desired(ctx, tenant.DesiredRequest{Tenant: t.name})
		if err != nil {
			return totals, fmt.Errorf("audit %s: %w", t.name, err)
		}
		for _, diff := range t.want.Differences(d.fleet.World.Tenant(t.name), line.Resources) {
			totals.problem(&totals.Lost, t.name, "%s", diff)
		}
		for _, p := range line.Problems {
			totals.problem(&totals.Lost, t.name, "repository: %v", &p)
		}
	}
	return totals, nil
}
