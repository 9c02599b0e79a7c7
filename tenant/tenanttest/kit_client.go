package tenanttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// ClientFixture is one fresh client with functions that change the tenant behind
// it. A case whose function is nil is skipped.
type ClientFixture struct {
	// Client is required. Its reads must see its writes at once.
	Client tenant.Client
	// Kind is a kind without objects that knows all verbs and whose natural
	// key is "/displayName". Required.
	Kind string
	// Body returns the body of an object to create, with this display name.
	// Defaults to the display name alone.
	Body func(displayName string) string
	// Patch is a merge patch that such an object takes. Defaults to a change
	// of "description".
	Patch string

	// Singleton is a kind that has exactly one object.
	Singleton string
	// ReadOnly is a kind that knows no verbs.
	ReadOnly string

	// Forbid, Unlicense and Fail make reads of Kind fail, from now on, for
	// lack of a right, for lack of a licence, and with a fault that the client
	// cannot overcome.
	Forbid, Unlicense, Fail func()
	// Cut makes reads of Kind end after n objects.
	Cut func(n int)
	// Throttle makes the tenant refuse the next request with a short wait.
	Throttle func()
	// Revoke ends the client's credentials.
	Revoke func()
	// Lose makes the next write take effect and its answer get lost.
	Lose func()
	// Attempts returns how many requests to write have reached the tenant,
	// refused ones too.
	Attempts func() int
}

// TestClient checks that a [tenant.Client] keeps its contract. The factory is
// called once per case. It closes its resources with t.Cleanup.
func TestClient(t *testing.T, factory func(t *testing.T) ClientFixture) {
	runCases(t, factory, clientCases())
}

type (
	clientKit  = *kit[ClientFixture]
	clientCase = kitCase[ClientFixture]
)

func clientCases() []clientCase { return slices.Concat(catalogueCases, readCases, applyCases) }

// body returns the body of an object.
func (f ClientFixture) body(displayName string) json.RawMessage {
	if f.Body != nil {
		return json.RawMessage(f.Body(displayName))
	}
	return json.RawMessage(fmt.Sprintf(`{"displayName":%q}`, displayName))
}

func (f ClientFixture) patch() json.RawMessage {
	if f.Patch != "" {
		return json.RawMessage(f.Patch)
	}
	return json.RawMessage(`{"description":"changed"}`)
}

// apply carries out an operation on the fixture's kind.
func apply(k clientKit, op tenant.Operation) (tenant.Applied, error) {
	k.Helper()
	op.Kind = k.fixture.Kind
	if op.IdempotencyKey == "" {
		op.IdempotencyKey = string(op.Verb) + op.ID + string(op.After)
	}
	return k.fixture.Client.Apply(k.Context(), op)
}

// create makes an object and returns its id.
func create(k clientKit, displayName string) string {
	k.Helper()
	applied, err := apply(k, tenant.Operation{Verb: tenant.Create, After: k.fixture.body(displayName)})
	k.must(err, "Apply of a create")
	if applied.Resource.ID == "" {
		k.fatalf("the created object has no id: %+v", applied)
	}
	return applied.Resource.ID
}

// patchOf is an update of an object by the fixture's patch.
func patchOf(k clientKit, id string) tenant.Operation {
	k.Helper()
	before, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
	k.must(err, "Get")
	return tenant.Operation{Verb: tenant.Update, ID: id, Before: before.Body, Patch: k.fixture.patch()}
}

// read reads the fixture's kind and returns the ids by display name.
func read(k clientKit, req tenant.ReadRequest) (map[string]string, tenant.ReadResult) {
	k.Helper()
	req.Kind = k.fixture.Kind
	found := make(map[string]string)
	inside := false
	result, err := k.fixture.Client.Read(k.Context(), req, func(r tenant.Resource) error {
		if inside {
			k.errorf("emit was called while it ran")
		}
		inside = true
		defer func() { inside = false }()
		name := displayName(r.Body)
		switch {
		case r.Kind != k.fixture.Kind || r.ID == "" || r.Key != "":
			k.errorf("emitted kind %q, id %q, key %q; want kind %q, an id and no key", r.Kind, r.ID, r.Key, k.fixture.Kind)
		case found[name] != "":
			k.errorf("%q was emitted twice", name)
		}
		found[name] = r.ID
		return nil
	})
	k.must(err, "Read")
	return found, result
}

func displayName(body json.RawMessage) string {
	var object struct{ DisplayName string }
	if json.Unmarshal(body, &object) != nil {
		return "no JSON: " + string(body)
	}
	return object.DisplayName
}

// wantRead checks the result of a read.
func wantRead(k clientKit, req tenant.ReadRequest, want ...string) tenant.ReadResult {
	k.Helper()
	found, result := read(k, req)
	if !result.Completeness.AbsenceCounts() {
		k.errorf("the read is %+v, want complete or names_only", result)
	}
	for _, name := range want {
		if found[name] == "" {
			k.errorf("%q was not emitted", name)
		}
		delete(found, name)
	}
	if len(found) > 0 {
		k.errorf("emitted and not asked for: %v", found)
	}
	return result
}

// wantClass checks the class of an error.
func wantClass(k clientKit, err error, want tenant.Class, what string) {
	k.Helper()
	if _, ok := errors.AsType[*tenant.Error](err); !ok || tenant.ClassOf(err) != want {
		k.errorf("%s: the error is %v, want a *tenant.Error of class %s", what, err, want)
	}
}

var catalogueCases = []clientCase{
	{
		name:        "kinds",
		explanation: "Kinds returns the kinds that the client knows, with unique names. The caller owns the slice.",
		run: func(k clientKit) {
			kinds, err := k.fixture.Client.Kinds(k.Context())
			k.must(err, "Kinds")
			seen := make(map[string]bool)
			for _, kind := range kinds {
				if kind.Name == "" || seen[kind.Name] {
					k.errorf("a kind is called %q, which is empty or taken", kind.Name)
				}
				seen[kind.Name] = true
			}
			if !seen[k.fixture.Kind] {
				k.errorf("the kind %q is missing", k.fixture.Kind)
			}
			clear(kinds)
			again, err := k.fixture.Client.Kinds(k.Context())
			if err != nil || len(again) != len(seen) || again[0].Name == "" {
				k.errorf("Kinds = %v, %v after the caller changed the slice", again, err)
			}
		},
	},
	{
		name:        "permissions",
		explanation: "Permissions tells what the kinds need and what the credentials have: nothing about other kinds, and nothing about writing unless it is asked for. Directory is the directory that the credentials lead to.",
		run: func(k clientKit) {
			for _, write := range []bool{false, true} {
				p, err := k.fixture.Client.Permissions(k.Context(), tenant.PermissionsRequest{Kinds: []string{k.fixture.Kind}, Write: write})
				k.must(err, "Permissions")
				if p.Directory == "" {
					k.errorf("the directory is missing")
				}
				for _, r := range p.Required {
					if len(r.AnyOf) == 0 || !slices.Equal(r.Kinds, []string{k.fixture.Kind}) || r.Write && !write {
						k.errorf("required is %+v; asked for %s, write %t", r, k.fixture.Kind, write)
					}
				}
			}
			p, err := k.fixture.Client.Permissions(k.Context(), tenant.PermissionsRequest{})
			if err != nil || len(p.Required) > 0 {
				k.errorf("for no kinds, required is %+v, %v", p.Required, err)
			}
		},
	},
	{
		name:        "unknown kind",
		explanation: "A kind that the client does not know can be neither read nor written: it must not look like one without objects.",
		run: func(k clientKit) {
			result, err := k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: "no such kind", All: true}, func(tenant.Resource) error { return nil })
			if err == nil && (result.Completeness.AbsenceCounts() || result.Reason == "") {
				k.errorf("Read = %+v, %v; want a failure with a reason", result, err)
			}
			_, err = k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: "no such kind", ID: "x"})
			wantClass(k, err, tenant.Invalid, "Get")
			_, err = k.fixture.Client.Apply(k.Context(), tenant.Operation{Verb: tenant.Create, Kind: "no such kind", After: k.fixture.body("A"), IdempotencyKey: "one"})
			wantClass(k, err, tenant.Invalid, "Apply")
		},
	},
	{
		name:        "singleton",
		explanation: "A singleton kind has exactly one object, which a Get with an empty ID finds, and which cannot be created or deleted.",
		run: func(k clientKit) {
			kind := k.fixture.Singleton
			if kind == "" {
				k.Skipf("the fixture has no Singleton")
			}
			n := 0
			result, err := k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: kind, All: true}, func(tenant.Resource) error { n++; return nil })
			if err != nil || !result.Completeness.AbsenceCounts() || n != 1 {
				k.errorf("Read = %d objects, %+v, %v; want 1", n, result, err)
			}
			r, err := k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: kind})
			if err != nil || len(r.Body) == 0 {
				k.errorf("Get = %+v, %v", r, err)
			}
			_, err = k.fixture.Client.Apply(k.Context(), tenant.Operation{Verb: tenant.Create, Kind: kind, After: json.RawMessage(`{}`), IdempotencyKey: "one"})
			wantClass(k, err, tenant.Invalid, "Apply of a create")
			_, err = k.fixture.Client.Apply(k.Context(), tenant.Operation{Verb: tenant.Delete, Kind: kind, ID: r.ID, Before: r.Body, IdempotencyKey: "two"})
			wantClass(k, err, tenant.Invalid, "Apply of a delete")
		},
	},
	{
		name:        "cancelled",
		explanation: "Implementations honor the context's cancellation. For a read that ends because of it, an error is returned, not a result.",
		run: func(k clientKit) {
			id := create(k, "A")
			create(k, "B")
			ctx, cancel := context.WithCancel(k.Context())
			_, err := k.fixture.Client.Read(ctx, tenant.ReadRequest{Kind: k.fixture.Kind, All: true}, func(tenant.Resource) error {
				cancel()
				return nil
			})
			wantCancelled(k, err, "Read that is cancelled at the first object")
			_, err = k.fixture.Client.Kinds(ctx)
			wantCancelled(k, err, "Kinds")
			_, err = k.fixture.Client.Permissions(ctx, tenant.PermissionsRequest{})
			wantCancelled(k, err, "Permissions")
			_, err = k.fixture.Client.Get(ctx, tenant.GetRequest{Kind: k.fixture.Kind, ID: id})
			wantCancelled(k, err, "Get")
			_, err = k.fixture.Client.Apply(ctx, tenant.Operation{Verb: tenant.Create, Kind: k.fixture.Kind, After: k.fixture.body("C"), IdempotencyKey: "one"})
			wantCancelled(k, err, "Apply")
			wantRead(k, tenant.ReadRequest{All: true}, "A", "B")
		},
	},
	{
		name:        "several at once",
		explanation: "Implementations are safe for concurrent use.",
		run: func(k clientKit) {
			create(k, "A")
			errs := atOnce(8, func(i int) error {
				name := fmt.Sprint("object ", i)
				applied, err := k.fixture.Client.Apply(k.Context(), tenant.Operation{Verb: tenant.Create, Kind: k.fixture.Kind, After: k.fixture.body(name), IdempotencyKey: name})
				if err != nil {
					return err
				}
				if _, err = k.fixture.Client.Get(k.Context(), tenant.GetRequest{Kind: k.fixture.Kind, ID: applied.Resource.ID}); err != nil {
					return err
				}
				_, err = k.fixture.Client.Read(k.Context(), tenant.ReadRequest{Kind: k.fixture.Kind, All: true}, func(tenant.Resource) error { return nil })
				return err
			})
			k.must(errors.Join(errs...), "several calls at once")
			if found, _ := read(k, tenant.ReadRequest{All: true}); len(found) != 9 {
				k.errorf("there are %d objects, want 9: %v", len(found), found)
			}
		},
	},
}

func wantCancelled(k clientKit, err error, what string) {
	k.Helper()
	if !errors.Is(err, context.Canceled) {
		k.errorf("%s: the error is %v, want context.Canceled", what, err)
	}
}
