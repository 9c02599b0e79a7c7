package graph

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// disabling is the patch that disables those members of the entry's DisableFirst arrays
// that the operation's patch removes; nil if it removes none that is enabled.
func (c *change) disabling() json.RawMessage {
	var out json.RawMessage
	for _, path := range c.entry.DisableFirst {
		next := odatajson.At(c.op.Patch, path)
		if next == nil {
			continue // it does not change
		}
		var before, after []json.RawMessage
		if list(odatajson.At(c.op.Before, path), &before) != nil || list(next, &after) != nil {
			continue // the service finds out
		}
		if members, some := disabled(before, after); some {
			out = withMembers(out, odatajson.Segments(path), members)
		}
	}
	return out
}

// enabling is the patch that undoes a disabling one: the arrays that it has, as they
// were before.
func (c *change) enabling(disabling json.RawMessage) (out json.RawMessage) {
	for _, path := range c.entry.DisableFirst {
		if odatajson.At(disabling, path) != nil {
			out = with(out, odatajson.Segments(path), odatajson.At(c.op.Before, path))
		}
	}
	return out
}

// disabled returns the members before a change, with those disabled that are enabled and
// not there after it; some reports whether there is one.
func disabled(before, after []json.RawMessage) (members []json.RawMessage, some bool) {
	for _, was := range before {
		o, err := odatajson.Parse(was)
		stays := slices.ContainsFunc(after, func(is json.RawMessage) bool { return strings.EqualFold(memberID(is), memberID(was)) })
		if err == nil && !stays && string(o["isEnabled"]) == "true" {
			o["isEnabled"] = json.RawMessage("false")
			was, some = o.JSON(), true
		}
		members = append(members, was)
	}
	return members, some
}

// withMembers returns an object with the members at a path.
func withMembers(raw json.RawMessage, segs []string, members []json.RawMessage) json.RawMessage {
	value, err := json.Marshal(members)
	if err != nil {
		return raw // members are JSON that was parsed
	}
	return with(raw, segs, value)
}

// with returns an object with the value at a path.
func with(raw json.RawMessage, segs []string, value json.RawMessage) json.RawMessage {
	o, err := odatajson.Parse(raw)
	if err != nil {
		o = odatajson.Object{}
	}
	if len(segs) > 1 {
		value = with(o[segs[0]], segs[1:], value)
	}
	o[segs[0]] = value
	return o.JSON()
}
