package entra_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/internal/frozen"
)

// The file is what version 1 sealed after a sign-in at a fake Entra: hosts'
// databases are full of it, so it is never rewritten once that version is
// released. MSAL's own cache is within it, and a newer MSAL has to read it too.
const frozenContent = "content.json"

// makeContent signs in with this version, to tokens that are good for a century.
func makeContent(t *testing.T) []byte {
	t.Helper()
	server := authtest.NewEntra(authtest.EntraConfig{ClientID: clientID, People: []authtest.Person{authtest.SignsIn(0)}, TokenLifetime: 100 * 365 * 24 * time.Hour})
	store, seal := new(auth.MemoryCacheStore), sealer(t)
	signIn(t, newAuthenticator(t, server, withStore(store, seal)), request)
	stored, err := store.Load(t.Context(), contosoCache)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := seal.Open(contosoCache, stored.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	return opened.Plaintext
}

// Who had signed in with version 1 needs not sign in again with this one.
func TestFrozenContentSignsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // long ago: MSAL takes no token from the future
		frozen.Update(t, frozenContent, makeContent(t))
	})
	server := newServer()
	store, seal := new(auth.MemoryCacheStore), sealer(t)
	sealed, err := seal.Seal(contosoCache, frozen.Read(t, frozenContent))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Save(t.Context(), contosoCache, auth.Cache{Sealed: sealed}); err != nil {
		t.Fatal(err)
	}
	a := newAuthenticator(t, server, withStore(store, seal))
	c := credential(t, a, request)
	if got := token(t, c); got.Value.Reveal() == "" || time.Until(got.ExpiresAt) < 365*24*time.Hour {
		t.Errorf("got a token until %s, want the one in the file", got.ExpiresAt)
	}
	if id := c.Identity(); id.Directory != contoso || id.HomeDirectory != contoso || id.Username == "" || id.ObjectID == "" || id.Application != clientID {
		t.Errorf("got identity %+v, want the account in the file", id)
	}
	if n := redeemed(server); n != 0 {
		t.Errorf("got %d refresh tokens redeemed, want none", n)
	}
	// Its refresh token is found too: this server did not issue it, and says so.
	_, err = a.Credential(t.Context(), fresh())
	wantClass(t, "Credential with another server's refresh token", err, auth.SignInNeeded)
	if !slices.ContainsFunc(server.Requests(), func(r authtest.LoggedRequest) bool { return r.Grant == "refresh_token" }) {
		t.Error("no refresh token was sent")
	}
}
