package tenanttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/tenant"
)

// client is a [Fake] seen through credentials.
type client struct {
	fake       *Fake
	cfg        ClientConfig
	generation int
}

var _ tenant.Client = (*client)(nil)

// Kinds is part of [tenant.Client].
func (c *client) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	return fault.Do(ctx, c.fake.cfg.Faults, "Client.Kinds", func() ([]tenant.Kind, error) {
		if err := c.enter(ctx, Call{Method: "Kinds"}); err != nil {
			return nil, err
		}
		return slices.Clone(c.fake.cfg.Kinds), nil
	})
}

// Permissions is part of [tenant.Client].
func (c *client) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	return fault.Do(ctx, c.fake.cfg.Faults, "Client.Permissions", func() (tenant.Permissions, error) {
		if err := c.enter(ctx, Call{Method: "Permissions"}); err != nil {
			return tenant.Permissions{}, err
		}
		return c.fake.Conditions.permissions(req)
	})
}

// Read is part of [tenant.Client].
func (c *client) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	var (
		emitted int
		own     error // what Read itself returned, not an injected fault
	)
	counted := func(r tenant.Resource) error {
		emitted++
		return emit(r)
	}
	result, err := fault.Do(ctx, c.fake.cfg.Faults, "Client.Read", func() (result tenant.ReadResult, err error) {
		result, own = c.read(ctx, req, counted)
		return result, own
	})
	if err == nil || err == own || ctx.Err() != nil || tenant.ClassOf(err) == tenant.Unauthenticated {
		return result, err
	}
	// A result, not an error, says how much was read; see [tenant.Client].
	result = failedRead(tenant.ClassOf(err), err.Error())
	if emitted > 0 {
		result.Completeness = tenant.Partial
	}
	return result, nil
}

func (c *client) read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	err := c.enter(ctx, Call{Method: "Read", Kind: req.Kind})
	if err == nil {
		err = c.fake.Conditions.awaitRead(ctx)
	}
	if err == nil {
		err = c.fake.Conditions.readable(req.Kind, "read")
	}
	switch class := tenant.ClassOf(err); {
	case err == nil:
	case ctx.Err() != nil || class == tenant.Unauthenticated:
		return tenant.ReadResult{}, err
	default:
		result := failedRead(class, err.(*tenant.Error).Message)
		result.Missing = err.(*tenant.Error).Missing
		result.RequestID = err.(*tenant.Error).RequestID
		return result, nil
	}
	found, absent, cut := c.fake.lookUp(req)
	for _, r := range found {
		if err := ctx.Err(); err != nil {
			return tenant.ReadResult{}, err
		}
		if err := emit(r); err != nil {
			return tenant.ReadResult{}, err
		}
	}
	if cut {
		return tenant.ReadResult{
			Completeness: tenant.Partial, Class: tenant.Transient,
			Reason: fmt.Sprintf("cut off by the test after %d objects", len(found)),
		}, nil
	}
	result := tenant.ReadResult{Completeness: tenant.Complete, Absent: absent}
	if unread := c.fake.unread(req.Kind); len(unread) > 0 {
		result.Completeness, result.Reason = tenant.NamesOnly, "not read: "+strings.Join(unread, ", ")
	}
	return result, nil
}

// failedRead is the result of a read that failed with class before any object.
func failedRead(class tenant.Class, reason string) tenant.ReadResult {
	result := tenant.ReadResult{Completeness: tenant.Failed, Class: class, Reason: reason}
	switch class {
	case tenant.AccessDenied:
		result.Completeness, result.Class = tenant.Forbidden, ""
	case tenant.NotLicensed:
		result.Completeness, result.Class = tenant.Unlicensed, ""
	}
	return result
}

// Get is part of [tenant.Client].
func (c *client) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	return fault.Do(ctx, c.fake.cfg.Faults, "Client.Get", func() (tenant.Resource, error) {
		if err := c.enter(ctx, Call{Method: "Get", Kind: req.Kind, ID: req.ID}); err != nil {
			return tenant.Resource{}, err
		}
		if err := c.fake.Conditions.awaitRead(ctx); err != nil {
			return tenant.Resource{}, err
		}
		if err := c.fake.Conditions.readable(req.Kind, "get"); err != nil {
			return tenant.Resource{}, err
		}
		return c.fake.get(req)
	})
}

// Apply is part of [tenant.Client].
func (c *client) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	return fault.Do(ctx, c.fake.cfg.Faults, "Client.Apply", func() (tenant.Applied, error) {
		if err := c.enter(ctx, Call{Method: "Apply", Kind: op.Kind, ID: op.ID}); err != nil {
			return tenant.Applied{}, err
		}
		return c.fake.write(ctx, op, c.cfg.Worker)
	})
}

// enter counts a call and checks context and credentials.
func (c *client) enter(ctx context.Context, call Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var refused error
	if c.cfg.Authorize != nil {
		refused = c.cfg.Authorize(ctx)
	}
	f := c.fake
	f.mu.Lock()
	defer f.mu.Unlock()
	call.Worker, call.Start = c.cfg.Worker, time.Now()
	f.Record.calls = append(f.Record.calls, call)
	if refused != nil || c.generation < f.Conditions.revoked {
		return f.Record.fail(tenant.Unauthenticated, call.Kind, call.ID, "the credentials are no longer accepted: sign in again", refused)
	}
	return nil
}

// lookUp returns the objects of a read request that reads can see now.
func (f *Fake) lookUp(req tenant.ReadRequest) (found []tenant.Resource, absent []string, cut bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, now := f.kinds[req.Kind], time.Now()
	there := make(map[string]bool)
	for _, o := range k.objects {
		body := o.visible(now)
		if body == nil {
			continue
		}
		there[o.id] = true
		if req.All || k.Singleton || slices.Contains(req.IDs, o.id) || slices.ContainsFunc(req.Matches, func(m tenant.Match) bool { return matches(body, m) }) {
			found = append(found, o.resource(body))
		}
	}
	for _, id := range req.IDs {
		if !there[id] && !(k.Singleton && id == "") && !slices.Contains(absent, id) {
			absent = append(absent, id)
		}
	}
	if k.cutReads >= 0 {
		return found[:min(k.cutReads, len(found))], nil, true
	}
	return found, absent, false
}

// get returns one object as reads see it now.
func (f *Fake) get(req tenant.GetRequest) (tenant.Resource, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, now := f.kinds[req.Kind], time.Now()
	for _, o := range k.objects {
		if o.id != req.ID && !(k.Singleton && req.ID == "") {
			continue
		}
		if body := o.visible(now); body != nil {
			return o.resource(body), nil
		}
	}
	err := f.Record.fail(tenant.NotFound, req.Kind, req.ID, "there is no such object", nil)
	err.Op = "get"
	return tenant.Resource{}, err
}
