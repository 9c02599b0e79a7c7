package entra_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

// redeemed counts the requests by which a refresh token was redeemed.
func redeemed(server *authtest.Entra) int {
	n := 0
	for _, r := range server.Requests() {
		if r.Grant == "refresh_token" && r.Status == 200 {
			n++
		}
	}
	return n
}

func newServer() *authtest.Entra {
	return authtest.NewEntra(authtest.EntraConfig{
		ClientID: clientID,
		People:   []authtest.Person{authtest.SignsIn(0)},
		Scopes:   []string{"Policy.Read.All"},
	})
}

func TestTokenIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		a := newAuthenticator(t, server, nil)
		signIn(t, a, request)
		cred := credential(t, a, request)
		first := token(t, cred)
		if got, want := first.Scopes, []string{"Policy.Read.All"}; !slices.Equal(got, want) {
			t.Errorf("Scopes: got %q, want %q", got, want)
		}
		if again := token(t, cred); again.Value.Reveal() != first.Value.Reveal() || redeemed(server) != 0 {
			t.Errorf("a second token was got while the first was good; %d refresh tokens redeemed", redeemed(server))
		}
		// Refresh tokens rotate: each renewal redeems the one before.
		for day := range 30 {
			<-time.After(24 * time.Hour)
			if got := token(t, cred); !server.Accepts(got.Value.Reveal()) {
				t.Fatalf("day %d: the server does not accept the token", day+1)
			}
		}
		if got := redeemed(server); got != 30 {
			t.Errorf("refresh tokens redeemed: got %d, want 30", got)
		}
	})
}

// loads counts what is loaded of a store.
type loads struct {
	auth.MemoryCacheStore
	n atomic.Int64
}

func (l *loads) Load(ctx context.Context, key auth.CacheKey) (auth.Cache, error) {
	l.n.Add(1)
	return l.MemoryCacheStore.Load(ctx, key)
}

// A credential gives a good token again without a look into the store.
func TestTokenIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := new(loads)
		a := newAuthenticator(t, newServer(), withStore(store, sealer(t)))
		signIn(t, a, request)
		cred := credential(t, a, request)
		token(t, cred)
		before := store.n.Load()
		for range 3 {
			token(t, cred)
		}
		if got := store.n.Load() - before; got != 0 {
			t.Errorf("got %d loads, want none", got)
		}
		<-time.After(time.Hour)
		token(t, cred)
		if got := store.n.Load() - before; got == 0 {
			t.Error("got no load when the token had to be renewed")
		}
	})
}

func TestTokenIsRenewedFiveMinutesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		a := newAuthenticator(t, server, nil)
		signIn(t, a, request)
		cred := credential(t, a, request)
		<-time.After(54 * time.Minute)
		token(t, cred)
		if got := redeemed(server); got != 0 {
			t.Errorf("after 54 minutes: got %d renewals, want 0", got)
		}
		<-time.After(2 * time.Minute)
		token(t, cred)
		if got := redeemed(server); got != 1 {
			t.Errorf("after 56 minutes: got %d renewals, want 1", got)
		}
	})
}

func TestTokenOutlivesOutageOfRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := authtest.NewEntra(authtest.EntraConfig{
			People:    []authtest.Person{authtest.SignsIn(0)},
			RefreshIn: 30 * time.Minute,
		})
		logs := new(logBuffer)
		a := newAuthenticator(t, server, func(c *entra.Config) { c.Logger = logs.logger() })
		signIn(t, a, request)
		cred := credential(t, a, request)
		first := token(t, cred)
		<-time.After(31 * time.Minute)
		server.Outage(0, 40*time.Minute, authtest.Unavailable)
		if got := token(t, cred); got.Value.Reveal() != first.Value.Reveal() {
			t.Error("the token changed during the outage")
		}
		if !strings.Contains(logs.String(), "not renewed") {
			t.Errorf("the log does not say that the token was not renewed: %s", logs)
		}
		<-time.After(30 * time.Minute)
		_, err := cred.Token(t.Context(), auth.TokenRequest{})
		wantClass(t, "Token when the old one has ended", err, auth.Transient)
		<-time.After(time.Hour)
		token(t, cred)
	})
}

func TestFresh(t *testing.T) {
	server := newServer()
	a := newAuthenticator(t, server, nil)
	signIn(t, a, request)
	first := token(t, credential(t, a, request))
	server.SetScopes("Policy.Read.All", "Group.Read.All")
	if got := token(t, credential(t, a, request)); got.Value.Reveal() != first.Value.Reveal() {
		t.Error("a new token was got without Fresh")
	}
	fresh := request
	fresh.Fresh = true
	got := token(t, credential(t, a, fresh))
	if want := []string{"Policy.Read.All", "Group.Read.All"}; !slices.Equal(got.Scopes, want) {
		t.Errorf("scopes of the fresh token: got %q, want %q", got.Scopes, want)
	}
	if n := redeemed(server); n != 1 {
		t.Errorf("refresh tokens redeemed: got %d, want 1", n)
	}
}

func TestClaims(t *testing.T) {
	const challenge = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
	server := newServer()
	a := newAuthenticator(t, server, func(c *entra.Config) { c.Capabilities = []string{"CP1"} })
	signIn(t, a, request)
	cred := credential(t, a, request)
	first := token(t, cred)
	got, err := cred.Token(t.Context(), auth.TokenRequest{Claims: challenge})
	if err != nil {
		t.Fatal(err)
	}
	if got.Value.Reveal() == first.Value.Reveal() {
		t.Error("the challenged token was given again")
	}
	if again := token(t, cred); again.Value.Reveal() != got.Value.Reveal() {
		t.Error("after the challenge the old token was given again")
	}
	req := request
	req.Claims = challenge
	credential(t, a, req)
	if _, err := a.Begin(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	var sent int
	for _, r := range server.Requests() {
		if strings.Contains(r.Claims, `"nbf"`) && strings.Contains(r.Claims, `"CP1"`) {
			sent++
		}
	}
	if sent != 3 {
		t.Errorf("requests that carried the challenge: got %d, want 3 (token, credential, device code)", sent)
	}
}

func TestScopesOfTokenRequest(t *testing.T) {
	const scope = "https://vault.example/Secrets.Read"
	server := newServer()
	server.SetScopes("Policy.Read.All", "Secrets.Read")
	a := newAuthenticator(t, server, nil)
	signIn(t, a, request)
	cred := credential(t, a, request)
	if _, err := cred.Token(t.Context(), auth.TokenRequest{Scopes: []string{scope}}); err != nil {
		t.Fatal(err)
	}
	requests := server.Requests()
	if last := requests[len(requests)-1]; !strings.Contains(last.Scopes, scope) {
		t.Errorf("scopes asked for: got %q, want %q among them", last.Scopes, scope)
	}
	_, err := cred.Token(t.Context(), auth.TokenRequest{Scopes: []string{"https://vault.example/Secrets.Write"}})
	wantClass(t, "Token for a scope that is not granted", err, auth.ConsentNeeded)
}

func TestUnpinnedDirectory(t *testing.T) {
	server := newServer()
	a := newAuthenticator(t, server, nil)
	unpinned := auth.Request{Tenant: "contoso"}
	signIn(t, a, unpinned)
	id := credential(t, a, unpinned).Identity()
	want := auth.Identity{
		Directory: contoso, HomeDirectory: contoso, ObjectID: id.ObjectID,
		Username: "admin@" + contoso, Application: clientID,
	}
	if id != want || id.ObjectID == "" {
		t.Errorf("Identity: got %+v, want %+v with an object id", id, want)
	}
	token(t, credential(t, a, request))

	other := request
	other.Directory = fabrikam
	_, err := a.Credential(t.Context(), other)
	wantClass(t, "Credential pinned to another directory", err, auth.SignInNeeded)
	other.Directory = "contoso.onmicrosoft.com"
	_, err = a.Credential(t.Context(), other)
	wantClass(t, "Credential pinned to a name", err, auth.Misconfigured)
	_, err = a.Begin(t.Context(), other)
	wantClass(t, "Begin pinned to a name", err, auth.Misconfigured)
}

func TestPartner(t *testing.T) {
	newPartnerServer := func() *authtest.Entra {
		server := authtest.NewEntra(authtest.EntraConfig{People: []authtest.Person{
			{Act: authtest.Accept, User: "partner@fabrikam.example"},
		}})
		server.AddUser("partner@fabrikam.example", fabrikam)
		return server
	}
	t.Run("not listed", func(t *testing.T) {
		store := new(auth.MemoryCacheStore)
		server := newPartnerServer()
		a := newAuthenticator(t, server, withStore(store, sealer(t)))
		s, err := a.Begin(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		err = s.Wait(t.Context())
		wantClass(t, "Wait", err, auth.WrongTenant)
		for _, part := range []string{contoso, fabrikam, "AllowedHomeDirectories"} {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("Wait: %q does not mention %s", err, part)
			}
		}
		if _, err := store.Load(t.Context(), auth.CacheKey{Tenant: "contoso"}); !errors.Is(err, auth.ErrNoCache) {
			t.Errorf("something of the refused account was stored: %v", err)
		}
	})
	t.Run("listed, and struck off again", func(t *testing.T) {
		server := newPartnerServer()
		store, seal := new(auth.MemoryCacheStore), sealer(t)
		listed := func(c *entra.Config) {
			withStore(store, seal)(c)
			c.AllowedHomeDirectories = []string{strings.ToUpper(fabrikam)}
		}
		a := newAuthenticator(t, server, listed)
		signIn(t, a, request)
		fresh := request
		fresh.Fresh = true
		id := credential(t, a, fresh).Identity()
		if id.Directory != contoso || id.HomeDirectory != fabrikam {
			t.Errorf("Identity: got %+v, want directory %s, home %s", id, contoso, fabrikam)
		}

		a = newAuthenticator(t, server, withStore(store, seal))
		_, err := a.Credential(t.Context(), request)
		wantClass(t, "Credential of an account struck off", err, auth.WrongTenant)
		_, err = a.Credential(t.Context(), request)
		wantClass(t, "Credential after that", err, auth.SignInNeeded)
	})
}

func TestSeveralSignIns(t *testing.T) {
	server := newServer()
	a := newAuthenticator(t, server, nil)
	signIn(t, a, request)
	second := request
	second.SignIn = "devices"
	_, err := a.Credential(t.Context(), second)
	wantClass(t, "Credential of the second sign-in", err, auth.SignInNeeded)
	if e, ok := errors.AsType[*auth.Error](err); !ok || e.SignIn != "devices" {
		t.Errorf("Credential of the second sign-in: got %v, want an error that names it", err)
	}
	s, err := a.Begin(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Prompt().SignIn; got != "devices" {
		t.Errorf("Prompt: got sign-in %q, want %q", got, "devices")
	}
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); auth.ClassOf(err) != auth.Failed {
		t.Errorf("a second Wait: got %v, want class %q", err, auth.Failed)
	}
	credential(t, a, second)
}

// TestWaitGivesUpOnCancel cancels without a deadline, as a person's Cancel does.
func TestWaitGivesUpOnCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthenticator(t, authtest.NewEntra(authtest.EntraConfig{}), nil)
		s, err := a.Begin(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Minute, cancel)
		start := time.Now()
		if err := s.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Wait: got %v, want %v", err, context.Canceled)
		}
		if got := time.Since(start); got != time.Minute {
			t.Errorf("Wait took %v, want 1m", got)
		}
	})
}

// TestCredentialStaysInItsDirectory has somebody sign in to another directory
// behind the back of a credential whose request pinned none.
func TestCredentialStaysInItsDirectory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		a := newAuthenticator(t, server, nil)
		unpinned := auth.Request{Tenant: "contoso"}
		signIn(t, a, unpinned)
		cred := credential(t, a, unpinned)
		server.Expect(authtest.Person{Act: authtest.Accept, Directory: fabrikam})
		signIn(t, a, unpinned)
		<-time.After(2 * time.Hour)
		_, err := cred.Token(t.Context(), auth.TokenRequest{})
		wantClass(t, "Token", err, auth.SignInNeeded)
		if got := credential(t, a, unpinned).Identity().Directory; got != fabrikam {
			t.Errorf("a new credential: got directory %s, want %s", got, fabrikam)
		}
	})
}

// TestChallengeIsSentOnce renews a token that was got for a challenge.
func TestChallengeIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer()
		a := newAuthenticator(t, server, nil)
		signIn(t, a, request)
		req := fresh()
		req.Claims = `{"access_token":{"nbf":{"essential":true,"value":"1"}}}`
		cred := credential(t, a, req)
		<-time.After(2 * time.Hour)
		token(t, credential(t, a, request)) // renews the cached token
		before := redeemed(server)
		token(t, cred)
		if got := redeemed(server) - before; got != 0 {
			t.Errorf("refresh tokens redeemed although a good token is cached: got %d, want 0", got)
		}
		requests := server.Requests()
		if last := requests[len(requests)-1]; last.Claims != "" {
			t.Errorf("the old challenge was sent again: %s", last.Claims)
		}
	})
}
