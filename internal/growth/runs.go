package growth

import (
	"testing"

	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
)

// Run is a run with N items.
type Run struct {
	Name string
	// Approvals is the number of people who must approve.
	Approvals int
	do        func(t testing.TB, l *World)
}

// Do makes a world with the store, and lets its engine do the run. writers is the
// engine's [syncer.Config].WriteConcurrency.
func (r Run) Do(t testing.TB, store state.Store, n, writers int) Work {
	t.Helper()
	m := &meter{Store: store}
	l := New(n, func(c *syncer.Config) {
		c.Store, c.WriteConcurrency, c.Settings.Approval.Approvals = m, writers, r.Approvals
	})
	l.Write(t)
	r.do(t, l)
	got, err := store.Load(t.Context(), state.LoadRequest{Tenant: l.name})
	if err != nil {
		t.Fatal(err)
	}
	work := m.total()
	work.Stored = len(got.Record.Data)
	return work
}

// Runs are the runs whose items a record would hold if it held lists.
var Runs = []Run{
	{"whole approval", 1, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, 0, "bob")
		l.Work(t, state.Idle)
	}},
	{"half approval", 1, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/2, "bob")
		l.Work(t, state.Idle)
	}},
	{"half approval by two people, after another vote", 2, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/4, "ann@partner.example")
		l.Approve(t, l.N/2, "bob", "cem")
		l.Work(t, state.Idle)
	}},
	{"targets", 1, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{Targets: l.Targets()})
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/2, "bob")
		l.Work(t, state.Idle)
	}},
	{"retry", 1, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, 0, "bob")
		l.Refuse(true)
		l.Work(t, state.NewError)
		l.Refuse(false)
		l.Retry(t)
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/2, "bob")
		l.Work(t, state.Idle)
	}},
	{"superseded with votes", 3, func(t testing.TB, l *World) {
		l.Start(t, syncer.Options{})
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/2, "bob", "cem")
		l.supersede(t)
		l.Work(t, state.PendingApproval)
		l.Approve(t, l.N/2, "dan")
		l.Work(t, state.Idle)
	}},
}
