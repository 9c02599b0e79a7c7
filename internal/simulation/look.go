package simulation

import (
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/tenant"
)

// look lets a person read a tenant's row in the morning and act on it.
func (p *people) look(s *subject, r *chance.Stream) {
	calm := p.calendar.isCalm()
	p.act(s, chance.Pick(r, "bob", "carol"), func(a *person) { a.look(calm) })
}

func (a *person) look(calm bool) {
	row, err := a.engine().Status(a.ctx, a.s.name)
	if err != nil {
		return
	}
	class := ""
	if row.Error != nil {
		class = string(row.Error.Class)
	}
	if row.Status.Resting() && row.Error != nil && (calm || a.r.Chance(0.3)) {
		a.followReport()
	}
	switch {
	case row.Status == state.PendingApproval:
		a.review(row, calm)
	case row.Status == state.NewError && class == "wrong_tenant":
		a.journal.note(a.s.name, a.name, "signs out", "the account of another directory")
		a.s.auth.Revoke(a.s.name)
		a.startAndReview(calm)
	case row.Status == state.NewError && class == "sign_in_needed" && (calm || a.r.Chance(0.7)):
		a.startAndReview(calm)
	case (row.Status == state.NewError || row.Status == state.PartiallySuccessful) && !calm && a.r.Chance(0.3):
		a.retry()
	}
}

// followReport carries out the requests of the last report.
func (a *person) followReport() {
	rep, err := a.engine().Report(a.ctx, syncer.RunRef{Tenant: a.s.name})
	if err != nil {
		return
	}
	a.s.editor.follow(&a.r, rep.Notes)
	for _, it := range rep.Items {
		if it.Verb == tenant.Create && it.Status == syncer.ItemConflict {
			a.s.editor.rename(a.s.editor.line(), it.Kind, it.Key)
		}
	}
}

// startAndReview starts a run, signs in, and reviews the resulting plan. A
// person who asks for a run cannot approve it, so another person may have to.
func (a *person) startAndReview(calm bool) {
	a.start(syncer.StartRequest{Options: syncer.Options{Interactive: true}})
	a.pause(5*time.Minute, 30*time.Minute)
	row, err := a.engine().Status(a.ctx, a.s.name)
	if err != nil || row.Status != state.PendingApproval {
		return
	}
	a.review(row, calm)
	a.act(a.s, "dave", func(b *person) { b.review(row, calm) })
}

// review decides on the waiting plan now, later or never.
func (a *person) review(row syncer.Row, calm bool) {
	p, err := a.engine().Plan(a.ctx, syncer.RunRef{Tenant: a.s.name})
	if err != nil || p.Digest != row.Digest {
		return // the row has changed since
	}
	d := syncer.Decision{RunRef: syncer.RunRef{Run: row.Run}, Digest: row.Digest, Verdict: syncer.Approve}
	for _, b := range p.Broken {
		if calm || a.r.Chance(0.9) {
			d.Accept = append(d.Accept, b.Rule)
		}
	}
	if calm {
		a.s.editor.follow(&a.r, p.Notes)
		a.decideAll(d)
		return
	}
	switch a.r.Weighted(50, 10, 10, 8, 8, 14, 6) {
	case 0:
		a.decideAll(d)
	case 1: // approve a part
		for _, it := range p.Items {
			if a.r.Chance(0.6) {
				d.Items = append(d.Items, it.ID)
			}
		}
		if len(d.Items) > 0 {
			a.decideAll(d)
		}
	case 2:
		d.Verdict, d.Accept = syncer.Reject, nil
		a.decide(d)
	case 3:
		d.Verdict, d.Accept = syncer.RejectAndRevert, nil
		a.decide(d)
	case 4: // two people disagree at the same time
		other := chance.Pick(&a.r, syncer.Reject, syncer.RejectAndRevert, syncer.Approve)
		a.act(a.s, "dave", func(b *person) {
			o := d
			if o.Verdict = other; other != syncer.Approve {
				o.Accept = nil
			}
			b.decide(o)
		})
		a.decideAll(d)
	case 5: // much later, when another plan may wait
		a.pause(time.Hour, 3*day)
		if a.isOver() {
			return
		}
		if now, err := a.engine().Status(a.ctx, a.s.name); err == nil && a.r.Chance(0.5) {
			d.Run = now.Run // a page with the new run and the old plan
		}
		a.decideAll(d)
	case 6: // never
	}
}
