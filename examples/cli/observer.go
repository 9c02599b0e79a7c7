package main

import (
	"context"
	"sync"
	"time"

	"github.com/tenantsync/tenantsync/syncer"
)

// observer prints events. It prints lasting lines for events that people may want to
// read later. On a terminal it shows other events in a line that is redrawn.
type observer struct {
	app *app
	// phase holds the last printed phase of each tenant.
	phase *sync.Map
}

// phases describes each phase in words.
var phases = map[syncer.Phase]string{
	syncer.PhaseConnect: "signing in silently",
	syncer.PhaseConsent: "looking at permissions",
	syncer.PhaseBackup:  "backing up",
	syncer.PhasePlan:    "planning",
	syncer.PhaseDeploy:  "deploying",
	syncer.PhaseRevert:  "reverting in the configuration",
	syncer.PhaseVerify:  "reading back what was written",
	syncer.PhaseReport:  "writing the report",
}

// Observe prints an event.
func (o observer) Observe(_ context.Context, e syncer.Event) {
	a := o.app
	switch e.Type {
	case syncer.StatusChanged:
		a.say("%s: %s → %s\n", e.Tenant, e.From.Label(), e.To.Label())
	case syncer.PhaseChanged:
		if text := phases[e.Phase]; text != "" {
			if last, _ := o.phase.Swap(e.Tenant, e.Phase); last == e.Phase {
				return
			}
			if a.live {
				a.progress("%s: %s …", e.Tenant, text)
			} else {
				a.say("%s: %s\n", e.Tenant, text)
			}
		}
	case syncer.PromptShown:
		a.say("%s: to sign in, open %s and enter the code %s (%s left)\n",
			e.Tenant, e.Prompt.URL, e.Prompt.UserCode, e.Deadline.Sub(e.Time).Round(time.Second))
		if a.demo != nil && a.set.text("demo-people") == "asks" {
			go a.demo.answer(e.Prompt.UserCode)
		}
	case syncer.ProgressMade:
		if e.Progress.Total > 0 {
			a.progress("%s: %s %d of %d", e.Tenant, phases[e.Progress.Phase], e.Progress.Done, e.Progress.Total)
		}
	case syncer.ItemDone:
		switch {
		case e.Item.Message != "":
			a.say("%s: %s: %s %s: %s\n", e.Tenant, e.Item.Status, e.Item.Verb, e.Item.Item, e.Item.Message)
		case a.live && e.Item.Status == syncer.ItemApplied:
			a.progress("%s: %s: %s %s", e.Tenant, e.Item.Status, e.Item.Verb, e.Item.Item)
		default:
			a.say("%s: %s: %s %s\n", e.Tenant, e.Item.Status, e.Item.Verb, e.Item.Item)
		}
	}
}
