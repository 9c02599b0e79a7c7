package growth

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// tenants counts the tenants that were made.
var tenants atomic.Int64

// World is a tenant with N groups, or N files of groups. Unlike the harness, it keeps no
// list of calls and events. Its calls to the tenant take a time that does not grow with
// N.
type World struct {
	// Worker is the engine.
	Worker *syncertest.Worker
	// N is the number of groups.
	N int

	name   string // as long as an id, and of no other world
	h      *syncertest.Harness
	tenant *indexed
	files  *unreadable
}

// New returns a world in which nothing has happened. edit, if not nil, changes the
// engine's configuration.
func New(n int, edit func(*syncer.Config)) *World {
	h := syncertest.New(syncertest.Config{})
	name := fmt.Sprintf("0d0e3a52-6f0b-4f7e-9d3c-%012d", tenants.Add(1))
	l := &World{N: n, name: name, h: h, files: &unreadable{Repository: h.Repository},
		tenant: &indexed{directory: authtest.DirectoryOf(name), groups: map[string]tenant.Resource{}, named: map[string]string{}}}
	l.Worker = h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
		c.Store, c.Repository, c.Observer, c.NewRunID = h.Store, l.files, nil, nil
		c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) { return l.tenant, nil })
		if edit != nil {
			edit(c)
		}
	}})
	return l
}

func groupKey(i int) string { return fmt.Sprintf("G%05d", i) }

func groupBody(i int) json.RawMessage {
	return json.RawMessage(`{"displayName":"` + groupKey(i) + `"}`)
}

// Write writes a file for each group.
func (l *World) Write(t testing.TB) {
	t.Helper()
	var changes []tenant.Change
	for i := range l.N {
		changes = append(changes, tenant.Change{Kind: "groups", Key: groupKey(i), Body: groupBody(i)})
	}
	d, err := l.h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: l.name})
	if err == nil {
		_, err = l.h.Repository.Update(t.Context(), tenant.UpdateRequest{Tenant: l.name, Parent: d.Revision, Key: "edit", Message: "edit", Author: "ann", Changes: changes})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Seed puts each group into the tenant.
func (l *World) Seed() {
	for i := range l.N {
		l.tenant.put("", groupBody(i))
	}
}

// Start starts a run.
func (l *World) Start(t testing.TB, o syncer.Options) {
	t.Helper()
	if _, err := l.Worker.Start(t.Context(), syncer.StartRequest{Tenant: l.name, Actor: "ann", Options: o}); err != nil {
		t.Fatal(err)
	}
}

// Work works on the tenant, which must come to the status.
func (l *World) Work(t testing.TB, want state.Status) {
	t.Helper()
	_, err := l.Worker.Advance(t.Context(), l.name)
	row, serr := l.Worker.Status(t.Context(), l.name)
	if err != nil || serr != nil || row.Status != want {
		t.Fatalf("got %s, %+v, %v, %v, want %s", row.Status, row.Error, err, serr, want)
	}
}

// Approve approves the first items of the plan; 0 stands for the whole plan.
func (l *World) Approve(t testing.TB, items int, actors ...string) {
	t.Helper()
	review, err := l.Worker.Review(t.Context(), syncer.RunRef{Tenant: l.name})
	for _, actor := range actors {
		d := review.Approve(actor, "")
		for i := range items {
			d.Items = append(d.Items, review.Plan.Items[i].ID)
		}
		if err == nil {
			_, err = l.Worker.Decide(t.Context(), d)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Targets names each group.
func (l *World) Targets() (all []plan.Target) {
	for i := range l.N {
		all = append(all, plan.Target{Kind: "groups", Key: groupKey(i)})
	}
	return all
}

// Retry asks for the items that the last run did not apply.
func (l *World) Retry(t testing.TB) {
	t.Helper()
	if _, err := l.Worker.Retry(t.Context(), syncer.RetryRequest{RunRef: syncer.RunRef{Tenant: l.name}, Actor: "ann"}); err != nil {
		t.Fatal(err)
	}
}

// supersede starts a run in place of the one that waits.
func (l *World) supersede(t testing.TB) {
	t.Helper()
	if _, err := l.Worker.Start(t.Context(), syncer.StartRequest{Tenant: l.name, Actor: "ann", Supersede: true}); err != nil {
		t.Fatal(err)
	}
}

// Refuse says whether the tenant refuses all writes.
func (l *World) Refuse(refuse bool) { l.tenant.refuse(refuse) }

// Unreadable makes the first files unreadable.
func (l *World) Unreadable(files int) { l.files.first = files }
