package entra

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/auth"
	"github.com/tenantsync/tenantsync/internal/frozen"
)

// What is sealed is read, and written again, as the file has it.
func TestFrozenContent(t *testing.T) {
	raw := frozen.Read(t, "content.json")
	c, err := decodeContent(auth.CacheKey{Tenant: "contoso"}, raw)
	if err != nil {
		t.Fatal(err)
	}
	frozen.Covers(t, []content{c})
	again, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		t.Fatal(err)
	}
	if compact.String() != string(again) {
		t.Errorf("written otherwise now:\n%s\nfrozen:\n%s", again, compact.String())
	}
	later, err := decodeContent(auth.CacheKey{Tenant: "contoso"}, frozen.With(t, raw, `["a"]`, "fromALaterVersion"))
	if err != nil || !later.equal(c) {
		t.Errorf("with an unknown field: got %+v, %v, want it overlooked", later.Identity, err)
	}
}
