package reading_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/failure"
	"github.com/tenantsync/tenantsync/internal/reading"
	"github.com/tenantsync/tenantsync/internal/word"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// granting is a client that answers with permissions and keeps the request.
type granting struct {
	tenant.Client // nil: no other method is called
	answer        tenant.Permissions
	err           error
	asked         tenant.PermissionsRequest
}

func (c *granting) Permissions(_ context.Context, req tenant.PermissionsRequest) (tenant.Permissions, error) {
	c.asked = req
	return c.answer, c.err
}

// A look compares required with granted permissions. Each row requires some, and
// has "Granted" alone.
func TestLookAt(t *testing.T) {
	need := func(anyOf, kinds string) tenant.Permission {
		return tenant.Permission{AnyOf: strings.Fields(anyOf), Kinds: strings.Fields(kinds)}
	}
	with := func(p tenant.Permission, change func(*tenant.Permission)) tenant.Permission {
		change(&p)
		return p
	}
	write := func(p *tenant.Permission) { p.Write = true }
	optional := func(p *tenant.Permission) { p.Optional = true }
	tests := []struct {
		name     string
		required []tenant.Permission
		want     reading.Permissions
	}{
		{"nothing is required", nil, reading.Permissions{}},
		{"one is granted", []tenant.Permission{need("Granted", "groups")}, reading.Permissions{}},
		{"one of several is granted", []tenant.Permission{need("Least Granted", "groups")}, reading.Permissions{}},
		{"none of several is granted: the least powerful one is named", []tenant.Permission{need("Least More", "groups policies")}, reading.Permissions{
			Missing:    []reading.Missing{{AnyOf: []string{"Least", "More"}, Kinds: []string{"groups", "policies"}}},
			Unreadable: map[string][]string{"groups": {"Least"}, "policies": {"Least"}},
		}},
		{"two for one kind", []tenant.Permission{need("A", "groups"), need("B", "groups")}, reading.Permissions{
			Missing:    []reading.Missing{{AnyOf: []string{"A"}, Kinds: []string{"groups"}}, {AnyOf: []string{"B"}, Kinds: []string{"groups"}}},
			Unreadable: map[string][]string{"groups": {"A", "B"}},
		}},
		{"one to write", []tenant.Permission{with(need("A", "groups"), write)}, reading.Permissions{
			Missing:    []reading.Missing{{AnyOf: []string{"A"}, Kinds: []string{"groups"}, Write: true}},
			Unwritable: map[string][]string{"groups": {"A"}},
		}},
		{"an optional one leaves the kind out", []tenant.Permission{with(need("A", "groups"), optional)}, reading.Permissions{
			Left: map[string]bool{"groups": true},
		}},
		{"an optional one to write leaves the kind in", []tenant.Permission{with(with(need("A", "groups"), optional), write)}, reading.Permissions{
			Left: map[string]bool{"groups": false}, Unwritable: map[string][]string{"groups": {"A"}},
		}},
		{"an optional one to read and one to write", []tenant.Permission{with(need("A", "groups"), optional), with(with(need("B", "groups"), optional), write)}, reading.Permissions{
			Left: map[string]bool{"groups": true}, Unwritable: map[string][]string{"groups": {"B"}},
		}},
		{"one that is granted and an optional one before others", []tenant.Permission{need("Granted", "roles"), with(need("A", "groups"), optional), need("B", "policies"), need("Granted", "roles"), with(need("C", "policies"), write)}, reading.Permissions{
			Missing:    []reading.Missing{{AnyOf: []string{"B"}, Kinds: []string{"policies"}}, {AnyOf: []string{"C"}, Kinds: []string{"policies"}, Write: true}},
			Unreadable: map[string][]string{"policies": {"B"}}, Unwritable: map[string][]string{"policies": {"C"}}, Left: map[string]bool{"groups": true},
		}},
		{"one without a name", []tenant.Permission{need("", "groups")}, reading.Permissions{
			Missing:    []reading.Missing{{Kinds: []string{"groups"}}},
			Unreadable: map[string][]string{"groups": nil},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := &granting{answer: tenant.Permissions{Required: tt.required, Granted: []string{"Granted"}, ConsentURL: "https://consent.example", Directory: "d1"}}
			got, err := reading.LookAt(t.Context(), client, reading.Look{Tenant: "contoso", Directory: "D1"})
			if err != nil {
				t.Fatal(err)
			}
			tt.want.ConsentURL = "https://consent.example"
			if diff := cmp.Diff(tt.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("permissions (-want +got):\n%s", diff)
			}
		})
	}
}

// A look asks for all kinds in scope, and for the permissions to write if it is
// told to.
func TestLookAtAsks(t *testing.T) {
	for _, write := range []bool{false, true} {
		client := &granting{}
		if _, err := reading.LookAt(t.Context(), client, reading.Look{Tenant: "contoso", Directory: "d1", Kinds: kinds(t).Declarations(),
			Scopes: map[string]tenant.Scope{"groups": tenant.OutOfScope}, Write: write}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tenant.PermissionsRequest{Kinds: []string{"policies", "roles"}, Write: write}, client.asked); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
	}
}

func TestLookAtErrors(t *testing.T) {
	refused := &tenant.Error{Class: tenant.Unauthenticated}
	if _, err := reading.LookAt(t.Context(), &granting{err: refused}, reading.Look{}); err != error(refused) {
		t.Errorf("got %v, want the client's error", err)
	}
	other := &granting{answer: tenant.Permissions{Directory: "d2"}}
	_, err := reading.LookAt(t.Context(), other, reading.Look{Tenant: "contoso", Directory: "d1"})
	if got := classOf(t, err); got != string(auth.WrongTenant) {
		t.Errorf("another directory: got %v of class %q, want %q", err, got, auth.WrongTenant)
	}
	for _, part := range []string{"contoso", "directory d2", "directory d1"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want an error that names %s", err, part)
		}
	}
}

// classOf returns the class of an error of package failure.
func classOf(t *testing.T, err error) string {
	t.Helper()
	var e *failure.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a failure", err)
	}
	return string(e.Class)
}

func TestWhyNotWritten(t *testing.T) {
	got := reading.Permissions{Unwritable: map[string][]string{"groups": {"A", "B"}, "policies": nil}}.WhyNotWritten()
	if diff := cmp.Diff(map[string]string{"groups": "the permission A, B is not granted"}, got); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	one := reading.Permissions{Unwritable: map[string][]string{"groups": {"A"}}}.WhyNotWritten()
	if diff := cmp.Diff(map[string]string{"groups": "the permission A is not granted"}, one); diff != "" {
		t.Errorf("reasons of one (-want +got):\n%s", diff)
	}
}

func TestCheckTargets(t *testing.T) {
	all := kinds(t)
	for _, targets := range [][]plan.Target{nil, {{Kind: "groups", Key: "A"}, {Kind: "policies"}}} {
		if err := reading.CheckTargets("contoso", all, nil, targets); err != nil {
			t.Errorf("%v: %v", targets, err)
		}
	}
	tests := []struct {
		name    string
		targets []plan.Target
		scopes  map[string]tenant.Scope
		want    string
	}{
		{"an unknown kind", []plan.Target{{Kind: "groups"}, {Kind: "grups"}}, nil, `no kind is called "grups"; correct the run's targets. The kinds are: groups, labels, policies, roles`},
		{"a kind that is out of scope", []plan.Target{{Kind: "labels"}}, nil, `the kind "labels" is out of scope for contoso`},
		{"a kind that the settings take out of scope", []plan.Target{{Kind: "groups"}}, map[string]tenant.Scope{"groups": tenant.OutOfScope}, `the kind "groups" is out of scope for contoso`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := reading.CheckTargets("contoso", all, tt.scopes, tt.targets)
			if err == nil || classOf(t, err) != string(word.ClassInvalidTarget) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want class %s and %q", err, word.ClassInvalidTarget, tt.want)
			}
		})
	}
}
