package tenanttest_test

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

// A careless caller repeats a write whose answer got lost; the fake notices.
func ExampleFake() {
	ctx := context.Background()
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{{Name: "groups", Create: true}}})
	client := fake.Client(tenanttest.ClientConfig{Worker: "one"})

	answers := 0
	fake.FailWrite(func(tenant.Operation) tenanttest.WriteFault {
		if answers++; answers == 1 {
			return tenanttest.LostAnswer()
		}
		return tenanttest.WriteFault{}
	})
	op := tenant.Operation{
		Verb: tenant.Create, Kind: "groups", IdempotencyKey: "run 1, item 1",
		After: json.RawMessage(`{"displayName":"CA-BreakGlass"}`),
	}
	_, err := client.Apply(ctx, op)
	fmt.Println(err, tenant.MaybeApplied(err))
	_, err = client.Apply(ctx, op)
	fmt.Println(err, len(fake.Objects("groups")))
	for _, w := range fake.Repeated() {
		fmt.Println("repeated:", w.Verb, w.NaturalKey)
	}
	// Output:
	// connection reset by peer true
	// <nil> 2
	// repeated: create CA-BreakGlass
}
