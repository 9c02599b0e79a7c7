// Package authtest has fakes of signing in and kits for implementations of
// package auth's contracts. It needs only the standard library, for use in
// tests; all of it works inside testing/synctest bubbles, where a person who
// takes three minutes takes no time.
//
// # Fakes
//
// [FakeAuthenticator] is an authenticator in memory, for tests of what uses
// one. [Person] scripts say who answers a prompt: [SignsIn], [Declines] and
// [NeverComes], after a time, with another account or to another directory.
//
//	a := authtest.NewAuthenticator(authtest.AuthenticatorConfig{
//		People: []authtest.Person{authtest.SignsIn(time.Minute)},
//	})
//
// Revoke ends a tenant's sign-in in the middle of a run, SetScopes grants
// permissions, FailNext makes calls fail with a class.
//
// [Entra] is a fake of the token server, which MSAL accepts unmodified, for
// tests of what speaks to one. It is reached in process through
// [Entra.HTTPClient], or over real TLS after [Entra.Start]. It can be out of
// order (FailNext, Outage), refuse (RefuseNext), slow clients down, revoke, and
// says what it was asked (Requests).
//
// It knows the device code and refresh token grants only, checks no client
// secret, and signs nothing: it is a test's server, nothing else.
//
// # Secrets
//
// Both fakes list every secret that they have issued (Secrets), so that a test
// can search logs, records and screens for them.
//
// # Kits
//
// [TestAuthenticator] and [TestCacheStore] check that an implementation keeps
// its contract. A case that fails says why it matters.
//
//	func TestStore(t *testing.T) {
//		authtest.TestCacheStore(t, func(t *testing.T) auth.CacheStore { return newStore(t) })
//	}
package authtest
