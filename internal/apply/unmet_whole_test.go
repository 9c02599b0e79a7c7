package apply

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/tenant"
)

// A delete is one difference as long as the object is there, also with the row
// that a plan may give it.
func TestUnmetOfDeleteWithRow(t *testing.T) {
	s := stepOf(t, tenant.Delete, change("", `{"x":1}`, ``))
	found, err := Unmet(s, inTenant(`{"x":1}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`: {"x":1}, not `}, lines(found)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// The members of a set that is a secret are not shown: neither all of them nor
// the one that differs.
func TestUnmetOfSecretSet(t *testing.T) {
	k, err := schema.Compile(tenant.Kind{Name: "policies", Sets: []tenant.Set{{Path: "/vault", By: []string{"/name"}}}, Sensitive: []string{"/vault"}})
	if err != nil {
		t.Fatal(err)
	}
	const file = `{"vault":[{"name":"a","pw":"s3cret"}]}`
	body, err := jsonval.ParseObject([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	whole := withSecret(t, stepOf(t, tenant.Update, change("/vault", ``, `"[redacted]"`)), "", "", file)
	whole.Kind = k
	sum := schema.ApprovedSum(whole.Key, "policies/P", schema.SecretNode(whole.Key, k, body.Get("vault")))
	whole.Item.Changes[0].Secrets = map[string]string{"": sum}

	member := stepOf(t, tenant.Update, change("/vault/-", ``, `{"name":"a","pw":"new"}`))
	member.Kind = k

	for _, tt := range []struct {
		name string
		step Step
		now  string
		want []Difference
	}{
		{"reached", whole, file, nil},
		{"another secret", whole, `{"vault":[{"name":"a","pw":"old"},{"name":"b"}]}`,
			[]Difference{{Pointer: "/vault", Wanted: json.RawMessage(`"[redacted]"`), Got: json.RawMessage(`"[redacted]"`), Redacted: true}}},
		{"one member", member, `{"vault":[{"name":"a","pw":"old"}]}`,
			[]Difference{{Pointer: "/vault/-", Wanted: json.RawMessage(`{"name":"a","pw":"new"}`)}}},
	} {
		found, err := Unmet(tt.step, inTenant(tt.now))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, found); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", tt.name, diff)
		}
	}
}
