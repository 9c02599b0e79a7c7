package syncer_test

import (
	"context"
	"errors"
	"slices"
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

// A fence does not reach the tenant: a write is not begun on a lease that may
// run out before it ends.
func TestNoWriteOnAShortLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		fake := h.Tenant("contoso")
		fake.SlowReads(17 * time.Second) // backup, and the look before the write: 34 s of 60, and 30 are needed
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		down := errors.New("no route to the database")
		w.Strike(statetest.FaultEvery(statetest.Fault{Before: down}, "Leaser.Renew"))
		start(t, w, "contoso")
		if _, err := w.Advance(t.Context(), "contoso"); !errors.Is(err, down) {
			t.Errorf("Advance: got %v, want %v", err, down)
		}
		if n := len(fake.Writes()); n != 0 {
			t.Fatalf("got %d writes on a lease that could not be renewed, want none", n)
		}
		w.Strike(nil)
		row, err := w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil || row.Outcome != syncer.Deployed || len(fake.Writes()) != 1 {
			t.Errorf("once it can be: got %q, %v, %d writes, want deployed with 1", row.Outcome, err, len(fake.Writes()))
		}
	})
}

// The same between the intent and the write: the store took long to note the
// intent. The intent without a write is then found out from the tenant.
func TestNoWriteAfterASlowIntent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		desire(t, h, "contoso", "groups", "Staff", `{"displayName":"Staff"}`)
		fake := h.Tenant("contoso")
		w := h.Worker("a", syncertest.WorkerConfig{Approver: syncertest.Approves("bob")})
		down := errors.New("no route to the database")
		approved, slow := false, false
		w.Strike(func(c statetest.Call) statetest.Fault {
			switch {
			case c.Op == "Client.Read" && approved:
				slow = true // the look before the write: the next commit is the intent's
			case c.Op == "Store.Commit" && slow:
				slow, approved = false, false
				return statetest.Fault{Delay: 40 * time.Second}
			case c.Op == "Leaser.Renew":
				return statetest.Fault{Before: down}
			case c.Op == "Store.Commit" && h.Events.Statuses("contoso") != nil:
				s := h.Events.Statuses("contoso")
				approved = s[len(s)-1] == state.PendingApproval
			}
			return statetest.Fault{}
		})
		start(t, w, "contoso")
		if _, err := w.Advance(t.Context(), "contoso"); !errors.Is(err, down) {
			t.Errorf("Advance: got %v, want %v", err, down)
		}
		if n := len(fake.Writes()); n != 0 {
			t.Fatalf("got %d writes, want none", n)
		}
		listed, err := w.History(t.Context(), syncer.HistoryRequest{Tenant: "contoso", Types: []syncer.EntryType{syncer.EntryIntent}})
		entries := listed.Items
		if err != nil || len(entries) != 1 {
			t.Fatalf("got %d intents, %v, want 1", len(entries), err)
		}
		w.Strike(nil)
		row, err := w.Await(t.Context(), syncer.RunRef{Tenant: "contoso", Run: "run-1"})
		if err != nil || row.Outcome != syncer.Deployed || len(fake.Writes()) != 1 || len(fake.Repeated()) != 0 {
			t.Errorf("got %q, %v, %d writes, want deployed with 1", row.Outcome, err, len(fake.Writes()))
		}
	})
}

// leadsTo is a credential for a directory.
type leadsTo struct {
	auth.Credential
	directory string
}

func (c leadsTo) Identity() auth.Identity { return auth.Identity{Directory: c.directory} }

// directories is an authenticator that gives credentials for one directory
// after the other, whatever it is asked for.
type directories struct {
	auth.Authenticator
	next []string
}

func (a *directories) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	req.Directory = ""
	cred, err := a.Authenticator.Credential(ctx, req)
	if err != nil {
		return nil, err
	}
	d := a.next[0]
	a.next = a.next[1:]
	return leadsTo{cred, d}, nil
}

// A tenant is pinned to the directory first connected: credentials for another
// one end the run before anything is read, whatever the authenticator thinks.
func TestTenantIsPinnedToItsDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		h.Tenant("contoso").Seed("groups", `{"displayName":"Staff"}`)
		right := authtest.DirectoryOf("contoso")
		a := &directories{Authenticator: h.Auth, next: []string{"", right, "directory-2", right}}
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Authenticator = a }})
		for i, want := range []string{"do not tell which directory", "", "directory-2, but contoso is directory " + right, ""} {
			reads := h.Tenant("contoso").Reads("groups")
			row := syncTenant(t, w, "contoso")
			if want == "" {
				if row.Status != state.Idle || row.Directory != right {
					t.Errorf("sync %d: got %s of %q (%+v), want Idle of %s", i, row.Status, row.Directory, row.Error, right)
				}
				continue
			}
			if row.Error == nil || string(row.Error.Class) != string(auth.WrongTenant) || !strings.Contains(row.Error.Message, want) {
				t.Errorf("sync %d: got error %+v, want class %s and %q", i, row.Error, auth.WrongTenant, want)
			}
			if h.Tenant("contoso").Reads("groups") != reads {
				t.Errorf("sync %d: the tenant was read", i)
			}
		}
	})
}

// neverEnough is an authenticator to which no sign-in is enough.
type neverEnough struct{ *authtest.FakeAuthenticator }

func (a neverEnough) Credential(_ context.Context, req auth.Request) (auth.Credential, error) {
	return nil, &auth.Error{Class: auth.SignInNeeded, Tenant: req.Tenant}
}

// A run does not ask people to sign in for ever.
func TestSignInsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Auth: &authtest.AuthenticatorConfig{People: []authtest.Person{authtest.SignsIn(time.Second)}}})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Authenticator = neverEnough{h.Auth} }})
		row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}})
		if err != nil || row.Status != state.NewError || string(row.Error.Class) != string(auth.SignInNeeded) {
			t.Errorf("got %s, %+v, %v, want New error, sign_in_needed", row.Status, row.Error, err)
		}
		if n := len(h.Auth.Prompts()); n < 2 || n > 10 {
			t.Errorf("got %d prompts, want a few", n)
		}
	})
}

// oddClient is a client some of whose answers are replaced.
type oddClient struct {
	tenant.Client
	read func(tenant.ReadRequest, func(tenant.Resource) error) (tenant.ReadResult, bool, error)
}

func (c oddClient) Read(ctx context.Context, req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
	if res, ok, err := c.read(req, emit); ok {
		return res, err
	}
	return c.Client.Read(ctx, req, emit)
}

// What a list does not show is not gone while a read by id finds it, an object
// on two pages is one, and a client that does not say how much it read has not
// read everything.
func TestOddLists(t *testing.T) {
	tests := []struct {
		name string
		read func(objects []tenant.Resource, emit func(tenant.Resource) error) (tenant.ReadResult, error)
		want state.Status
	}{
		{"a list that lags", func(_ []tenant.Resource, _ func(tenant.Resource) error) (tenant.ReadResult, error) {
			return tenant.ReadResult{Completeness: tenant.Complete}, nil
		}, state.Idle},
		{"an object on two pages", func(objects []tenant.Resource, emit func(tenant.Resource) error) (tenant.ReadResult, error) {
			return tenant.ReadResult{Completeness: tenant.Complete}, errors.Join(emit(objects[0]), emit(objects[0]))
		}, state.Idle},
		{"no completeness", func(_ []tenant.Resource, _ func(tenant.Resource) error) (tenant.ReadResult, error) {
			return tenant.ReadResult{}, nil
		}, state.PartiallySuccessful},
		{"an error", func(_ []tenant.Resource, _ func(tenant.Resource) error) (tenant.ReadResult, error) {
			return tenant.ReadResult{}, &tenant.Error{Class: tenant.Permanent, Op: "read", Message: "no"}
		}, state.PartiallySuccessful},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				fake := h.Tenant("contoso")
				fake.Seed("groups", `{"displayName":"Staff"}`)
				w := h.Worker("a", syncertest.WorkerConfig{})
				syncTenant(t, w, "contoso")
				odd := h.Worker("b", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
					c.Connector = syncer.ConnectorFunc(func(context.Context, syncer.ConnectRequest) (tenant.Client, error) {
						return oddClient{fake.Client(tenanttest.ClientConfig{}), func(req tenant.ReadRequest, emit func(tenant.Resource) error) (tenant.ReadResult, bool, error) {
							if req.Kind != "groups" {
								return tenant.ReadResult{}, false, nil
							}
							res, err := tt.read(fake.Objects("groups"), emit)
							return res, true, err
						}}, nil
					})
				}})
				row := syncTenant(t, odd, "contoso")
				if row.Status != tt.want {
					t.Errorf("got %s (%+v), want %s", row.Status, row.Error, tt.want)
				}
				line, err := h.Repository.Desired(t.Context(), tenant.DesiredRequest{Tenant: "contoso"})
				if err != nil {
					t.Fatal(err)
				}
				groups := 0
				for _, r := range line.Resources {
					if r.Kind == "groups" {
						groups++
					}
				}
				if groups != 1 {
					t.Errorf("the repository has %d groups afterwards, want the one", groups)
				}
			})
		})
	}
}

// What somebody has done by hand while the plan waited is not done again.
func TestDoneByHandMeanwhile(t *testing.T) {
	tests := []struct {
		name, body string // of the repository; empty deletes
		byHand     func(f *tenanttest.Fake, id string)
	}{
		{"an update", `{"displayName":"Staff","kind":"security"}`, func(f *tenanttest.Fake, id string) { f.Set("groups", id, `{"kind":"security"}`) }},
		{"a delete", ``, func(f *tenanttest.Fake, id string) { f.Remove("groups", id) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := syncertest.New(syncertest.Config{})
				fake := h.Tenant("contoso")
				id := fake.Seed("groups", `{"displayName":"Staff","kind":"mail"}`)
				fake.Seed("groups", `{"displayName":"Guests"}`)
				syncTenant(t, h.Worker("a", syncertest.WorkerConfig{}), "contoso")
				desire(t, h, "contoso", "groups", "Staff", tt.body)
				meddler := syncer.ApproverFunc(func(ctx context.Context, r syncer.Review) (syncer.Decision, error) {
					tt.byHand(fake, id)
					return syncertest.Approves("bob").Review(ctx, r)
				})
				w := h.Worker("b", syncertest.WorkerConfig{Approver: meddler})
				row := syncTenant(t, w, "contoso")
				if row.Status != state.Idle || row.Outcome != syncer.Deployed {
					t.Errorf("got %s, %q (%+v), want Idle, deployed", row.Status, row.Outcome, row.Error)
				}
				if n := len(fake.Writes()); n != 0 {
					t.Errorf("got %d writes, want none", n)
				}
			})
		})
	}
}

// A look at the permissions of a tenant at rest does not connect to another directory
// than the tenant's.
func TestLooksArePinnedToTheDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{})
		right := authtest.DirectoryOf("contoso")
		a := &directories{Authenticator: h.Auth, next: []string{right, "directory-2", right}}
		var connected []string
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
			inner := c.Connector
			c.Authenticator = a
			c.Connector = syncer.ConnectorFunc(func(ctx context.Context, req syncer.ConnectRequest) (tenant.Client, error) {
				connected = append(connected, req.Credential.Identity().Directory)
				return inner.Connect(ctx, req)
			})
		}})
		syncTenant(t, w, "contoso")
		for _, want := range []string{"directory-2, but contoso is directory " + right, ""} {
			_, err := w.Recheck(t.Context(), syncer.RecheckRequest{Tenant: "contoso", Actor: "ann"})
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, want %q", err, want)
			}
		}
		if want := []string{right, right}; !slices.Equal(connected, want) {
			t.Errorf("connected to %q, want %q", connected, want)
		}
	})
}
