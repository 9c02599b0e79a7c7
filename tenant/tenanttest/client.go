package tenanttest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenantsync/tenantsync/internal/fault"
	"github.com/tenantsync/tenantsync/internal/retry"
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
		return c.fake.permissions(req)
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
	// How much was read is no error; see [tenant.Client].
	result = failedRead(tenant.ClassOf(err), err.Error())
	if emitted > 0 {
		result.Completeness = tenant.Partial
	}
	return result, nil
}

func (c *client) read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	err := c.enter(ctx, Call{Method: "Read", Kind: req.Kind})
	if err == nil {
		err = c.fake.awaitRead(ctx)
	}
	if err == nil {
		err = c.fake.readable(req.Kind, "read")
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
	return tenant.ReadResult{Completeness: tenant.Complete, Absent: absent}, nil
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
		if err := c.fake.awaitRead(ctx); err != nil {
			return tenant.Resource{}, err
		}
		if err := c.fake.readable(req.Kind, "get"); err != nil {
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
	f.record.calls = append(f.record.calls, call)
	if refused != nil || c.generation < f.revoked {
		return f.fail(tenant.Unauthenticated, call.Kind, call.ID, "the credentials are no longer accepted: sign in again", refused)
	}
	return nil
}

// fail makes an error. The caller holds the lock.
func (f *Fake) fail(class tenant.Class, kind, id, message string, cause error) *tenant.Error {
	return &tenant.Error{
		Class: class, Kind: kind, ID: id, Message: message, Err: cause,
		RequestID: fmt.Sprintf("request-%d", len(f.record.calls)),
	}
}

// permissions answers a permissions request.
func (f *Fake) permissions(req tenant.PermissionsRequest) (tenant.Permissions, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, kind := range req.Kinds {
		if f.kinds[kind] == nil {
			return tenant.Permissions{}, f.fail(tenant.Invalid, kind, "", "there is no such kind", nil)
		}
	}
	result := tenant.Permissions{ConsentURL: f.cfg.ConsentURL, Directory: f.cfg.Directory}
	for _, p := range f.cfg.Permissions {
		if p.Write && !req.Write {
			continue
		}
		p.Kinds = slices.DeleteFunc(slices.Clone(p.Kinds), func(kind string) bool {
			return !slices.Contains(req.Kinds, kind)
		})
		if len(p.Kinds) > 0 {
			result.Required = append(result.Required, p)
		}
	}
	for p := range f.granted {
		result.Granted = append(result.Granted, p)
	}
	slices.Sort(result.Granted)
	return result, nil
}

// missing returns the permissions that the kind lacks. The caller holds the lock.
func (f *Fake) missing(kind string, write bool) []string {
	var missing []string
	for _, p := range f.cfg.Permissions {
		granted := slices.ContainsFunc(p.AnyOf, func(name string) bool { return f.granted[name] })
		if p.Write == write && slices.Contains(p.Kinds, kind) && !granted && len(p.AnyOf) > 0 {
			missing = append(missing, p.AnyOf[0])
		}
	}
	return missing
}

// readable says why a kind cannot be read.
func (f *Fake) readable(kind, op string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.closed(kind, false)
	if err == nil && f.kinds[kind].failReads != "" {
		err = f.fail(f.kinds[kind].failReads, kind, "", "failed by the test", nil)
	}
	if err != nil {
		err.Op = op
		return err
	}
	return nil
}

// closed says why a kind cannot be used at all. The caller holds the lock.
func (f *Fake) closed(kind string, write bool) *tenant.Error {
	k := f.kinds[kind]
	if k == nil {
		return f.fail(tenant.Invalid, kind, "", "there is no such kind", nil)
	}
	if k.unlicensed {
		return f.fail(tenant.NotLicensed, kind, "", "the tenant has no licence for this", nil)
	}
	missing := f.missing(kind, write)
	if k.forbidden || len(missing) > 0 {
		err := f.fail(tenant.AccessDenied, kind, "", "insufficient privileges", nil)
		err.Missing = missing
		return err
	}
	return nil
}

// awaitRead takes the time that a read takes, with the waits of a client that
// is throttled.
func (f *Fake) awaitRead(ctx context.Context) error {
	f.mu.Lock()
	slow := f.slowRead
	f.mu.Unlock()
	if err := sleep(ctx, slow); err != nil {
		return err
	}
	for budget := f.cfg.ReadBudget; ; {
		err := f.takeThrottle()
		if err == nil {
			return nil
		}
		if err.RetryAfter > budget {
			return err
		}
		budget -= max(err.RetryAfter, time.Millisecond)
		if err := sleep(ctx, err.RetryAfter); err != nil {
			return err
		}
	}
}

// takeThrottle refuses a request if it is one of those that are throttled.
func (f *Fake) takeThrottle() *tenant.Error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.throttled.calls <= 0 {
		return nil
	}
	f.throttled.calls--
	err := f.fail(tenant.Throttled, "", "", "too many requests", nil)
	err.RetryAfter = f.throttled.after
	return err
}

// lookUp returns what a read request asks for, as far as reads see it now.
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
	err := f.fail(tenant.NotFound, req.Kind, req.ID, "there is no such object", nil)
	err.Op = "get"
	return tenant.Resource{}, err
}

// sleep waits for d or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	if retry.Pause(ctx, d) != nil {
		return ctx.Err()
	}
	return nil
}
