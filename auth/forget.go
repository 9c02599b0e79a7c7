package auth

import "context"

// Forgetter is an [Authenticator] that can forget a tenant. It is optional: a
// caller finds it by a type assertion. A wrapper of an authenticator that keeps
// nothing of a tenant returns errors.ErrUnsupported.
//
// [github.com/tenantsync/tenantsync/auth/authtest.TestAuthenticator] checks an
// authenticator that is a Forgetter.
type Forgetter interface {
	// Forget deletes the tokens that are stored for a tenant, refresh tokens
	// too. Afterwards a person has to sign in again. Credentials that were
	// returned before stay good until their access tokens end. Forgetting a
	// tenant that has nothing stored is no error.
	Forget(ctx context.Context, tenant string) error
}
