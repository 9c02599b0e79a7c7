package syncer_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// signsInElsewhere is a person who signs in to another tenant's directory.
func signsInElsewhere() authtest.Person {
	p := authtest.SignsIn(time.Second)
	p.Directory = authtest.DirectoryOf("elsewhere")
	return p
}

func signInAndSync(t *testing.T, w *syncertest.Worker) syncer.Row {
	t.Helper()
	row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func wantClass(t *testing.T, what string, row syncer.Row, class string) {
	t.Helper()
	if row.Error == nil || string(row.Error.Class) != class {
		t.Errorf("%s: the run ended %s with %+v, want class %s", what, row.Label, row.Error, class)
	}
}

// Somebody signs in to a directory by mistake in which nothing can be done. The
// tenant is not pinned to it: the next one may sign in to the right directory.
func TestUselessDirectoryIsNotPinned(t *testing.T) {
	for _, op := range []string{"Client.Kinds", "Client.Permissions"} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1], Auth: &authtest.AuthenticatorConfig{}})
			h.Auth.Expect(signsInElsewhere(), authtest.SignsIn(time.Second))
			w := h.Worker("a", syncertest.WorkerConfig{})
			w.Strike(func(c statetest.Call) statetest.Fault {
				if c.Op == op {
					return statetest.Fault{Before: &tenant.Error{Class: tenant.AccessDenied}}
				}
				return statetest.Fault{}
			})
			row := signInAndSync(t, w)
			wantClass(t, op, row, string(tenant.AccessDenied))
			if row.Directory != "" {
				t.Errorf("%s: the tenant is pinned to %s", op, row.Directory)
			}
			w.Strike(nil)
			h.Auth.Revoke("contoso")
			if row := signInAndSync(t, w); row.Status != state.Idle || row.Directory != authtest.DirectoryOf("contoso") {
				t.Errorf("%s: the next run ended %s with %+v, pinned to %q", op, row.Label, row.Error, row.Directory)
			}
		})
	}
}

// The settings name the directory: another is refused before anything is read,
// whatever the authenticator thinks.
func TestSettingsNameTheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		right := authtest.DirectoryOf("contoso")
		a := &directories{Authenticator: h.Auth, next: []string{authtest.DirectoryOf("elsewhere"), right}}
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Authenticator, c.Settings.Directory = a, right }})
		w.Strike(func(c statetest.Call) statetest.Fault {
			if strings.HasPrefix(c.Op, "Client.") {
				t.Errorf("%s was called", c.Op)
			}
			return statetest.Fault{}
		})
		row := syncTenant(t, w, "contoso")
		wantClass(t, "another directory", row, string(auth.WrongTenant))
		if row.Directory != "" {
			t.Errorf("the tenant is pinned to %s", row.Directory)
		}
		w.Strike(nil)
		if row := syncTenant(t, w, "contoso"); row.Status != state.Idle || row.Directory != right {
			t.Errorf("the right directory: the run ended %s with %+v", row.Label, row.Error)
		}
	})
}

// The client leads to another tenant than the credentials: nothing is read.
func TestClientOfAnotherDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1]})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
				return h.Tenant("elsewhere").Client(tenanttest.ClientConfig{Worker: "a"}), nil
			})
		}})
		row := syncTenant(t, w, "contoso")
		wantClass(t, "a client of another directory", row, string(auth.WrongTenant))
		if row.Directory != "" {
			t.Errorf("the tenant is pinned to %s", row.Directory)
		}
	})
}
