package graph

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tenantsync/tenantsync/tenant/graph/catalogue"
	"github.com/tenantsync/tenantsync/tenant/graph/internal/odatajson"
)

// holds reports whether an object holds the text.
func holds(body json.RawMessage, h catalogue.Holding) bool {
	value := odatajson.At(body, h.Path)
	var one string
	if json.Unmarshal(value, &one) == nil {
		return strings.EqualFold(one, h.Value)
	}
	var all []string
	return json.Unmarshal(value, &all) == nil && slices.ContainsFunc(all, func(s string) bool { return strings.EqualFold(s, h.Value) })
}

// hasPiece reports whether an object has the piece.
func hasPiece(s catalogue.Sub, body json.RawMessage) bool {
	return (s.When == nil || holds(body, *s.When)) && (s.Unless == nil || !holds(body, *s.Unless))
}

// lacksPiece says why the piece at a path is not written; "" if it is. The object may
// have it before the write or after it.
func lacksPiece(e *catalogue.Entry, path string, before, after json.RawMessage) string {
	for _, sub := range e.Subs {
		if "/"+sub.Property != path {
			continue
		}
		for _, body := range []json.RawMessage{before, after} {
			switch {
			case sub.Unless != nil && holds(body, *sub.Unless):
				return fmt.Sprintf("the service makes it where %s has %s", strings.TrimPrefix(sub.Unless.Path, "/"), sub.Unless.Value)
			case sub.When != nil && len(body) > 0 && !holds(body, *sub.When):
				return fmt.Sprintf("only an object whose %s has %s has it", strings.TrimPrefix(sub.When.Path, "/"), sub.When.Value)
			}
		}
	}
	return ""
}
