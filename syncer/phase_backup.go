package syncer

import (
	"context"

	"github.com/tenantsync/tenantsync/internal/backup"
	"github.com/tenantsync/tenantsync/internal/ending"
	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/tenant"
)

// backupPhase reads the tenant, appends its snapshot to the backup line, and
// adopts drift into the desired line where the policy says so.
func (c *session) backupPhase(ctx context.Context) (onward, error) {
	cur := c.now()
	lag := cur.d.LagsUntil.Sub(cur.storeTime())
	if lag > 0 {
		c.log.Info("waiting until reads are sure to show what the last run created", "for", lag)
	}
	if err := retry.Pause(ctx, lag); err != nil {
		return onward{}, err
	}
	r, found := c.run(), c.walk.permitted.found
	var (
		before  backup.Adopted
		desired tenant.Desired
	)
	err := c.beside(ctx, func() (err error) {
		if before, err = c.s.adopted(ctx, c.tenant, r); err == nil {
			desired, err = c.repository().Desired(ctx)
		}
		return err
	})
	if err != nil {
		return onward{}, err
	}
	in, err := c.comparing(ctx, c.walk.permitted.set)
	if err != nil {
		return onward{}, err
	}
	in.Unwritable, in.Targets, in.Desired = found.WhyNotWritten(), c.walk.permitted.targets, desired
	cmp, err := c.readTenant(ctx, in, found)
	if err != nil {
		return onward{}, err
	}
	if kinds := cmp.Current().Kinds; backup.NothingRead(kinds) {
		return onward{end: &runEnd{stop: ending.NothingRead, kinds: kinds}}, nil
	}
	c.walk.compared, err = backup.Make(ctx, backup.Request{Run: r.ID, Actor: r.Actor, Comparison: cmp, Lines: c.repository(),
		Adopt: r.Options.Mode == Full && r.Options.DesiredFrom == "", AnyTargets: r.Options.RetryOf != "" || r.Options.DesiredFrom != "", Before: before, Log: c.log, Port: backupPort{c}})
	if err != nil {
		return onward{}, err
	}
	return onward{phase: PhasePlan}, nil
}

// backupPort is the engine's side of package backup.
type backupPort struct{ c *session }

var _ backup.Port = backupPort{}

// Store stores the run's adoption before the repository is written.
func (p backupPort) Store(ctx context.Context, adoption []byte) error {
	ref, err := p.c.put(ctx, "adoption", adoption)
	if err != nil {
		return err
	}
	return p.c.commit(ctx, func(t *draft) error { t.d.Run.Adoption = ref; return nil })
}
