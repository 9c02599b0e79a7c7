package apply

import (
	"encoding/json"

	"github.com/tenantsync/tenantsync/internal/jsonval"
	"github.com/tenantsync/tenantsync/internal/schema"
)

// BeforeDelete returns the bodies that the object may have had before a delete that
// has begun: one for each condition of [tenant.Kind.DeleteEnds] that does not
// hold, with the value of the condition. It leaves out conditions that are not JSON.
func BeforeDelete(k *schema.Schema, body json.RawMessage) (all []json.RawMessage) {
	for _, ends := range k.DeleteEnds {
		if schema.Meets(ends, body) {
			continue
		}
		segs, errPath := jsonval.SplitPointer(ends.Path)
		value, errValue := jsonval.Parse(ends.Equals)
		object, errBody := jsonval.ParseObject(body)
		if errPath == nil && errValue == nil && errBody == nil {
			all = append(all, object.With(segs, value).JSON())
		}
	}
	return all
}
