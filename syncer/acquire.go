package syncer

import (
	"context"
	"time"

	"github.com/tenantsync/tenantsync/internal/lease"
)

// leases acquires the leases of this worker.
func (s *Syncer) leases() lease.Keeper {
	return lease.Keeper{Store: s.cfg.Store, Owner: s.cfg.WorkerID, Duration: s.cfg.LeaseDuration,
		Attempts: s.cfg.MaxAttempts, Transient: storageTransient}
}

// leave shortens the lease of a tenant whose record a newer version wrote: soon
// a process that can read the record gets its turn.
func (s *Syncer) leave(ctx context.Context, hold *lease.Hold, after time.Duration) {
	if err := hold.Shorten(ctx, after); err != nil {
		s.cfg.Logger.Warn("a lease could not be shortened; it will run out", "tenant", hold.Tenant(), "run", hold.Acquired().Record.Run, "error", err)
	}
}
