package simulation

import (
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
)

// start asks for a sync.
func (a *person) start(req syncer.StartRequest) {
	req.Tenant, req.Actor = a.s.name, a.name
	_, err := a.engine().Start(a.ctx, req)
	a.said(fmt.Sprintf("starts %s", req.Mode), err)
}

// rollBack asks for a roll back to an earlier backup, of all kinds or of one
// kind.
func (a *person) rollBack() {
	revs := a.s.editor.backups()
	if len(revs) == 0 {
		return
	}
	o := syncer.Options{DesiredFrom: revs[a.r.N(len(revs))].ID}
	if a.r.Chance(0.5) {
		o.Targets = []plan.Target{{Kind: chance.Pick(&a.r, kindNames...)}}
	}
	a.journal.count("people: asks for a roll back")
	a.start(syncer.StartRequest{Options: o})
}

// decide sends a decision.
func (a *person) decide(d syncer.Decision) {
	d.Tenant, d.Actor = a.s.name, a.name
	a.s.witness.offered(d)
	_, err := a.engine().Decide(a.ctx, d)
	a.said(fmt.Sprintf("decides %s %v", d.Verdict, d.Items), err)
}

// decideAll sends the decision of as many people as the plan needs.
func (a *person) decideAll(d syncer.Decision) {
	a.decide(d)
	for n := 1; n < a.approvals; n++ {
		other := person{people: a.people, s: a.s, name: fmt.Sprintf("second-%d", n), ctx: a.ctx, r: a.r}
		other.decide(d)
	}
	if a.calendar.isCalm() {
		return
	}
	switch a.r.Weighted(70, 15, 15) { // the person changes their mind during the deploy
	case 1:
		a.pause(0, chance.Pick(&a.r, 500*time.Millisecond, 10*time.Second))
		a.cancel()
	case 2:
		a.pause(0, chance.Pick(&a.r, 500*time.Millisecond, 10*time.Second))
		a.hold(10 * time.Minute)
	}
}

// cancel ends the active run, if any.
func (a *person) cancel() {
	_, err := a.engine().Cancel(a.ctx, syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: a.s.name}, Actor: a.name})
	a.said("cancels", err)
}

// hold pauses the tenant for a while.
func (a *person) hold(atMost time.Duration) {
	_, err := a.engine().Pause(a.ctx, syncer.PauseRequest{Tenant: a.s.name, Actor: a.name, Reason: "a whim"})
	a.said("pauses", err)
	for {
		a.pause(time.Second, atMost)
		_, err := a.engine().Resume(a.ctx, syncer.ResumeRequest{Tenant: a.s.name, Actor: a.name})
		a.said("resumes", err)
		if err == nil || a.isOver() {
			return
		}
	}
}

// retry asks for another attempt at the items that failed.
func (a *person) retry() {
	_, err := a.engine().Retry(a.ctx, syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: a.s.name}, Actor: a.name})
	a.said("retries", err)
}

// recheck asks for a check of the permissions.
func (a *person) recheck() {
	_, err := a.engine().Recheck(a.ctx, syncer.RecheckRequest{Tenant: a.s.name, Actor: a.name})
	a.said("rechecks", err)
}
