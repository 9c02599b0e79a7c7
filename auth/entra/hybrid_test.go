package entra_test

import (
	"context"
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

// newHybrid returns an authenticator of an application, which works if works
// says so, and of people.
func newHybrid(t *testing.T, works func() bool, people ...authtest.Person) (auth.Authenticator, *authtest.Entra) {
	t.Helper()
	server := authtest.NewEntra(authtest.EntraConfig{Scopes: []string{"Policy.Read.All"}, People: people, Application: func(string, string) int {
		if works() {
			return 0
		}
		return 7000215
	}})
	app, err := entra.NewApplication(entra.ApplicationConfig{ClientID: clientID, Secret: "s3cret", Authority: server.URL(), HTTPClient: server.HTTPClient()})
	if err != nil {
		t.Fatal(err)
	}
	h, err := entra.Hybrid(entra.HybridConfig{Application: app, Person: newAuthenticator(t, server, nil)})
	if err != nil {
		t.Fatal(err)
	}
	return h, server
}

// The application works at once, the person is asked to sign in, and each token
// is of its own.
func TestHybrid(t *testing.T) {
	h, server := newHybrid(t, func() bool { return true }, authtest.SignsIn(time.Millisecond))
	req := auth.Request{Tenant: "contoso", Directory: contoso}
	_, err := h.Credential(t.Context(), req)
	wantClass(t, "before the person has signed in", err, auth.SignInNeeded)
	signIn(t, h, req)
	both, ok := credential(t, h, req).(*entra.HybridCredential)
	if !ok {
		t.Fatal("the credential is not of both")
	}
	if id := both.Identity(); id.Directory != contoso || id.Username == "" || id.Application != clientID {
		t.Errorf("it is %+v, want the person's account and the application", id)
	}
	of := map[string]auth.Credential{"the application": both.Application, "the person": both.Person}
	values := map[auth.Secret]string{}
	for who, c := range of {
		got := token(t, c)
		if values[got.Value] != "" {
			t.Errorf("%s has the token of %s", who, values[got.Value])
		}
		values[got.Value] = who
		if !server.Accepts(got.Value.Reveal()) {
			t.Errorf("the token of %s is not accepted", who)
		}
	}
	if got := values[token(t, both).Value]; got != "the application" {
		t.Errorf("without more said it gives a token of %q, want the application's", got)
	}
	if app := both.Application.Identity(); app.Username != "" {
		t.Errorf("the application is %+v, a person", app)
	}
}

// Nobody is asked to sign in while the application does not work.
func TestHybridApplicationFirst(t *testing.T) {
	works := false
	h, server := newHybrid(t, func() bool { return works }, authtest.SignsIn(time.Millisecond))
	req := auth.Request{Tenant: "contoso", Directory: contoso}
	_, err := h.Credential(t.Context(), req)
	wantClass(t, "with a wrong secret", err, auth.Misconfigured)
	if n := server.CodesShown(); n != 0 {
		t.Errorf("%d codes were shown", n)
	}
	works = true
	_, err = h.Credential(t.Context(), req)
	wantClass(t, "with the right one", err, auth.SignInNeeded)
}

// fixed gives credentials of one directory.
type fixed struct {
	auth.Authenticator
	directory string
}

func (f fixed) Credential(context.Context, auth.Request) (auth.Credential, error) { return f, nil }
func (f fixed) Identity() auth.Identity                                           { return auth.Identity{Directory: f.directory} }
func (f fixed) Token(context.Context, auth.TokenRequest) (auth.Token, error) {
	return auth.Token{}, nil
}

// A person of another directory is refused, and both have to be there.
func TestHybridRefuses(t *testing.T) {
	h, err := entra.Hybrid(entra.HybridConfig{Application: fixed{directory: contoso}, Person: fixed{directory: fabrikam}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.Credential(t.Context(), auth.Request{Tenant: "contoso", Directory: contoso})
	wantClass(t, "two directories", err, auth.WrongTenant)
	for name, cfg := range map[string]entra.HybridConfig{"no person": {Application: fixed{}}, "no application": {Person: fixed{}}} {
		if _, err := entra.Hybrid(cfg); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
