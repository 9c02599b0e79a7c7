package auth_test

import (
	"errors"
	"fmt"

	"github.com/tenantsync/tenantsync/auth"
)

// A cache opens for its own tenant only, and moves to a new key when it is
// sealed again.
func ExampleSealer() {
	old, recent := auth.GenerateKey("2025"), auth.GenerateKey("2026")
	key := auth.CacheKey{Tenant: "contoso"}

	sealer, err := auth.NewSealer(old)
	if err != nil {
		fmt.Println(err)
		return
	}
	sealed, err := sealer.Seal(key, []byte("refresh token"))
	if err != nil {
		fmt.Println(err)
		return
	}

	// Rotate: the new key first.
	sealer, err = auth.NewSealer(recent, old)
	if err != nil {
		fmt.Println(err)
		return
	}
	opened, err := sealer.Open(key, sealed)
	fmt.Println(opened, "reseal:", opened.Reseal, "error:", err)

	_, err = sealer.Open(auth.CacheKey{Tenant: "fabrikam"}, sealed)
	fmt.Println(errors.Is(err, auth.ErrTampered))
	// Output:
	// opened with key 2025 [redacted] reseal: true error: <nil>
	// true
}

// What to do about an error is told by its class.
func ExampleClassOf() {
	err := fmt.Errorf("connect: %w", &auth.Error{
		Class: auth.Blocked, Tenant: "contoso", Code: "AADSTS53003",
		Message: "a policy of the tenant forbids this sign-in",
	})
	switch auth.ClassOf(err) {
	case auth.SignInNeeded, auth.CodeExpired:
		fmt.Println("ask a person")
	case auth.Transient:
		fmt.Println("try again later")
	default:
		fmt.Println("give up:", err)
	}
	// Output:
	// give up: connect: sign-in for contoso: blocked_by_policy (AADSTS53003): a policy of the tenant forbids this sign-in
}
