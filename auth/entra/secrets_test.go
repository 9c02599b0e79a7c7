package entra_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

// TestNoSecretsAnywhere goes through everything that can happen, and searches
// all that a host could store, log or show for all that the server issued.
func TestNoSecretsAnywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		logs := new(logBuffer)
		store := new(auth.MemoryCacheStore)
		a := newAuthenticator(t, server, func(c *entra.Config) {
			withStore(store, sealer(t))(c)
			c.Logger = logs.logger()
		})
		var seen []string
		see := func(v any) {
			encoded, _ := json.Marshal(v) // what does not encode shows nothing
			seen = append(seen, fmt.Sprintf("%v %+v %#v %s", v, v, v, encoded))
			logs.logger().Info("seen", "value", v)
		}
		try := func(req auth.Request, script func()) {
			if script != nil {
				script()
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
			defer cancel()
			s, err := a.Begin(ctx, req)
			see(err)
			if err == nil {
				see(s.Prompt())
				see(s.Wait(ctx))
			}
			cred, err := a.Credential(ctx, req)
			see(err)
			if err == nil {
				see(cred.Identity())
				token, err := cred.Token(ctx, auth.TokenRequest{})
				see(err)
				see(token)
			}
			if stored, err := store.Load(ctx, auth.CacheKey{Tenant: req.Tenant}); err == nil {
				seen = append(seen, string(stored.Sealed))
			}
		}

		try(request, func() { server.Expect(authtest.NeverComes()) })
		try(request, func() { server.Expect(authtest.Declines(time.Second)) })
		try(request, func() { server.Expect(authtest.Person{Act: authtest.Accept, Directory: fabrikam}) })
		server.Expect(authtest.SignsIn(time.Minute))
		for _, how := range []authtest.Fault{authtest.Unavailable, authtest.Dropped, authtest.Hanging, authtest.Garbled} {
			try(request, func() { server.FailNext(authtest.DeviceCodeEndpoint, 1, how) })
			try(request, func() { server.Outage(30*time.Second, time.Minute, how) })
			try(fresh(), func() { server.FailNext(authtest.TokenEndpoint, 40, how) })
			<-time.After(time.Hour)
		}
		for _, refusal := range []authtest.OAuthError{authtest.BlockedByPolicy, authtest.ConsentNeeded, authtest.UnknownClient, {Error: "new"}} {
			try(request, func() { server.RefuseNext(authtest.TokenEndpoint, 1, refusal) })
			try(request, func() { server.RefuseNext(authtest.DeviceCodeEndpoint, 1, refusal) })
		}
		try(fresh(), nil)
		try(fresh(), func() { server.RevokeRefreshTokens("") })

		text := strings.Join(seen, "\n")
		wantNoSecrets(t, server, "what was seen", text)
		wantNoSecrets(t, server, "the log", logs.String())
		// Were the scenarios real?
		for _, class := range []auth.Class{auth.SignInNeeded, auth.Declined, auth.WrongTenant, auth.Transient, auth.Blocked,
			auth.ConsentNeeded, auth.Misconfigured, auth.Failed} {
			if !strings.Contains(text, "sign-in for contoso: "+string(class)) {
				t.Errorf("no error of class %q was seen", class)
			}
		}
		if n := len(server.Secrets()); n < 20 {
			t.Errorf("the server issued %d secrets only", n)
		}
		if !strings.Contains(text, "[redacted]") {
			t.Error("no token was seen")
		}
	})
}

// TestSignInOverTLS goes over real sockets, with a dropped connection in between.
func TestSignInOverTLS(t *testing.T) {
	server := authtest.NewEntra(authtest.EntraConfig{
		ClientID: clientID,
		People:   []authtest.Person{authtest.SignsIn(0)},
		Interval: time.Second,
	})
	server.Start(t)
	logs := new(logBuffer)
	a := newAuthenticator(t, server, func(c *entra.Config) { c.Logger = logs.logger() })
	s, err := a.Begin(t.Context(), request)
	if err != nil {
		t.Fatal(err)
	}
	server.FailNext(authtest.TokenEndpoint, 1, authtest.Dropped)
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := token(t, credential(t, a, request))
	if !server.Accepts(got.Value.Reveal()) {
		t.Error("the server does not accept the token")
	}
	wantNoSecrets(t, server, "the log", logs.String())
}
