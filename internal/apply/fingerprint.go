package apply

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Fingerprint returns the fingerprint of the content that the item changes. For
// an update that is one part of the object, or the object without its parts. For
// another verb it is the whole object. A restored object counts without its parts,
// because a deleted object does not show them. key is the tenant's key for hashes.
func Fingerprint(it *plan.Item, k *schema.Schema, body json.RawMessage, key string) (string, error) {
	if it.Verb != tenant.Update && !it.Restored {
		return k.Fingerprint(body, key)
	}
	return k.FingerprintPart(body, it.Part, key)
}
