package tenanttest_test

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
	"github.com/tenantsync/tenantsync/tenant/tenanttest"
)

var groups = tenant.Kind{
	Name: "groups", Create: true, Update: true, Delete: true,
	ReadOnly: []string{"/id", "/createdDateTime"},
}

func TestFakeCreatesAndReads(t *testing.T) {
	fake := tenanttest.NewFake(tenanttest.Config{Kinds: []tenant.Kind{groups}})
	c := fake.Client(tenanttest.ClientConfig{Worker: "one"})
	applied, err := c.Apply(t.Context(), tenant.Operation{
		Verb: tenant.Create, Kind: "groups", After: json.RawMessage(`{"displayName":"A"}`), IdempotencyKey: "1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := fake.Find("groups", "A"); got != applied.Resource.ID || got == "" {
		t.Errorf("Find = %q, want the id of the answer, %q", got, applied.Resource.ID)
	}
	var read []string
	result, err := c.Read(t.Context(), tenant.ReadRequest{Kind: "groups", All: true}, func(r tenant.Resource) error {
		read = append(read, r.ID)
		return nil
	})
	if err != nil || result.Completeness != tenant.Complete || len(read) != 1 {
		t.Errorf("Read = %v, %+v, %v", read, result, err)
	}
}
