package tenanttest

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

type (
	emitFunc  = func(tenant.Resource) error
	readFunc  = func(context.Context, tenant.ReadRequest, emitFunc) (tenant.ReadResult, error)
	getFunc   = func(context.Context, tenant.GetRequest) (tenant.Resource, error)
	applyFunc = func(context.Context, tenant.Operation) (tenant.Applied, error)
)

// brokenClient is a sound client with some methods replaced.
type brokenClient struct {
	tenant.Client
	kinds       func() ([]tenant.Kind, error)
	permissions func(context.Context, tenant.PermissionsRequest) (tenant.Permissions, error)
	read        readFunc
	get         getFunc
	apply       applyFunc
}

func (b *brokenClient) Kinds(ctx context.Context) ([]tenant.Kind, error) {
	if b.kinds == nil {
		return b.Client.Kinds(ctx)
	}
	return b.kinds()
}

func (b *brokenClient) Permissions(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	if b.permissions == nil {
		return b.Client.Permissions(ctx, req)
	}
	return b.permissions(ctx, req)
}

func (b *brokenClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	if b.read == nil {
		return b.Client.Read(ctx, req, emit)
	}
	return b.read(ctx, req, emit)
}

func (b *brokenClient) Get(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
	if b.get == nil {
		return b.Client.Get(ctx, req)
	}
	return b.get(ctx, req)
}

func (b *brokenClient) Apply(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
	if b.apply == nil {
		return b.Client.Apply(ctx, op)
	}
	return b.apply(ctx, op)
}

// plantClient makes a fixture with a bug in a sound client.
func plantClient(breakIt func(b *brokenClient, sound tenant.Client)) func() ClientFixture {
	return func() ClientFixture {
		f, _ := fakeFixture(nil)
		b := &brokenClient{Client: f.Client}
		breakIt(b, f.Client)
		f.Client = b
		return f
	}
}

func plantRead(broken func(sound tenant.Client) readFunc) func() ClientFixture {
	return plantClient(func(b *brokenClient, sound tenant.Client) { b.read = broken(sound) })
}

// plantResult breaks the result of reads.
func plantResult(change func(req tenant.ReadRequest, r *tenant.ReadResult)) func() ClientFixture {
	return plantRead(func(sound tenant.Client) readFunc {
		return func(ctx context.Context, req tenant.ReadRequest, emit emitFunc) (tenant.ReadResult, error) {
			r, err := sound.Read(ctx, req, emit)
			if err == nil {
				change(req, &r)
			}
			return r, err
		}
	})
}

func plantGet(broken func(sound tenant.Client) getFunc) func() ClientFixture {
	return plantClient(func(b *brokenClient, sound tenant.Client) { b.get = broken(sound) })
}

func plantApply(broken func(sound tenant.Client) applyFunc) func() ClientFixture {
	return plantClient(func(b *brokenClient, sound tenant.Client) { b.apply = broken(sound) })
}

// plantOperation breaks what is applied.
func plantOperation(change func(op *tenant.Operation)) func() ClientFixture {
	return plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			change(&op)
			return sound.Apply(ctx, op)
		}
	})
}

var clientBugs = []bug[ClientFixture]{
	{"kinds are shared", "kinds", func() ClientFixture {
		f, fake := fakeFixture(nil)
		f.Client = &brokenClient{Client: f.Client, kinds: func() ([]tenant.Kind, error) { return fake.cfg.Kinds, nil }}
		return f
	}},
	{"all permissions are required", "permissions", plantClient(func(b *brokenClient, sound tenant.Client) {
		b.permissions = func(ctx context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
			return sound.Permissions(ctx, tenant.PermissionsRequest{Kinds: []string{"groups", "roles"}, Write: true})
		}
	})},
	{"an unknown kind has no objects", "unknown kind", plantResult(func(req tenant.ReadRequest, r *tenant.ReadResult) {
		if req.Kind == "no such kind" {
			*r = tenant.ReadResult{Completeness: tenant.Complete}
		}
	})},
	{"a singleton needs an id", "singleton", plantGet(func(sound tenant.Client) getFunc {
		return func(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
			if req.ID == "" && req.Kind == "policy" {
				return tenant.Resource{}, &tenant.Error{Class: tenant.Invalid}
			}
			return sound.Get(ctx, req)
		}
	})},
	{"the context is ignored", "cancelled", plantApply(func(sound tenant.Client) applyFunc {
		return func(_ context.Context, op tenant.Operation) (tenant.Applied, error) {
			return sound.Apply(context.Background(), op)
		}
	})},
	{"calls at once are refused", "several at once", func() ClientFixture {
		busy := make(chan struct{}, 1)
		return plantApply(func(sound tenant.Client) applyFunc {
			return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
				if len(op.After) > 0 && op.IdempotencyKey == "object 3" {
					<-busy // another call must be under way
					return tenant.Applied{}, errors.New("busy")
				}
				select {
				case busy <- struct{}{}:
				default:
				}
				return sound.Apply(ctx, op)
			}
		})()
	}},
	{"the first page is all", "read all", plantRead(func(sound tenant.Client) readFunc {
		return func(ctx context.Context, req tenant.ReadRequest, emit emitFunc) (tenant.ReadResult, error) {
			n := 0
			return sound.Read(ctx, req, func(r tenant.Resource) error {
				if n++; n > 2 && req.All {
					return nil
				}
				return emit(r)
			})
		}
	})},
	{"absent ids are forgotten", "read by id", plantResult(func(_ tenant.ReadRequest, r *tenant.ReadResult) { r.Absent = nil })},
	{"one match finds one object", "read by match", plantRead(func(sound tenant.Client) readFunc {
		return func(ctx context.Context, req tenant.ReadRequest, emit emitFunc) (tenant.ReadResult, error) {
			seen := make(map[string]bool)
			return sound.Read(ctx, req, func(r tenant.Resource) error {
				name := displayName(r.Body)
				if seen[name] && len(req.Matches) > 0 {
					return nil
				}
				seen[name] = true
				return emit(r)
			})
		}
	})},
	{"errors of emit are swallowed", "emit fails", plantRead(func(sound tenant.Client) readFunc {
		return func(ctx context.Context, req tenant.ReadRequest, emit emitFunc) (tenant.ReadResult, error) {
			return sound.Read(ctx, req, func(r tenant.Resource) error {
				_ = emit(r)
				return nil
			})
		}
	})},
	{"deleted objects are found", "get", func() ClientFixture {
		var last sync.Map
		return plantClient(func(b *brokenClient, sound tenant.Client) {
			b.apply = func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
				a, err := sound.Apply(ctx, op)
				if err == nil && op.Verb == tenant.Create {
					last.Store(a.Resource.ID, a.Resource)
				}
				return a, err
			}
			b.get = func(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
				r, err := sound.Get(ctx, req)
				if deleted, ok := last.Load(req.ID); ok && tenant.ClassOf(err) == tenant.NotFound {
					return deleted.(tenant.Resource), nil
				}
				return r, err
			}
		})()
	}},
	{"forbidden looks empty", "forbidden", plantResult(func(_ tenant.ReadRequest, r *tenant.ReadResult) {
		if r.Completeness == tenant.Forbidden {
			*r = tenant.ReadResult{Completeness: tenant.Complete}
		}
	})},
	{"unlicensed is not found", "unlicensed", plantGet(func(sound tenant.Client) getFunc {
		return func(ctx context.Context, req tenant.GetRequest) (tenant.Resource, error) {
			r, err := sound.Get(ctx, req)
			if tenant.ClassOf(err) == tenant.NotLicensed {
				err = &tenant.Error{Class: tenant.NotFound}
			}
			return r, err
		}
	})},
	{"a failed read lists ids as absent", "failing", plantResult(func(req tenant.ReadRequest, r *tenant.ReadResult) {
		if r.Completeness == tenant.Failed {
			r.Absent = req.IDs
		}
	})},
	{"what was read so far is all", "cut short", plantResult(func(_ tenant.ReadRequest, r *tenant.ReadResult) {
		if r.Completeness == tenant.Partial {
			r.Completeness = tenant.Complete
		}
	})},
	{"reads do not retry", "throttled reads", func() ClientFixture {
		f, fake := fakeFixture(nil)
		fake.cfg.ReadBudget = 1
		return f
	}},
	{"a revoked sign-in is a failed read", "revoked", plantRead(func(sound tenant.Client) readFunc {
		return func(ctx context.Context, req tenant.ReadRequest, emit emitFunc) (tenant.ReadResult, error) {
			r, err := sound.Read(ctx, req, emit)
			if tenant.ClassOf(err) == tenant.Unauthenticated {
				return failedRead(tenant.Unauthenticated, "signed out"), nil
			}
			return r, err
		}
	})},
	{"the answer has no id", "create", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if op.Verb == tenant.Create {
				a.Resource.ID = ""
			}
			return a, err
		}
	})},
	{"an update does nothing", "update", plantOperation(func(op *tenant.Operation) {
		if op.Patch != nil {
			op.Patch = json.RawMessage(`{}`)
		}
	})},
	{"a delete renames", "delete", plantOperation(func(op *tenant.Operation) {
		if op.Verb == tenant.Delete && op.ID != "" && op.Kind == "groups" {
			op.Verb, op.Patch = tenant.Update, json.RawMessage(`{"displayName":"deleted"}`)
		}
	})},
	{"deleting what is gone succeeds", "absent objects", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if op.Verb == tenant.Delete && tenant.ClassOf(err) == tenant.NotFound {
				return tenant.Applied{}, nil
			}
			return a, err
		}
	})},
	{"refusals may have taken effect", "impossible operations", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if e, ok := errors.AsType[*tenant.Error](err); ok {
				e.MaybeApplied = true
			}
			return a, err
		}
	})},
	{"a kind without verbs fails later", "a kind without verbs", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if op.Kind == "roles" {
				err = &tenant.Error{Class: tenant.Transient}
			}
			return a, err
		}
	})},
	{"writes are tried again", "throttled write", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if slices.Contains([]tenant.Class{tenant.Throttled, tenant.Transient}, tenant.ClassOf(err)) {
				return sound.Apply(ctx, op)
			}
			return a, err
		}
	})},
	{"a lost answer is a failure", "lost answer", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			a, err := sound.Apply(ctx, op)
			if err != nil && tenant.ClassOf(err) == tenant.Permanent && ctx.Err() == nil {
				err = &tenant.Error{Class: tenant.Permanent, Err: err}
			}
			return a, err
		}
	})},
	{"updates are sent twice", "one attempt", plantApply(func(sound tenant.Client) applyFunc {
		return func(ctx context.Context, op tenant.Operation) (tenant.Applied, error) {
			if op.Verb == tenant.Update {
				_, _ = sound.Apply(ctx, op)
			}
			return sound.Apply(ctx, op)
		}
	})},
}

func TestClientKitCatchesBugs(t *testing.T) { checkBugs(t, clientBugs, clientCases()) }
