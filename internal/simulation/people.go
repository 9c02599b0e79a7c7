package simulation

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/syncer"
)

// people act on the tenants of a part.
type people struct {
	calendar  calendar
	journal   *journal
	fleet     *fleet
	approvals int // number that a plan needs
	// over is the context that ends with the world.
	over context.Context
	// acting counts the actions under way.
	acting sync.WaitGroup
}

// person is a person or a schedule during one action on a tenant.
type person struct {
	*people
	s    *subject
	name string
	ctx  context.Context
	r    chance.Stream
}

// act runs an action of a person in a goroutine. The action begins at an
// instant that no other action has.
func (p *people) act(s *subject, name string, do func(a *person)) {
	n := int(s.actions.Add(1)) - 1
	p.acting.Go(func() {
		who := actor{name, n % peopleLanes}
		pauseFor(context.Background(), time.Until(onLane(time.Now(), int64(s.firstLane()+peopleFrom+who.lane), 0)))
		do(&person{people: p, s: s, name: name, ctx: withActor(context.Background(), who),
			r: p.calendar.Stream(uint64(s.index), uint64(n), chance.Word("act"))})
	})
}

// isOver reports whether the world has ended.
func (p *people) isOver() bool { return p.over.Err() != nil }

// engine returns the engine of any process, because every process can serve an
// action.
func (a *person) engine() *syncer.Syncer { return a.fleet.engine(&a.r) }

// pause waits for a while.
func (a *person) pause(from, to time.Duration) { pauseFor(a.ctx, a.r.Between(from, to)) }

// refusals are the errors with which an engine refuses an action.
var refusals = []error{syncer.ErrActive, syncer.ErrPaused, syncer.ErrStalePlan, syncer.ErrNotPending, syncer.ErrExpired,
	syncer.ErrSelfApproval, syncer.ErrAlreadyVoted, syncer.ErrNothingFailed, syncer.ErrBusy, syncer.ErrNotFound}

// said records the result of an action.
func (a *person) said(did string, err error) {
	what := "done"
	if err != nil {
		what = err.Error()
	}
	if errors.Is(err, syncer.ErrStalePlan) { // its text has the digest, which depends on a random key if there are secrets
		what = syncer.ErrStalePlan.Error()
	}
	a.journal.note(a.s.name, a.name, did, what)
	act, _, _ := strings.Cut(did, " ")
	for _, known := range refusals {
		if errors.Is(err, known) {
			a.journal.count("people: " + act + " refused: " + strings.TrimPrefix(known.Error(), "syncer: "))
			return
		}
	}
	if err != nil {
		act += " failed"
	}
	a.journal.count("people: " + act)
}
