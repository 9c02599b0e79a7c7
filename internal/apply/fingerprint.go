package apply

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/schema"
	"github.com/tenantsync/tenantsync/plan"
	"github.com/tenantsync/tenantsync/tenant"
)

// Fingerprint is [Fingerprint] of what the item would change: for an update of
// the object without its parts, for one of a part of that alone.
func Fingerprint(it *plan.Item, k tenant.Kind, body json.RawMessage, salt string) (string, error) {
	if it.Verb != tenant.Update {
		return schema.PartFingerprint(k, body, schema.WholeObject, salt)
	}
	return schema.PartFingerprint(k, body, it.Part, salt)
}
