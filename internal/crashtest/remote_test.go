package crashtest_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/crashtest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// The far end of the socket is a tenant like any other.
func TestRemoteClient(t *testing.T) {
	tenanttest.TestClient(t, func(t *testing.T) tenanttest.ClientFixture {
		w, client := contoso(t)
		fake := w.Tenant("contoso")
		return tenanttest.ClientFixture{
			Client: client, Kind: "groups", Singleton: "policy", ReadOnly: "roles",
			Forbid:    func() { fake.Forbid("groups") },
			Unlicense: func() { fake.Unlicense("groups") },
			Fail:      func() { fake.FailReads("groups", tenant.Transient) },
			Cut:       func(n int) { fake.CutReads("groups", n) },
			Throttle:  func() { fake.Throttle(1, time.Millisecond) },
			Revoke:    fake.RevokeCredentials,
			Lose:      func() { w.OnApply(nil, func(crashtest.Write) crashtest.Cut { return true }) },
			Attempts: func() int {
				n := 0
				for _, c := range fake.Calls() {
					if c.Method == "Apply" {
						n++
					}
				}
				return n
			},
		}
	})
}

// contoso returns a world and a client of one of its tenants.
func contoso(t *testing.T) (*crashtest.World, tenant.Client) {
	t.Helper()
	w := crashtest.NewWorld(t, crashtest.WorldConfig{
		Auth: authtest.AuthenticatorConfig{SignedIn: true},
		Kinds: []tenant.Kind{
			{Name: "groups", Create: true, Update: true, Delete: true, ReadOnly: []string{"/id", "/createdDateTime"}},
			{Name: "roles"},
			{Name: "policy", Singleton: true, Create: true, Update: true, Delete: true},
		},
		Permissions: []tenant.Permission{
			{AnyOf: []string{"Group.Read.All", "Group.ReadWrite.All"}, Kinds: []string{"groups"}},
			{AnyOf: []string{"Group.ReadWrite.All"}, Kinds: []string{"groups"}, Write: true},
		},
	})
	remote := crashtest.Dial(w.Socket, "one")
	t.Cleanup(remote.Close)
	cred, err := remote.Authenticator().Credential(t.Context(), auth.Request{Tenant: "contoso"})
	if err != nil {
		t.Fatal(err)
	}
	token, err := cred.Token(t.Context(), auth.TokenRequest{})
	if err != nil {
		t.Fatal(err)
	}
	client, err := remote.Connect(t.Context(), "contoso", token.Value.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	return w, client
}

// So is the sign-in page.
func TestRemoteAuthenticator(t *testing.T) {
	authtest.TestAuthenticator(t, func(t *testing.T) authtest.AuthenticatorFixture {
		w := crashtest.NewWorld(t, crashtest.WorldConfig{})
		remote := crashtest.Dial(w.Socket, "one")
		t.Cleanup(remote.Close)
		return authtest.AuthenticatorFixture{
			Authenticator: remote.Authenticator(),
			Request:       auth.Request{Tenant: "contoso", Directory: authtest.DirectoryOf("contoso")},
			Expect:        func(p authtest.Person) { w.Auth.Expect(p) },
			Revoke:        func() { w.Auth.Revoke("contoso") },
			Secrets:       w.Auth.Secrets,
		}
	})
}

// An error of every class arrives with all that it says.
func TestRemoteErrors(t *testing.T) {
	w, client := contoso(t)
	classes := []tenant.Class{
		tenant.NotFound, tenant.Conflict, tenant.Throttled, tenant.Unauthenticated, tenant.AccessDenied,
		tenant.NotLicensed, tenant.Invalid, tenant.Transient, tenant.Permanent,
	}
	op := tenant.Operation{Verb: tenant.Create, Kind: "groups", After: []byte(`{"displayName":"A"}`), IdempotencyKey: "one"}
	for _, class := range classes {
		for _, maybe := range []bool{false, true} {
			want := &tenant.Error{
				Class: class, Op: "create", Kind: "groups", Code: "code", Message: "message", RequestID: "request",
				RetryAfter: 3 * time.Second, Missing: []string{"A", "B"}, MaybeApplied: maybe, Err: errors.New("cause"),
			}
			w.Tenant("contoso").FailWrite(func(tenant.Operation) tenanttest.WriteFault { return tenanttest.WriteFault{Err: want} })
			_, err := client.Apply(t.Context(), op)
			texts := cmp.Comparer(func(a, b error) bool { return a.Error() == b.Error() })
			if diff := cmp.Diff(error(want), err, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Err" }, texts)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", class, diff)
			}
		}
	}
}

// A connection that breaks leaves the outcome unknown; one that was never made
// does not.
func TestRemoteConnectionBreaks(t *testing.T) {
	w, client := contoso(t)
	create := func(name string) error {
		_, err := client.Apply(t.Context(), tenant.Operation{Verb: tenant.Create, Kind: "groups",
			After: []byte(`{"displayName":"` + name + `"}`), IdempotencyKey: name})
		return err
	}
	cut := func(crashtest.Write) crashtest.Cut { return true }
	w.OnApply(cut, nil)
	if err := create("A"); !tenant.MaybeApplied(err) || tenant.ClassOf(err) != tenant.Transient {
		t.Errorf("cut before the effect: %v", err)
	}
	w.OnApply(nil, cut)
	if err := create("B"); !tenant.MaybeApplied(err) || tenant.ClassOf(err) != tenant.Transient {
		t.Errorf("cut after the effect: %v", err)
	}
	w.OnApply(nil, nil)
	var written []string
	for _, wr := range w.Tenant("contoso").Writes() {
		written = append(written, wr.IdempotencyKey)
	}
	if diff := cmp.Diff([]string{"B"}, written, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("what took effect (-want +got):\n%s", diff)
	}
	gone := crashtest.Dial(w.Socket+"-none", "one")
	defer gone.Close()
	if _, err := gone.Connect(t.Context(), "contoso", ""); tenant.ClassOf(err) != tenant.Transient {
		t.Errorf("connect without a world: %v", err)
	}
}
