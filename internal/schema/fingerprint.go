package schema

import (
	"encoding/json"
	"fmt"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// WholeObject as the part in [Schema.FingerprintPart] means the object with its
// parts. An empty part means the object without its parts.
const WholeObject = "*"

// Fingerprint returns the SHA-256, in hex, of the canonical form of a tenant's
// object. Equal objects have equal fingerprints. Masked secrets and their
// tokens are left out, because a tenant may return other ones on each read.
// Secrets that can be read are included: key is the key of the hash if the
// object can have secrets; see [Schema.Key].
func (k *Schema) Fingerprint(body json.RawMessage, key string) (string, error) {
	return k.FingerprintPart(body, WholeObject, key)
}

// FingerprintPart is [Schema.Fingerprint] for one part of the object.
func (k *Schema) FingerprintPart(body json.RawMessage, part, key string) (string, error) {
	n, err := jsonval.ParseObject(body)
	if err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	return Fingerprint(k, n, part, key), nil
}

// Fingerprint is [Schema.Fingerprint] without a tree.
func (c *Canonicalizer) Fingerprint(k *Schema, body []byte, key string) (string, error) {
	b := sumBuffers.Get().(*sumBuffer)
	defer sumBuffers.Put(b)
	var err error
	if b.text, err = c.Append(b.text[:0], k, body); err != nil {
		return "", fmt.Errorf("plan: fingerprint of %s: %w", k.Name, err)
	}
	if !c.named && !k.HasSecrets() {
		key = ""
	}
	return KeyedSum(key, "object", b.text), nil
}

// Fingerprint is [Schema.FingerprintPart] for a parsed body.
func Fingerprint(k *Schema, body *jsonval.Node, part, key string) string {
	n := k.canonical(body)
	if part != WholeObject {
		n = k.Piece(n, part)
	}
	return nodeSum(k.Key(key, body), "object", n)
}
