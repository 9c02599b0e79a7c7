package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/syncer"
)

// director causes every event that no engine causes: nights, edits, actions of
// people, and faults of shared services.
type director struct {
	agenda
	calendar  calendar
	journal   *journal
	clock     *storeClock
	faults    *faults
	tenants   *roster
	people    *people
	inspector *inspector
	// stop, if not nil, reports whether the world must end early.
	stop func() bool
}

// direct lets the days pass until the last day is over or a rule was broken.
func (d *director) direct() {
	for n := range d.calendar.days {
		d.at(d.calendar.noon(n), func(*chance.Stream) { d.day(n) })
	}
	for d.goesOn() {
		next, ok := d.next()
		if !ok || next.at.After(d.calendar.end()) {
			break
		}
		pauseFor(context.Background(), time.Until(onLane(next.at, directorLane, 0)))
		r := d.calendar.Stream(uint64(next.n), chance.Word("scene"))
		next.do(&r)
	}
}

// goesOn reports whether the world continues: no rule was broken, and stop does
// not ask for an end.
func (d *director) goesOn() bool { return (d.stop == nil || !d.stop()) && !d.journal.broken() }

// day adds the scenes of a day.
func (d *director) day(n int) {
	noon, calm := time.Now(), d.calendar.isCalm()
	r := d.calendar.Stream(uint64(n), chance.Word("day"))
	between := func(r *chance.Stream, from, to time.Duration) time.Time { return noon.Add(r.Between(from, to)) }
	if !calm {
		for range r.N(3) {
			d.at(between(&r, 0, day-time.Hour), d.moveClock)
		}
		if r.Chance(0.1) {
			d.at(between(&r, 8*time.Hour, 18*time.Hour), func(r *chance.Stream) { d.faults.takeStoreDown(r.Between(time.Minute, 20*time.Minute)) })
		}
	}
	d.at(between(&r, 0, time.Hour), func(*chance.Stream) { d.inspector.checkDay(n) })
	if n%7 == 3 { // in the hours before the night
		for hour := range 10 {
			d.at(between(&r, time.Duration(hour)*time.Hour, time.Duration(hour+1)*time.Hour), func(*chance.Stream) { d.inspector.checkGoroutines() })
		}
	}
	for _, s := range d.tenants.list {
		r := d.calendar.Stream(uint64(n), uint64(s.index), chance.Word("day"))
		when := func(from, to time.Duration) time.Time { return between(&r, from, to) }
		d.at(when(10*time.Hour, 16*time.Hour), func(r *chance.Stream) {
			d.people.act(s, "schedule", func(a *person) { a.start(syncer.StartRequest{Supersede: r.Chance(0.9)}) })
		})
		d.at(when(18*time.Hour, 22*time.Hour), func(r *chance.Stream) { d.people.look(s, r) })
		switch {
		case !calm:
			d.trouble(s, &r, when)
		case n < d.calendar.days-3:
			// The runs of the evening have ended by now, and their reports may
			// have notes for people.
			d.at(when(0, time.Hour), func(r *chance.Stream) { d.people.look(s, r) })
			d.at(when(0, time.Hour), func(*chance.Stream) { s.editor.tidy() })
		}
	}
}

// trouble adds the scenes of a tenant that come only on days with faults.
func (d *director) trouble(s *subject, r *chance.Stream, when func(from, to time.Duration) time.Time) {
	for range r.Weighted(60, 20, 10) {
		d.at(when(0, day-time.Hour), s.editor.editRepository)
	}
	for range r.Weighted(60, 20, 10) {
		d.at(when(0, day-time.Hour), s.editor.editTenant)
	}
	if r.Chance(0.04) {
		d.at(when(0, day-time.Hour), func(*chance.Stream) {
			d.journal.count("tenant: signed out")
			d.journal.note(s.name, "somebody", "revokes", "the sign-in")
			s.auth.Revoke(s.name)
		})
	}
	if r.Chance(0.03) {
		d.suffer(s, when(0, day-time.Hour), r)
	}
	for _, w := range whims {
		if r.Chance(w.chance) {
			d.at(when(0, day-time.Hour), func(*chance.Stream) { d.people.act(s, w.name, w.do) })
		}
	}
}

// suffer gives a tenant a condition that lasts minutes to days. All conditions
// end before the calm days.
func (d *director) suffer(s *subject, begin time.Time, r *chance.Stream) {
	c := drawCondition(r, s.lag)
	end := begin.Add(r.Between(time.Minute, chance.Pick(r, time.Hour, 12*time.Hour, 3*day)))
	if calm := d.calendar.calmFrom().Add(-time.Second); end.After(calm) {
		end = calm
	}
	d.at(begin, func(r *chance.Stream) {
		d.journal.count("tenant: " + c.name)
		d.journal.note(s.name, "somebody", "in the tenant", c.name)
		c.begin(s.fake, r)
	})
	d.at(end, func(r *chance.Stream) {
		d.journal.note(s.name, "somebody", "in the tenant", "no more: "+c.name)
		c.end(s.fake, r)
	})
}

// moveClock moves the store's clock. While a lease is held, the step is shorter
// than the time that the lease still has when a write begins.
func (d *director) moveClock(r *chance.Stream) {
	far := chance.Pick(r, 10*time.Second, 10*time.Second, 2*time.Hour)
	now := d.clock.now()
	for _, s := range d.tenants.standings() {
		if s.leased(now) {
			far = 10 * time.Second
		}
	}
	step := chance.Pick[time.Duration](r, -1, 1) * r.Between(100*time.Millisecond, far)
	ahead := d.clock.move(step)
	d.journal.count("clock: moved")
	d.journal.note("", "clock", "moves", fmt.Sprintf("%s, to %s", step, ahead))
}
