// Package entra signs people in to Microsoft Entra with device codes, through
// Microsoft's own library (MSAL), and renews their tokens silently afterwards.
//
//	a, err := entra.New(entra.Config{
//		ClientID: "…",       // of the app registration
//		Cache:    store,     // where sealed token caches are kept
//		Sealer:   sealer,    // auth.NewSealer(keys...)
//	})
//
// # Registering the application
//
// In the Entra admin center, under App registrations:
//
//  1. Register an application. For the tenants of one organization choose
//     accounts in this directory only; for many tenants, accounts in any
//     organizational directory.
//  2. Under Authentication, allow public client flows. Without it sign-ins end
//     with AADSTS7000218, class misconfigured. No redirect URI and no secret is needed.
//  3. Under API permissions, add the delegated permissions of Microsoft Graph
//     that the kinds in scope call for, and have an administrator of each tenant
//     grant them.
//
// The default scope, ".default", asks for exactly the permissions listed there.
//
// # Signing in
//
// Begin gets a code; a host shows [auth.Prompt]: the code, to be copied, and
// the page, to be opened. Whoever reads a code can have somebody else sign in
// with it, so show it only to people who may act for the tenant.
//
// Wait polls at the pace that the server asks for. Faults of the network or the
// server do not end it: the same code is asked for again, less often, as long as
// it is good and the context stands. Just before the end it looks a last time,
// so that a person who signs in up to about a second before the context's
// deadline gets in. Give it a context with a deadline for that: one that is
// only canceled ends without the last look.
//
// Microsoft recommends to block device codes where they are not needed, and
// Conditional Access can do so. Then Wait ends with class blocked_by_policy, and an
// administrator has to exempt the application or the account, or the host uses
// another [auth.Authenticator], such as an application with a certificate.
//
// # Without a person, and with both
//
// [Application] works without anybody: by certificate, federated assertion or
// secret, with application permissions. [Hybrid] has an application do what
// applications may, and asks a person for the kinds that need one. [External]
// takes any credential of the Azure SDK, and [TokenCredential] gives one.
//
// # Whose account
//
// Once a tenant is connected, [auth.Request] pins its directory: a token for
// another is refused with class wrong_tenant, and nothing of it is kept. Before
// that, whoever signs in decides, and [auth.Identity] tells where that led.
//
// An account must also be at home in the tenant's directory. Partners (GDAP)
// sign in with an account of their own directory: list it in
// Config.AllowedHomeDirectories, and pin the customer's directory from the
// start. Without a pinned directory a sign-in leads to the account's own, and
// so to the partner's.
//
// # What is kept
//
// Per tenant and sign-in, MSAL's cache of one account, sealed, in Config.Cache.
// It is loaded for each operation and saved when it has changed, with the
// version that was loaded; when somebody else was faster, what they stored is
// used instead. Within an Authenticator one operation per account runs at a time. Two
// processes should not renew the same account's token at once, since a server
// may take a refresh token that is used twice for a stolen one: the engine's
// lease on the tenant sees to that.
//
// Credentials keep their access token in memory and renew it five minutes before
// its end. Revoking a sign-in at the server therefore shows when the token is
// renewed, within about an hour, or at once with Request.Fresh.
//
// # Errors
//
// The classes of package auth, by the answer's error, suberror and AADSTS
// number. An unknown number falls back on the error, and an unknown error is
// class failed. What the server says in words is left out, since it may repeat
// what was sent; Error.Code and https://login.microsoftonline.com/error tell the
// same, and Error.CorrelationID is what Microsoft's support asks for.
//
// # Tests
//
// [github.com/tenantsync/tenantsync/auth/authtest.Entra] is a fake server: set
// Config.Authority to its URL and Config.HTTPClient to its client.
package entra
