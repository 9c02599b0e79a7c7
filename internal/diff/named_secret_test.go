package diff

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// A plan depends on the tenant's key only if one of its objects has a secret,
// where the kind goes by names: in the file, in the tenant, or in both.
func TestKeyOfPlansWithNamedSecrets(t *testing.T) {
	kinds, err := schema.CompileAll([]tenant.Kind{{Name: "things", Create: true, Update: true, Delete: true, SecretNames: true, Scope: tenant.All}})
	if err != nil {
		t.Fatal(err)
	}
	const plain, hidden = `{"displayName":"P","shown":"1"}`, `{"displayName":"P","shown":"1","password":"Tr0ub4dor"}`
	compare := func(file, current, key string) *plan.Plan {
		t.Helper()
		in := Input{Tenant: "contoso", Kinds: kinds, Keys: schema.Keys{Tenant: key, Fleet: "f"},
			Current: tenant.Snapshot{Kinds: []tenant.KindState{{Kind: "things", Completeness: tenant.Complete}}}, Desired: tenant.Desired{Revision: "1"}}
		if file != "" {
			in.Desired.Resources = []tenant.Resource{{Kind: "things", Key: "P", Body: json.RawMessage(file)}}
		}
		if current != "" {
			in.Current.Resources = []tenant.Resource{{Kind: "things", ID: "1", Body: json.RawMessage(current)}}
		}
		r, err := Compare(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Plan.Items) != 1 {
			t.Fatalf("%s, %s: items %+v", file, current, r.Plan.Items)
		}
		return r.Plan
	}
	other := `{"displayName":"P","shown":"2"}`
	for _, tt := range []struct {
		file, current string
		keyed         bool
	}{
		{plain, "", false}, {hidden, "", true}, {plain, other, false}, {hidden, other, true}, {other, hidden, true},
	} {
		a, b := compare(tt.file, tt.current, "one"), compare(tt.file, tt.current, "two")
		if (a.KeyID != "") != tt.keyed || (a.Digest != b.Digest) != tt.keyed || (a.Items[0].DesiredSum+a.Items[0].Before != b.Items[0].DesiredSum+b.Items[0].Before) != tt.keyed {
			t.Errorf("file %s, tenant %s: the key's id is %q and the digests differ: %v, want %v", tt.file, tt.current, a.KeyID, a.Digest != b.Digest, tt.keyed)
		}
	}
}
