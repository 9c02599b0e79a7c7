package syncer_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/state"
	"github.com/tenantsync/tenantsync/state/statetest"
	"github.com/tenantsync/tenantsync/syncer"
	"github.com/tenantsync/tenantsync/syncer/syncertest"
)

// refusedLate is an authenticator that says just before the deadline that an
// administrator has to consent.
type refusedLate struct{ auth.Authenticator }

func (a refusedLate) Begin(ctx context.Context, req auth.Request) (auth.SignIn, error) {
	s, err := a.Authenticator.Begin(ctx, req)
	return refusedSignIn{s}, err
}

type refusedSignIn struct{ auth.SignIn }

func (refusedSignIn) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(syncer.AuthTimeoutDefault - 300*time.Millisecond):
		return &auth.Error{Class: auth.ConsentNeeded, Message: "an administrator has to consent"}
	}
}

// The commit of an answer that came in time can come too late. Then the sign-in
// has timed out, whatever the answer was.
func TestAnAnswerIsStoredAfterTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := syncertest.New(syncertest.Config{Auth: &authtest.AuthenticatorConfig{}})
		w := h.Worker("a", syncertest.WorkerConfig{Edit: func(c *syncer.Config) { c.Authenticator = refusedLate{c.Authenticator} }})
		began := time.Now()
		w.Strike(func(c statetest.Call) statetest.Fault {
			if c.Op == "Store.Commit" && time.Since(began) > syncer.AuthTimeoutDefault-time.Second {
				return statetest.Fault{Delay: time.Second}
			}
			return statetest.Fault{}
		})
		row, err := w.Sync(t.Context(), syncer.StartRequest{Tenant: "contoso", Actor: "ann", Options: syncer.Options{Interactive: true}})
		if err != nil || row.Status != state.NewError || row.Outcome != syncer.TimedOut {
			t.Errorf("got %s (%s), error %+v, %v, want New error, timed out, and no error of Sync", row.Status, row.Outcome, row.Error, err)
		}
	})
}
