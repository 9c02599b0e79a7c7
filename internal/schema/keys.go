package schema

import "encoding/hex"

// Keys are the keys for hashes of secrets. They are derived from the host's
// secret and are never stored with the hashes. So somebody who has only the
// hashes cannot test a guess.
type Keys struct {
	// Tenant is the key of one tenant's hashes, in its base and in the digest
	// of its plan.
	Tenant string
	// Fleet is the key of the hashes in the digest of the changes, which must
	// be equal for equal changes in different tenants.
	Fleet string
}

// DeriveKeys returns the keys of a tenant.
func DeriveKeys(secret []byte, tenant string) Keys {
	root := hex.EncodeToString(secret)
	return Keys{Tenant: KeyedSum(root, "tenant key", []byte(tenant)), Fleet: KeyedSum(root, "fleet key")}
}

// KeyID returns a name for a key that does not reveal it. Hashes with different
// keys cannot be compared.
func KeyID(key string) string { return KeyedSum(key, "key id")[:16] }
