package syncer

import (
	"hash/fnv"
	"time"

	"github.com/tenantsync/tenantsync/internal/retry"
	"github.com/tenantsync/tenantsync/state"
)

// restingSettings are the settings that say when to look at the tenant at rest
// again: those that this process has read, or else the fleet's. Where SettingsFor
// has others for the tenant, the look finds that out.
func (c *session) restingSettings() Settings {
	if c.set.PermissionsInterval != 0 {
		return c.set
	}
	return c.s.cfg.Settings
}

// lookInterval is how long a tenant's permissions are left alone while it rests
// in status; not more than 0 means that no worker looks.
func (s Settings) lookInterval(tenantName string, status state.Status) time.Duration {
	if status == state.PendingAdminConsent {
		return s.RecheckInterval
	}
	every := s.PermissionsInterval
	if tenth := int64(every / 10); tenth > 0 {
		h := fnv.New64a()
		_, _ = h.Write([]byte(tenantName)) // never fails
		every += time.Duration(h.Sum64() % uint64(tenth))
	}
	return every
}

// lookLater makes a tenant that rests in status due for the next look at its
// permissions. A look that failed is made again sooner, and ever later while it
// keeps failing.
func (t *draft) lookLater(set Settings, status state.Status) {
	t.rec.WakeAt = time.Time{}
	every := set.lookInterval(t.rec.Tenant, status)
	if every <= 0 {
		return
	}
	t.wakeIn = every
	if n := t.d.LooksFailed; n > 0 {
		t.wakeIn = retry.Backoff(n, max(every/16, time.Millisecond), every)
	}
}
