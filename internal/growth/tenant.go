package growth

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tenantsync/tenantsync/tenant"
)

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
	directory string

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
	return tenant.Permissions{Directory: x.directory}, nil
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

// refuse says whether all writes fail.
func (x *indexed) refuse(refuse bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.refuses = refuse
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
