package entra_test

import (
	"testing"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

var _ auth.Authenticator = (*entra.Authenticator)(nil)

func TestConformance(t *testing.T) {
	fixture := func(t *testing.T, server *authtest.Entra) authtest.AuthenticatorFixture {
		return authtest.AuthenticatorFixture{
			Authenticator: newAuthenticator(t, server, nil),
			Request:       request,
			Expect:        func(p authtest.Person) { server.Expect(p) },
			Revoke:        func() { server.RevokeRefreshTokens("") },
			Secrets:       server.Secrets,
		}
	}
	t.Run("in process", func(t *testing.T) {
		authtest.TestAuthenticator(t, func(t *testing.T) authtest.AuthenticatorFixture {
			return fixture(t, authtest.NewEntra(authtest.EntraConfig{ClientID: clientID}))
		})
	})
	t.Run("over TLS", func(t *testing.T) {
		authtest.TestAuthenticator(t, func(t *testing.T) authtest.AuthenticatorFixture {
			server := authtest.NewEntra(authtest.EntraConfig{ClientID: clientID, Interval: time.Second})
			server.Start(t)
			return fixture(t, server)
		})
	})
}
