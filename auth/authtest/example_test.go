package authtest_test

import (
	"context"
	"fmt"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
)

// A test of what uses an authenticator scripts the person in front of it.
func ExampleFakeAuthenticator() {
	ctx := context.Background()
	a := authtest.NewAuthenticator(authtest.AuthenticatorConfig{
		People: []authtest.Person{authtest.Declines(0), authtest.SignsIn(0)},
	})
	req := auth.Request{Tenant: "contoso"}
	for range 2 {
		s, err := a.Begin(ctx, req)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(s.Prompt().UserCode, s.Wait(ctx))
	}
	cred, err := a.Credential(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(cred.Identity().Username)
	// Output:
	// CODE-1 sign-in for contoso: declined: the person declined to sign in
	// CODE-2 <nil>
	// admin@contoso.example
}
