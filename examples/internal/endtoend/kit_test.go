package endtoend

import (
	"encoding/json"
	"testing"

	"github.com/tenantsync/tenantsync/examples/internal/bodies"
)

func mustEncode(t *testing.T, body map[string]any) json.RawMessage {
	t.Helper()
	raw, err := bodies.Encode(body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
