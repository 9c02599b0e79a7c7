package plan

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/tenantsync/tenantsync/internal/jsonval"
)

// Deviation is an accepted difference: at Pointer, the tenant may have the
// Accepted value in place of the repository's. While the tenant has this value
// and the deviation has not expired, a sync neither writes nor adopts the
// difference, and adds a note of class [Ignored]. If the tenant has another value,
// the deviation has no effect. [Rules] has the deviations of a host.
type Deviation struct {
	Kind string `json:"kind"`
	Key  string `json:"key"`
	// Pointer is the JSON pointer (RFC 6901) of a property. A member of a set has
	// no pointer, so a deviation can only accept a whole set.
	Pointer string `json:"pointer"`
	// Accepted is the tenant's value in the form of plans, with references in
	// place of ids. A sync compares it by the rules of the kind. nil is an absent
	// value.
	Accepted json.RawMessage `json:"accepted,omitempty"`
	// Owner is the person or team that is responsible for the deviation, and
	// Reason says why it is accepted. People see both.
	Owner  string `json:"owner,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Expires is the time at which the deviation ends. The zero time means that
	// it does not end.
	Expires time.Time `json:"expires,omitzero"`
}

// Deviations returns one deviation for each change that the service did not keep
// ([PropertyChange].NotKept), in the order of the items. It accepts the value that
// the tenant has instead. The host adds owner, reason and expiry, stores the
// deviations that a person accepts, and passes them in [Rules]. Deviations
// returns none for a whole object. It also returns none for a value with a
// secret, because people can read stored deviations.
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

// hides reports whether a value at or below a pointer is hidden.
func (it *Item) hides(pointer string) bool {
	return it.sensitiveNear(pointer) || slices.ContainsFunc(it.Changes, func(c PropertyChange) bool {
		return c.Redacted && (c.Pointer == pointer || strings.HasPrefix(c.Pointer, pointer+"/"))
	})
}

// keptMembers returns the members that a set will have in the tenant after the
// item is applied: with all changes but those that the service does not keep.
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
