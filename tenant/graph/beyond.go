package graph

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/tenantsync/tenantsync/internal/graphmeta"
	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// beyond returns what beta declares beyond v1.0 for the entry's objects. ok is
// false where the entry is at beta, or where metadata does not have both.
func beyond(e *catalogue.Entry) (b *graphmeta.Beyond, ok bool) {
	if e.Version != graphmeta.V1Name {
		return nil, false
	}
	return graphmeta.BeyondV1(e.Endpoint)
}

// withoutBeta takes out what only beta knows, where it says nothing. Where it
// says something the object must not be written without it: a policy that is to
// apply to some would apply to all.
func (c *change) withoutBeta(body json.RawMessage) (json.RawMessage, error) {
	b, ok := beyond(c.entry)
	if !ok {
		return body, nil
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var o map[string]any
	if d.Decode(&o) != nil {
		return body, nil // the caller finds out
	}
	hits := b.In(o)
	for _, hit := range hits {
		if hit.Name == odatajson.TypeSuffix {
			return nil, c.invalid("the type %v exists only in Graph's beta: %s", hit.Holder[hit.Name], c.beta())
		}
		if !saysNothing(hit.Holder[hit.Name]) {
			return nil, c.invalid("%s exists only in Graph's beta: %s", hit.Path, c.beta())
		}
		delete(hit.Holder, hit.Name)
		delete(hit.Holder, hit.Name+odatajson.TypeSuffix)
	}
	if len(hits) == 0 {
		return body, nil
	}
	out, err := json.Marshal(o)
	if err != nil {
		return nil, c.invalid("the content is no JSON object")
	}
	return out, nil
}

// saysNothing reports whether a value is null or empty.
func saysNothing(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// beta says how an object that needs beta can be written.
func (c *change) beta() string {
	if c.pinned {
		return "take the kind out of Config.PinV1, and have it at beta in the catalogue, to have it written"
	}
	return "give the kind the version beta in a catalogue of your own to have it written"
}

// partWithoutBeta is withoutBeta for the value of the operation's part.
func (c *change) partWithoutBeta(value json.RawMessage) (json.RawMessage, error) {
	if len(value) == 0 {
		return value, nil
	}
	body, err := c.withoutBeta(c.withinObject(value))
	return odatajson.At(body, c.partPath()), err
}

// hidden returns a path within the operation's part that v1.0 does not show, if
// the part has members already and is replaced whole. What v1.0 hides of them
// would be lost: the filter of an assignment, without which a policy reaches
// every device.
func (c *change) hidden() string {
	b, ok := beyond(c.entry)
	if !ok {
		return ""
	}
	switch string(bytes.TrimSpace(odatajson.At(c.op.Before, c.partPath()))) {
	case "", "null", "[]":
		return ""
	}
	return b.Below(odatajson.Segments(c.partPath())[0], func(path string) bool { return slices.Contains(c.entry.ReadOnly, path) })
}
