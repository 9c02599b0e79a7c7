package simulation

import (
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// condition is a temporary fault of a tenant.
type condition struct {
	name       string
	begin, end func(f *tenanttest.Fake, r *chance.Stream)
}

// drawCondition draws a condition. A condition may end although another one has
// already ended the same fault. lag is the normal lag of the tenant's reads.
func drawCondition(r *chance.Stream, lag time.Duration) condition {
	kind := chance.Pick(r, kindNames...)
	permission := chance.Pick(r, "Policies.Read", "Policies.Write", "Groups.Read", "Locations.Read")
	type fake = tenanttest.Fake
	type draw = chance.Stream
	return chance.Pick(r,
		condition{"a permission is withdrawn: " + permission,
			func(f *fake, _ *draw) { f.Deny(permission) }, func(f *fake, _ *draw) { f.Grant(permission) }},
		condition{"a role is withdrawn",
			func(f *fake, _ *draw) { f.Forbid(kind) }, func(f *fake, _ *draw) { f.Allow(kind) }},
		condition{"a licence is gone",
			func(f *fake, _ *draw) { f.Unlicense(kind) }, func(f *fake, _ *draw) { f.License(kind) }},
		condition{"a kind cannot be read",
			func(f *fake, _ *draw) { f.FailReads(kind, tenant.Transient) }, func(f *fake, _ *draw) { f.FailReads(kind, "") }},
		condition{"lists of a kind are cut short",
			func(f *fake, r *draw) { f.CutReads(kind, r.N(3)) }, func(f *fake, _ *draw) { f.CutReads(kind, -1) }},
		condition{"requests are throttled",
			func(f *fake, r *draw) { f.Throttle(r.N(30), r.Between(time.Second, 30*time.Second)) },
			func(f *fake, _ *draw) { f.Throttle(0, 0) }},
		condition{"reads are slow",
			func(f *fake, r *draw) { f.SlowReads(r.Between(time.Second, 10*time.Second)) }, func(f *fake, _ *draw) { f.SlowReads(0) }},
		condition{"reads lag",
			func(f *fake, r *draw) { f.Lag(r.Between(time.Second, maxLag)) }, func(f *fake, _ *draw) { f.Lag(lag) }},
	)
}
