package tenanttest

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/tenant"
)

// What only a create may set can be sent again, with its GUIDs in other letters,
// and cannot be changed.
func TestCreateOnlyAgain(t *testing.T) {
	const body = `{"owner":{"id":"0f1e2d3c-0000-4000-8000-abcdefabcdef"},"name":"a"}`
	for patch, ok := range map[string]bool{
		body: true,
		`{"owner":{"id":"0F1E2D3C-0000-4000-8000-ABCDEFABCDEF"}}`: true,
		`{"owner":{"id":"0f1e2d3c-0000-4000-8000-abcdefabcdee"}}`: false,
		`{"name":"A"}`: false,
		`{"name":"b"}`: false,
	} {
		k := &fakeKind{Kind: tenant.Kind{Name: "things", CreateOnly: []string{"/owner", "/name"}}}
		var before, change map[string]any
		if err := json.Unmarshal([]byte(body), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(patch), &change); err != nil {
			t.Fatal(err)
		}
		if err := checkCreateOnly(k, before, change); (err == nil) != ok {
			t.Errorf("%s: %v", patch, err)
		}
	}
}
