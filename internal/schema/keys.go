package schema

import "encoding/hex"

// Keys are what hashes of secrets are made with. They are derived from a secret
// of the host's, and are never stored beside the hashes: who has those and a
// guess cannot try it out.
type Keys struct {
	// Tenant is the key of one tenant's hashes: those in its base, and those
	// that its plan's digest covers.
	Tenant string
	// Fleet is the key of the hashes that the digest of the changes covers,
	// which is to be equal for equal changes in different tenants.
	Fleet string
}

// DeriveKeys returns the keys of a tenant.
func DeriveKeys(secret []byte, tenant string) Keys {
	root := hex.EncodeToString(secret)
	return Keys{Tenant: KeyedSum(root, "tenant key", []byte(tenant)), Fleet: KeyedSum(root, "fleet key")}
}

// KeyID names a key without telling it. Hashes that were made with another key
// cannot be compared.
func KeyID(key string) string { return KeyedSum(key, "key id")[:16] }
