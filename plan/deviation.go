package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Deviation is a difference that somebody has accepted: at Pointer the tenant
// may have the Accepted value instead of the repository's. In [Rules] it leaves
// the difference alone, both ways, for as long as the tenant has that value and
// the deviation has not expired. With any other value in the tenant it is a
// difference again. A note of class [Ignored] says what is left alone.
type Deviation struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Pointer is the JSON pointer (RFC 6901) of a property. Members of a set have
	// no pointer: accept the set as a whole.
	Pointer string `json:"pointer"`
	// Accepted is the tenant's value as plans have it, names in place of ids.
	// It is compared as the kind says; nil means absent.
	Accepted json.RawMessage `json:"accepted,omitempty"`
	// Owner is who answers for the deviation, and Reason says why it is
	// accepted. Both are shown to people.
	Owner  string `json:"owner,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Expires is when the deviation ends; the zero time is never.
	Expires time.Time `json:"expires,omitzero"`
}

// Deviations returns, for the changes that the service has not kept before, the
// deviations that would accept what the tenant has instead, ordered as the items
// are. The host adds owner, reason and expiry, stores those that a person
// accepts, and passes them in [Rules]. There is none for a whole object, and
// none for a value with a secret in it: a deviation is stored where people
// read it.
func (p *Plan) Deviations() []Deviation {
	var out []Deviation
	for i := range p.Items {
		it := &p.Items[i]
		for j, c := range it.Changes {
			set, member := strings.CutSuffix(c.Pointer, "/-")
			switch {
			case !c.NotKept || c.Pointer == "" || it.hides(set):
			case !member:
				out = append(out, Deviation{Kind: it.Kind, Key: it.Key, Pointer: c.Pointer, Accepted: c.Before})
			case !slices.ContainsFunc(it.Changes[:j], func(earlier PropertyChange) bool { return earlier.NotKept && earlier.Pointer == c.Pointer }):
				out = append(out, Deviation{Kind: it.Kind, Key: it.Key, Pointer: set, Accepted: it.keptMembers(set)})
			}
		}
	}
	return out
}

// hides reports whether a change at or below a pointer hides a value.
func (it *Item) hides(pointer string) bool {
	return it.sensitiveNear(pointer) || slices.ContainsFunc(it.Changes, func(c PropertyChange) bool {
		return c.Redacted && (c.Pointer == pointer || strings.HasPrefix(c.Pointer, pointer+"/"))
	})
}

// keptMembers returns a set as the tenant will have it once the item is
// written: all of its changes made but those that the service does not keep.
func (it *Item) keptMembers(pointer string) json.RawMessage {
	segs, err := jsonval.SplitPointer(pointer)
	if err != nil {
		return nil
	}
	array := &jsonval.Node{Kind: '['}
	if now := readValue(it.After).At(segs); now.IsArray() {
		array.Kids = slices.Clone(now.Kids)
	}
	for _, c := range it.Changes {
		if !c.NotKept || c.Pointer != pointer+"/-" {
			continue
		}
		if after := readValue(c.After); after != nil {
			array.Kids = slices.DeleteFunc(array.Kids, func(m *jsonval.Node) bool { return jsonval.Equal(m, after) })
		}
		if before := readValue(c.Before); before != nil {
			array.Kids = append(array.Kids, before)
		}
	}
	return array.JSON()
}
