package syncer_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// interactive starts a run that may ask for a sign-in.
func interactive(t *testing.T, w *syncertest.Worker, tenantName string) {
	t.Helper()
	_, err := w.Start(t.Context(), syncer.StartRequest{Tenant: tenantName, Actor: "ann", Options: syncer.Options{Interactive: true}})
	if err != nil {
		t.Fatal(err)
	}
}

// A sign-in in time counts although all places are taken by then: the run
// waits for one only with its next phase. A cancel does not wait for any.
func TestSignInWhileAllPlacesAreTaken(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1], Auth: &authtest.AuthenticatorConfig{SignedIn: true}})
			h.Auth.Revoke("contoso")
			h.Auth.Expect(authtest.SignsIn(30 * time.Second))
			h.Tenant("busy").SlowReads(10 * time.Minute)
			w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Concurrency = 1 }})
			interactive(t, w, "contoso")
			defer background(t, w)()
			<-time.After(5 * time.Second)
			start(t, w, "busy")
			<-time.After(5 * time.Minute)
			row, err := w.Status(t.Context(), "contoso")
			if err != nil || row.Status != state.InProgress {
				t.Fatalf("5 minutes after the sign-in: got %s (%s), %v, want in_progress", row.Status, row.Reason, err)
			}
			want := state.Idle
			if cancelled {
				if _, err := w.Cancel(t.Context(), syncer.CancelRequest{RunRef: syncer.RunRef{Tenant: "contoso"}, Actor: "ann"}); err != nil {
					t.Fatal(err)
				}
				want = state.NotRun
			} else {
				<-time.After(10 * time.Minute)
			}
			synctest.Wait()
			if row, err = w.Status(t.Context(), "contoso"); err != nil || row.Status != want {
				t.Errorf("cancelled %v: got %s (%s), %v, want %s", cancelled, row.Status, row.Reason, err, want)
			}
		})
	}
}

// hanging is an authenticator of which one method does not answer.
type hanging struct {
	*authtest.FakeAuthenticator
	begin, credential bool
}

func (h hanging) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	if h.begin {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.FakeAuthenticator.Begin(ctx, req)
}

func (h hanging) Credential(ctx context.Context, req auth.Request) (auth.Credential, error) {
	if h.credential {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return h.FakeAuthenticator.Credential(ctx, req)
}

// The deadline of a sign-in holds also when the process that takes the run up
// gets no answer from its authenticator.
func TestSignInTimesOutThoughTheAuthenticatorHangs(t *testing.T) {
	for _, hung := range []hanging{{begin: true}, {credential: true}} {
		synctest.Test(t, func(t *testing.T) {
			h := syncertest.New(syncertest.Config{Kinds: syncertest.Kinds()[:1], Auth: &authtest.AuthenticatorConfig{}})
			h.Auth.Expect(authtest.NeverComes())
			a := h.Worker("a", syncertest.WorkerConfig{})
			interactive(t, a, "contoso")
			go func() { _, _ = a.Advance(a.Context(), "contoso") }()
			<-time.After(10 * time.Second)
			a.Kill()
			b := h.Worker("b", syncertest.WorkerConfig{Edit: func(c *syncer.Config) {
				hung.FakeAuthenticator = h.Auth
				c.Authenticator = hung
			}})
			defer background(t, b)()
			<-time.After(3 * time.Minute)
			synctest.Wait()
			row, err := b.Status(t.Context(), "contoso")
			if err != nil || row.Status != state.NewError || row.Outcome != syncer.TimedOut {
				t.Errorf("%+v: after 3 minutes: got %s, %s, %v, want new_error, timed_out", hung, row.Status, row.Outcome, err)
			}
		})
	}
}
