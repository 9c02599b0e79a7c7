package entra_test

import (
	"context"
	"fmt"
	"time"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/auth/authtest"
	"github.com/tenantsync/tenantsync/auth/entra"
)

// A person signs in once; after that credentials come silently. With Microsoft
// Entra itself, leave Authority and HTTPClient out.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	server := authtest.NewEntra(authtest.EntraConfig{
		People: []authtest.Person{authtest.SignsIn(0)},
		Scopes: []string{"Policy.Read.All"},
	})
	sealer, err := auth.NewSealer(auth.GenerateKey("2026"))
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := entra.New(entra.Config{
		ClientID:   "11111111-2222-4333-8444-555555555555",
		Cache:      new(auth.MemoryCacheStore), // or the host's own, to outlive restarts
		Sealer:     sealer,
		Authority:  server.URL(),
		HTTPClient: server.HTTPClient(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	req := auth.Request{Tenant: "contoso"}
	_, err = a.Credential(ctx, req)
	fmt.Println("before:", auth.ClassOf(err))

	signIn, err := a.Begin(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(signIn.Prompt().Message)
	if err := signIn.Wait(ctx); err != nil {
		fmt.Println(err)
		return
	}

	cred, err := a.Credential(ctx, req)
	if err != nil {
		fmt.Println(err)
		return
	}
	token, err := cred.Token(ctx, auth.TokenRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token.Value, token.Scopes)
	// Output:
	// before: sign_in_needed
	// To sign in, open https://login.example/device and enter the code CODE-1.
	// [redacted] [Policy.Read.All]
}
