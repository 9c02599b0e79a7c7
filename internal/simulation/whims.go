package simulation

import (
	"time"

	"github.com/tenantsync/tenantsync/internal/simulation/chance"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/syncer"
)

// whim is an action that a person takes on some days.
type whim struct {
	chance float64 // probability on a day
	name   string  // the person's name
	do     func(a *person)
}

// ask returns a whim that asks for a run.
func ask(chance float64, o syncer.Options) whim {
	return whim{chance, "ann", func(a *person) { a.start(syncer.StartRequest{Options: o}) }}
}

// whims are all whims. Their order affects the events of a seed.
var whims = []whim{
	{0.05, "ann", func(a *person) { a.startAndReview(false) }},
	ask(0.01, syncer.Options{Mode: syncer.Preview}),
	ask(0.01, syncer.Options{Mode: syncer.BackupOnly}),
	{0.01, "ann", func(a *person) {
		a.start(syncer.StartRequest{Options: syncer.Options{Targets: []plan.Target{{Kind: chance.Pick(&a.r, listed...)}}}})
	}},
	{0.01, "ann", (*person).cancel},
	{0.01, "ann", func(a *person) { // soon after the start, while it works
		a.start(syncer.StartRequest{Options: syncer.Options{Interactive: true}})
		a.pause(0, 3*time.Second)
		a.cancel()
	}},
	{0.01, "ann", func(a *person) { // twice
		a.start(syncer.StartRequest{Supersede: true, Options: syncer.Options{Interactive: true}})
		a.pause(0, time.Second)
		a.start(syncer.StartRequest{Supersede: true, Options: syncer.Options{Interactive: true}})
	}},
	{0.01, "ann", (*person).rollBack},
	{0.01, "ann", (*person).recheck},
	{0.01, "eve", func(a *person) { a.hold(12 * time.Hour) }},
}
