package simulation

import (
	"time"

	"github.com/tenantsync/tenantsync/tenant"
)

// condition is something that is wrong with a tenant for a while.
type condition struct {
	name       string
	begin, end func(s *subject, r *draw)
}

// conditions are all of them. Ending one that another has ended is no harm.
func conditions(r *draw) condition {
	kind := pick(r, kindNames...)
	permission := pick(r, "Policies.Read", "Policies.Write", "Groups.Read", "Locations.Read")
	return pick(r,
		condition{"a permission is withdrawn: " + permission,
			func(s *subject, _ *draw) { s.fake.Deny(permission) }, func(s *subject, _ *draw) { s.fake.Grant(permission) }},
		condition{"a role is withdrawn",
			func(s *subject, _ *draw) { s.fake.Forbid(kind) }, func(s *subject, _ *draw) { s.fake.Allow(kind) }},
		condition{"a licence is gone",
			func(s *subject, _ *draw) { s.fake.Unlicense(kind) }, func(s *subject, _ *draw) { s.fake.License(kind) }},
		condition{"a kind cannot be read",
			func(s *subject, _ *draw) { s.fake.FailReads(kind, tenant.Transient) }, func(s *subject, _ *draw) { s.fake.FailReads(kind, "") }},
		condition{"lists of a kind are cut short",
			func(s *subject, r *draw) { s.fake.CutReads(kind, r.n(3)) }, func(s *subject, _ *draw) { s.fake.CutReads(kind, -1) }},
		condition{"requests are throttled",
			func(s *subject, r *draw) { s.fake.Throttle(r.n(30), r.between(time.Second, 30*time.Second)) },
			func(s *subject, _ *draw) { s.fake.Throttle(0, 0) }},
		condition{"reads are slow",
			func(s *subject, r *draw) { s.fake.SlowReads(r.between(time.Second, 10*time.Second)) }, func(s *subject, _ *draw) { s.fake.SlowReads(0) }},
		condition{"reads lag",
			func(s *subject, r *draw) { s.fake.Lag(r.between(time.Second, maxLag)) }, func(s *subject, r *draw) { s.fake.Lag(s.lag) }},
	)
}

// suffer gives a tenant a condition, for minutes or days, but not for ever.
func (d *director) suffer(s *subject, begin time.Time, r *draw) {
	c := conditions(r)
	end := begin.Add(r.between(time.Minute, pick(r, time.Hour, 12*time.Hour, 3*day)))
	if calm := d.w.calmFrom().Add(-time.Second); end.After(calm) {
		end = calm
	}
	d.at(begin, func(r *draw) {
		s.w.count("tenant: " + c.name)
		s.w.noteOf(s, "somebody", "in the tenant", c.name)
		c.begin(s, r)
	})
	d.at(end, func(r *draw) {
		s.w.noteOf(s, "somebody", "in the tenant", "no more: "+c.name)
		c.end(s, r)
	})
}
