package simulation

import (
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/syncer"
)

// traits are the settings that differ between the parts of a world.
type traits struct {
	approver  bool // a ticket system approves
	approvals int  // number that a plan needs
	writes    int  // number at a time
	skew      time.Duration
	stop      bool // a deploy stops at the first failure
	consent   bool // a run ends if any permission is missing
	impatient bool // runs time out after an hour
}

// drawTraits draws the traits of a part.
func drawTraits(source chance.Source) traits {
	r := source.Stream(chance.Word("part"))
	var t traits
	t.approver = r.Chance(0.25)
	t.approvals = 1 + r.Weighted(3, 1)
	t.writes = chance.Pick(&r, 1, 1, 3)
	t.stop, t.consent, t.impatient = r.Chance(0.2), r.Chance(0.2), r.Chance(0.2)
	t.skew = chance.Pick[time.Duration](&r, 0, -1, 1) * r.Between(0, chance.Pick(&r, time.Second, time.Minute, 48*time.Hour))
	return t
}

// engine returns the common configuration of all workers' engines.
func (t traits) engine(tenants int, newRunID func() string) syncer.Config {
	conf := syncer.Config{
		WriteConcurrency: t.writes, ReadConcurrency: 4, Concurrency: 2 * tenants,
		PollInterval:  5 * time.Minute,
		NewRunID:      newRunID,
		Secret:        []byte("one secret of all workers: 32 bytes"),
		StopOnFailure: t.stop,
		Settings:      syncer.Settings{Approval: syncer.ApprovalRules{Approvals: t.approvals}, RequireConsent: t.consent},
	}
	if t.impatient {
		conf.Settings.RunTimeout = time.Hour
	}
	return conf
}
