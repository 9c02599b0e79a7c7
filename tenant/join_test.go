package tenant_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// joinable is a fake tenant's client that knows one kind.
func joinable(kind, directory string) (*tenanttest.Fake, tenant.Client) {
	fake := tenanttest.NewFake(tenanttest.Config{Directory: directory,
		Kinds:       []tenant.Kind{{Name: kind, Create: true, Update: true, Delete: true}},
		Permissions: []tenant.Permission{{AnyOf: []string{kind + ".Read"}, Kinds: []string{kind}}}, Granted: []string{kind + ".Read"}})
	return fake, fake.Client(tenanttest.ClientConfig{Worker: "one"})
}

func TestJoinKeepsTheContract(t *testing.T) {
	tenanttest.TestClient(t, func(t *testing.T) tenanttest.ClientFixture {
		fake, a := joinable("groups", "")
		_, b := joinable("policies", "")
		return tenanttest.ClientFixture{Client: tenant.Join(b, a), Kind: "groups",
			Forbid: func() { fake.Forbid("groups") }}
	})
}

func TestJoin(t *testing.T) {
	_, a := joinable("groups", "one")
	_, b := joinable("policies", "ONE")
	joined := tenant.Join(a, b)
	p, err := joined.Permissions(t.Context(), tenant.PermissionsRequest{Kinds: []string{"policies", "groups"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"groups.Read", "policies.Read"}, p.Granted); diff != "" || len(p.Required) != 2 || p.Directory != "one" {
		t.Errorf("%+v (-want +got):\n%s", p, diff)
	}
	if kinds, err := joined.Kinds(t.Context()); err != nil || len(kinds) != 2 {
		t.Errorf("Kinds = %v, %v", kinds, err)
	}
}

// Two clients of one kind would both read it, and two directories are two tenants.
func TestJoinRefuses(t *testing.T) {
	_, a := joinable("groups", "one")
	_, same := joinable("groups", "one")
	_, other := joinable("policies", "two")
	if _, err := tenant.Join(a, same).Kinds(t.Context()); tenant.ClassOf(err) != tenant.Invalid {
		t.Errorf("Kinds of two clients with one kind: %v", err)
	}
	if _, err := tenant.Join(a, other).Permissions(t.Context(), tenant.PermissionsRequest{}); tenant.ClassOf(err) != tenant.Permanent {
		t.Errorf("Permissions of two directories: %v", err)
	}
}

// guarding is a client with a guard.
type guarding struct {
	tenant.Client
	found []tenant.Violation
	err   error
}

func (g guarding) Guard(context.Context, tenant.GuardRequest) ([]tenant.Violation, error) {
	return g.found, g.err
}

// The guard of each client is asked, whatever stands beside it.
func TestJoinGuards(t *testing.T) {
	_, a := joinable("groups", "")
	_, b := joinable("policies", "")
	rule := func(name string) []tenant.Violation { return []tenant.Violation{{Rule: name}} }
	joined := tenant.Join(guarding{Client: a, found: rule("a")}, b, guarding{found: rule("c")}).(tenant.Guard)
	found, err := joined.Guard(t.Context(), tenant.GuardRequest{})
	if diff := cmp.Diff(append(rule("a"), rule("c")...), found); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	down := errors.New("down")
	if _, err := tenant.Join(guarding{err: down}).(tenant.Guard).Guard(t.Context(), tenant.GuardRequest{}); !errors.Is(err, down) {
		t.Errorf("the error of a guard is lost: %v", err)
	}
}

// optional is a client with every optional interface but Guard.
type optional struct {
	tenant.Client
	said     string
	approval tenant.ApprovalState // "" for no request
	err      error
}

func (o optional) Confirm(context.Context, tenant.ConfirmRequest) ([]tenant.Violation, error) {
	return []tenant.Violation{{Rule: o.said}}, o.err
}

func (o optional) Deleted(_ context.Context, req tenant.DeletedRequest) (tenant.Deleted, error) {
	return tenant.Deleted{Kept: true, Objects: []tenant.DeletedObject{{Resource: tenant.Resource{Kind: req.Kind, ID: o.said}}}}, o.err
}

func (o optional) ReadApproval(context.Context, string) (tenant.ApprovalRequest, error) {
	if o.approval == "" && o.err == nil {
		return tenant.ApprovalRequest{}, &tenant.Error{Class: tenant.NotFound}
	}
	return tenant.ApprovalRequest{State: o.approval}, o.err
}

// The engine finds what the joined clients can do beside the contract.
func TestJoinKeepsOptionalInterfaces(t *testing.T) {
	_, a := joinable("groups", "")
	_, b := joinable("policies", "")
	_, c := joinable("apps", "")
	down := errors.New("down")
	joined := tenant.Join(optional{Client: a, said: "a"}, b, optional{Client: c, said: "c", approval: tenant.ApprovalApproved})
	said, err := joined.(tenant.Confirmer).Confirm(t.Context(), tenant.ConfirmRequest{})
	if diff := cmp.Diff([]tenant.Violation{{Rule: "a"}, {Rule: "c"}}, said); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for kind, want := range map[string]string{"groups": "a", "policies": "", "apps": "c"} {
		got, err := joined.(tenant.Restorer).Deleted(t.Context(), tenant.DeletedRequest{Kind: kind})
		if err != nil || got.Kept != (want != "") || want != "" && got.Objects[0].ID != want {
			t.Errorf("deleted %s: got %+v, %v, want those of %q", kind, got, err, want)
		}
	}
	if _, err := joined.(tenant.Restorer).Deleted(t.Context(), tenant.DeletedRequest{Kind: "other"}); tenant.ClassOf(err) != tenant.Invalid {
		t.Errorf("deleted objects of an unknown kind: %v, want Invalid", err)
	}
	request, err := joined.(tenant.ApprovalReader).ReadApproval(t.Context(), "code")
	if err != nil || request.State != tenant.ApprovalApproved {
		t.Errorf("got %+v, %v, want the answer of the client that knows the request", request, err)
	}
	if _, err := tenant.Join(optional{Client: a}, b).(tenant.ApprovalReader).ReadApproval(t.Context(), "code"); tenant.ClassOf(err) != tenant.NotFound {
		t.Errorf("no client knows the request: %v, want NotFound", err)
	}
	failing := tenant.Join(optional{Client: a, err: down}, optional{Client: c, approval: tenant.ApprovalApproved})
	if _, err := failing.(tenant.Confirmer).Confirm(t.Context(), tenant.ConfirmRequest{}); !errors.Is(err, down) {
		t.Errorf("the error of Confirm is lost: %v", err)
	}
	if _, err := failing.(tenant.ApprovalReader).ReadApproval(t.Context(), "code"); !errors.Is(err, down) {
		t.Errorf("the error of ReadApproval is lost: %v", err)
	}
}
