package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/tenant"
)

// noteKind is the one kind of configuration that this tenant has. A note is
// known by its display name.
var noteKind = tenant.Kind{Name: "notes", Create: true, Update: true, Delete: true}

// noteClient is a tenant of notes, and the client that reaches it.
type noteClient struct {
	mu    sync.Mutex
	last  int
	notes map[string]json.RawMessage // by id
}

func (c *noteClient) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return []tenant.Kind{noteKind}, ctx.Err()
}

// Permissions returns the directory that the credential belongs to. Notes need
// no permission.
func (c *noteClient) Permissions(ctx context.Context, _ tenant.PermissionsRequest) (tenant.Permissions, error) {
	return tenant.Permissions{Directory: directory}, ctx.Err()
}

func (c *noteClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	return req.Select(ctx, noteKind, c.all(), emit)
}

// all returns the current notes in the order of their ids.
func (c *noteClient) all() []tenant.Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []tenant.Resource
	for _, id := range slices.Sorted(maps.Keys(c.notes)) {
		all = append(all, c.note(id))
	}
	return all
}

// note returns the note with an id that exists. The caller holds the lock.
func (c *noteClient) note(id string) tenant.Resource {
	return tenant.Resource{Kind: noteKind.Name, ID: id, Body: bytes.Clone(c.notes[id])}
}

func (c *noteClient) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	if err := cmp.Or(ctx.Err(), req.Check(noteKind)); err != nil {
		return tenant.Resource{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.notes[req.ID] == nil {
		return tenant.Resource{}, absent("get", req.ID)
	}
	return c.note(req.ID), nil
}

// Apply carries out one write, in one attempt.
func (c *noteClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	if err := cmp.Or(ctx.Err(), op.Check(noteKind)); err != nil {
		return tenant.Applied{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	id := op.ID
	if op.Verb == tenant.Create {
		c.last++
		id = fmt.Sprintf("note-%d", c.last)
		c.notes[id] = bytes.Clone(op.After)
		return tenant.Applied{Resource: c.note(id)}, nil
	}
	if c.notes[id] == nil {
		return tenant.Applied{}, absent(string(op.Verb), id)
	}
	if op.Verb == tenant.Delete {
		delete(c.notes, id)
		return tenant.Applied{Resource: tenant.Resource{Kind: noteKind.Name, ID: id}}, nil
	}
	body, err := op.Merge(c.notes[id])
	if err != nil {
		return tenant.Applied{}, err
	}
	c.notes[id] = body
	return tenant.Applied{Resource: c.note(id)}, nil
}

// absent returns the error for a note that the tenant does not have.
func absent(op, id string) error {
	return &tenant.Error{Class: tenant.NotFound, Op: op, Kind: noteKind.Name, ID: id, Message: "there is no such note"}
}

// directory is the id of the tenant's directory.
const directory = "8b1f0b1c-0000-4000-8000-000000000001"

// fixedCredential holds a token that the host got elsewhere.
type fixedCredential struct{}

func (fixedCredential) Token(context.Context, auth.TokenRequest) (auth.Token, error) {
	return auth.Token{Value: "a token of the host's"}, nil
}

func (fixedCredential) Identity() auth.Identity { return auth.Identity{Directory: directory} }
