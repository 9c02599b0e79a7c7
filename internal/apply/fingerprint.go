package apply

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Fingerprint returns the fingerprint of the part of an object that the item
// would change: for an update the object without its parts, or one of them.
func Fingerprint(it *plan.Item, k *schema.Schema, body json.RawMessage, key string) (string, error) {
	if it.Verb != tenant.Update {
		return k.Fingerprint(body, key)
	}
	return k.FingerprintPart(body, it.Part, key)
}
