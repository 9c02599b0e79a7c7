package schema

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// WholeObject asks [Schema.FingerprintPart] for the object with its parts; ""
// asks for the object without them.
const WholeObject = "*"

// Fingerprint returns the SHA-256, in hex, of an object's canonical form as the
// tenant has it: equal for bodies that differ only in what the kind says does
// not matter. Masked secrets and their tokens do not count, for a tenant may
// show others at each read. Secrets that can be read do count; key is that
// of the sum where the kind has secrets.
func (k *Schema) Fingerprint(body json.RawMessage, key string) (string, error) {
	return k.FingerprintPart(body, WholeObject, key)
}

// FingerprintPart is [Schema.Fingerprint] of one part of the object.
func (k *Schema) FingerprintPart(body json.RawMessage, part, key string) (string, error) {
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	return Fingerprint(k, n, part, key), nil
}

// Fingerprint is [Schema.FingerprintPart] of a parsed body.
func Fingerprint(k *Schema, body *jsonval.Node, part, key string) string {
	n := k.canonical(body)
	if part != WholeObject {
		n = k.Piece(n, part)
	}
	return nodeSum(k.Key(key), "object", n)
}
