package syncer_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
)

// largeTenant is a name as long as an id.
const largeTenant = "0d0e3a52-6f0b-4f7e-9d3c-2f1c6c1f3a11"

// large is a tenant with n groups, or n files of groups. Its engine has no
// lists of calls and events, as the harness keeps them, and its calls to the tenant
// take a time that does not grow with n.
type large struct {
	h      *syncertest.Harness
	w      *syncertest.Worker
	tenant *indexed
	files  *unreadable
	n      int
}

func newLarge(n int, edit func(*syncer.Config)) *large {
	h := syncertest.New(syncertest.Config{})
	l := &large{h: h, tenant: &indexed{groups: map[string]tenant.Resource{}, named: map[string]string{}}, files: &unreadable{Repository: h.Repository}, n: n}
	l.w = h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
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

// write writes a file for each group.
func (l *large) write(t testing.TB) {
	t.Helper()
	var changes []tenant.Change
	for i := range l.n {
		changes = append(changes, tenant.Change{Kind: "groups", Key: groupKey(i), Body: groupBody(i)})
	}
	d, err := l.h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: largeTenant})
	if err == nil {
		_, err = l.h.Repository.Update(t.Context(), tenant.UpdateRequest{Tenant: largeTenant, Parent: d.Revision, Key: "edit", Message: "edit", Author: "ann", Changes: changes})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// seed puts each group into the tenant.
func (l *large) seed() {
	for i := range l.n {
		l.tenant.put("", groupBody(i))
	}
}

func (l *large) start(t testing.TB, o syncer.Options) {
	t.Helper()
	if _, err := l.w.Start(t.Context(), syncer.StartRequest{Tenant: largeTenant, Actor: "ann", Options: o}); err != nil {
		t.Fatal(err)
	}
}

// work works on the tenant, which must come to the status.
func (l *large) work(t testing.TB, want state.Status) {
	t.Helper()
	_, err := l.w.Advance(t.Context(), largeTenant)
	row, serr := l.w.Status(t.Context(), largeTenant)
	if err != nil || serr != nil || row.Status != want {
		t.Fatalf("got %s, %+v, %v, %v, want %s", row.Status, row.Error, err, serr, want)
	}
}

// approve approves the first items of the plan; 0 stands for the whole plan.
func (l *large) approve(t testing.TB, items int, actors ...string) {
	t.Helper()
	review, err := l.w.Review(t.Context(), syncer.RunRef{Tenant: largeTenant})
	for _, actor := range actors {
		d := review.Approve(actor, "")
		for i := range items {
			d.Items = append(d.Items, review.Plan.Items[i].ID)
		}
		if err == nil {
			_, err = l.w.Decide(t.Context(), d)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// targets names each group.
func (l *large) targets() (all []plan.Target) {
	for i := range l.n {
		all = append(all, plan.Target{Kind: "groups", Key: groupKey(i)})
	}
	return all
}

// unreadable is a repository in which the first files cannot be read.
type unreadable struct {
	tenant.Repository
	first int
}

func (u *unreadable) Desired(ctx context.Context, req tenant.DesiredRequest) (tenant.Desired, error) {
	d, err := u.Repository.Desired(ctx, req)
	for _, r := range d.Resources[:u.first] {
		d.Problems = append(d.Problems, tenant.FileError{Path: r.Kind + "/" + r.Key + ".json", Kind: r.Kind, Key: r.Key, Message: "not JSON"})
	}
	d.Resources = d.Resources[u.first:]
	return d, err
}

// indexed is a tenant that finds a group by its id and by its name.
type indexed struct {
	mu     sync.Mutex
	groups map[string]tenant.Resource // by id
	named  map[string]string          // ids by name
	last   int
	// refuses makes all writes fail.
	refuses bool
}

func (x *indexed) Kinds(context.Context) ([]tenant.Kind, error) {
	return []tenant.Kind{{Name: "groups", Title: "Groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id"}}}, nil
}

func (x *indexed) Permissions(context.Context, tenant.PermissionsRequest) (tenant.Permissions, error) {
	return tenant.Permissions{Directory: authtest.DirectoryOf(largeTenant)}, nil
}

func (x *indexed) Read(_ context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	ids := req.IDs
	if req.All {
		ids = slices.Sorted(maps.Keys(x.groups))
	}
	for _, m := range req.Matches {
		if id, ok := x.named[m["/displayName"]]; ok {
			ids = append(ids, id)
		}
	}
	out := tenant.ReadResult{Completeness: tenant.Complete}
	for _, id := range ids {
		r, ok := x.groups[id]
		if !ok {
			out.Absent = append(out.Absent, id)
		} else if err := emit(r); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (x *indexed) Get(_ context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.groups[req.ID]
	if !ok {
		return r, &tenant.Error{Class: tenant.NotFound}
	}
	return r, nil
}

// Apply creates a group, or replaces it.
func (x *indexed) Apply(_ context.Context, op tenant.Operation) (tenant.Applied, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.refuses || op.Verb == tenant.Delete {
		return tenant.Applied{}, &tenant.Error{Class: tenant.Invalid, Message: "refused by the test"}
	}
	return tenant.Applied{Resource: x.put(op.ID, op.After)}, nil
}

// put stores a group, with a new id if it has none.
func (x *indexed) put(id string, body json.RawMessage) tenant.Resource {
	if id == "" {
		x.last++
		id = fmt.Sprintf("id-%06d", x.last)
	}
	var known struct{ DisplayName string }
	if err := json.Unmarshal(body, &known); err != nil {
		panic(err)
	}
	x.named[known.DisplayName] = id
	x.groups[id] = tenant.Resource{Kind: "groups", ID: id, Body: slices.Concat([]byte(`{"id":"`+id+`",`), body[1:])}
	return x.groups[id]
}
